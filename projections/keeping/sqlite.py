"""Views in an SQLite file: many rows a statement, as VALUES; new views in a file beside."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, update
from sqlalchemy.schema import CreateTable

from projections.databases import text_index
from projections.databases.connections import with_large_cache
from projections.databases.sqlite import sqlite_scratch
from projections.keeping.backend import OutOfStep, RebuildRunning
from projections.keeping.sql import (
    addition,
    conflict,
    dicts,
    dropped,
    insert_into,
    keys_of,
    moved,
    name_of,
    position_seen,
    quoted,
    type_of,
)
from projections.projecting.changes import Row
from projections.tables import OFTEN_THE_SAME, metadata, tracking

MANY_ROWS = 2_000
"""Rows of a page from which a larger cache is worth its memory, which is kept from then on."""
VALUES_TOGETHER = 32_000
"""Values that one statement takes (SQLite can take 32,766). With each row on its own, the driver
would stand back at each for other threads, among them the one that reads the next page. And for
each statement of many rows SQLite keeps what it changes once more, to be able to take it back."""


class SqliteTables:
    """The tables, within the transaction of a cursor."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def move(self, after: int, position: int) -> int:
        """Moves the views on from `after`: 0 when they are not there."""
        statement, values = moved(name_of(tracking, None), "?", after, position)
        return self._cursor.execute(statement, values).rowcount

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        if OFTEN_THE_SAME in table.info:
            # An index of texts takes them in one go in the order of their numbers alone.
            (key,) = keys_of(table)
            rows = sorted(rows, key=lambda row: row[key])
        self._upsert(table, rows, conflict(table))

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        self._upsert(totals, rows, addition(totals))

    def _upsert(self, table: Table, rows: Sequence[Row], if_there: str) -> None:
        columns = tuple(column.name for column in table.c)
        insert = insert_into(table, columns, None)
        for listed, values in _listed(table, columns, rows):
            self._cursor.execute(f"{insert} {listed} {if_there}", values)

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, None)
        for listed, values in _listed(table, keys, rows):
            among = f"({','.join(map(quoted, keys))}) IN ({listed})"
            self._cursor.execute(f"DELETE FROM {own} WHERE {among}", values)  # noqa: S608 - our own names

    def drop(self, table: Table, where: Row) -> None:
        statement, values = dropped(table, None, "?", where)
        self._cursor.execute(statement, values)

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, None)
        sets = ",".join(f"{quoted(c)}=page.column{n}" for n, c in enumerate(columns, 1))
        where = _listed_as(keys, len(columns) + 1)
        for listed, values in _listed(table, (*columns, *keys), rows):
            self._cursor.execute(
                f"UPDATE {own} AS own SET {sets} FROM ({listed}) AS page WHERE {where}",  # noqa: S608 - our own names
                values,
            )

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        own, wanted = name_of(table, None), ",".join(f"own.{quoted(c)}" for c in columns)
        where = _listed_as(by, 1)
        found: list[dict[str, Any]] = []
        for listed, values in _listed(table, by, rows):
            # CROSS, so that rows are looked up by what is listed, not the other way round.
            statement = f"SELECT {wanted} FROM ({listed}) AS page CROSS JOIN {own} AS own"  # noqa: S608 - our own names
            found += dicts(columns, self._cursor.execute(f"{statement} WHERE {where}", values))
        return found


class SqliteBackend:
    """Views in an SQLite file; new ones are made in a file beside, and copied over."""

    def __init__(self, views: Engine) -> None:
        self._views = views
        self._file = Path(f"{views.url.database}.rebuild")

    def position(self) -> int:
        with self._views.connect() as connection:
            return position_seen(connection)

    @contextmanager
    def tables(
        self, after: int, position: int, *, rows: int, has_drops: bool
    ) -> Generator[SqliteTables]:
        engine = with_large_cache(self._views) if rows > MANY_ROWS else self._views
        with engine.begin() as connection:
            tables = SqliteTables(connection.connection.cursor())
            if not tables.move(after, position):
                raise OutOfStep(after)
            yield tables

    @contextmanager
    def beside(self) -> Generator[Engine]:
        with closing(sqlite3.connect(f"{self._file}.lock", timeout=0)) as guard:
            try:
                guard.execute("BEGIN EXCLUSIVE")  # goes with the process, however that ends
            except sqlite3.OperationalError:
                raise RebuildRunning from None
            self._remove()
            new = sqlite_scratch(self._file)
            try:
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


def _listed_as(columns: Sequence[str], first: int) -> str:
    """The same where the rows are VALUES, whose columns have numbers."""
    numbered = enumerate(columns, first)
    return " AND ".join(f"own.{quoted(c)}=page.column{n}" for n, c in numbered)


def _listed(
    table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> Iterator[tuple[str, list[Any]]]:
    """The rows as VALUES of some statements, and what these are; most rows first.

    Each statement takes a power of two of them, so that few different ones come again and again and
    the driver keeps them compiled.
    """
    values, width = _plain(table, columns, rows), len(columns)
    largest = 1 << (max(1, VALUES_TOGETHER // width).bit_length() - 1)
    marks, start = f"({','.join('?' * width)})", 0
    while start < len(rows):
        size = min(largest, 1 << ((len(rows) - start).bit_length() - 1))
        yield f"VALUES {','.join([marks] * size)}", values[start * width : (start + size) * width]
        start += size


def _plain(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[Any]:
    """The values of the rows, one row after the other, as SQLite keeps them: dates in text."""
    values = list(chain.from_iterable(_in_order(columns, rows)))
    for n, name in enumerate(columns):
        if type_of(table, name) == "date":
            days = values[n :: len(columns)]
            values[n :: len(columns)] = [day and day.isoformat() for day in days]
    return values


def _in_order(columns: Sequence[str], rows: Sequence[Row]) -> Iterable[Sequence[Any]]:
    if len(columns) == 1:
        return ([row[columns[0]]] for row in rows)
    return map(itemgetter(*columns), rows)
