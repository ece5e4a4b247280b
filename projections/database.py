"""The database of the views: opened with the settings that readers and the projector rely on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from projections.tables import VIEWS, metadata, tracking

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_LARGE_VIEWS = ("cache_size=-32000", "wal_autocheckpoint=8000")
"""KiB of a connection's cache at most, and pages of 4 KiB that are gathered in the WAL: a page of
events touches all of large indexes, which SQLite's 2 and 4 MiB have written time and again."""
_LASTING = ("journal_mode=WAL", "synchronous=NORMAL", *_LARGE_VIEWS)
BUSY_SECONDS = 30.0
"""How long SQLite waits for another writer."""
_SHORT_WHILE = 0.01
GRACE_SECONDS = 2
"""How much longer than PostgreSQL may work on a statement its answer is waited for."""
PAGE_SECONDS = 60
"""How long PostgreSQL may work on a statement that writes a page of the views."""
RESHAPE_SECONDS = 3600
"""How long PostgreSQL may work on a statement that makes or moves whole tables or indexes."""
_SCRATCH = ("page_size=8192", "journal_mode=OFF", "synchronous=OFF", "cache_size=-64000")
_NO_GOOD = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
MIGRATIONS = Path(__file__).parent / "migrations"


class MigrationFailed(Exception):
    """The tables could not be brought to today's shape; they are as they were."""


def sqlite_views(path: Path, migrations: Path = MIGRATIONS, *, thoroughly: bool = False) -> Engine:
    """The views in an SQLite file, migrated to today's tables. Raises MigrationFailed.

    `thoroughly` has every page of the file looked at, which takes a second a GB or so.

    WAL, so readers never wait for the projector. `synchronous=NORMAL` may lose the last page in a
    power cut, never tear it; the projector takes it up again from the history.
    """
    readers = _Readers(path)
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=8,
        max_overflow=56,
        connect_args={"timeout": BUSY_SECONDS},
        execution_options={"pool": readers},
    )
    event.listen(engine, "connect", _set_up(_LASTING))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "engine_disposed", readers.close)
    try:
        _migrate(engine, migrations)
        _check_pages(engine, path, thoroughly=thoroughly)
    except BaseException:
        engine.dispose()
        raise
    return engine


def are_no_good(error: Exception) -> bool:
    """Whether views that could not be opened are damaged, or none of ours, and never could be.

    Not so where the disk is full, another process at work, or access denied.
    """
    cause: BaseException | None = error
    while cause and not isinstance(cause, sqlite3.Error):
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    # The low byte is the kind of an error, whatever the details.
    return cause is None or (cause.sqlite_errorcode & 0xFF) in _NO_GOOD


def sqlite_scratch(path: Path) -> Engine:
    """A new SQLite file that one thread writes, to be thrown away if that is not finished.

    So nothing is written twice, and nothing waits for the disk; it has no tables yet.
    """
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _set_up(_SCRATCH))
    event.listen(engine, "begin", _begin)
    return engine


def postgres_views(pool: WaitingPool, schema: str, migrations: Path = MIGRATIONS) -> Engine:
    """The views in a schema that is there already, migrated to today's tables.

    Connections are the pool's, which gets them back when they are closed; every statement is put
    into the one schema. Raises MigrationFailed.
    """

    def connect() -> Any:
        connection = pool.getconn()
        connection.autocommit = False
        return connection

    def give_back(connection: Any, _: object) -> None:
        """Leaves the connection as it came; the driver's `close`, which is next, gives it back."""
        if connection.closed:
            pool.putconn(connection)  # which `close` would not do: it would be missed for ever
            return
        connection.autocommit = True
        # SQLAlchemy takes each time for the first, and adds a handler; there is no public way back.
        connection._notice_handlers.clear()

    bare = create_engine(
        "postgresql+psycopg://", poolclass=NullPool, creator=connect, use_native_hstore=False
    )
    event.listen(bare, "close", give_back)
    engine = bare.execution_options(schema_translate_map={None: schema}, schema=schema, pool=pool)
    _migrate(engine, migrations)
    return engine


def schema_of(engine: Engine) -> str | None:
    """The schema that the views are in, None where a file is theirs alone."""
    return engine.get_execution_options().get("schema")


def views_channel(schema: str) -> str:
    """The NOTIFY channel of the views in a schema, that tells how far they are."""
    return f"{schema}.views"


@dataclass(frozen=True, slots=True)
class Glance:
    """The driver's own connection to views, for single statements, and the schema they are in.

    Each of them sees the views as of one moment by itself.
    """

    driver: Any
    schema: str | None


class Pool(Protocol):
    """Connections for single statements, that are given out and come back."""

    def getconn_at_once(self) -> Any | None:
        """A connection that lies ready, None when none does."""
        ...

    def putconn(self, conn: Any) -> None:
        """Takes a connection back."""
        ...


class WaitingPool(Pool, Protocol):
    """Connections that may be waited for, too."""

    def getconn(self) -> Any:
        """A connection. Raises PoolTimeout when there is none to be had."""
        ...


@contextmanager
def at_once(engine: Engine) -> Generator[Glance | None]:
    """A connection for single statements, for an event loop: None instead of waiting for one.

    Past SQLAlchemy, which would take its time to hand one out.
    """
    pool: Pool = engine.get_execution_options()["pool"]
    driver = pool.getconn_at_once()
    if driver is None:
        yield None
        return
    try:
        yield Glance(driver, schema_of(engine))
    finally:
        pool.putconn(driver)


