"""Applies pages of row changes, and how far they reach, in one transaction each."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from sqlalchemy import BigInteger, Connection, Engine, literal, literal_column, select

from projections.changes import Drop
from projections.databases.connections import (
    BY_KEYS,
    PAGE_SECONDS,
    allow,
    glance_of,
    plan,
    pooled,
    schema_of,
    transient_errors,
    with_large_cache,
)
from projections.keeping.gathering import PatchRows, PutRows, Step
from projections.keeping.page import Page
from projections.keeping.postgres import COPY_FROM, FewOnPostgres, PostgresPage
from projections.keeping.sqlite import SqlitePage
from projections.keeping.totals import Totals
from projections.tables import VIEWS, tracking

MANY_ROWS = 2_000
"""Rows of a page from which a larger cache is worth its memory, which is kept from then on."""


class Writer:
    """Writes the views of one tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._schema = schema_of(engine)
        self.transient_errors = transient_errors(engine)
        self._told_by = 0
        """The table that told the position, on PostgreSQL: a rebuild puts another in its place."""

    def position(self) -> int:
        """How far of the history the views show."""
        table = literal_column("tableoid", BigInteger) if self._schema else literal(0)
        wanted = select(tracking.c.position, table).where(tracking.c.name == VIEWS)
        with self._engine.connect() as connection:
            found = connection.execute(wanted).one_or_none()
        position, self._told_by = found or (0, 0)
        return position

    def write(self, steps: Sequence[Step], after: int, position: int) -> None:
        """Writes what the events after `after` up to `position` come to, all or nothing.

        Raises OutOfStep when the views are not at `after`: another projector was at work.
        """
        with self._page(steps, after, position) as page:
            totals = Totals(page, after)
            for step in steps:
                totals.follow(step)
                _take(step, page)
            totals.write()

    @contextmanager
    def _page(self, steps: Sequence[Step], after: int, position: int) -> Generator[Page]:
        """A page that is written whole in the end. Raises OutOfStep."""
        told_by = self._told_by if after else 0  # where nothing is shown yet, nothing tells so
        if self._schema and told_by and _are_few(steps):
            with pooled(self._engine) as driver:
                few = FewOnPostgres(driver.cursor(), self._schema)
                yield few
                if not few.write(after, position, told_by):
                    raise OutOfStep(after)
            return
        engine = with_large_cache(self._engine) if _rows_of(steps) > MANY_ROWS else self._engine
        with engine.begin() as connection:
            allow(connection, PAGE_SECONDS)
            plan(glance_of(connection), BY_KEYS)
            cursor = connection.connection.cursor()
            many = PostgresPage(cursor, self._schema) if self._schema else SqlitePage(cursor)
            moved = many.move(after, position)
            if not moved:
                raise OutOfStep(after)
            yield many
        self._told_by = moved


def _are_few(steps: Sequence[Step]) -> bool:
    """Whether they are rows to write, of which no step has to come before another, and not many."""
    return not any(isinstance(step, Drop) for step in steps) and _rows_of(steps) < COPY_FROM


def _rows_of(steps: Sequence[Step]) -> int:
    return sum(0 if isinstance(step, Drop) else len(step.rows) for step in steps)


def _take(step: Step, page: Page) -> None:
    match step:
        case PutRows(table, rows):
            page.put(table, rows)
        case PatchRows(table, columns, rows):
            page.patch(table, columns, rows)
        case Drop(table, where):
            page.drop(table, where)


class OutOfStep(Exception):
    """The views are not where this projector left them; nothing was written."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the views are not at position {expected} any more")


def position_seen(connection: Connection) -> int:
    """How far of the history the views show on this connection."""
    statement = select(tracking.c.position).where(tracking.c.name == VIEWS)
    return connection.execute(statement).scalar() or 0
