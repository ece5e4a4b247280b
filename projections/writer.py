"""Applies pages of row changes, and how far they reach, in one transaction each."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    delete,
    select,
)

from projections.bulk import Bulk, bulk
from projections.changes import Change, Drop, Patch, Put, Row
from projections.tables import VIEWS, tracking

Key = tuple[Any, ...]


class Writer:
    """Writes the views of one tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> int:
        """How far of the history the views show."""
        with self._engine.connect() as connection:
            return position_seen(connection)

    def apply(self, changes: Iterable[Change], after: int, position: int) -> None:
        """Writes the changes of the events behind `after` up to `position`, all or nothing.

        Raises OutOfStep when the views are not at `after`: another projector was at work.
        """
        with self._engine.begin() as connection:
            views = bulk(connection)
            if not views.move(after, position):
                raise OutOfStep(after)
            page = _Page(connection, views)
            for change in changes:
                page.add(change)
            page.write()


class OutOfStep(Exception):
    """The views are not where this projector left them; nothing was written."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the views are not at position {expected} any more")


class _Page:
    """The rows of one page, gathered by key so that each is written once."""

    def __init__(self, connection: Connection, views: Bulk) -> None:
        self._connection = connection
        self._bulk = views
        self._puts: dict[Table, dict[Key, dict[str, Any]]] = {}
        self._patches: dict[Table, dict[Key, dict[str, Any]]] = {}

    def add(self, change: Change) -> None:
        match change:
            case Put():
                for key, row in _by_key(change.table, change.rows):
                    self._patches.get(change.table, {}).pop(key, None)
                    self._puts.setdefault(change.table, {})[key] = dict(row)
            case Patch():
                puts = self._puts.get(change.table, {})
                patches = self._patches.setdefault(change.table, {})
                for key, row in _by_key(change.table, change.rows):
                    (puts.get(key) or patches.setdefault(key, {})).update(row)
            case Drop():
                self._write(change.table)
                condition = [change.table.c[name] == value for name, value in change.where.items()]
                self._connection.execute(delete(change.table).where(*condition))

    def write(self) -> None:
        for table in {*self._puts, *self._patches}:
            self._write(table)

    def _write(self, table: Table) -> None:
        puts = self._puts.pop(table, {})
        if puts:
            self._bulk.put(table, list(puts.values()))
        for columns, rows in _by_columns(self._patches.pop(table, {}).values()).items():
            values = sorted(columns - {column.name for column in table.primary_key})
            self._bulk.patch(table, values, rows)


def _by_key(table: Table, rows: Iterable[Row]) -> Iterator[tuple[Key, Row]]:
    names = [column.name for column in table.primary_key]
    for row in rows:
        yield tuple(row[name] for name in names), row


def _by_columns(
    rows: Iterable[dict[str, Any]],
) -> dict[frozenset[str], list[dict[str, Any]]]:
    """Rows that set the same columns, together: one statement each."""
    grouped: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(frozenset(row), []).append(row)
    return grouped


def position_seen(connection: Connection) -> int:
    """How far of the history the views show on this connection."""
    statement = select(tracking.c.position).where(tracking.c.name == VIEWS)
    return connection.execute(statement).scalar() or 0