class _Readers:
    """Connections to an SQLite file for single statements, as many as there are readers at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []

    def getconn_at_once(self) -> sqlite3.Connection:
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


def glance_of(connection: Connection) -> Glance:
    """The connection for single statements, within its transaction."""
    return Glance(driver_of(connection), schema_of(connection.engine))


@contextmanager
def as_of_now(engine: Engine) -> Generator[tuple[Connection, int]]:
    """A connection that sees the views as of one moment, and the position they show."""
    schema = schema_of(engine)
    if schema is None:
        with engine.connect() as connection, connection.begin():
            cursor = driver_of(connection).cursor()
            cursor.execute(f"SELECT position FROM {tracking.name} WHERE name = '{VIEWS}'")  # noqa: S608 - our own
            found = cursor.fetchone()
            yield connection, found[0] if found else 0
        return
    with engine.connect() as connection:
        driver = driver_of(connection)
        driver.autocommit = True
        cursor = driver.cursor()
        # One round trip. The lock goes first, for what is seen is settled with the first SELECT: a
        # rebuild that swaps the tables in between would be seen as empty tables.
        table = f'"{schema}"."{tracking.name}"'
        lock = f"LOCK TABLE {table} IN ACCESS SHARE MODE"
        position = f"SELECT position FROM {table} WHERE name = '{VIEWS}'"  # noqa: S608 - our own
        cursor.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {lock}; {position}")
        while cursor.nextset():
            pass
        found = cursor.fetchone()
        yield connection, found[0] if found else 0
        cursor.execute("COMMIT")


def allow(connection: Connection, seconds: int) -> None:
    """Lets every statement of this transaction take so long on PostgreSQL; a few seconds usually.

    An index of all rows takes longer than any page that somebody waits for. On SQLite nothing is
    waited for but other writers.
    """
    if schema_of(connection.engine) is None:
        return
    driver = driver_of(connection)
    driver.patience = seconds + GRACE_SECONDS
    driver.execute(f"SET LOCAL statement_timeout = '{seconds}s'")


def driver_of(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.driver_connection


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


def _migrate(engine: Engine, migrations: Path) -> None:
    """All steps in one transaction; of two processes that open new views, one waits."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    # On SQLite at once for writing: one that has read already can't wait for another's writing.
    with engine.execution_options(immediate=True).begin() as connection:
        allow(connection, RESHAPE_SECONDS)
        schema = schema_of(engine)
        if schema:
            lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            connection.execute(lock, {"name": f"{schema}.migration"})
        within = unqualified(connection)
        config.attributes["connection"] = within
        try:
            current = MigrationContext.configure(within).get_current_revision()
            _check_revision(within, current, migrations)
            if current != _newest(migrations):
                command.upgrade(config, "head")
            if migrations == MIGRATIONS:
                _check_tables(within, schema)
        except MigrationFailed:
            raise
        except Exception as error:
            raise MigrationFailed(f"the views keep the shape they had: {error}") from error


def _check_revision(connection: Connection, current: str | None, migrations: Path) -> None:
    """Raises MigrationFailed for views that no step leads on from."""
    if current and current not in _revisions(migrations):
        raise MigrationFailed(f"they are of a newer version of the service (revision {current})")
    if current is None and connection.dialect.name == "sqlite":
        others = {table for table, _ in _columns(connection, None)} - {"alembic_version"}
        if others:
            raise MigrationFailed(f"it has tables of another program: {min(others)!r}")


def _check_tables(connection: Connection, schema: str | None) -> None:
    """Raises MigrationFailed when a table or column is missing, whatever the revision says."""
    found = _columns(connection, schema)
    for table in metadata.sorted_tables:
        missing = {(table.name, column.name) for column in table.columns} - found
        if missing:
            name, column = min(missing)
            raise MigrationFailed(f"the table {name!r} or its column {column!r} is missing")


def _columns(connection: Connection, schema: str | None) -> set[tuple[str, str]]:
    """Every table there is, with each of its columns."""
    if schema is None:
        found = connection.exec_driver_sql(
            "SELECT tables.name, columns.name FROM sqlite_master AS tables "
            "JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
        )
    else:
        wanted = (
            "SELECT relname::text, attname::text FROM pg_attribute "
            "JOIN pg_class ON pg_class.oid = attrelid "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE nspname = :schema AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
        )
        found = connection.execute(text(wanted), {"schema": schema})
    return {(table, column) for table, column in found}


def _check_pages(engine: Engine, path: Path, *, thoroughly: bool) -> None:
    """Raises MigrationFailed when the file is cut off in a page, or a page is damaged."""
    with engine.connect() as connection:
        if path.stat().st_size % (connection.exec_driver_sql("PRAGMA page_size").scalar() or 1):
            raise MigrationFailed("the file is cut off")
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() if thoroughly else "ok"
        if found != "ok":
            raise MigrationFailed(f"the file is damaged: {' '.join(str(found).split())}")


@cache
def _revisions(migrations: Path) -> frozenset[str]:
    """Every revision that there is a step from or to."""
    script = ScriptDirectory(str(migrations))
    return frozenset(step.revision for step in script.walk_revisions())


@cache
def _newest(migrations: Path) -> str | None:
    """The revision of today's tables; alembic reads all its scripts to tell."""
    return ScriptDirectory(str(migrations)).get_current_head()


def unqualified(connection: Connection) -> Connection:
    """The connection for statements that name no schema, until the end of its transaction."""
    schema = schema_of(connection.engine)
    if schema is None:
        return connection
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')
    return connection.execution_options(schema_translate_map={})
