"""The figures of several processes behind one port, in files that all of them read.

By prometheus_client's mode for that: a variable of the environment chooses it, before a process
loads the library.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import multiprocess

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def is_one_of_several() -> bool:
    """Whether this process counts in files, with others."""
    return _FOLDER in os.environ


@contextmanager
def counted_together() -> Generator[None]:
    """Processes that are started meanwhile count together, in a folder that goes in the end.

    Raises OSError where there is no place for temporary files.
    """
    folder = tempfile.mkdtemp(prefix="billing-backlog-figures-")
    os.environ[_FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[_FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def has_ended(pid: int) -> None:
    """What this process was at counts no more; what it did stays counted."""
    if is_one_of_several():
        multiprocess.mark_process_dead(pid)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
