"""Pages on PostgreSQL: of few rows as arrays, all in one statement; of many by COPY.

Then the rows of a table go into a temporary one and from there by one statement, for arrays of
`unnest` cost the driver about as much as the insert itself (docs/performance.md).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from projections import notices
from projections.changes import Row
from projections.keeping.sql import (
    addition,
    conflict,
    dicts,
    dropped,
    insert_into,
    keys_of,
    moved,
    name_of,
    quoted,
    type_of,
)
from projections.tables import VIEWS, tracking

COPY_FROM = 100
"""Rows from which COPY is worth its temporary table, and a page more than one statement."""


class PostgresPage:
    """A page of many rows on PostgreSQL, within the transaction of its cursor."""

    def __init__(self, cursor: Any, schema: str) -> None:
        self._cursor, self._schema = cursor, schema

    def move(self, after: int, position: int) -> int:
        """Moves the views on from `after`: the table that tells so, 0 when they are not there.

        Other processes hear of it once it is committed.
        """
        statement, values = moved(name_of(tracking, self._schema), "%s", after, position)
        telling = f"{statement} RETURNING tableoid, pg_notify(%s, %s)"
        found = self._cursor.execute(telling, (*values, *self._told(position))).fetchone()
        return found[0] if found else 0

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        self._upsert(table, rows, conflict(table))

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        self._upsert(totals, rows, addition(totals))

    def _upsert(self, table: Table, rows: Sequence[Row], if_there: str) -> None:
        columns = tuple(column.name for column in table.c)
        insert = insert_into(table, columns, self._schema)
        with self._page(table, columns, rows) as (page, values):
            self._execute(f"{insert} SELECT page.* FROM {page} {if_there}", values)  # noqa: S608 - our own names

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, self._schema)
        with self._page(table, keys, rows) as (page, values):
            self._execute(f"DELETE FROM {own} AS own USING {page} WHERE {_same(keys)}", values)  # noqa: S608 - our own names

    def drop(self, table: Table, where: Row) -> None:
        self._execute(*dropped(table, self._schema, "%s", where))

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        keys, own = keys_of(table), name_of(table, self._schema)
        sets = ",".join(f"{quoted(c)}=page.{quoted(c)}" for c in columns)
        with self._page(table, (*columns, *keys), rows) as (page, values):
            self._execute(f"UPDATE {own} AS own SET {sets} FROM {page} WHERE {_same(keys)}", values)  # noqa: S608 - our own names

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        if not rows:
            return []
        own, wanted = name_of(table, self._schema), ",".join(f"own.{quoted(c)}" for c in columns)
        page, values = _arrays(table, by, rows)
        statement = f"SELECT {wanted} FROM {page} JOIN {own} AS own ON {_same(by)}"  # noqa: S608 - our own names
        return dicts(columns, self._cursor.execute(statement, values))

    @contextmanager
    def _page(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> Generator[tuple[str, list[list[Any]]]]:
        """The rows as what stands after FROM under the name `page`, and its parameters."""
        if len(rows) < COPY_FROM:
            yield _arrays(table, columns, rows)
            return
        types = [type_of(table, name) for name in columns]
        shape = ",".join(f"{quoted(c)} {kind}" for c, kind in zip(columns, types, strict=True))
        self._cursor.execute(f"CREATE TEMP TABLE page ({shape}) ON COMMIT DROP")
        with self._cursor.copy("COPY page FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in map(itemgetter(*columns), rows):
                copy.write_row(row)
        yield "page", []
        self._cursor.execute("DROP TABLE page")

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._cursor.execute(statement, values)

    def _told(self, position: int) -> tuple[str, str]:
        """What other processes are told, and where."""
        return notices.CHANNEL, notices.notice(position, notices.VIEWS, self._schema)


class FewOnPostgres(PostgresPage):
    """A page of few rows: one statement, which commits by itself.

    What is looked up for it is looked up before. So it writes nothing if the views have been moved
    on since, or put in the place of others: then another table tells their position.
    """

    def __init__(self, cursor: Any, schema: str) -> None:
        super().__init__(cursor, schema)
        self._parts: list[str] = []
        self._values: list[Any] = []

    def write(self, after: int, position: int, told_by: int) -> bool:
        """Whether the views were at `after`, by that table; then all is written and committed."""
        update = f"UPDATE {name_of(tracking, self._schema)} SET position=%s"  # noqa: S608 - our own names
        where = f"WHERE name='{VIEWS}' AND position=%s AND tableoid=%s RETURNING pg_notify(%s, %s)"
        parts = "".join(f", part{n} AS ({part})" for n, part in enumerate(self._parts))
        told = (position, after, told_by, *self._told(position))
        whole = f"WITH moved AS ({update} {where}){parts} SELECT FROM moved"
        return self._cursor.execute(whole, (*told, *self._values)).rowcount == 1

    @contextmanager
    def _page(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> Generator[tuple[str, list[list[Any]]]]:
        arrays, values = _arrays(table, columns, rows)
        yield f"{arrays}, moved", values

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._parts.append(statement)
        self._values += values


def _same(columns: Sequence[str]) -> str:
    return " AND ".join(f"own.{quoted(c)}=page.{quoted(c)}" for c in columns)


def _arrays(
    table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, list[list[Any]]]:
    """Rows as arrays of PostgreSQL: what stands after FROM under the name `page`, its values."""
    arrays = ",".join(f"%b::{type_of(table, name)}[]" for name in columns)
    values = [_texts([row[name] for row in rows]) for name in columns]
    return f"unnest({arrays}) AS page({','.join(map(quoted, columns))})", values


def _texts(values: list[Any]) -> list[Any]:
    """The values of an array as the driver takes them: plain text of what is an enumeration's."""
    return [str(value) if isinstance(value, str) else value for value in values]
