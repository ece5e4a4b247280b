"""Folded states in memory: how large they are, and that no more of them are kept than is set."""

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from aggregates import streams
from aggregates.contract_line.backlog.readiness import MarkNotReady
from service.ledger.ledger import Ledger
from service.ledger.states import Folded, StateCache
from service.ledger.stream_kinds import CONTRACT, INVOICE, LINE, LINE_HEAD, PARKING, StreamKind
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import NewDatabase, opened_storage
from tests.office import approval_event, contract_event, line_event
from tests.service.office import caught_up, confirm, draft, mark_ready, post, record

MIB = 1024 * 1024
CUSTOMERS = [f"customer-{number}" for number in range(40)]
SPLITS = dict.fromkeys(CUSTOMERS, "2.5")
LIMITS = dict.fromkeys(CUSTOMERS, "1000.00")
CONTRACT_IDS = [f"C{number}" for number in range(40)]


def allocated(make: Callable[[], object]) -> tuple[Any, int]:
    """What is made, and how many bytes more are allocated with it than without."""
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        return made, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.fixture
def worked(tenant: Tenant) -> Tenant:
    """A contract with limits of many customers, parked events, open items, and drafts of others."""
    contract = contract_event(customers=CUSTOMERS, limits=LIMITS)
    record(tenant, contract, line_event(splits=SPLITS, limits=LIMITS))
    items = record(tenant, *(approval_event(f"A{number}") for number in range(20)))
    record(tenant, *(approval_event(f"B{number}") for number in range(20)))
    mark_ready(tenant, items)
    draft(tenant)
    post(tenant, *(approval_event(f"P{number}", line_id="L9") for number in range(200)))
    caught_up(tenant)
    return tenant


@pytest.mark.parametrize(
    ("kind", "stream"),
    [
        (CONTRACT, streams.contract("C1")),
        (LINE, streams.line("C1", "L1")),
        (LINE_HEAD, streams.line("C1", "L1")),
        (PARKING, streams.parking("C1")),
        (INVOICE, None),
    ],
)
def test_what_a_state_is_said_to_take_is_near_what_it_takes(
    worked: Tenant, database: str, kind: StreamKind[Any], stream: str | None
) -> None:
    """Rather too much than too little, for of persistent maps not all is seen here."""
    found = next(
        event.stream
        for event in worked.ledger.read(0, 10_000)
        if event.stream.startswith("invoice/")
    )
    with opened_storage(database) as storage, closing(Ledger(storage)) as ledger:
        ledger.states.fold(kind, stream or found)
        ledger.keep_states(0)
        ledger.states.fold(CONTRACT, streams.contract("another"))
        ledger.states.fold(LINE, streams.line("another", "L1"))
        folded, size = allocated(lambda: ledger.states.fold(kind, stream or found))
        assert isinstance(folded, Folded)
        assert 0.7 * size < folded.memory(kind) < 4 * size


def test_of_a_line_what_was_posted_takes_no_memory(tenant: Tenant) -> None:
    events = (approval_event(f"A{number}") for number in range(200))
    mark_ready(tenant, record(tenant, contract_event(), line_event(), *events))
    (invoice,) = draft(tenant)
    line = streams.line("C1", "L1")
    assert tenant.ledger.states.fold(LINE, line).memory(LINE) > 100 * 1024
    confirm(tenant, invoice["invoice_id"])
    assert tenant.ledger.states.fold(LINE, line).memory(LINE) < 4 * 1024


def test_of_a_line_however_often_items_are_marked_takes_no_memory(tenant: Tenant) -> None:
    events = (approval_event(f"A{number}") for number in range(20))
    items = record(tenant, contract_event(), line_event(), *events)
    line = streams.line("C1", "L1")
    before = tenant.ledger.states.fold(LINE, line).memory(LINE)
    for _ in range(10):
        mark_ready(tenant, items)
        mark_ready(tenant, items, MarkNotReady)
    assert tenant.ledger.states.fold(LINE, line).memory(LINE) == before


def worked_on(database: str, state_cache: int) -> int:
    """The bytes that a tenant has more in memory once an item of every contract is marked."""
    with closing(Tenants(database, state_cache=state_cache)) as tenants:
        tenant = tenants.open()
        for contract_id in CONTRACT_IDS:
            record(tenant, contract_event(contract_id), line_event(contract_id))
        items = [
            record(
                tenant,
                *(
                    approval_event(f"{contract_id}-{n}", contract_id=contract_id)
                    for n in range(100)
                ),
            )
            for contract_id in CONTRACT_IDS
        ]
        caught_up(tenant)
        mark_ready(tenant, items[0][:1])

        def mark() -> None:
            for number in range(1, 3):
                for of_contract in items:
                    mark_ready(tenant, of_contract[number : number + 1])
            caught_up(tenant)

        return allocated(mark)[1]


def test_however_many_contracts_are_worked_on_no_more_is_kept_than_is_set(
    new_database: NewDatabase,
) -> None:
    assert worked_on(new_database(), 64 * MIB) > 3 * MIB
    assert worked_on(new_database(), MIB) < 2 * MIB


def test_three_large_states_stay_beside_the_others() -> None:
    def large(version: int) -> Folded:
        return Folded(version=version, tail_size=100_000)

    cache = StateCache(limit=10_000)
    one, *more = [(INVOICE, streams.invoice(f"{n}")) for n in range(4)]
    small = [(CONTRACT, streams.contract(f"C{number}")) for number in range(30)]
    cache.put(one, large(1))
    for key in small[:5]:
        cache.put(key, Folded())
    assert cache.get(one)[0] == large(1)
    for number, key in enumerate(more):
        assert cache.get(one)[0] == large(1)
        cache.put(key, large(2 + number))
    assert cache.get(more[0])[0] is None, "the one that was used longest ago"
    assert cache.get(one)[0] == large(1)
    assert all(cache.get(key)[0] for key in small[:5])
    for key in small:
        cache.put(key, Folded())
    assert not any(cache.get(key)[0] for key in (one, *more))
    assert sum(cache.get(key)[0] is not None for key in small) == 10_000 // CONTRACT.memory(None, 0)
