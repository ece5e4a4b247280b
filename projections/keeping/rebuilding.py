"""The views made anew from the history, beside the live ones, and put in their place in one go.

Readers and the live projector go on meanwhile. For the end alone the projector is held up: what it
has shown by then is projected into the new views too, so that no reader is ever taken back.
"""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, Table, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateTable

from projections.databases import text_index
from projections.databases.connections import RESHAPE_SECONDS, allow, schema_of, with_large_cache
from projections.databases.sqlite import sqlite_scratch
from projections.history import History
from projections.keeping.catching_up import catch_up
from projections.keeping.writer import Writer, position_seen
from projections.notices import CHANNEL, VIEWS, notice
from projections.tables import booked_actuals, event_index, metadata, time_and_material, tracking

LOCK_ATTEMPTS = 150
"""How often new views try to take the place of the live ones, for 0.2 s each."""


class RebuildRunning(Exception):
    """Somebody else rebuilds these views at this moment."""


def rebuild(
    history: History, views: Engine, progress: Callable[[int], object] = lambda position: None
) -> int:
    """Builds new views from the whole history and swaps them in; the position they show.

    Stopped at any moment before the swap it leaves the live views as they are, and nothing in the
    way of the next one. `progress` is called with the position after every page. Raises
    RebuildRunning.
    """
    schema = schema_of(views)
    place: _Place = _Files(views) if schema is None else _Schemas(views, schema)
    with place.beside() as new:
        writer = Writer(new)
        # Not to the very end: with somebody who goes on appending that might never come.
        reached = catch_up(history, writer, until=history.position(), progress=progress)
        with new.begin() as connection:
            allow(connection, RESHAPE_SECONDS)
            for table in _NEVER_SEARCHED:
                _make_indexes(connection, table)
            place.index_texts(connection)
        with place.locked() as live:
            shown = position_seen(live)
            reached = max(reached, catch_up(history, writer, until=shown, progress=progress))
            place.swap(live)
            place.tell(live, reached)
    return reached


_NEVER_SEARCHED = (time_and_material, booked_actuals, event_index)
"""Large views whose rows projections only put, or patch by their keys. Their indexes are for
readers, and are made of all rows at once: row by row, all of each would be touched all the time."""


def _make_tables(connection: Connection) -> None:
    """Makes the tables, with what projections need of their indexes."""
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
        if table not in _NEVER_SEARCHED:
            _make_indexes(connection, table)


def _make_indexes(connection: Connection, table: Table) -> None:
    for index in table.indexes:
        index.create(connection)


class _Place(Protocol):
    """Where views are kept, and how others take their place there."""

    def beside(self) -> AbstractContextManager[Engine]:
        """New, empty views for as long as they are built; nobody else can build any."""
        ...

    def locked(self) -> AbstractContextManager[Connection]:
        """A transaction on the live views, in which the live projector can't move on."""
        ...

    def swap(self, live: Connection) -> None:
        """Puts the new tables in the place of the live ones, within that transaction."""
        ...

    def index_texts(self, new: Connection) -> None:
        """Makes the index of texts of new tables, if it can be moved with them."""
        ...

    def tell(self, live: Connection, position: int) -> None:
        """Has other processes hear how far the views are, once that transaction is committed."""
        ...


