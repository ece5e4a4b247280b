"""Statements that are executed all day: made once by SQLAlchemy, then sent by the driver itself.

To make the statement of a page, and to wrap its rows, takes several times as long as to fetch it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Dialect, Select, make_url

from projections.databases.connections import Glance

_SCHEMA = "schema_of_the_tenant"
"""Stands for the schema in statements that all tenants share."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement for a kind of database, the values that it has by itself, and their order."""

    sql: str
    own: Mapping[str, Any]
    order: tuple[str, ...]

    def on(self, views: Glance) -> str:
        """The statement for these views."""
        return self.sql if views.schema is None else _named(self.sql, views.schema, views.size)

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


@cache
def _dialect(address: str) -> Dialect:
    """How a kind of database is spoken to, loaded when it is first asked for."""
    return make_url(address).get_dialect()()


def prepare(statement: Select[Any], *, on_postgres: bool) -> Prepared:
    """The statement for SQLite, or for PostgreSQL and any schema there."""
    if on_postgres:
        compiled = statement.compile(
            dialect=_dialect("postgresql+psycopg://"),
            schema_translate_map={None: _SCHEMA},
            render_schema_translate=True,
        )
    else:
        compiled = statement.compile(dialect=_dialect("sqlite://"))
    return Prepared(str(compiled), dict(compiled.params), tuple(compiled.positiontup or ()))


@lru_cache(maxsize=1024)
def _named(sql: str, schema: str, size: int) -> str:
    # PostgreSQL plans each text once, by what is in the tables then. So a plan that was made when
    # there was next to nothing in them is not used when there is much.
    return sql.replace(_SCHEMA, f'"{schema}"') + f" -- {size}"


def _as_kept(value: Any) -> Any:
    """The value as SQLite keeps it: dates in text."""
    return value.isoformat() if isinstance(value, date) else value
