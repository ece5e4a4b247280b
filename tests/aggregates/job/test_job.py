"""Jobs: asked for, done step by step, stopped; and how many may be open."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.deal import EVENT_SIZE
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.job import working
from aggregates.job.events import (
    JobCanceled,
    JobClosed,
    JobCompleted,
    JobExceeded,
    JobFailed,
    JobOpened,
    JobRequested,
    JobSkipped,
    JobStep,
    JobStepDone,
    JobStepsPlanned,
    StepOutcome,
)
from aggregates.job.state import Job, OpenJobs, evolve, evolve_open
from aggregates.job.working import MOST_OPEN, MOST_STEPS, RequestJob
from aggregates.limits import LimitExceeded
from aggregates.refusals import LeftAlone, NotFound, Refused
from aggregates.statuses import JobStatus, LimitLevel, StepStatus
from aggregates.terms import FailedLevel
from tests.aggregates.any_events import an_event

DONE = StepOutcome(status=StepStatus.COMPLETE, changed_count=1)
WHY = Refused("internal", "an unexpected error")


def folded(*decisions: Decision) -> Job:
    """The job after these decisions."""
    job: Job | None = None
    for decision in decisions:
        for event in decision.events:
            job = evolve(job, event)
    assert job
    return job


def contracts(number: int) -> tuple[JobStep, ...]:
    return tuple(JobStep(contract_id=f"C{n}") for n in range(number))


def asked(steps: Sequence[JobStep] = contracts(2), job_id: str = "J1") -> RequestJob:
    return RequestJob(job_id=job_id, kind="draft_invoices", request="{}", steps=tuple(steps))


# --- asked for -----------------------------------------------------------------------------------


def test_a_job_is_asked_for_with_all_its_steps_and_is_open() -> None:
    assert working.request(asked(), None).events == (
        JobRequested(job_id="J1", kind="draft_invoices", request="{}", total=2),
        JobStepsPlanned(job_id="J1", first=1, steps=contracts(2)),
        JobOpened(job_id="J1"),
    )


def test_a_job_without_any_step_is_complete_at_once_however_many_are_open() -> None:
    full = OpenJobs(tuple(f"J{n}" for n in range(MOST_OPEN)))
    assert working.request(asked(()), full).events == (
        JobRequested(job_id="J1", kind="draft_invoices", request="{}", total=0),
        JobCompleted(job_id="J1"),
    )


def test_no_more_than_so_many_jobs_are_open() -> None:
    almost = OpenJobs(tuple(f"J{n}" for n in range(1, MOST_OPEN)))
    assert working.request(asked(), almost).done == ("J1",)
    with pytest.raises(Refused, match="20 jobs are open") as refused:
        working.request(asked(), OpenJobs((*almost.job_ids, "J0")))
    assert refused.value.code == "too_many_jobs"


def test_a_job_has_no_more_than_so_many_steps() -> None:
    assert working.request(asked(contracts(MOST_STEPS)), None).done == ("J1",)
    with pytest.raises(Refused) as refused:
        working.request(asked(contracts(MOST_STEPS + 1)), None)
    assert refused.value.code == "job_too_large"


@given(sizes=st.lists(st.sampled_from([0, 1, 300, 700, 999, 1000, 2500]), min_size=1, max_size=40))
def test_steps_are_listed_in_order_at_most_a_thousand_items_an_event(sizes: list[int]) -> None:
    steps = [JobStep(contract_id=f"C{n}", items=("i",) * size) for n, size in enumerate(sizes)]
    events = working.request(asked(steps), None).events
    planned = [event for event in events if isinstance(event, JobStepsPlanned)]
    assert [step for event in planned for step in event.steps] == steps
    assert [event.first for event in planned] == [
        1 + sum(len(before.steps) for before in planned[:n]) for n in range(len(planned))
    ]
    weights = [sum(max(1, len(s.items)) for s in event.steps) for event in planned]
    for event, weight in zip(planned, weights, strict=True):
        assert weight <= 1000 or len(event.steps) == 1
    assert all(one + other > 1000 or one > 1000 for one, other in pairwise(weights) if other > 999)


# --- done step by step ---------------------------------------------------------------------------


def test_the_last_step_completes_the_job_and_closes_it() -> None:
    began = working.request(asked(), None)
    first = working.step_done(folded(began), DONE)
    assert first.events == (JobStepDone(job_id="J1", step=1, outcome=DONE),)
    job = folded(began, first)
    assert (job.status, job.done, job.next_step) == (JobStatus.PROCESSING, 1, contracts(2)[1])
    last = working.step_done(job, DONE)
    assert last.events == (
        JobStepDone(job_id="J1", step=2, outcome=DONE),
        JobCompleted(job_id="J1"),
        JobClosed(job_id="J1"),
    )
    over = folded(began, first, last)
    assert (over.status, over.is_over, over.next_step) == (JobStatus.COMPLETE, True, None)
    assert working.step_done(over, DONE) == NOTHING


def test_a_step_that_is_refused_has_an_outcome_too_and_the_job_goes_on() -> None:
    outcome = working.refused(NotFound("contract", "C0"))
    assert (outcome.status, outcome.problem_code) == (StepStatus.FAILED, "contract_not_found")
    assert working.refused(WHY, StepStatus.SKIPPED).status is StepStatus.SKIPPED
    began = working.request(asked(), None)
    job = folded(began, working.step_done(folded(began), outcome))
    assert (job.done, job.is_over) == (1, False)


def test_a_step_that_fails_at_a_limit_keeps_which_one_d35() -> None:
    failed = FailedLevel(
        level=LimitLevel.CONTRACT, limit=Decimal(900), used=Decimal(500), shortfall=Decimal(50)
    )
    outcome = working.refused(LimitExceeded([("L1", failed)]))
    assert outcome.problem_code == "limit_exceeded"
    assert outcome.exceeded == (JobExceeded(line_id="L1", failed=failed),)


FAILED = working.refused(NotFound("contract", "C0"))
SKIPPED = working.refused(WHY, StepStatus.SKIPPED)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((FAILED, FAILED), JobStatus.FAILED),
        ((DONE, FAILED), JobStatus.COMPLETE),
        ((FAILED, DONE), JobStatus.COMPLETE),
        ((SKIPPED, FAILED), JobStatus.COMPLETE),
        ((FAILED, SKIPPED), JobStatus.COMPLETE),
    ],
)
def test_a_job_has_failed_where_every_step_of_it_has(
    outcomes: Sequence[StepOutcome], status: JobStatus
) -> None:
    decisions = [working.request(asked(), None)]
    for outcome in outcomes:
        decisions.append(working.step_done(folded(*decisions), outcome))
    assert folded(*decisions).status is status
    assert decisions[-1].events[-1] == JobClosed(job_id="J1")
    failed = [event for event in decisions[-1].events if isinstance(event, JobFailed)]
    why = "no step was done; of the last one: there is no contract 'C0'"
    assert [(e.problem_code, e.problem_detail) for e in failed] == (
        [("contract_not_found", why)] if status is JobStatus.FAILED else []
    )


def test_a_job_that_fails_is_over_with_why() -> None:
    job = folded(working.request(asked(), None))
    failed = working.fail(job, WHY)
    assert failed.events == (
        JobFailed(job_id="J1", problem_code="internal", problem_detail="an unexpected error"),
        JobClosed(job_id="J1"),
    )
    over = folded(working.request(asked(), None), failed)
    assert over.status is JobStatus.FAILED
    assert working.fail(over, WHY) == NOTHING


# --- stopped -------------------------------------------------------------------------------------


def test_a_job_that_is_canceled_begins_nothing_more_and_keeps_what_is_done() -> None:
    began = working.request(asked(), None)
    one = working.step_done(folded(began), DONE)
    canceled = working.cancel("J1", folded(began, one))
    assert canceled.events == (JobCanceled(job_id="J1"), JobClosed(job_id="J1"))
    job = folded(began, one, canceled)
    assert (job.status, job.done, job.next_step) == (JobStatus.CANCELED, 1, None)
    assert working.step_done(job, DONE) == NOTHING
    assert working.cancel("J1", job) == NOTHING


def test_only_a_job_that_is_there_and_not_over_can_be_canceled() -> None:
    with pytest.raises(NotFound, match="there is no job 'J9'"):
        working.cancel("J9", None)
    over = folded(working.request(asked(()), None))
    with pytest.raises(Refused, match="the job is complete") as refused:
        working.cancel("J1", over)
    assert refused.value.code == "job_over"


# --- any order -----------------------------------------------------------------------------------


def test_a_step_keeps_how_many_items_it_left_alone_and_why_the_first_of_them() -> None:
    why = Refused("item_posted", "the item is posted", "D-25")
    left = [LeftAlone(f"I{n}", why) for n in range(EVENT_SIZE + 1)]
    outcome = working.leaving(DONE, left)
    assert (outcome.changed_count, outcome.skipped_count) == (1, EVENT_SIZE + 1)
    assert len(outcome.skipped) == EVENT_SIZE
    assert outcome.skipped[0] == JobSkipped(
        item_id="I0", code="item_posted", detail="the item is posted (D-25)"
    )


def attempt(action: str, job: Job) -> Decision:
    match action:
        case "cancel":
            try:
                return working.cancel(job.job_id, job)
            except Refused:
                return NOTHING
        case "fail":
            return working.fail(job, WHY)
        case _:
            return working.step_done(job, DONE)


A_JOB = st.sampled_from(["J1", "J2", "J3"])
AN_ACTION = st.sampled_from(["done", "done", "done", "done", "cancel", "fail"])


@given(
    totals=st.lists(st.integers(0, 4), min_size=3, max_size=3),
    actions=st.lists(st.tuples(A_JOB, AN_ACTION), max_size=25),
)
def test_whatever_is_tried_in_whatever_order_each_step_is_done_once_and_what_is_over_stays_so(
    totals: list[int], actions: list[tuple[str, str]]
) -> None:
    jobs: dict[str, Job] = {}
    open_jobs: OpenJobs | None = None
    happened: list[Event] = []
    for number, total in enumerate(totals, 1):
        events = working.request(asked(contracts(total), f"J{number}"), open_jobs).events
        jobs[f"J{number}"] = folded(Decision(events=events))
        happened += events
    for job_id, action in actions:
        before = jobs[job_id]
        decision = attempt(action, before)
        assert not (before.is_over and decision.events)
        for event in decision.events:
            jobs[job_id] = evolve(jobs[job_id], event) or jobs[job_id]
        happened += decision.events
    for event in happened:
        open_jobs = evolve_open(open_jobs, event)
    assert (open_jobs or OpenJobs()).job_ids == tuple(j for j in jobs if not jobs[j].is_over)
    for job_id, job in jobs.items():
        own = [event for event in happened if getattr(event, "job_id", "") == job_id]
        steps = [event.step for event in own if isinstance(event, JobStepDone)]
        assert steps == list(range(1, job.done + 1))
        assert sum(isinstance(event, JobClosed) for event in own) == (job.is_over and job.total > 0)
        if job.status is JobStatus.COMPLETE:
            assert job.done == job.total == len(job.steps)


@given(events=st.lists(an_event(), max_size=25))
def test_any_events_of_the_catalogue_fold_into_a_job_and_into_which_are_open(
    events: Sequence[Event],
) -> None:
    job = folded(working.request(asked(), None))
    open_jobs: OpenJobs | None = None
    for event in events:
        job = evolve(job, event) or job
        open_jobs = evolve_open(open_jobs, event)
    assert job.next_step is None or job.done < len(job.steps)
    assert evolve(None, JobCanceled(job_id="J1")) is None
