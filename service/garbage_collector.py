"""What a process does about its memory: what it keeps, and how often it looks for garbage."""

import gc

STATE_CACHE = 32 * 1024 * 1024
"""Bytes of folded states that a process keeps between commands, unless it is told otherwise."""
COLLECT_AFTER = 100_000
"""New objects after which it looks. Requests and pages leave few cycles; after 700, as it comes, it
would go through the tens of thousands that a large draft or a page of events makes in vain."""
COLLECT_WHILE_LOADING = 1_000_000
"""The same while a process loads what it needs: more than that is, and all of it stays."""


def collect_hardly() -> None:
    """While it loads, it does not look: a look through the modules takes 30 ms, and finds nothing.

    Until `collect_seldom`, which comes once all is loaded.
    """
    gc.set_threshold(COLLECT_WHILE_LOADING)


def collect_seldom() -> None:
    """From here on it looks seldom, and never through what is loaded by now, which stays.

    Of which it has not looked for garbage before: there is next to none, and it takes 100 ms.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
