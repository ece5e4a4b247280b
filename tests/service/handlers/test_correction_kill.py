"""kill -9 amid corrections: each is there with all of its parts, or not at all (D-78, D-79)."""

import random
import threading
from contextlib import closing, suppress
from decimal import Decimal

import httpx

from aggregates.contract_line.events import UnbilledSalesBooked
from aggregates.invoice.events import (
    ActualsBooked,
    CorrectionDrafted,
    CorrectionOpened,
    CorrectiveDetailsAdded,
    DetailsCorrected,
    InvoiceConfirmed,
)
from aggregates.statuses import ActualType
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.handlers.test_jobs_kill import kill, running
from tests.service.office import (
    NOW,
    assert_sound,
    confirm,
    draft,
    history,
    mark_ready,
    numbers_assigned,
    record,
    views_of,
)
from tests.service.processes import until

DETAILS, KILLS, SEED = 40, 3, 20261130
MOST_ANSWERS = 12


def an_invoice(database: str) -> str:
    """An invoice of many hours, confirmed."""
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        events = [approval_event(f"{n}", "60.00") for n in range(DETAILS)]
        mark_ready(tenant, record(tenant, contract_event(), line_event(), *events))
        (invoice,) = draft(tenant)
        return confirm(tenant, invoice["invoice_id"])["invoice_id"]


def details_of(invoice: Json) -> list[Json]:
    return [detail for line in invoice["lines"] for detail in line["details"]]


def shown(client: httpx.Client, invoice_id: str) -> Json:
    """The invoice, once the views have got to it."""

    def found() -> list[Json]:
        answer = client.get(f"/invoices/{invoice_id}")
        return [answer.json()] if answer.status_code == 200 else []

    return until(found)[0]


class Clerk:
    """Corrects an invoice, then that correction, and so on: half of each quantity stays."""

    def __init__(self, newest: str) -> None:
        self.newest, self.answered = newest, list[str]()
        self.changed = threading.Condition()

    def work(self, client: httpx.Client) -> None:
        with suppress(httpx.TransportError):
            while True:
                self.correct(client)

    def correct(self, client: httpx.Client) -> None:
        invoice = shown(client, self.newest)
        named = {"details": [detail["detail_id"] for detail in details_of(invoice)]}
        made = client.post(f"/invoices/{self.newest}/corrections", json=named)
        if made.status_code == 409:  # it was made, and the answer was lost in a kill
            (first, *_) = made.json()["errors"]
            self.finish(client, shown(client, first["invoice_id"]))
            return
        assert made.status_code == 201, made.text
        self.note(made.json())
        self.finish(client, made.json())

    def finish(self, client: httpx.Client, correction: Json) -> None:
        details, path = details_of(correction), f"/invoices/{correction['invoice_id']}"
        half = {"quantity": "0.5", "unit_price": f"{10 + len(self.answered)}.00"}
        edits = [{"detail_id": detail["detail_id"], **half} for detail in details]
        edited = client.patch(f"{path}/details", json={"details": edits})
        if edited.status_code == 409:  # that answer was lost: the confirmation's
            assert edited.json()["code"] == "invoice_confirmed", edited.text
            self.newest = correction["invoice_id"]
            return
        assert edited.status_code == 200, edited.text
        confirmed = client.post(f"{path}/confirm")
        assert confirmed.status_code == 200, confirmed.text
        self.newest = correction["invoice_id"]
        self.note(confirmed.json())

    def note(self, answer: Json) -> None:
        with self.changed:
            self.answered.append(answer["invoice_id"])
            self.changed.notify_all()

    def wait_for(self, more: int) -> None:
        with self.changed:
            wanted = len(self.answered) + more
            assert self.changed.wait_for(lambda: len(self.answered) >= wanted, 60)


def test_corrections_killed_at_any_moment_are_whole_or_not_there_d78_d79(database: str) -> None:
    clerk, dice = Clerk(an_invoice(database)), random.Random(SEED)
    for _ in range(KILLS):
        with running(database) as (process, client):
            worker = threading.Thread(target=clerk.work, args=(client,))
            worker.start()
            clerk.wait_for(dice.randrange(1, MOST_ANSWERS))
            kill(process)
            worker.join()
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        assert_whole(tenant, clerk)


def assert_whole(tenant: Tenant, clerk: Clerk) -> None:
    assert_sound(tenant.ledger)
    events = [recorded.event for recorded in history(tenant.ledger)]
    made = [e.invoice_id for e in events if isinstance(e, CorrectionDrafted)]
    assert set(clerk.answered) <= set(made)
    added = [e.invoice_id for e in events if isinstance(e, CorrectiveDetailsAdded)]
    opened = [e.correction_id for e in events if isinstance(e, CorrectionOpened)]
    assert made == added == opened
    confirmed = {e.invoice_id: e for e in events if isinstance(e, InvoiceConfirmed)}
    corrections = [e for e in events if isinstance(e, DetailsCorrected)]
    assert {e.correction_id for e in corrections} == confirmed.keys() & set(made)
    assert all(len(e.details) == DETAILS for e in corrections)
    for invoice_id, event in confirmed.items():
        billed = [
            actual.amount
            for e in events
            if isinstance(e, ActualsBooked) and e.invoice_id == invoice_id
            for actual in e.actuals
            if actual.type is ActualType.BILLED_SALES
        ]
        assert sum(billed, Decimal(0)) == event.amount
    returned = [work for e in events if isinstance(e, UnbilledSalesBooked) for work in e.approvals]
    assert len(returned) in {0, DETAILS}  # the first halves; what follows is another price
    assert numbers_assigned(tenant.ledger) == list(range(1, len(confirmed) + 1))
    live = views_of(tenant)
    tenant.rebuild()
    assert views_of(tenant) == live
