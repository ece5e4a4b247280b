"""Pages on SQLite: many rows a statement, as VALUES."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

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
from projections.tables import OFTEN_THE_SAME, tracking

VALUES_TOGETHER = 20_000
"""Values that one statement takes (SQLite can take 32,766). With each row on its own, the driver
would stand back at each for other threads, among them the one that reads the next page."""


class SqlitePage:
    """A page on SQLite, within the transaction of its cursor."""

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
    values = list(_plain(table, columns, rows))
    largest = 1 << (max(1, VALUES_TOGETHER // len(columns)).bit_length() - 1)
    marks, start = f"({','.join('?' * len(columns))})", 0
    while start < len(values):
        size = min(largest, 1 << ((len(values) - start).bit_length() - 1))
        some = chain.from_iterable(values[start : start + size])
        yield f"VALUES {','.join([marks] * size)}", list(some)
        start += size


def _plain(table: Table, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Sequence[Any]]:
    """The values as SQLite keeps them: dates in text."""
    dates = [n for n, name in enumerate(columns) if type_of(table, name) == "date"]
    for row in _in_order(columns, rows):
        values = list(row)
        for n in dates:
            if values[n]:
                values[n] = values[n].isoformat()
        yield values


def _in_order(columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Sequence[Any]]:
    if len(columns) == 1:
        return ([row[columns[0]]] for row in rows)
    return map(itemgetter(*columns), rows)
