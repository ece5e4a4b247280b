"""What the time-and-material view takes in a second, against SQL alone that does the same.

That parses the same JSON out of the same history into identical empty tables with the same indexes:
the rows, the texts they are searched by, and their totals. No process beside the database gets
there faster than the database by itself. The tables are compared, for the rows must be the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import LiteralString, Protocol

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import Table

from aggregates.contract_line.events import NTEEvaluated, UnbilledSalesRecorded
from benchmarks import projecting_sql
from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.intake import copied, import_into
from benchmarks.measuring import Figure, Row, interleaved, tell, timed
from benchmarks.raw import SCHEMA, empty_file, events_table, like, shape
from projections.databases.sqlite import WRITING
from projections.keeping.catching_up import catch_up
from projections.projecting import time_and_material
from projections.tables import search_texts, tracking
from projections.tables import time_and_material as view
from projections.tables import time_and_material_totals as totals
from service.ledger.stored_form import EventMapper
from service.tenants.opening import sqlite_path
from service.tenants.tenant import Tenant

PROJECTION = Figure(
    name="projection",
    what="The time-and-material view projected in pages, against INSERT … SELECT that parses "
    "the same JSON",
    unit="rows/s",
    against_unit="rows/s",
    floor=0.75,
    stretch=0.95,
    better="more",
)
SALES = EventMapper.codec.name_of(UnbilledSalesRecorded)
VERDICTS = EventMapper.codec.name_of(NTEEvaluated)
_COMPARED: Mapping[Table, LiteralString] = {
    search_texts: projecting_sql.TEXT_COLUMNS,
    totals: projecting_sql.TOTALS_COLUMNS,
    view: projecting_sql.COLUMNS,
}
"""The tables that both sides fill, with what is compared of each; the view is the last."""


class _Limit(Protocol):
    """The statements, and the tables that they and we fill."""

    def clear_view(self) -> None:
        """Leaves the service's tables new and empty; nobody has them open."""
        ...

    def fill(self) -> float:
        """Fills the other tables in one transaction; rows of the view a second."""
        ...

    def compare(self) -> int:
        """The rows of the view, of which all tables must be the same. Raises ValueError."""
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
        events = _own(table)
        self._ours = {table.name: _own(table.name) for table in (*_COMPARED, tracking)}
        self._theirs = {
            table.name: like(url, self._ours[table.name], table.name) for table in _COMPARED
        }
        self._statements = [
            SQL(each).format(
                target=self._theirs[view.name],
                texts=self._theirs[search_texts.name],
                totals=self._theirs[totals.name],
                columns=SQL(projecting_sql.COLUMNS),
                totals_columns=SQL(projecting_sql.TOTALS_COLUMNS),
                events=events,
                sales=Literal(SALES),
                verdicts=Literal(VERDICTS),
            )
            for each in projecting_sql.POSTGRESQL
        ]
        with psycopg.connect(url) as connection:
            connection.execute(SQL("ANALYZE {}").format(events))

    def clear_view(self) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(SQL("TRUNCATE {}").format(SQL(",").join(self._ours.values())))

    def fill(self) -> float:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(SQL("TRUNCATE {}").format(SQL(",").join(self._theirs.values())))
            connection.execute(projecting_sql.POSTGRESQL_SETTINGS)
            self._settle()
            with timed() as watch, connection.transaction():
                done = [connection.execute(statement) for statement in self._statements]
        return done[0].rowcount / watch.seconds

    def compare(self) -> int:
        with psycopg.connect(self._url) as connection:

            def count(name: str, columns: LiteralString) -> int:
                statement = SQL(projecting_sql.DIFFERENCES).format(
                    ours=self._ours[name], theirs=self._theirs[name], columns=SQL(columns)
                )
                return _same(connection.execute(statement).fetchone())

            return [count(table.name, columns) for table, columns in _COMPARED.items()][-1]


class _Sqlite:
    """The other table is in a file of its own, with the settings that the views' file has."""

    def __init__(self, bench: Bench, url: str, table: str) -> None:
        self._history = sqlite_path(url)
        self._views = self._history.with_suffix(".views.db")
        self._copy = bench.folder / "limits.views.db"
        names = {"target": view.name, "totals": totals.name, "events": table}
        names |= {"sales": SALES, "verdicts": VERDICTS, "columns": projecting_sql.COLUMNS}
        names |= {"totals_columns": projecting_sql.TOTALS_COLUMNS}
        self._statements = [each.format_map(names) for each in projecting_sql.SQLITE]
        with closing(sqlite3.connect(self._views)) as connection:
            tables = (*(table.name for table in _COMPARED), "search_index")
            made = [each for table in tables for each in shape(connection, table)]
        self._shape = [*(f"PRAGMA {each}" for each in WRITING), *made]

    def clear_view(self) -> None:
        for file in self._views.parent.glob(f"{self._views.name}*"):
            file.unlink()

    def fill(self) -> float:
        with closing(empty_file(self._copy, self._shape, "NORMAL")) as connection:
            connection.execute("ATTACH DATABASE ? AS history", (str(self._history),))
            with timed() as watch:
                connection.execute("BEGIN")
                done = [connection.execute(statement) for statement in self._statements]
                connection.execute("COMMIT")
            return done[-2].rowcount / watch.seconds

    def compare(self) -> int:
        with closing(sqlite3.connect(self._copy)) as connection:
            connection.execute("ATTACH DATABASE ? AS ours", (str(self._views),))

            def count(name: str, columns: str) -> int:
                statement = projecting_sql.DIFFERENCES.format(
                    ours=f"ours.{name}", theirs=f"main.{name}", columns=columns
                )
                return _same(connection.execute(statement).fetchone())

            return [count(table.name, columns) for table, columns in _COMPARED.items()][-1]


def _own(table: str) -> Composed:
    return SQL("{}.{}").format(Identifier(SCHEMA), Identifier(table))


def _same(counts: tuple[int, ...] | None) -> int:
    """The rows of the view, if it has some and both tables have the same."""
    if counts is None or not counts[0] or any(counts[1:]):
        raise ValueError(f"the rows differ: {counts}")
    return counts[0]
