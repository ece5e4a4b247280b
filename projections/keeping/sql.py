"""The SQL that both databases have in common where pages of rows are written."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Date, Integer, Table, select

from projections.projecting.changes import Row
from projections.tables import OFTEN_THE_SAME, VIEWS, tracking
from projections.values.sums import HALF

_TYPES: Mapping[type, str] = {BigInteger: "int8", Integer: "int4", Date: "date", Boolean: "bool"}


def moved(table: str, mark: str, after: int, position: int) -> tuple[str, tuple[int, ...]]:
    """The statement, with its values, that moves the position on if it is at `after`."""
    if after == 0:
        insert = f"INSERT INTO {table} (name, position) VALUES ('{VIEWS}', {mark})"  # noqa: S608 - our own names
        return f"{insert} ON CONFLICT DO NOTHING", (position,)
    update = f"UPDATE {table} SET position={mark} WHERE name='{VIEWS}' AND position={mark}"  # noqa: S608 - as above
    return update, (position, after)


@cache
def insert_into(table: Table, columns: tuple[str, ...], schema: str | None) -> str:
    """The beginning of a statement that inserts rows of these columns."""
    return f"INSERT INTO {name_of(table, schema)} AS own ({','.join(map(quoted, columns))})"


@cache
def conflict(table: Table) -> str:
    """The end of such a statement, of whole rows: they take the place of those that are there."""
    keys = keys_of(table)
    values = [quoted(column.name) for column in table.c if column.name not in keys]
    sets = ",".join(f"{value}=excluded.{value}" for value in values)
    update = f"ON CONFLICT ({','.join(map(quoted, keys))}) DO UPDATE SET {sets}"
    told = table.info.get(OFTEN_THE_SAME)
    return f"{update} WHERE own.{told}<>excluded.{told}" if told else update


@cache
def addition(totals: Table) -> str:
    """The end of such a statement, of counts and sums: they are added to those that are there."""
    sets = ["count=own.count+excluded.count"]
    for name in ("amount", "tax"):
        low = f"(own.{name}_low+excluded.{name}_low)"
        sets += [
            f"{name}_high=own.{name}_high+excluded.{name}_high+{low}/{HALF}",
            f"{name}_low={low}-{low}/{HALF}*{HALF}",
        ]
    return f"ON CONFLICT ({','.join(map(quoted, keys_of(totals)))}) DO UPDATE SET {','.join(sets)}"


def dropped(table: Table, schema: str | None, mark: str, where: Row) -> tuple[str, tuple[Any, ...]]:
    """The statement, with its values, that takes every row with some values away."""
    same = " AND ".join(f"{quoted(name)}={mark}" for name in where) or "true"
    return f"DELETE FROM {name_of(table, schema)} WHERE {same}", tuple(where.values())  # noqa: S608 - as above


def position_seen(connection: Connection) -> int:
    """How far of the history the views show on this connection."""
    statement = select(tracking.c.position).where(tracking.c.name == VIEWS)
    return connection.execute(statement).scalar() or 0


def dicts(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows that were found, by the names of their columns."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


@cache
def keys_of(table: Table) -> tuple[str, ...]:
    """The columns of the primary key."""
    return tuple(column.name for column in table.primary_key)


def type_of(table: Table, column: str) -> str:
    """The type of a column as PostgreSQL names it."""
    return _TYPES.get(type(table.c[column].type), "text")


def name_of(table: Table, schema: str | None) -> str:
    """The name of a table, in its schema if there is one."""
    return quoted(table.name) if schema is None else f"{quoted(schema)}.{quoted(table.name)}"


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
