"""Snapshots: a shortcut past long streams to the same states, never the truth itself."""

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from aggregates import streams
from aggregates.contract.events import ContractDefined
from aggregates.contract_line.events import ContractLineDefined
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.milestones import CreateMilestone
from aggregates.invoice.booking.numbering import NumberSeries
from aggregates.invoice.events import InvoiceNumberAssigned
from service.handlers import contracts
from service.ledger import snapshots
from service.ledger.ledger import Ledger
from service.ledger.snapshots import SnapshotForm
from service.ledger.states import SNAPSHOT_EVERY
from service.ledger.stream_kinds import (
    CONTRACT,
    INVOICE,
    LINE,
    LINE_HEAD,
    PARKING,
    SERIES,
    StreamKind,
)
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from tests.databases import opened_storage, sql
from tests.office import approval_event, contract_event, line_event
from tests.service.office import (
    CONTEXT,
    NOW,
    assert_sound,
    confirm,
    draft,
    folded,
    loaded,
    mark_ready,
    record,
    request,
)

S = TypeVar("S")
SNAPSHOTS = "stored_snapshots"
CONTRACT_STREAM, LINE_STREAM = streams.contract("C1"), streams.line("C1", "L1")


@contextmanager
def another(database: str) -> Generator[Ledger]:
    """Another ledger on the same history: nothing is in its cache."""
    with opened_storage(database) as storage:
        ledger = Ledger(storage, lambda: NOW)
        try:
            yield ledger
        finally:
            ledger.close()


def versions_kept(database: str, stream: str) -> list[int]:
    statement = f"SELECT originator_version FROM {SNAPSHOTS} WHERE originator_id = ?"
    return sorted(row[0] for row in sql(database, statement, stream))


