"""The limits of the history: what the database alone does with the very rows that it holds.

Nothing appends faster than COPY (PostgreSQL) or `executemany` (SQLite) of rows that lie ready, into
a table of the same shape with the same indexes, just as durable, 1,000 rows a commit. Nothing reads
faster than a SELECT of the same pages that only takes the JSON apart, whatever it says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.measuring import timed
from projections.keeping.catching_up import PAGE
from service.tenants.names import DEFAULT
from service.tenants.opening import schema_of, sqlite_path
from service.tenants.tenant import Tenant

PER_COMMIT = 1_000
"""Rows of one transaction."""
SCHEMA = schema_of(DEFAULT)
BESIDE = "limits"
"""The schema of tables that are there to be measured alone."""


class RawHistory(Protocol):
    """The rows of a history from some position on, without the service."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    def insert(self) -> float:
        """Puts them into an empty table, 1,000 a commit; rows a second."""
        ...

    def read(self) -> float:
        """Reads them in the pages that views are made in, and decodes each; rows a second."""
        ...


def raw_history(bench: Bench, database: str, after: int = 0) -> RawHistory:
    """The rows of a history behind position `after`, lying ready in memory."""
    with closing(Tenant(database, project=False)) as tenant:
        table, newest = events_table(tenant), tenant.ledger.position()
    if bench.kind == POSTGRESQL:
        return _Postgres(bench, database, table, range(after, newest))
    return _Sqlite(bench, sqlite_path(database), table, range(after, newest))


def events_table(tenant: Tenant) -> str:
    """The name of the table that the tenant's events are in."""
    recorder: Any = tenant.ledger.recorder
    return str(recorder.events_table_name)


class _Postgres:
    """On PostgreSQL: the rows are buffers of binary COPY, as the server itself sends them."""

    def __init__(self, bench: Bench, url: str, table: str, behind: range) -> None:
        self._settle = bench.databases.settle
        self._url = url
        self._behind = behind
        self._history = SQL("{}.{}").format(Identifier(SCHEMA), Identifier(table))
        self._copy = like(url, self._history, "events")
        with psycopg.connect(url) as connection:
            self._pages = [_sent(connection, page) for page in self._page_copies()]

    @property
    def count(self) -> int:
        return len(self._behind)

    def insert(self) -> float:
        copy_in = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(self._copy)
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(SQL("TRUNCATE {}").format(self._copy))
            self._settle()
            with timed() as watch:
                for page in self._pages:
                    with connection.cursor().copy(copy_in) as copy:
                        copy.write(page)
            found = connection.execute(SQL("SELECT count(*) FROM {}").format(self._copy)).fetchone()
        return _checked(self.count, found) / watch.seconds

    def read(self) -> float:
        statement = SQL(
            "SELECT originator_id, originator_version, topic, state, notification_id FROM {} "
            "WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
        ).format(self._history)
        decode, rows = msgspec.json.Decoder().decode, 0
        with (
            psycopg.connect(self._url, autocommit=True) as connection,
            connection.cursor(binary=True) as cursor,
            timed() as watch,
        ):
            for start in self._behind[::PAGE]:
                found = cursor.execute(statement, (start, PAGE), prepare=True).fetchall()
                rows += len([decode(row[3]) for row in found])
        return _checked(self.count, (rows,)) / watch.seconds

    def _page_copies(self) -> Iterator[Composed]:
        for start in self._behind[::PER_COMMIT]:
            stop = min(start + PER_COMMIT, self._behind.stop)
            yield SQL(
                "COPY (SELECT * FROM {} WHERE notification_id > {} AND notification_id <= {} "
                "ORDER BY notification_id) TO STDOUT (FORMAT BINARY)"
            ).format(self._history, start, stop)


class _Sqlite:
    """On SQLite: the rows are tuples; in a file of its own, WAL and synchronous=FULL."""

    def __init__(self, bench: Bench, path: Path, table: str, behind: range) -> None:
        self._path, self._table, self._behind = path, table, behind
        self._copy = bench.folder / "limits.db"
        self._pages: list[list[tuple[Any, ...]]] = []
        with closing(sqlite3.connect(path)) as connection:
            self._shape = shape(connection, table)
            for start in behind[::PER_COMMIT]:
                stop = min(start + PER_COMMIT, behind.stop)
                select = f"SELECT * FROM {table} WHERE rowid > ? AND rowid <= ? ORDER BY rowid"  # noqa: S608 - the history's own table
                self._pages.append(connection.execute(select, (start, stop)).fetchall())

    @property
    def count(self) -> int:
        return len(self._behind)

    def insert(self) -> float:
        marks = ",".join("?" * len(self._pages[0][0]))
        insert = f"INSERT INTO {self._table} VALUES ({marks})"  # noqa: S608 - as above
        with closing(empty_file(self._copy, self._shape, "FULL")) as connection:
            with timed() as watch:
                for page in self._pages:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany(insert, page)
                    connection.execute("COMMIT")
            found = connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()  # noqa: S608 - as above
        return _checked(self.count, found) / watch.seconds

    def read(self) -> float:
        statement = f"SELECT rowid, * FROM {self._table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608 - as above
        decode, rows = msgspec.json.Decoder().decode, 0
        with closing(sqlite3.connect(self._path)) as connection, timed() as watch:
            for start in self._behind[::PAGE]:
                found = connection.execute(statement, (start, PAGE)).fetchall()
                rows += len([decode(row[-1]) for row in found])
        return _checked(self.count, (rows,)) / watch.seconds


def _sent(connection: psycopg.Connection[Any], statement: Composed) -> bytes:
    """All that a COPY … TO STDOUT sends."""
    with connection.cursor().copy(statement) as copy:
        return b"".join(copy)


def like(url: str, table: Composed, name: str) -> Composed:
    """A new, empty table of the same shape and indexes, in a schema beside."""
    beside = SQL("{}.{}").format(Identifier(BESIDE), Identifier(name))
    with psycopg.connect(url) as connection:
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(BESIDE)))
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(beside))
        connection.execute(SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(beside, table))
    return beside


def shape(connection: sqlite3.Connection, table: str) -> list[str]:
    """The statements that make the table and its indexes."""
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY rowid"
    return [sql for (sql,) in connection.execute(made, (table,))]


def empty_file(path: Path, statements: list[str], synchronous: str) -> sqlite3.Connection:
    """A new file with these tables alone, in WAL mode; transactions are the caller's to open."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", f"PRAGMA synchronous={synchronous}", *statements):
        connection.execute(statement)
    return connection


def _checked(expected: int, found: tuple[Any, ...] | None) -> int:
    """The count, if as many rows as expected were really touched."""
    if found is None or found[0] != expected:
        raise ValueError(f"{expected} rows were to be touched, not {found}")
    return expected
