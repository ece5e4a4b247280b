"""kill -9 in the midst of a job: the next start goes on, nothing is lost and nothing doubled."""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager

import httpx

from aggregates.contract_line.events import ItemsDrafted
from aggregates.invoice.events import DraftCreated
from aggregates.job.events import JobClosed, JobCompleted, JobStepDone
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.ledger.test_kill import served
from tests.service.office import NOW, assert_sound, history, mark_ready, record, views_of
from tests.service.processes import until

CONTRACTS, KILLS, SEED = 120, 3, 20261102
EACH = CONTRACTS // (2 * KILLS)
"""Steps that are seen done, at most, before the next kill."""


def office(database: str) -> None:
    """Contracts that A and B share, with two hours on each that are ready."""
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        events: list[Json] = []
        for n in range(CONTRACTS):
            contract_id = f"C{n}"
            events += [contract_event(contract_id), line_event(contract_id, splits=SPLITS)]
            events += [approval_event(f"{n}-{k}", contract_id=contract_id) for k in range(2)]
        mark_ready(tenant, record(tenant, *events))


SPLITS = {"A": "60", "B": "40"}


def state_of(client: httpx.Client, job_id: str) -> Json:
    """The job as it stands, once the views have it."""
    found: list[Json] = []

    def look() -> bool:
        answer = client.get(f"/jobs/{job_id}", params={"limit": 1})
        if answer.status_code == 200:
            found.append(answer.json())
        return bool(found)

    until(look)
    return found[-1]


@contextmanager
def running(database: str) -> Generator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A server, and a client of it."""
    with (
        served(database) as (process, address),
        httpx.Client(base_url=f"{address}/v1", timeout=30) as client,
    ):
        yield process, client


def wait_for(client: httpx.Client, job_id: str, done: int) -> None:
    until(lambda: state_of(client, job_id)["done"] >= done)


def steps_done(database: str) -> int:
    """How many steps are in the history."""
    with closing(Tenant(database, project=False)) as tenant:
        return sum(isinstance(recorded.event, JobStepDone) for recorded in history(tenant.ledger))


def ask(client: httpx.Client) -> str:
    asked = client.post("/invoices", json={"cutoff": "2026-10-31"}, headers={"X-Actor": "jo"})
    assert asked.status_code == 202, asked.text
    assert asked.json()["total"] == CONTRACTS
    return asked.json()["job_id"]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def assert_done_once(database: str, job_id: str) -> None:
    """Every step was done once, with its drafts; the views are those of the history."""
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        assert_sound(tenant.ledger)
        events = [(recorded.event, recorded.metadata) for recorded in history(tenant.ledger)]
        done = [event for event, _ in events if isinstance(event, JobStepDone)]
        assert [event.step for event in done] == list(range(1, CONTRACTS + 1))
        assert sum(isinstance(event, JobCompleted) for event, _ in events) == 1
        assert sum(isinstance(event, JobClosed) for event, _ in events) == 1
        drafts = [(event, about) for event, about in events if isinstance(event, DraftCreated)]
        assert {(about.actor, about.causation_id) for _, about in drafts} == {("jo", job_id)}
        told = [invoice.invoice_id for event in done for invoice in event.outcome.invoices]
        assert sorted(told) == sorted(event.invoice_id for event, _ in drafts)
        pairs = Counter((event.contract_id, event.customer_id) for event, _ in drafts)
        assert set(pairs.values()) == {1}
        assert len(pairs) == 2 * CONTRACTS
        items = Counter(
            item for event, _ in events if isinstance(event, ItemsDrafted) for item in event.items
        )
        assert (len(items), set(items.values())) == (4 * CONTRACTS, {1})
        live = views_of(tenant)
        tenant.rebuild()
        assert views_of(tenant) == live


def test_a_job_killed_again_and_again_goes_on_by_itself_and_does_each_step_once(
    database: str,
) -> None:
    office(database)
    dice, job_id, reached = random.Random(SEED), "", 0
    for _ in range(KILLS):
        with running(database) as (process, client):
            job_id = job_id or ask(client)
            wait_for(client, job_id, min(CONTRACTS, reached + dice.randrange(1, EACH)))
            kill(process)
        reached = steps_done(database)
    with running(database) as (_, client):
        until(lambda: state_of(client, job_id)["status"] == "complete")
    assert_done_once(database, job_id)


def test_a_server_goes_on_with_the_job_of_another_that_was_killed(database: str) -> None:
    office(database)
    with running(database) as (first, here), running(database) as (_, there):
        job_id = ask(here)
        wait_for(there, job_id, 3)
        kill(first)
        until(lambda: state_of(there, job_id)["status"] == "complete")
    assert_done_once(database, job_id)
