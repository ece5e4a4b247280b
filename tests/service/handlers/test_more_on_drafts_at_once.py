"""Many at once on the same drafts: each item is billed once, and no draft is made too many."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, TypeVar

import pytest

from aggregates import streams
from aggregates.contract_line.events import ItemsDrafted
from aggregates.invoice.draft.drafting import NothingReady
from aggregates.invoice.events import DetailsAdded, DraftCreated
from aggregates.refusals import ItemsRefused, Refused
from service.handlers.idempotency import Answer
from service.handlers.invoicing import refreshing
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.service.ledger.test_races import at_once, persistent
from tests.service.office import (
    NOW,
    assert_sound,
    confirm,
    draft,
    history,
    loaded,
    mark_ready,
    record,
    request,
)

ROUNDS = 4


@pytest.fixture
def tenants(database: str) -> Generator[tuple[Tenant, Tenant]]:
    """Two services on one database, as two processes would be."""
    one, other = (Tenant(database, clock=lambda: NOW) for _ in range(2))
    yield one, other
    other.close()
    one.close()


def an_office(tenant: Tenant, contract_id: str, lines: int = 1) -> list[str]:
    """A contract with so many lines that A pays, and an hour of work on each that is ready."""
    events = [contract_event(contract_id)]
    for number in range(lines):
        line_id = f"L{number}"
        events.append(line_event(contract_id, line_id))
        events.append(
            approval_event(
                f"{contract_id}-{number}", "10.00", contract_id=contract_id, line_id=line_id
            )
        )
    items = record(tenant, *events)
    mark_ready(tenant, items)
    return items


def more(tenant: Tenant, contract_id: str, *amounts: str) -> list[str]:
    """More work on the first line, which is ready."""
    work = [
        approval_event(
            f"{contract_id} {amount}".replace(" ", "-"),
            amount,
            contract_id=contract_id,
            line_id="L0",
        )
        for amount in amounts
    ]
    items = record(tenant, *work)
    mark_ready(tenant, items)
    return items


def refresh(tenant: Tenant, invoice_id: str) -> Answer:
    return asyncio.run(refreshing.refresh(tenant, request(), invoice_id))


def add(tenant: Tenant, invoice_id: str, items: Sequence[str]) -> Answer:
    return asyncio.run(refreshing.add_items(tenant, request(), invoice_id, items))


def add_to_newest(tenant: Tenant, request_id: str, items: Sequence[str]) -> Answer:
    asked = request(request_id)
    return asyncio.run(refreshing.add_to_newest(tenant, asked, items))


R = TypeVar("R")
E = TypeVar("E", DraftCreated, DetailsAdded, ItemsDrafted)


def again(work: Callable[..., R], *args: Any, **named: Any) -> Callable[[], R]:
    """The work, tried again while others are faster."""
    return lambda: persistent(partial(work, *args, **named))


def events_of(tenant: Tenant, kind: type[E], contract_id: str) -> list[E]:
    found = (recorded.event for recorded in history(tenant.ledger))
    return [e for e in found if isinstance(e, kind) and e.contract_id == contract_id]


def test_a_refresh_by_two_people_at_once_takes_each_item_once_d70(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    for number in range(ROUNDS):
        contract_id = f"C{number}"
        an_office(one, contract_id)
        (invoice,) = draft(one, contract_id=contract_id, key=contract_id)
        items = more(one, contract_id, "60.00", "45.00")
        refreshed = at_once(
            *(again(refresh, each, invoice["invoice_id"]) for each in (one, other) * 2)
        )
        assert {each.body.amount for each in refreshed if isinstance(each, Answer)} == {"115.00"}
        assert len(refreshed) == 4
        added = events_of(one, DetailsAdded, contract_id)
        assert len(added) == 2
        drafted = [i for e in events_of(one, ItemsDrafted, contract_id) for i in e.items]
        assert sorted(drafted[1:]) == sorted(items)
    assert_sound(one.ledger)


def test_six_draft_runs_at_once_make_one_invoice_d40(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    for number in range(ROUNDS):
        contract_id = f"C{number}"
        an_office(one, contract_id, lines=2)
        runs = [
            again(draft, each, contract_id=contract_id, key=f"{contract_id}-{run}")
            for run, each in enumerate(tenants * 3)
        ]
        made = at_once(*runs)
        assert sum(isinstance(each, NothingReady) for each in made) == 5, made
        assert len(events_of(one, DraftCreated, contract_id)) == 1
    assert_sound(one.ledger)


def test_items_that_six_add_at_once_on_lines_of_their_own_go_on_one_new_draft_d41(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, _ = tenants
    for number in range(ROUNDS):
        contract_id = f"C{number}"
        items = an_office(one, contract_id, lines=6)
        added = at_once(
            *(
                again(add_to_newest, each, f"{contract_id}-{item}", [item])
                for each, item in zip(tenants * 3, items, strict=True)
            )
        )
        assert all(isinstance(each, Answer) for each in added), added
        (created,) = events_of(one, DraftCreated, contract_id)
        invoice = loaded(one.ledger, streams.invoice(created.invoice_id))
        assert sorted(detail.stands.item_id for detail in invoice.listed()) == sorted(items)
        assert invoice.amount == 60
    assert_sound(one.ledger)


def test_an_item_that_two_add_at_once_is_on_one_draft_d41(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    for number in range(ROUNDS):
        contract_id = f"C{number}"
        items = an_office(one, contract_id)
        added = at_once(
            *(
                again(add_to_newest, each, f"{contract_id}-{run}", items)
                for run, each in enumerate(tenants)
            )
        )
        (refused,) = (each for each in added if not isinstance(each, Answer))
        assert isinstance(refused, ItemsRefused)
        assert [item.why.code for item in refused.items] == ["item_on_draft"]
        assert len(events_of(one, DraftCreated, contract_id)) == 1


def test_nothing_lands_on_an_invoice_as_it_is_confirmed_d44(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    for number in range(ROUNDS):
        contract_id = f"C{number}"
        an_office(one, contract_id)
        (invoice,) = draft(one, contract_id=contract_id, key=contract_id)
        items, invoice_id = more(one, contract_id, "60.00"), invoice["invoice_id"]
        done, added = at_once(
            again(confirm, one, invoice_id),
            again(add, other, invoice_id, items),
        )
        assert isinstance(done, dict)
        stands = loaded(one.ledger, streams.invoice(invoice_id))
        assert f"{stands.amount:f}" == done["amount"]
        if isinstance(added, Refused):
            assert (added.code, done["amount"]) == ("invoice_confirmed", "10.00")
        else:
            assert done["amount"] == "70.00"
    assert_sound(one.ledger)
