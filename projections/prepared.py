"""Statements that are executed all day: made once by SQLAlchemy, then sent by the driver itself.

To make the statement of a page, and to wrap its rows, takes several times as long as to fetch it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from projections.database import driver_of, schema_of

_SCHEMA = "schema_of_the_tenant"
"""Stands for the schema in statements that all tenants share."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement for a kind of database, the values that it has by itself, and their order."""

    sql: str
    own: Mapping[str, Any]
    order: tuple[str, ...]

    def on(self, connection: Connection) -> str:
        """The statement for the views of this connection."""
        schema = schema_of(connection.engine)
        return self.sql if schema is None else self.sql.replace(_SCHEMA, f'"{schema}"')

    def values(self, given: Mapping[str, Any]) -> Any:
        """All its values, as the driver takes them."""
        values = {**self.own, **given}
        if not self.order:
            return values
        return [_as_kept(values[name]) for name in self.order]

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """The rows as the driver gives them."""
        driver = driver_of(connection)
        if self.order:
            return driver.execute(self.on(connection), self.values(given)).fetchall()
        with driver.cursor(binary=True) as cursor:
            cursor.execute(self.on(connection), self.values(given), prepare=True)
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


def _as_kept(value: Any) -> Any:
    """The value as SQLite keeps it: dates in text."""
    return value.isoformat() if isinstance(value, date) else value
