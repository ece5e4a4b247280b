"""Applies pages of row changes, and how far they reach, in one transaction each."""

from collections.abc import Sequence
from typing import assert_never

from sqlalchemy import Engine

from projections.databases.connections import schema_of, transient_errors
from projections.keeping.backend import Backend, Tables
from projections.keeping.gathering import PatchRows, PutRows, Step
from projections.keeping.postgres import PostgresBackend
from projections.keeping.sqlite import SqliteBackend
from projections.keeping.totals import Totals
from projections.projecting.changes import Drop


class Writer:
    """Writes the views of one tenant."""

    def __init__(self, engine: Engine) -> None:
        self._backend = backend_of(engine)
        self.transient_errors = transient_errors(engine)

    def position(self) -> int:
        """How far of the history the views show."""
        return self._backend.position()

    def write(self, steps: Sequence[Step], after: int, position: int) -> None:
        """Writes what the events after `after` up to `position` come to, all or nothing.

        Raises OutOfStep when the views are not at `after`: another projector was at work.
        """
        rows = sum(0 if isinstance(step, Drop) else len(step.rows) for step in steps)
        has_drops = any(isinstance(step, Drop) for step in steps)
        with self._backend.tables(after, position, rows=rows, has_drops=has_drops) as tables:
            totals = Totals(tables, after)
            for step in steps:
                totals.follow(step)
                _take(step, tables)
            totals.write()


def backend_of(views: Engine) -> Backend:
    """What keeps these views."""
    schema = schema_of(views)
    return SqliteBackend(views) if schema is None else PostgresBackend(views, schema)


def _take(step: Step, tables: Tables) -> None:
    match step:
        case PutRows(table, rows):
            tables.put(table, rows)
        case PatchRows(table, columns, rows):
            tables.patch(table, columns, rows)
        case Drop(table, where):
            tables.drop(table, where)
        case _:
            assert_never(step)