class _Schemas:
    """PostgreSQL: the new tables are made in a schema beside, and moved over."""

    def __init__(self, views: Engine, schema: str) -> None:
        self._views, self._schema = views, schema
        self._beside = f"{schema}__rebuild"

    @contextmanager
    def beside(self) -> Generator[Engine]:
        name = {"name": f"{self._schema}.rebuild"}
        with self._views.connect() as guard:
            lock = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
            if not guard.execute(lock, name).scalar():
                raise RebuildRunning("another rebuild of these views is running")
            guard.commit()
            try:
                self._drop()
                with self._views.begin() as connection:
                    connection.exec_driver_sql(f'CREATE SCHEMA "{self._beside}"')
                new = self._views.execution_options(
                    schema_translate_map={None: self._beside}, schema=self._beside
                )
                with new.begin() as connection:
                    _make_tables(connection)
                yield new
            finally:
                self._drop()
                guard.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)
                guard.commit()

    @contextmanager
    def locked(self) -> Generator[Connection]:
        with self._views.begin() as live:
            allow(live, RESHAPE_SECONDS)
            live.exec_driver_sql(f'LOCK TABLE "{self._schema}".tracking IN EXCLUSIVE MODE')
            yield live

    def swap(self, live: Connection) -> None:
        self._lock_all(live)
        for table in metadata.sorted_tables:
            new = f'"{self._beside}"."{table.name}"'
            live.exec_driver_sql(f'DROP TABLE "{self._schema}"."{table.name}"')
            live.exec_driver_sql(f'ALTER TABLE {new} SET SCHEMA "{self._schema}"')

    def _lock_all(self, live: Connection) -> None:
        """Has all tables to itself: from here on, nobody is in the middle of reading.

        Readers of several statements take `tracking` first, too, those of one statement take tables
        in an order of their own. So it never waits with some of them in hand
        for as long as it takes PostgreSQL to see a deadlock, but lets go and begins again.
        """
        order = (tracking, *(table for table in metadata.sorted_tables if table is not tracking))
        tables = ",".join(f'"{self._schema}"."{table.name}"' for table in order)
        for _ in range(LOCK_ATTEMPTS - 1):
            with suppress(OperationalError):
                self._take(tables, live)
                return
        self._take(tables, live)

    def _take(self, tables: str, live: Connection) -> None:
        with live.begin_nested():
            live.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            live.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")

    def index_texts(self, new: Connection) -> None:
        text_index.make(new, self._beside)

    def tell(self, live: Connection, position: int) -> None:
        live.execute(select(func.pg_notify(CHANNEL, notice(position, VIEWS, self._schema))))

    def _drop(self) -> None:
        with self._views.begin() as connection:
            allow(connection, RESHAPE_SECONDS)
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{self._beside}" CASCADE')


class _Files:
    """SQLite: the new tables are made in a file beside, and copied over."""

    def __init__(self, views: Engine) -> None:
        self._views = views
        self._file = Path(f"{views.url.database}.rebuild")

    @contextmanager
    def beside(self) -> Generator[Engine]:
        with closing(sqlite3.connect(f"{self._file}.lock", timeout=0)) as guard:
            try:
                guard.execute("BEGIN EXCLUSIVE")  # goes with the process, however that ends
            except sqlite3.OperationalError:
                raise RebuildRunning("another rebuild of these views is running") from None
            self._remove()
            new = sqlite_scratch(self._file)
            try:
                with new.begin() as connection:
                    _make_tables(connection)
                yield new
            finally:
                new.dispose()
                self._remove()

    @contextmanager
    def locked(self) -> Generator[Connection]:
        with with_large_cache(self._views).connect() as live:
            outside = live.connection.cursor()  # a file can't be attached within a transaction
            outside.execute("ATTACH DATABASE ? AS rebuilt", (str(self._file),))
            try:
                with live.begin():
                    # Not BEGIN IMMEDIATE: that would lock the attached file for its writer, too.
                    live.execute(update(tracking).values(position=tracking.c.position))
                    yield live
            finally:
                outside.execute("DETACH DATABASE rebuilt")

    def swap(self, live: Connection) -> None:
        # Between tables of the same shape and indexes, SQLite copies both as they lie there.
        for table in metadata.sorted_tables:
            table.drop(live)
            live.execute(CreateTable(table))
            for index in table.indexes:
                index.create(live)
            copy = f'INSERT INTO main."{table.name}" SELECT * FROM rebuilt."{table.name}"'  # noqa: S608 - our own tables
            live.exec_driver_sql(copy)
        text_index.make(live, None)

    def index_texts(self, new: Connection) -> None:
        """Not before the tables are where they stay: it can't be copied as they are."""

    def tell(self, live: Connection, position: int) -> None:
        """Nobody: other processes look by themselves."""

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
