"""Views in an SQLite file: how it is opened, set up and checked."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry
from projections.databases.migrating import MIGRATIONS, MigrationFailed, migrate

_LASTING = ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=8000")
"""Pages of 4 KiB that are gathered in the WAL, more than SQLite's 4 MiB: as for the cache below."""
WRITING = (*_LASTING, "cache_size=-32000")
"""KiB of the cache of the connection that writes many rows: they touch all of large indexes, which
SQLite with its own 2 MiB has written time and again. The others are many, and have no more."""
KEPT, MOST = 8, 64
"""Connections to the views that are kept for who reads next, and those that are open at most."""
BUSY_SECONDS = 30.0
"""How long SQLite waits for another writer."""
_SHORT_WHILE = 0.01
_SCRATCH = ("page_size=8192", "journal_mode=OFF", "synchronous=OFF", "cache_size=-64000")
_UNUSABLE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def sqlite_views(path: Path, migrations: Path = MIGRATIONS, *, thoroughly: bool = False) -> Engine:
    """The views in an SQLite file, migrated to today's tables. Raises MigrationFailed.

    `thoroughly` has every page of the file looked at, which takes a second a GB or so.

    WAL, so readers never wait for the projector. `synchronous=NORMAL` may lose the last page in a
    power cut, never tear it; the projector takes it up again from the history.
    """
    readers, writing = _Readers(path), _opened(path, WRITING, pool_size=1)
    options = {"readers": readers, "with_large_cache": writing}
    engine = _opened(
        path, _LASTING, pool_size=KEPT, max_overflow=MOST - KEPT, execution_options=options
    )
    event.listen(engine, "engine_disposed", readers.close)

    def dispose(_: Engine) -> None:
        writing.dispose()

    event.listen(engine, "engine_disposed", dispose)
    try:
        migrate(writing, migrations)
        _check_pages(engine, path, thoroughly=thoroughly)
    except BaseException:
        engine.dispose()
        raise
    return engine


def are_unusable(error: Exception) -> bool:
    """Whether views that could not be opened are damaged, or none of ours, and never could be.

    Not so where the disk is full, another process at work, or access denied.
    """
    cause: BaseException | None = error
    while cause and not isinstance(cause, sqlite3.Error):
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    # The low byte is the kind of an error, whatever the details.
    return cause is None or (cause.sqlite_errorcode & 0xFF) in _UNUSABLE


def sqlite_scratch(path: Path) -> Engine:
    """A new SQLite file that one thread writes, to be thrown away if that is not finished.

    So nothing is written twice, and nothing waits for the disk; it has no tables yet.
    """
    return _opened(path, _SCRATCH)


def _opened(path: Path, pragmas: Sequence[str], **options: Any) -> Engine:
    timeout = {"timeout": BUSY_SECONDS}
    engine = create_engine(
        f"sqlite:///{path}", connect_args=timeout, hide_parameters=True, **options
    )
    event.listen(engine, "connect", _set_up(pragmas))
    event.listen(engine, "begin", _begin)
    return engine


class _Readers:
    """Connections to an SQLite file for single statements, as many as there are readers at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []

    def getconn(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._idle.pop()
        connection = sqlite3.connect(self._path, BUSY_SECONDS, check_same_thread=False)
        _configure(connection)
        return connection

    def putconn(self, conn: sqlite3.Connection) -> None:
        self._idle.append(conn)

    def close(self, _: Engine) -> None:
        while self._idle:
            self._idle.pop().close()


def _set_up(pragmas: Sequence[str]) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    return lambda connection, _: _configure(connection, pragmas)


def _configure(
    connection: DBAPIConnection | sqlite3.Connection, pragmas: Sequence[str] = _LASTING
) -> None:
    # The driver would open transactions for writes alone; ours span the reads of an answer too.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        patiently(cursor.execute, f"PRAGMA {pragma}")
    cursor.close()


def patiently(execute: Callable[[str], object], statement: str) -> None:
    """Runs a statement that SQLite gives up at once while another process opens the same file.

    To begin a write-ahead log it needs the file for itself, and does not wait for that of its own
    accord. Tried again for 30 seconds at most; then it raises what SQLite said.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_SHORT_WHILE)
        else:
            return


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _check_pages(engine: Engine, path: Path, *, thoroughly: bool) -> None:
    """Raises MigrationFailed when the file is cut off in a page, or a page is damaged."""
    with engine.connect() as connection:
        if path.stat().st_size % (connection.exec_driver_sql("PRAGMA page_size").scalar() or 1):
            raise MigrationFailed("the file is cut off")
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() if thoroughly else "ok"
        if found != "ok":
            raise MigrationFailed(f"the file is damaged: {' '.join(str(found).split())}")
