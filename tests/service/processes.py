"""Processes that tests kill, and waiting for what comes of it."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LONG = 60.0
"""Seconds that no test waits, unless what it waits for never comes."""
_CLEAN = multiprocessing.get_context("forkserver")
_CLEAN.set_forkserver_preload(["tests.service.office"])


@contextmanager
def process(work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Generator[BaseProcess]:
    """The work in a process of its own, killed in the end if it still runs.

    It is forked from a clean process that has all imported, so that it starts at once.
    """
    started = _CLEAN.Process(target=work, args=args, kwargs=kwargs, daemon=True)
    started.start()
    try:
        yield started
    finally:
        started.kill()
        started.join()
        started.close()


def kill(running: BaseProcess) -> None:
    """Kills a process that runs, and waits until it is gone."""
    assert running.is_alive(), f"it ended by itself with {running.exitcode}"
    running.kill()
    running.join()
    assert running.exitcode == -signal.SIGKILL


def until_the_parent_is_gone() -> None:
    """For a process that has nothing left to do but to be killed."""
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])


def until(condition: Callable[[], T], seconds: float = LONG) -> T:
    """Polls until the condition holds, and gives what it came to."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.005)
    return found
