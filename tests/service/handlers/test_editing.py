"""Work on drafts below HTTP: by two processes at once, and on drafts with very many details."""

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from statistics import median
from threading import Barrier
from typing import Any

import msgspec
import pytest

from aggregates import streams
from aggregates.invoice.draft.editing import EditDetails, RemoveDetails
from aggregates.invoice.draft.edits import DetailEdit
from aggregates.invoice.state import Invoice
from aggregates.refusals import Refused
from aggregates.statuses import BillingStatus
from service.handlers.idempotency import Answer
from service.handlers.invoicing import editing
from service.ledger.unit_of_work import StaleVersion
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service import office

FEW, MANY = 100, 10_000
MOST = 2.0
"""How many times as much an edit may take on a large draft as on a small one."""


@pytest.fixture
def other(database: str, tenant: Tenant) -> Generator[Tenant]:
    """A second process at work on the same database, with a contract and a line in it."""
    office.record(tenant, contract_event(), line_event())
    with closing(Tenant(database, clock=tenant.clock, project=False)) as opened:
        yield opened


def a_draft(tenant: Tenant, name: str, count: int = 2) -> Json:
    """A draft of so many hours at 10.00."""
    approvals = [approval_event(f"{name}-{n}") for n in range(count)]
    items = office.record(tenant, *approvals)
    office.mark_ready(tenant, items)
    (invoice,) = office.draft(tenant, key=name, items=items)
    return invoice


def details_of(invoice: Json) -> list[Json]:
    return [detail for line in invoice["lines"] for detail in line["details"]]


def edit(
    at: Tenant, invoice: Json, *details: Json, quantity: str = "2", if_match: int | None = None
) -> Answer:
    edits = tuple(
        DetailEdit(detail_id=detail["detail_id"], quantity=Decimal(quantity)) for detail in details
    )
    command = EditDetails(actor="jo", edits=edits)
    asked = replace(office.request(), if_match=if_match, details=False)
    return asyncio.run(editing.edit_details(at, asked, invoice["invoice_id"], command))


def remove(at: Tenant, invoice: Json, detail: Json) -> Answer:
    command = RemoveDetails(actor="jo", details=(detail["detail_id"],))
    removed = editing.remove_details(
        at, replace(office.request(), details=False), invoice["invoice_id"], command
    )
    return asyncio.run(removed)


def invoice_at(tenant: Tenant, invoice: Json) -> Invoice:
    return office.loaded(tenant.ledger, streams.invoice(invoice["invoice_id"]))


def version_of(tenant: Tenant, invoice: Json) -> int:
    stream = streams.invoice(invoice["invoice_id"])
    return tenant.ledger.transact(lambda unit: unit.version(stream), office.CONTEXT).result


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each comes to, all begun at the same moment: its result, or what it raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return act()
        except (Refused, StaleVersion) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


# --- two processes -----------------------------------------------------------------------------


def test_edits_of_a_draft_by_two_processes_at_once_both_land_d65(
    tenant: Tenant, other: Tenant
) -> None:
    invoice = a_draft(tenant, "both")
    first, second = details_of(invoice)
    before = version_of(tenant, invoice)
    for number in range(2, 12):
        at_once(
            partial(edit, tenant, invoice, first, quantity=f"{number}"),
            partial(edit, other, invoice, second, quantity=f"{number + 1}"),
        )
    for at in (tenant, other):
        left = invoice_at(at, invoice)
        assert (left.amount, version_of(at, invoice)) == (230, before + 20)
    office.assert_sound(tenant.ledger)


def test_of_edits_of_one_version_by_two_processes_one_lands_and_one_is_told_d65(
    tenant: Tenant, other: Tenant
) -> None:
    invoice = a_draft(tenant, "version")
    first, second = details_of(invoice)
    seen = version_of(tenant, invoice)
    results = at_once(
        lambda: edit(tenant, invoice, first, if_match=seen),
        lambda: edit(other, invoice, second, if_match=seen),
    )
    assert sorted(type(result).__name__ for result in results) == ["Answer", "StaleVersion"]
    assert invoice_at(tenant, invoice).amount == 30


def test_what_a_process_takes_off_as_another_confirms_is_ready_or_billed_never_both_d69_d44(
    tenant: Tenant, other: Tenant
) -> None:
    for number in range(8):
        invoice = a_draft(tenant, f"race-{number}")
        gone, edited = details_of(invoice)
        removal, _, confirmed = at_once(
            partial(remove, other, invoice, gone),
            partial(edit, other, invoice, edited),
            partial(office.confirm, tenant, invoice["invoice_id"]),
        )
        left, line = invoice_at(tenant, invoice), office.loaded(tenant.ledger, "line/C1/L1")
        billed = [detail.stands.item_id for detail in left.listed()]
        assert f"{left.amount:.2f}" == confirmed["amount"]
        if isinstance(removal, Answer):
            assert billed == [edited["item_id"]]
            assert line.open_item(gone["item_id"]).billing_status is BillingStatus.READY
        else:
            assert removal.code == "invoice_confirmed"
            assert gone["item_id"] in billed
            assert line.item(gone["item_id"]) is None
    office.assert_sound(tenant.ledger)


# --- very many details -------------------------------------------------------------------------


def test_an_edit_and_a_removal_cost_the_same_on_a_draft_of_ten_thousand_details(
    database: str,
) -> None:
    """In processor time, in turn on both drafts; and what is recorded has as many bytes."""
    with closing(Tenant(database, project=False)) as tenant:
        office.record(tenant, contract_event(), line_event())
        drafts = [a_draft(tenant, "few", FEW), a_draft(tenant, "many", MANY)]
        details = [details_of(invoice) for invoice in drafts]
        edits: list[list[float]] = [[], []]
        removals: list[list[float]] = [[], []]
        for number in range(25):
            for which, (invoice, left) in enumerate(zip(drafts, details, strict=True)):
                began = time.process_time()
                edit(tenant, invoice, left[0], quantity=f"{number + 2}")
                edited = time.process_time()
                remove(tenant, invoice, left.pop())
                edits[which].append(edited - began)
                removals[which].append(time.process_time() - edited)
        for small, large in (edits, removals):
            assert median(large) <= MOST * median(small), (small, large)
        recorded = [len(msgspec.json.encode(each.event)) for each in office.history(tenant.ledger)]
        assert max(recorded[-100:]) < 1_000
