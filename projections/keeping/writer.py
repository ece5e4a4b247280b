"""Applies pages of row changes, and how far they reach, in one transaction each."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, delete, select

from projections.changes import Drop
from projections.databases.connections import (
    BY_KEYS,
    PAGE_SECONDS,
    allow,
    glance_of,
    plan,
    with_large_cache,
)
from projections.keeping.bulk import Bulk, bulk
from projections.keeping.gathering import PatchRows, PutRows, Step
from projections.keeping.totals import Totals
from projections.tables import VIEWS, tracking

MANY_ROWS = 2_000
"""Rows of a page from which a larger cache is worth its memory, which is kept from then on."""


class Writer:
    """Writes the views of one tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> int:
        """How far of the history the views show."""
        with self._engine.connect() as connection:
            return position_seen(connection)

    def write(self, steps: Sequence[Step], after: int, position: int) -> None:
        """Writes what the events after `after` up to `position` come to, all or nothing.

        Raises OutOfStep when the views are not at `after`: another projector was at work.
        """
        rows = sum(0 if isinstance(step, Drop) else len(step.rows) for step in steps)
        engine = with_large_cache(self._engine) if rows > MANY_ROWS else self._engine
        with engine.begin() as connection:
            allow(connection, PAGE_SECONDS)
            plan(glance_of(connection), BY_KEYS)
            views = bulk(connection)
            if not views.move(after, position):
                raise OutOfStep(after)
            totals = Totals(views, after)
            for step in steps:
                totals.follow(step)
                _take(step, views, connection)
            totals.write()


def _take(step: Step, views: Bulk, connection: Connection) -> None:
    match step:
        case PutRows(table, rows):
            views.put(table, rows)
        case PatchRows(table, columns, rows):
            views.patch(table, columns, rows)
        case Drop(table, where):
            same = [table.c[name] == value for name, value in where.items()]
            connection.execute(delete(table).where(*same))


class OutOfStep(Exception):
    """The views are not where this projector left them; nothing was written."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the views are not at position {expected} any more")


def position_seen(connection: Connection) -> int:
    """How far of the history the views show on this connection."""
    statement = select(tracking.c.position).where(tracking.c.name == VIEWS)
    return connection.execute(statement).scalar() or 0