def lengthen(ledger: Ledger, appended: int = SNAPSHOT_EVERY) -> None:
    """Makes the streams of contract and line longer, by terms defined again and again."""
    again = [
        recorded.event
        for recorded in ledger.read(0, 10)
        if recorded.stream in {CONTRACT_STREAM, LINE_STREAM}
        and isinstance(recorded.event, ContractDefined | ContractLineDefined)
    ]
    assert len(again) == 2
    for _ in range(4):
        ledger.transact(lambda unit: unit.append(again * (appended // 4 + 1)), CONTEXT)


@pytest.fixture
def worked(tenant: Tenant) -> Tenant:
    """A contract with open, ready, drafted and posted items, under limits, and long streams."""
    splits = {"A": "66.67", "B": "33.33"}
    record(
        tenant,
        contract_event(limit="1000.00", limits={"A": "500.00"}),
        line_event(splits=splits, limit="900.00", limits={"B": "100.00"}),
        line_event(line_id="F1", splits=splits, method="fixed_price"),
    )
    for name in ("M1", "M2"):
        milestone = CreateMilestone(
            milestone_id=streams.item_id("C1", "F1", name),
            name=name,
            amount=Decimal("100.01"),
            tax=Decimal("19.00"),
            date=NOW.date(),
            task_id=None,
        )
        contracts.create_milestone(tenant, request(), "C1", "F1", milestone)
    items = record(tenant, *(approval_event(f"A{n}", "45.50") for n in range(12)))
    mark_ready(tenant, items[:8])
    drafts = draft(tenant, items=items[:4])
    confirm(tenant, drafts[0]["invoice_id"])
    lengthen(tenant.ledger)
    record(tenant, *(approval_event(f"B{n}", "45.50") for n in range(3)))
    mark_ready(tenant, items[8:10])
    return tenant


def test_a_state_is_the_same_from_the_cache_a_snapshot_and_the_very_first_event(
    worked: Tenant, database: str
) -> None:
    assert worked.ledger.position() > 2 * SNAPSHOT_EVERY
    from_events = folded(worked.ledger)
    assert versions_kept(database, LINE_STREAM)
    assert versions_kept(database, LINE_HEAD.snapshots_of(LINE_STREAM))
    assert versions_kept(database, CONTRACT_STREAM)
    with another(database) as from_snapshots:
        for stream, state in from_events.items():
            assert loaded(worked.ledger, stream) == state, stream
            assert loaded(from_snapshots, stream) == state, stream


def test_a_snapshot_is_taken_of_a_long_stream_once_in_a_while_and_not_of_a_short_one(
    worked: Tenant, database: str
) -> None:
    kept = versions_kept(database, CONTRACT_STREAM)
    assert kept
    assert all(later - sooner >= SNAPSHOT_EVERY for sooner, later in pairwise(kept))
    with another(database) as fresh:
        lengthen(fresh)
    assert len(versions_kept(database, CONTRACT_STREAM)) > len(kept)
    assert versions_kept(database, streams.line("C1", "F1")) == []
    assert_sound(worked.ledger)


def test_a_state_comes_from_the_snapshot_where_there_is_one(worked: Tenant, database: str) -> None:
    mark_the_snapshots(database)
    with another(database) as fresh:
        state = loaded(fresh, CONTRACT_STREAM)
    assert (state.name, loaded(worked.ledger, CONTRACT_STREAM).name) == ("Marked", "Contract C1")


def test_a_snapshot_of_another_shape_is_passed_over(worked: Tenant, database: str) -> None:
    mark_the_snapshots(database)
    sql(database, f"UPDATE {SNAPSHOTS} SET topic = 'Contract.v0'")
    with another(database) as fresh:
        assert loaded(fresh, CONTRACT_STREAM) == loaded(worked.ledger, CONTRACT_STREAM)
        assert loaded(fresh, LINE_STREAM) == loaded(worked.ledger, LINE_STREAM)


def mark_the_snapshots(database: str) -> None:
    """Gives the contract another name in its snapshots alone, so that one can tell where from."""
    for stream, version, state in sql(
        database, f"SELECT originator_id, originator_version, state FROM {SNAPSHOTS}"
    ):
        marked = bytes(state).replace(b"Contract C1", b"Marked")
        where = "originator_id = ? AND originator_version = ?"
        sql(database, f"UPDATE {SNAPSHOTS} SET state = ? WHERE {where}", marked, stream, version)


def test_a_snapshot_that_cannot_be_stored_fails_no_command(tenant: Tenant, database: str) -> None:
    record(tenant, contract_event(), line_event())
    assert loaded(tenant.ledger, LINE_STREAM)  # and kept in memory, with its head
    sql(database, f"DROP TABLE {SNAPSHOTS}")
    before = tenant.ledger.position()
    lengthen(tenant.ledger)
    assert tenant.ledger.position() > before + SNAPSHOT_EVERY
    assert_sound(tenant.ledger)


def test_two_ledgers_may_take_the_same_snapshot(database: str) -> None:
    with another(database) as one, another(database) as other:
        for ledger in (one, other, one, other, one, other):
            with_numbers(ledger, SNAPSHOT_EVERY - 50)
        assert loaded(one, "series/s") == loaded(other, "series/s") == folded(one)["series/s"]
        assert versions_kept(database, "series/s")


def with_numbers(ledger: Ledger, count: int) -> None:
    """Gives out the next numbers of a series."""

    def work(unit: UnitOfWork) -> None:
        state = unit.load(SERIES, "series/s")
        first = state.sequence + 1 if state else 1
        unit.append(
            InvoiceNumberAssigned(series="s", sequence=n, number=str(n), invoice_id=str(n))
            for n in range(first, first + count)
        )

    ledger.transact(work, CONTEXT)


def test_every_stored_shape_is_read_back_as_it_was(worked: Tenant) -> None:
    line, contract = loaded(worked.ledger, LINE_STREAM), loaded(worked.ledger, CONTRACT_STREAM)
    milestones = loaded(worked.ledger, streams.line("C1", "F1"))
    head = head_of(worked.ledger, streams.line("C1", "F1"))
    series = loaded(worked.ledger, streams.number_series("invoices"))
    assert isinstance(series, NumberSeries)
    assert len(milestones.milestones) == 2
    assert {sale.nte_status.value for sale in line.sales.values()} == {"committed", "failed"}
    assert_kept(snapshots.LINE, line)
    assert_kept(snapshots.LINE, milestones)
    assert_kept(snapshots.LINE_HEAD, head)
    assert len(head.payers_of) == 2
    assert_kept(snapshots.CONTRACT, contract)
    assert_kept(snapshots.SERIES, series)


def head_of(ledger: Ledger, stream: str) -> LineHead:
    def work(unit: UnitOfWork) -> LineHead | None:
        return unit.load(LINE_HEAD, stream)

    found = ledger.transact(work, CONTEXT).result
    assert found
    return found


def assert_kept(form: SnapshotForm[S], state: S) -> None:
    stored = form.encode(state)
    assert form.decode(stored) == state
    assert form.encode(form.decode(stored)) == stored


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CONTRACT, "Contract.v2"),
        (LINE, "ContractLine.v9"),
        (LINE_HEAD, "LineHead.v3"),
        (SERIES, "NumberSeries.v1"),
    ],
)
def test_snapshots_are_named_after_their_shape(kind: StreamKind[Any], name: str) -> None:
    assert kind.snapshot
    assert kind.snapshot.name == name


@pytest.mark.parametrize("kind", [INVOICE, PARKING])
def test_streams_that_stay_short_have_no_snapshots(kind: StreamKind[Any]) -> None:
    assert kind.snapshot is None
