"""Jobs at work below HTTP: exactly once whoever tries, and an end to everything that can fail."""

import asyncio
import logging
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from aggregates import streams
from aggregates.invoice.events import DraftCreated
from aggregates.job.events import (
    JobClosed,
    JobCompleted,
    JobFailed,
    JobRequested,
    JobStep,
    JobStepDone,
    StepOutcome,
)
from aggregates.job.state import Job
from aggregates.refusals import Refused
from aggregates.statuses import JobStatus, StepStatus
from service.handlers.jobs import asking, kinds, running
from service.handlers.jobs.drafting import DraftAll, plan
from service.handlers.jobs.kind import Do, JobKind, Plan, canonical
from service.handlers.jobs.running import STEP_ATTEMPTS, foreman_of
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.service.office import (
    NOW,
    assert_sound,
    history,
    loaded,
    mark_ready,
    record,
    request,
    views_of,
)
from tests.service.processes import until

CONTRACTS = 20


def office(tenant: Tenant, contracts: int = CONTRACTS) -> None:
    """Contracts with an hour of work on each that is ready."""
    events = [
        event
        for n in range(contracts)
        for event in (
            contract_event(f"C{n}", ("A",)),
            line_event(f"C{n}"),
            approval_event(f"A{n}", contract_id=f"C{n}"),
        )
    ]
    mark_ready(tenant, record(tenant, *events))


@contextmanager
def nobody_at_work(database: str) -> Generator[None]:
    """Another process has the turn, so that jobs wait."""
    with closing(Tenant(database, project=False)) as other:
        assert other.jobs_turn.mine()
        yield


def month_end(tenant: Tenant, name: str = "month end", *named: str) -> str:
    """Asks for drafts of all contracts, or of those named; the id of the job."""

    async def ask() -> str:
        found = await plan(tenant, DraftAll(), named or None)
        return (await asking.ask_for(tenant, request(name), found)).body.job_id

    return asyncio.run(ask())


def ask_for(tenant: Tenant, kind: str, steps: int = 2) -> str:
    """Asks for a job of any kind; its id."""
    asked = Plan(
        kind=kind, request="{}", steps=tuple(JobStep(contract_id=f"C{n}") for n in range(steps))
    )
    return asyncio.run(asking.ask_for(tenant, request(kind), asked)).body.job_id


def job_of(tenant: Tenant, job_id: str) -> Job:
    return loaded(tenant.ledger, streams.job(job_id))


def until_over(tenant: Tenant, job_id: str) -> Job:
    until(lambda: job_of(tenant, job_id).is_over)
    return job_of(tenant, job_id)


def outcomes(tenant: Tenant, job_id: str) -> list[StepOutcome]:
    """What came of each step, in order; each has come to something once."""
    done = [
        recorded.event
        for recorded in history(tenant.ledger)
        if isinstance(recorded.event, JobStepDone) and recorded.event.job_id == job_id
    ]
    assert [event.step for event in done] == list(range(1, len(done) + 1))
    return [event.outcome for event in done]


def assert_each_drafted_once(tenant: Tenant, contracts: int = CONTRACTS) -> None:
    drafted = [
        recorded.event.contract_id
        for recorded in history(tenant.ledger)
        if isinstance(recorded.event, DraftCreated)
    ]
    assert sorted(drafted) == sorted(f"C{n}" for n in range(contracts))
    assert_sound(tenant.ledger)


