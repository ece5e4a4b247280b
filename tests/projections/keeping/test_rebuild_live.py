"""A rebuild beside the live views: no reader is ever taken back, nor is anything lost with it."""

import sqlite3
import threading
from bisect import bisect
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import OperationalError

from aggregates.contract_line.events import UnbilledSalesRecorded
from projections.databases.connections import schema_of
from projections.history import Recorded
from projections.keeping import postgres
from projections.keeping.backend import RebuildRunning
from projections.keeping.rebuilding import rebuild
from projections.tables import contracts, metadata
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.paging import PageRequest
from service.tenants.tenant import Tenant, is_postgres
from tests.databases import SCHEMA, sql, views_path
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.office import caught_up, history, record, views_of
from tests.service.processes import LONG, kill, process, until, until_the_parent_is_gone

REBUILDS = 4
PAGE = 50


@pytest.fixture
def live(database: str) -> Generator[Tenant]:
    """A tenant with something in its views, and a running projector."""
    with closing(Tenant(database)) as tenant:
        record(tenant, contract_event(), line_event())
        for number in range(5):
            record(tenant, *(approval_event(f"A{number}-{n}") for n in range(40)))
        caught_up(tenant)
        yield tenant


@pytest.fixture
def other(database: str, live: Tenant) -> Generator[Tenant]:
    """The same tenant as another process has it, that leaves the views to the first."""
    with closing(Tenant(database, project=False)) as tenant:
        yield tenant


