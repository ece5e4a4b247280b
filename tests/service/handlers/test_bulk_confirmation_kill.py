"""kill -9 amid a bulk confirmation: it goes on, none twice, numbers without a gap (D-97)."""

import random
from collections import Counter
from contextlib import closing

import httpx

from aggregates.invoice.events import InvoiceConfirmed
from aggregates.job.events import JobStepDone
from aggregates.statuses import StepStatus
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.handlers.test_jobs_kill import (
    kill,
    running,
    state_of,
    steps_done,
    wait_for,
)
from tests.service.office import (
    NOW,
    assert_sound,
    draft,
    history,
    mark_ready,
    numbers_assigned,
    record,
    views_of,
)
from tests.service.processes import until

INVOICES, KILLS, SEED = 90, 3, 20261129
EACH = INVOICES // (2 * KILLS)
"""Steps that are seen done, at most, before the next kill."""
UNKNOWN = "no-such-invoice"


def drafts(database: str) -> list[str]:
    """A draft of an hour on each of many contracts."""
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        events: list[Json] = []
        for n in range(INVOICES):
            contract_id = f"C{n}"
            events += [contract_event(contract_id), line_event(contract_id)]
            events.append(approval_event(f"{n}", contract_id=contract_id))
        mark_ready(tenant, record(tenant, *events))
        made = (draft(tenant, contract_id=f"C{n}", key=f"draft {n}") for n in range(INVOICES))
        return [invoice["invoice_id"] for (invoice,) in made]


def ask(client: httpx.Client, invoice_ids: list[str]) -> str:
    asked = client.post("/invoices/confirm", json={"invoice_ids": invoice_ids})
    assert asked.status_code == 202, asked.text
    assert asked.json()["total"] == INVOICES + 1
    return asked.json()["job_id"]


def test_a_bulk_confirmation_killed_again_and_again_confirms_each_invoice_once_without_a_gap_d97(
    database: str,
) -> None:
    ids = drafts(database)
    named = [*ids[:10], UNKNOWN, *ids[10:], ids[0]]
    dice, job_id, reached = random.Random(SEED), "", 0
    for _ in range(KILLS):
        with running(database) as (process, client):
            job_id = job_id or ask(client, named)
            wait_for(client, job_id, min(INVOICES, reached + dice.randrange(1, EACH)))
            kill(process)
        reached = steps_done(database)
    with running(database) as (_, client):
        until(lambda: state_of(client, job_id)["status"] == "complete")
        page = client.get(f"/jobs/{job_id}", params={"limit": 1000}).json()
    assert_confirmed_once(database, ids, page["results"])


def assert_confirmed_once(database: str, ids: list[str], results: list[Json]) -> None:
    """In the order given, with the numbers that the results tell; the views are as the history."""
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        assert_sound(tenant.ledger)
        assert numbers_assigned(tenant.ledger) == list(range(1, INVOICES + 1))
        events = [recorded.event for recorded in history(tenant.ledger)]
        confirmed = [event for event in events if isinstance(event, InvoiceConfirmed)]
        assert [event.invoice_id for event in confirmed] == ids
        done = Counter(e.outcome.status for e in events if isinstance(e, JobStepDone))
        assert done == {StepStatus.COMPLETE: INVOICES, StepStatus.FAILED: 1}
        told = {of["invoice_id"]: of["number"] for of in results}
        assert told.pop(UNKNOWN) is None
        assert told == {event.invoice_id: event.number for event in confirmed}
        live = views_of(tenant)
        tenant.rebuild()
        assert views_of(tenant) == live