@contextmanager
def kind_that(do: Do, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A kind of job that does so; its name."""
    with monkeypatch.context() as patch:
        patch.setitem(kinds.KINDS, "tried", JobKind(name="tried", do=do))  # pyright: ignore
        yield "tried"


# --- exactly once --------------------------------------------------------------------------------


def test_two_who_do_the_same_job_at_once_do_each_step_once(tenant: Tenant, database: str) -> None:
    office(tenant)
    with closing(Tenant(database, project=False, clock=lambda: NOW)) as other:
        assert other.jobs_turn.mine()
        job_id = month_end(tenant)

        def work(on: Tenant) -> None:
            while not foreman_of(on).step(job_id):
                pass

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, (tenant, other)))
    assert job_of(tenant, job_id).status is JobStatus.COMPLETE
    assert len(outcomes(tenant, job_id)) == CONTRACTS
    assert_each_drafted_once(tenant)


def test_two_jobs_over_the_same_contracts_draft_each_once(tenant: Tenant, database: str) -> None:
    office(tenant)
    with nobody_at_work(database):
        jobs = [month_end(tenant, name) for name in ("one", "other")]
    running.wake(tenant)
    for job_id in jobs:
        assert until_over(tenant, job_id).status is JobStatus.COMPLETE
    told = [[outcome.status for outcome in outcomes(tenant, job_id)] for job_id in jobs]
    for pair in zip(*told, strict=True):
        assert sorted(pair) == [StepStatus.COMPLETE, StepStatus.SKIPPED]
    assert_each_drafted_once(tenant)


def test_a_process_that_is_stopped_in_the_middle_leaves_the_rest_for_the_next_start(
    database: str,
) -> None:
    with closing(Tenant(database, clock=lambda: NOW)) as first:
        office(first)
        job_id = month_end(first)
        until(lambda: job_of(first, job_id).done)
    with closing(Tenant(database, clock=lambda: NOW)) as second:
        running.recover(second)
        assert until_over(second, job_id).status is JobStatus.COMPLETE
        assert_each_drafted_once(second)
        live = views_of(second)
        second.rebuild()
        assert views_of(second) == live


def test_a_process_takes_up_what_another_one_has_left(tenant: Tenant, database: str) -> None:
    office(tenant)
    running.recover(tenant)
    with nobody_at_work(database):
        job_id = month_end(tenant)
        assert foreman_of(tenant).look()
        assert not job_of(tenant, job_id).done
    assert until_over(tenant, job_id).status is JobStatus.COMPLETE


def test_who_has_no_jobs_left_leaves_the_turn(tenant: Tenant, database: str) -> None:
    office(tenant)
    until_over(tenant, month_end(tenant))
    with closing(Tenant(database, project=False)) as other:
        until(other.jobs_turn.mine)


# --- an end to everything that can fail ----------------------------------------------------------


def test_a_step_that_the_rules_refuse_has_that_as_its_outcome_and_changes_nothing(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def do(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
        if step.contract_id == "C0":
            unit.append([JobRequested(job_id="half done", kind="", request="{}", total=0)])
            raise Refused("not_so", "the rules refuse this")
        return StepOutcome(status=StepStatus.COMPLETE)

    with kind_that(do, monkeypatch) as kind:
        job_id = ask_for(tenant, kind)
        assert until_over(tenant, job_id).status is JobStatus.COMPLETE
    refused, done = outcomes(tenant, job_id)
    assert (refused.status, refused.problem_code) == (StepStatus.FAILED, "not_so")
    assert done.status is StepStatus.COMPLETE
    assert loaded(tenant.ledger, streams.job("half done")) is None


def test_an_unforeseen_error_ends_the_job_is_logged_and_tells_nothing_internal(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def do(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
        if step.contract_id == "C1":
            raise ValueError("a secret of the code")
        return StepOutcome(status=StepStatus.COMPLETE)

    with kind_that(do, monkeypatch) as kind, caplog.at_level(logging.ERROR):
        job_id = ask_for(tenant, kind, steps=3)
        job = until_over(tenant, job_id)
    assert (job.status, job.done) == (JobStatus.FAILED, 1)
    assert [record.getMessage() for record in caplog.records] == ["a job failed"]
    events = [recorded.event for recorded in history(tenant.ledger)]
    (failed,) = (event for event in events if isinstance(event, JobFailed))
    assert failed.problem_code == "internal"
    assert "secret" not in failed.problem_detail
    assert any(isinstance(event, JobClosed) for event in events)
    assert not any(isinstance(event, JobCompleted) for event in events)


def test_a_step_that_always_meets_faster_writers_fails_in_the_end(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    def do(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
        raise Conflict

    with kind_that(do, monkeypatch) as kind, nobody_at_work(database):
        job_id = ask_for(tenant, kind, steps=1)
        for _ in range(STEP_ATTEMPTS - 1):
            with pytest.raises(Conflict):
                foreman_of(tenant).step(job_id)
        assert foreman_of(tenant).step(job_id)
    (outcome,) = outcomes(tenant, job_id)
    assert (outcome.status, outcome.problem_code) == (StepStatus.FAILED, "conflict")
    assert job_of(tenant, job_id).status is JobStatus.FAILED


def test_a_job_of_a_kind_from_a_newer_version_is_left_to_that_one(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = ask_for(tenant, "unheard_of")
    done = StepOutcome(status=StepStatus.COMPLETE)
    with kind_that(lambda unit, job, step: done, monkeypatch) as kind:
        until_over(tenant, ask_for(tenant, kind))
        until(foreman_of(tenant).piece)
    assert (job_of(tenant, newer).done, job_of(tenant, newer).is_over) == (0, False)


@pytest.mark.parametrize("partly", [False, True])
def test_a_job_asked_for_before_requests_were_kept_in_their_words_is_done_and_shown_in_these(
    tenant: Tenant, *, partly: bool
) -> None:
    first, second = record(
        tenant,
        contract_event("C1", ("A",)),
        line_event("C1", limit="15.00"),
        approval_event("A1", contract_id="C1"),
        approval_event("A2", contract_id="C1"),
    )
    older = {"matching": {"view": "time-and-material"}, "partly": partly}
    steps = (JobStep(items=(first, second)),)
    asked = Plan(kind="mark_ready", request=canonical(older), steps=steps)
    job_id = asyncio.run(asking.ask_for(tenant, request("older"), asked)).body.job_id
    until_over(tenant, job_id)
    (outcome,) = outcomes(tenant, job_id)
    assert (outcome.changed_count, outcome.skipped_count) == ((1, 1) if partly else (0, 1))
    tenant.wait_for(tenant.ledger.position(), 30.0)
    with tenant.reading() as (views, _):
        found = asking.job_with_results(views, job_id, 0, 10)
    assert found
    assert msgspec.to_builtins(found[0].request) == {
        "status": "ready",
        "mode": "best_effort" if partly else "all_or_nothing",
        "matching": {"view": "time-and-material"},
    }


async def test_readiness_says_that_jobs_no_longer_go_on(tenant: Tenant, app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/health/ready")).status_code == 200

        def broken() -> bool:
            raise ValueError("not foreseen")

        tenant.background.every(running.WORK, 1.0, broken)
        until(lambda: tenant.background.given_up)
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "jobs_stopped")