# --- readers -------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Reads again and again: the position, and how many rows match a filter that is always so."""

    tenant: Tenant
    changed: threading.Condition
    seen: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def read(self) -> None:
        with self.tenant.reading() as (views, position):
            wanted = BacklogFilter(any_of={"contract_id": ["C1"]})
            page = list_time_and_material(views, wanted, PageRequest(limit=1), totals=True)
        assert page.totals
        with self.changed:
            self.seen.append((position, page.totals[0].count))
            self.changed.notify_all()

    def read_on(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.read()


def wait_for_reads(readers: Sequence[Reader], more: int) -> None:
    """Waits until every reader has read so many times more."""
    wanted = [len(reader.seen) + more for reader in readers]

    def done() -> bool:
        return all(len(r.seen) >= w for r, w in zip(readers, wanted, strict=True))

    with readers[0].changed:
        assert readers[0].changed.wait_for(done, LONG)


def rows_at(events: Sequence[Recorded]) -> tuple[list[int], list[int]]:
    """Positions, and how many rows there are from each of them on."""
    positions, counts = [0], [0]
    for recorded in events:
        if isinstance(recorded.event, UnbilledSalesRecorded):
            positions.append(recorded.position)
            counts.append(counts[-1] + len(recorded.event.approvals))
    return positions, counts


def test_readers_of_views_that_are_rebuilt_see_all_that_was_recorded_at_every_position(
    live: Tenant, other: Tenant
) -> None:
    stop, changed = threading.Event(), threading.Condition()
    readers = [Reader(tenant, changed) for tenant in (live, other, live)]

    def write() -> None:
        for number in count():
            if stop.is_set():
                return
            record(live, approval_event(f"B{number}"))

    with ThreadPoolExecutor() as pool:
        working = [pool.submit(write), *(pool.submit(r.read_on, stop) for r in readers)]
        try:
            for _ in range(REBUILDS):
                before = live.ledger.position()
                reached = other.rebuild()
                assert reached >= before
                wait_for_reads(readers, 2)
        finally:
            stop.set()
            for work in working:
                work.result()
    positions, counts = rows_at(history(live.ledger))
    for reader in readers:
        assert reader.seen == sorted(reader.seen), "neither the position nor the rows go back"
        for position, found in reader.seen:
            assert found == counts[bisect(positions, position) - 1], position
    assert len({position for reader in readers for position, _ in reader.seen}) > REBUILDS
    shown = views_of(live)
    other.rebuild()
    assert views_of(live) == shown


def test_a_reader_that_takes_tables_in_another_order_than_the_swap_is_let_through(
    postgres_server: PostgresServer,
) -> None:
    """A statement takes the tables that it names one after the other: the swap must not hold one
    of them while it waits for another, or PostgreSQL would end one of the two."""
    database = postgres_server.new_database()
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = ?"
    with closing(Tenant(database)) as live, closing(Tenant(database, project=False)) as other:
        record(live, contract_event(), line_event(), approval_event("A1"))
        caught_up(live)
        with ThreadPoolExecutor() as pool, live.views.connect() as reader:
            reader.exec_driver_sql(f'SET search_path TO "{SCHEMA}"')
            reader.exec_driver_sql("LOCK TABLE time_and_material IN ACCESS SHARE MODE")
            rebuilding = pool.submit(other.rebuild)
            until(lambda: sql(database, waiting, "AccessExclusiveLock") != [(0,)])
            reader.exec_driver_sql("LOCK TABLE tracking IN ACCESS SHARE MODE")
            reader.rollback()
            assert rebuilding.result(LONG) == live.ledger.position()


def test_a_swap_that_a_reader_never_lets_through_is_given_up_and_leaves_all_as_it_was(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_ATTEMPTS", 2)
    database = postgres_server.new_database()
    with closing(Tenant(database)) as live:
        record(live, contract_event(), line_event(), approval_event("A1"))
        shown = views_of(live)
        with live.views.connect() as reader:
            reader.execute(select(contracts)).all()
            with pytest.raises(OperationalError, match="lock timeout"):
                live.rebuild()
        assert views_of(live) == shown
    assert left_behind(database) == []


def indexes(tenant: Tenant) -> set[tuple[str, str | None, tuple[str | None, ...]]]:
    """The indexes of the views: table, name, columns."""
    seen = inspect(tenant.views)
    schema = schema_of(tenant.views)
    return {
        (table.name, index["name"], tuple(index["column_names"]))
        for table in metadata.sorted_tables
        for index in seen.get_indexes(table.name, schema=schema)
    }


def test_views_made_anew_have_the_indexes_that_they_had(live: Tenant, other: Tenant) -> None:
    before = indexes(live)
    other.rebuild()
    assert indexes(live) == before
    assert {name for _, name, _ in before} >= {
        "time_and_material_by_customer",
        "booked_actuals_by_item",
        "fixed_price_by_milestone",
    }


# --- writers -------------------------------------------------------------------------------------


@dataclass
class Busy:
    """A history that somebody appends to before each of its reads."""

    tenant: Tenant
    reads: int = 0

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        self.reads += 1
        assert self.reads < 100, "it never comes to an end"
        record(self.tenant, approval_event(f"late-{self.reads}"))
        return self.tenant.ledger.read(after, limit)

    def position(self) -> int:
        return self.tenant.ledger.position()


def test_a_rebuild_comes_to_its_end_however_busy_the_writers_are(
    live: Tenant, other: Tenant
) -> None:
    before = live.writer.position()
    assert rebuild(Busy(live), other.views) >= before
    shown = views_of(live)
    other.rebuild()
    assert views_of(live) == shown


# --- killed --------------------------------------------------------------------------------------


@dataclass
class Stopping:
    """A history in short pages that stops a rebuild for good, before a read of this moment.

    It grows a little when its end was read, and the live views with it: so there is something left
    to be read when these are held up for the swap.
    """

    tenant: Tenant
    database: str
    moment: str
    stopped: Connection
    late: int = 4

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        newest = self.tenant.ledger.position()
        if self._is_the_moment(after, newest):
            self.stopped.send(self.moment)
            until_the_parent_is_gone()
        found = self.tenant.ledger.read(after, min(limit, PAGE))
        if self.late and after + len(found) >= newest:
            self.late -= 1
            record(self.tenant, approval_event(f"late-{self.late}"))
            until(lambda: self.tenant.writer.position() == self.tenant.ledger.position())
        return found

    def position(self) -> int:
        return self.tenant.ledger.position()

    def _is_the_moment(self, after: int, newest: int) -> bool:
        match self.moment:
            case "at the beginning":
                return True
            case "half way":
                return after > newest / 2
            case _:
                return is_held_up(self.database)


def is_held_up(database: str) -> bool:
    """Whether the live projector can't move on."""
    if is_postgres(database):
        held = "SELECT count(*) FROM pg_locks WHERE relation = 'tracking'::regclass AND mode = ?"
        return sql(database, held, "ExclusiveLock") != [(0,)]
    with closing(sqlite3.connect(views_path(database), timeout=1.0)) as another:
        try:
            another.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def rebuild_until_stopped(database: str, moment: str, stopped: Connection) -> None:
    """A rebuild in a process of its own."""
    with closing(Tenant(database, project=False)) as tenant:
        rebuild(Stopping(tenant, database, moment, stopped), tenant.views)


def left_behind(database: str) -> list[Any]:
    """What there is beside the tenant's own tables."""
    if is_postgres(database):
        return sql(database, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%%rebuild%%'")
    return [*views_path(database).parent.glob("*.rebuild")]


@pytest.mark.parametrize("moment", ["at the beginning", "half way", "in the swap"])
def test_a_rebuild_that_is_killed_leaves_the_views_as_they_are_and_the_next_one_works(
    live: Tenant, database: str, moment: str
) -> None:
    ours, theirs = Pipe()
    with ours, process(rebuild_until_stopped, database, moment, theirs) as rebuilding:
        theirs.close()
        until(lambda: caught_up(live) or ours.poll())
        assert ours.recv() == moment
        shown = views_of(live)
        with pytest.raises(RebuildRunning):
            live.rebuild()
        kill(rebuilding)
    assert views_of(live) == shown
    record(live, approval_event("later"))
    shown = views_of(live)
    assert shown["tracking"] == [("views", live.ledger.position())]

    def rebuilt() -> bool:
        """Once the database has noticed that the one that was killed is gone."""
        with suppress(RebuildRunning):
            live.rebuild()
            return True
        return False

    until(rebuilt)
    assert views_of(live) == shown
    assert left_behind(database) == []
