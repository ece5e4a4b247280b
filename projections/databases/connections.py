"""Connections to the views: as of one moment, for single statements, and how long they may work."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import sqlalchemy.exc
from sqlalchemy import Connection, Engine

from projections.history import Unavailable
from projections.tables import VIEWS, tracking

if TYPE_CHECKING:
    pass


GRACE_SECONDS = 2
"""How much longer than PostgreSQL may work on a statement its answer is waited for."""
PAGE_SECONDS = 60
"""How long PostgreSQL may work on a statement that writes a page of the views."""
RESHAPE_SECONDS = 3600
"""How long PostgreSQL may work on a statement that makes or moves whole tables or indexes."""


def schema_of(engine: Engine) -> str | None:
    """The schema that the views are in, None where a file is theirs alone."""
    return engine.get_execution_options().get("schema")


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
        """A connection. Raises PoolTimeout when none is free."""
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


@contextmanager
def pooled(engine: Engine) -> Generator[Any]:
    """A connection to views on PostgreSQL past SQLAlchemy: each statement commits by itself."""
    pool: WaitingPool = engine.get_execution_options()["pool"]
    driver = pool.getconn()
    try:
        yield driver
    finally:
        pool.putconn(driver)


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


def unqualified(connection: Connection) -> Connection:
    """The connection for statements that name no schema, until the end of its transaction."""
    schema = schema_of(connection.engine)
    if schema is None:
        return connection
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')
    return connection.execution_options(schema_translate_map={})


TRANSIENT_ERRORS = (
    Unavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlite3.OperationalError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
)
"""Errors of the database itself, not of what is written to it."""
