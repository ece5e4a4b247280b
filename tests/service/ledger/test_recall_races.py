"""Recalls against what others do at the same moment: both databases, two services, threads."""

from collections.abc import Callable, Generator
from contextlib import suppress
from decimal import Decimal
from functools import partial

import pytest

from aggregates.refusals import Refused
from service.ledger.conflicts_and_retries import Conflict
from service.tenants.tenant import Tenant
from service.wire.intake.results import Result
from tests.office import Json, approval_event, contract_event, event, line_event
from tests.service.ledger.test_races import at_once, persistent
from tests.service.office import (
    NOW,
    assert_sound,
    confirm,
    delete_draft,
    draft,
    levels,
    mark_ready,
    post,
    record,
    rows,
)

ROUNDS = 8


@pytest.fixture
def tenants(database: str) -> Generator[tuple[Tenant, Tenant]]:
    """Two services on one database; only the first makes the views."""
    one = Tenant(database, clock=lambda: NOW)
    other = Tenant(database, project=False, clock=lambda: NOW)
    yield one, other
    other.close()
    one.close()


def recall_event(approval_id: str) -> Json:
    data = {"approval_id": approval_id, "contract_id": "C1", "line_id": "L1", "reason": "wrong"}
    return event("recall", data, f"recall {approval_id}")


def recall(tenant: Tenant, approval_id: str) -> Result:
    (result,) = persistent(post, tenant, recall_event(approval_id))
    return result


def office(tenant: Tenant) -> None:
    record(tenant, contract_event("C1", limit="100000.00"), line_event("C1", "L1"))


def settled(tenant: Tenant) -> None:
    """Nothing is committed or in the backlog, and the history is sound."""
    left = {level.committed for level in levels(tenant).values()}
    assert left == {Decimal(0)}
    sales = rows(tenant, "time_and_material")
    assert {sale["billing_status"] for sale in sales} <= {"canceled", "invoice_posted"}
    assert_sound(tenant.ledger)


def race(number: int, tenant: Tenant) -> tuple[str, str]:
    """An approval and its item."""
    approval_id = f"A{number}"
    (item_id,) = record(tenant, approval_event(approval_id, "60.00"))
    return approval_id, item_id


def test_a_recall_against_a_mark_leaves_nothing_behind(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    office(one)
    for number in range(ROUNDS):
        approval_id, item_id = race(number, one)
        mark = partial(mark_ready, other if number % 2 else one, [item_id])
        taken, _ = at_once(partial(recall, one, approval_id), partial(_unless_gone, mark))
        assert isinstance(taken, Result), taken
        assert taken.outcome.value == "recorded"
    settled(one)


def _unless_gone(work: Callable[[], object]) -> object:
    """What marks or drafts may come too late: then there is nothing to mark or draft."""
    with suppress(Refused, Conflict):
        return work()
    return None


def test_a_recall_against_a_draft_is_done_or_waits_for_it(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    office(one)
    for number in range(ROUNDS):
        approval_id, item_id = race(number, one)
        mark_ready(one, [item_id])
        service = other if number % 2 else one
        work = partial(draft, service, key=f"draft {number}", items=[item_id])
        taken, drafted = at_once(
            partial(recall, one, approval_id), partial(_unless_gone, partial(persistent, work))
        )
        assert isinstance(taken, Result), taken
        waits = taken.outcome.value == "parked"
        assert waits == isinstance(drafted, list), (taken, drafted)
        for invoice in rows(one, "invoices"):
            delete_draft(one, invoice["invoice_id"])
    assert rows(one, "parked_events") == []
    settled(one)


def test_a_recall_against_a_confirmation_ends_with_an_obligation(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    office(one)
    for number in range(ROUNDS):
        approval_id, item_id = race(number, one)
        mark_ready(one, [item_id])
        (invoice,) = draft(one, key=f"draft {number}", items=[item_id])
        service = other if number % 2 else one
        taken, confirmed = at_once(
            partial(recall, one, approval_id),
            partial(persistent, partial(confirm, service, invoice["invoice_id"])),
        )
        assert isinstance(taken, Result), taken
        assert not isinstance(confirmed, Exception), confirmed
        assert taken.outcome.value in {"parked", "recorded"}
    assert rows(one, "parked_events") == []
    owed = rows(one, "obligations")
    assert sorted(each["approval_id"] for each in owed) == [f"A{n}" for n in range(ROUNDS)]
    assert {each["status"] for each in owed} == {"open"}
    settled(one)


def test_of_recalls_and_an_approval_at_once_the_recall_wins_whatever_comes_first(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    office(one)
    for number in range(ROUNDS):
        approval_id = f"A{number}"
        posted = partial(post, other, approval_event(approval_id, "60.00"))
        approve = partial(persistent, posted)
        at_once(partial(recall, one, approval_id), approve)
    assert rows(one, "parked_events") == []
    settled(one)
