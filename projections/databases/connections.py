"""Connections to the views: as of one moment, for single statements, and how long they may work."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy.exc
from sqlalchemy import Connection, Engine

from projections.history import Unavailable
from projections.tables import VIEWS, tracking

GRACE_SECONDS = 2
"""How much longer than PostgreSQL may work on a statement its answer is waited for."""
PAGE_SECONDS = 60
"""How long PostgreSQL may work on a statement that writes a page of the views."""
RESHAPE_SECONDS = 3600
"""How long PostgreSQL may work on a statement that makes or moves whole tables or indexes."""
BY_KEYS: Mapping[str, str] = {"enable_hashjoin": "off", "enable_mergejoin": "off"}
"""How PostgreSQL looks rows up: each by its key, where it would go through a whole table for
thousands."""
BY_INDEX: Mapping[str, str] = {
    **BY_KEYS,
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
"""The same of statements that are planned once, whatever the values are, and however little it
knows of the tables: by an index wherever one can be used. Where there is none it takes the only way
for very dear, which it is not: it is not to compile it, or to have other processes help.
"""
IN_ORDER: Mapping[str, str] = {**BY_INDEX, "enable_bitmapscan": "off"}
"""The same of rows that it finds in the order of an index: it never gathers all that match to sort
them."""
ALL_OF_THEM: Mapping[str, str] = {"plan_cache_mode": "force_custom_plan"}
"""How it goes through all rows: as it thinks best for these values."""
_PLANNING = {*IN_ORDER, *ALL_OF_THEM}
_POSITION = "position"
"""The key that a connection tells the position by, of which it sees the views."""


def schema_of(engine: Engine) -> str | None:
    """The schema that the views are in, None where a file is theirs alone."""
    return engine.get_execution_options().get("schema")


def with_large_cache(engine: Engine) -> Engine:
    """The views for who writes many rows: on SQLite, over a connection with a larger cache."""
    return engine.get_execution_options().get("with_large_cache", engine)


@dataclass(frozen=True, slots=True)
class Glance:
    """The driver's own connection to views, for single statements, and the schema they are in.

    Each of them sees the views as of one moment by itself.
    """

    driver: Any
    schema: str | None
    size: int = 0
    """About the logarithm of how much is recorded; plans for other sizes are not used again."""


class Pool(Protocol):
    """Connections that are given out and come back."""

    def getconn(self) -> Any:
        """A connection. Raises PoolTimeout when none is free in time."""
        ...

    def putconn(self, conn: Any) -> None:
        """Takes a connection back."""
        ...


@contextmanager
def glancing(engine: Engine, position: int) -> Generator[Glance]:
    """A connection for single statements, to views that show about this position.

    Past SQLAlchemy, which would take its time to hand one out.
    """
    readers: Pool = engine.get_execution_options()["readers"]
    driver = readers.getconn()
    try:
        yield Glance(driver, schema_of(engine), position.bit_length())
    finally:
        readers.putconn(driver)


@contextmanager
def pooled(engine: Engine) -> Generator[Any]:
    """A connection to views on PostgreSQL past SQLAlchemy: each statement commits by itself."""
    pool: Pool = engine.get_execution_options()["pool"]
    driver = pool.getconn()
    try:
        yield driver
    finally:
        pool.putconn(driver)


def glance_of(connection: Connection) -> Glance:
    """The connection for single statements, within its transaction."""
    position: int = connection.info.get(_POSITION, 0)
    return Glance(driver_of(connection), schema_of(connection.engine), position.bit_length())


def plan(views: Glance, how: Mapping[str, str]) -> None:
    """Has PostgreSQL plan what follows in the transaction like that; SQLite has no such settings.

    What this does not say is as the server has it, whatever was said before.
    """
    if views.schema is not None:
        local = (f"SET LOCAL {name} = {how.get(name, 'DEFAULT')}" for name in sorted(_PLANNING))
        views.driver.execute("; ".join(local))


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
        shown = found[0] if found else 0
        connection.info[_POSITION] = shown
        yield connection, shown
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


def transient_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """Errors of the database itself, not of what is written to it: ours, the driver's, wrapped."""
    driver = engine.dialect.loaded_dbapi
    return (
        Unavailable,
        driver.OperationalError,
        driver.InterfaceError,
        sqlalchemy.exc.OperationalError,
        sqlalchemy.exc.InterfaceError,
    )
