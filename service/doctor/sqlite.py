"""What is looked at on SQLite: the files, the disk they are on, and how many may be open."""

import resource
import shutil
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from sqlalchemy import create_engine

from service.doctor.findings import Finding, Status
from service.doctor.of_tenants import Looked
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.tenants.opening import sqlite_path
from service.tenants.sqlite_files import check_history, views_path

MIB = 1024 * 1024
LEAST_FREE, ENOUGH_FREE = 100 * MIB, 1024 * MIB
"""Bytes of the disk below which it fails soon, and below which somebody should look."""
OTHER_FILES = 500


@contextmanager
def opened_for_looking(database: str) -> Generator[Looked]:
    """A history that is there, and its views as they are. Raises BadDatabase, Unavailable."""
    path = sqlite_path(database)
    check_history(path)
    own = views_path(path)
    with closing(Ledger(SQLiteFile(path))) as ledger:
        if not own.exists():
            yield Looked(ledger=ledger, views=None)
            return
        uri = f"sqlite:///{own.absolute().as_uri()}?mode=rw&uri=true"
        views = create_engine(uri, hide_parameters=True)
        try:
            yield Looked(ledger=ledger, views=views)
        finally:
            views.dispose()


def of_machine(database: str, connections: int) -> Iterator[Finding]:
    """What was found of the machine that the files are on."""
    path = sqlite_path(database)
    size = path.stat().st_size
    yield space(shutil.disk_usage(path.parent).free, size)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield files(most, connections)


def space(free: int, size: int) -> Finding:
    """How much the disk has left, for a history of this size."""
    found = f"{free // MIB:,} MiB of the disk are free; the history has {size // MIB:,} MiB"
    if free >= max(ENOUGH_FREE, size):
        return Finding(check="space", status=Status.OK, found=found)
    return Finding(
        check="space",
        status=Status.FAIL if free < LEAST_FREE else Status.WARN,
        found=found,
        do="make room: a rebuild needs as much again as the views have, a backup as the history",
    )


def files(most: int, connections: int) -> Finding:
    """Whether a process may open as many files as it may have connections."""
    wanted = connections + OTHER_FILES
    if most in {resource.RLIM_INFINITY, -1} or most >= wanted:
        found = f"a process may open as many files as {connections:,} connections need"
        return Finding(check="pool", status=Status.OK, found=found)
    return Finding(
        check="pool",
        status=Status.WARN,
        found=f"a process may open {most:,} files; {connections:,} connections need {wanted:,}",
        do="raise the hard limit (`ulimit -Hn`), or lower BILLING_BACKLOG_CONNECTION_LIMIT",
    )
