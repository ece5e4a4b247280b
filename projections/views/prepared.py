"""Statements that are executed all day: made once by SQLAlchemy, then sent by the driver itself.

To make the statement of a page, and to wrap its rows, takes several times as long as to fetch it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from psycopg.pq import TransactionStatus
from psycopg.waiting import wait_async
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from projections.databases.connections import Glance

_SCHEMA = "schema_of_the_tenant"
"""Stands for the schema in statements that all tenants share."""
_MOMENT = 100_000
"""Steps of SQLite's machine, some milliseconds; a page of 100 rows by an index takes 15,000."""
_LOOK_SECONDS = 1.0
"""How often the driver looks after a query by itself, whatever the socket says."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement for a kind of database, the values that it has by itself, and their order."""

    sql: str
    own: Mapping[str, Any]
    order: tuple[str, ...]

    def on(self, views: Glance) -> str:
        """The statement for these views."""
        return self.sql if views.schema is None else _named(self.sql, views.schema)

    def values(self, given: Mapping[str, Any]) -> Any:
        """All its values, as the driver takes them."""
        values = {**self.own, **given}
        if not self.order:
            return values
        return [_as_kept(values[name]) for name in self.order]

    def rows(self, views: Glance, given: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """The rows as the driver gives them."""
        statement, values = self.on(views), self.values(given)
        if self.order:
            return views.driver.execute(statement, values).fetchall()
        with views.driver.cursor(binary=True) as cursor:
            cursor.execute(statement, values, prepare=True)
            return cursor.fetchall()

    async def rows_at_once(
        self, views: Glance, given: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]] | None:
        """As `rows`, within an event loop, which goes on while PostgreSQL is at work.

        SQLite works in the thread that asks: it is given a moment, and None comes of more.
        """
        statement, values = self.on(views), self.values(given)
        if self.order:
            return _in_a_moment(views.driver, statement, values)
        with views.driver.cursor(binary=True) as cursor:
            # What the driver's own `execute` waits for, too, but in its thread. There is no public
            # way to this; a pool of its asynchronous connections would be a second one.
            steps = cursor._execute_gen(statement, values, prepare=True)
            connection, patience = views.driver.pgconn, views.driver.patience
            try:
                await wait_async(steps, connection.socket, _LOOK_SECONDS, patience)
            except BaseException:
                if connection.transaction_status == TransactionStatus.ACTIVE:
                    connection.finish()  # nobody will ever take what it still has to say
                raise
            return cursor.fetchall()


def prepare(statement: Select[Any], *, on_postgres: bool) -> Prepared:
    """The statement for SQLite, or for PostgreSQL and any schema there."""
    if on_postgres:
        compiled = statement.compile(
            dialect=psycopg.dialect(),
            schema_translate_map={None: _SCHEMA},
            render_schema_translate=True,
        )
    else:
        compiled = statement.compile(dialect=sqlite.dialect())
    return Prepared(str(compiled), dict(compiled.params), tuple(compiled.positiontup or ()))


def _in_a_moment(driver: Any, statement: str, values: Any) -> Sequence[tuple[Any, ...]] | None:
    driver.set_progress_handler(lambda: True, _MOMENT)
    try:
        return driver.execute(statement, values).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        driver.set_progress_handler(None, 0)


@lru_cache(maxsize=1024)
def _named(sql: str, schema: str) -> str:
    return sql.replace(_SCHEMA, f'"{schema}"')


def _as_kept(value: Any) -> Any:
    """The value as SQLite keeps it: dates in text."""
    return value.isoformat() if isinstance(value, date) else value
