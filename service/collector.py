"""How often the garbage collector looks for cycles in a process where much comes and goes."""

import gc

COLLECT_AFTER = 100_000
"""New objects after which it looks. Requests and pages leave few cycles; after 700, as it comes, it
would go through the tens of thousands that a large draft or a page of events makes in vain."""


def collect_seldom() -> None:
    """From here on it looks seldom, and never through what is loaded by now, which stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
