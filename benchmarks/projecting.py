"""What the time-and-material view takes in a second, against one SQL statement that does the same.

The statement parses the same JSON out of the same history into an identical empty table with the
same indexes: no process beside the database gets there faster than the database by itself. Both
tables are compared, for the rows must be the same. The totals that are kept of the rows, and
the texts they are searched by, are ours alone to write.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Protocol

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Identifier, Literal

from aggregates.contract_line.events import NTEEvaluated, UnbilledSalesRecorded
from benchmarks import projecting_sql
from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.intake import copied, import_into
from benchmarks.measuring import Figure, Row, interleaved, tell, timed
from benchmarks.raw import SCHEMA, empty_file, events_table, like, shape
from projections import time_and_material
from projections.keeping.catching_up import catch_up
from projections.tables import time_and_material as view
from projections.tables import time_and_material_totals, tracking
from service.ledger.ledger import EventMapper
from service.tenants.opening import sqlite_path
from service.tenants.tenant import Tenant

PROJECTION = Figure(
    name="projection",
    what="The time-and-material view projected in pages, against one INSERT … SELECT that parses "
    "the same JSON",
    unit="rows/s",
    against_unit="rows/s",
    floor=0.75,
    stretch=0.95,
    better="more",
)
SALES = EventMapper.codec.name_of(UnbilledSalesRecorded)
VERDICTS = EventMapper.codec.name_of(NTEEvaluated)


class _Limit(Protocol):
    """The statement, and the two tables that are filled."""

    def clear_view(self) -> None:
        """Leaves the service's view new and empty; nobody has it open."""
        ...

    def fill(self) -> float:
        """Fills the other table by the one statement; rows a second."""
        ...

    def compare(self) -> int:
        """The rows of both tables, which must be the same. Raises ValueError."""
        ...


def measure_projection(bench: Bench) -> Row:
    """Reading, projecting and writing, one transaction a page, by the projector.

    The history has nothing but what this view is made of, as imports over many contracts store it.
    """
    url, table = _history(bench)
    limit: _Limit = (
        _Postgres(bench, url, table) if bench.kind == POSTGRESQL else _Sqlite(bench, url, table)
    )

    def ours() -> float:
        limit.clear_view()
        with closing(Tenant(url, project=False)) as tenant:
            bench.databases.settle()
            with timed() as watch:
                catch_up(tenant.ledger, tenant.writer, project=time_and_material.project)
        return limit.compare() / watch.seconds

    pair = interleaved(limit.fill, ours, bench.sizes.repetitions)
    return PROJECTION.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


def _history(bench: Bench) -> tuple[str, str]:
    """A database of unbilled sales and the verdicts on them, and its table of events."""
    tell("  importing what is to be projected")
    sizes = bench.sizes
    source = import_into(
        bench, bench.databases.new(), sizes.projected_contracts, sizes.projected_approvals
    )
    with closing(Tenant(source.url, project=False)) as tenant:
        newest = tenant.ledger.position()
        found = tenant.ledger.recorder.select_notifications(1, newest, topics=(SALES, VERDICTS))
        table = events_table(tenant)
    stored = [
        StoredEvent(each.originator_id, each.originator_version, each.topic, each.state)
        for each in found
    ]
    bench.databases.drop(source.url)
    return copied(bench, stored), table


class _Postgres:
    def __init__(self, bench: Bench, url: str, table: str) -> None:
        self._settle, self._url = bench.databases.settle, url
        events = SQL("{}.{}").format(Identifier(SCHEMA), Identifier(table))
        self._view = SQL("{}.{}").format(Identifier(SCHEMA), Identifier(view.name))
        self._cleared = SQL(",").join(
            SQL("{}.{}").format(Identifier(SCHEMA), Identifier(table.name))
            for table in (view, time_and_material_totals, tracking)
        )
        self._copy = like(url, self._view, view.name)
        self._statement = SQL(projecting_sql.POSTGRESQL).format(
            target=self._copy,
            columns=SQL(projecting_sql.COLUMNS),
            events=events,
            sales=Literal(SALES),
            verdicts=Literal(VERDICTS),
        )
        with psycopg.connect(url) as connection:
            connection.execute(SQL("ANALYZE {}").format(events))

    def clear_view(self) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(SQL("TRUNCATE {}").format(self._cleared))

    def fill(self) -> float:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(SQL("TRUNCATE {}").format(self._copy))
            connection.execute(projecting_sql.POSTGRESQL_SETTINGS)
            self._settle()
            with timed() as watch:
                done = connection.execute(self._statement)
        return done.rowcount / watch.seconds

    def compare(self) -> int:
        counts = SQL(
            "SELECT (SELECT count(*) FROM {ours}), "
            "(SELECT count(*) FROM (SELECT {columns} FROM {ours} EXCEPT "
            "SELECT {columns} FROM {theirs}) AS a), "
            "(SELECT count(*) FROM (SELECT {columns} FROM {theirs} EXCEPT "
            "SELECT {columns} FROM {ours}) AS b)"
        ).format(ours=self._view, theirs=self._copy, columns=SQL(projecting_sql.COLUMNS))
        with psycopg.connect(self._url) as connection:
            return _same(connection.execute(counts).fetchone())


class _Sqlite:
    """The other table is in a file of its own, with the settings that the views' file has."""

    def __init__(self, bench: Bench, url: str, table: str) -> None:
        self._history = sqlite_path(url)
        self._views = self._history.with_suffix(".views.db")
        self._copy = bench.folder / "limits.views.db"
        self._statement = projecting_sql.SQLITE.format(
            target=view.name, columns=projecting_sql.COLUMNS, events=table
        )
        with closing(sqlite3.connect(self._views)) as connection:
            self._shape = shape(connection, view.name)

    def clear_view(self) -> None:
        for file in self._views.parent.glob(f"{self._views.name}*"):
            file.unlink()

    def fill(self) -> float:
        with closing(empty_file(self._copy, self._shape, "NORMAL")) as connection:
            connection.execute("ATTACH DATABASE ? AS history", (str(self._history),))
            names = {"sales": SALES, "verdicts": VERDICTS}
            with timed() as watch:
                done = connection.execute(self._statement, names)
            return done.rowcount / watch.seconds

    def compare(self) -> int:
        columns, name = projecting_sql.COLUMNS, view.name
        ours, theirs = f"SELECT {columns} FROM ours.{name}", f"SELECT {columns} FROM main.{name}"  # noqa: S608 - our own table
        with closing(sqlite3.connect(self._copy)) as connection:
            connection.execute("ATTACH DATABASE ? AS ours", (str(self._views),))
            found = connection.execute(
                f"SELECT (SELECT count(*) FROM ours.{name}), "  # noqa: S608 - as above
                f"(SELECT count(*) FROM ({ours} EXCEPT {theirs})), "
                f"(SELECT count(*) FROM ({theirs} EXCEPT {ours}))"
            )
            return _same(found.fetchone())


def _same(counts: tuple[int, ...] | None) -> int:
    """The rows of the view, if it has some and both tables have the same."""
    if counts is None or not counts[0] or any(counts[1:]):
        raise ValueError(f"the rows differ: {counts}")
    return counts[0]
