"""Jobs: asked for, done step by step, stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aggregates.deal import EVENT_SIZE
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
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
from aggregates.job.state import Job, OpenJobs
from aggregates.limits import LimitExceeded
from aggregates.refusals import LeftAlone, NotFound, Refused
from aggregates.statuses import JobStatus, StepStatus

MOST_OPEN = 20
"""Jobs of a tenant that may be open at once."""
MOST_STEPS = 100_000
"""Steps that a job may have."""

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestJob:
    """Ask for a job of a kind: these steps, each done in a transaction of its own.

    `request` is what was asked for, as canonical JSON.
    """

    job_id: str
    kind: str
    request: str
    steps: tuple[JobStep, ...]


# --- decide ------------------------------------------------------------------------------------


def request(command: RequestJob, open_jobs: OpenJobs | None) -> Decision:
    """The job is asked for; without any step it is complete at once.

    Raises Refused when as many as may be are open already, or when it has too many steps.
    """
    if len(command.steps) > MOST_STEPS:
        detail = f"a job has at most {MOST_STEPS} steps, this one has {len(command.steps)}"
        raise Refused("job_too_large", f"{detail}: ask for less at a time")
    if command.steps and open_jobs and len(open_jobs.job_ids) >= MOST_OPEN:
        detail = f"{MOST_OPEN} jobs are open already: wait until one is over, or cancel one"
        raise Refused("too_many_jobs", detail)
    job_id = command.job_id
    events: list[Event] = [
        JobRequested(
            job_id=job_id, kind=command.kind, request=command.request, total=len(command.steps)
        )
    ]
    for first, some in _cut(command.steps):
        events.append(JobStepsPlanned(job_id=job_id, first=first, steps=some))
    events.append(JobOpened(job_id=job_id) if command.steps else JobCompleted(job_id=job_id))
    return Decision(events=tuple(events), done=(job_id,))


def step_done(job: Job, outcome: StepOutcome) -> Decision:
    """The step that comes next is done, with this outcome; the last one ends the job.

    It is complete, or has failed where every step of it has.
    """
    if job.next_step is None:
        return NOTHING
    step = job.done + 1
    done = JobStepDone(job_id=job.job_id, step=step, outcome=outcome)
    if step < len(job.steps):
        return Decision(events=(done,), done=(job.job_id,))
    over: Event = JobCompleted(job_id=job.job_id)
    if outcome.status is StepStatus.FAILED and not job.some_went_well:
        over = JobFailed(
            job_id=job.job_id,
            problem_code=outcome.problem_code or "internal",
            problem_detail=f"no step was done; of the last one: {outcome.problem_detail}",
        )
    return Decision(events=(done, over, JobClosed(job_id=job.job_id)), done=(job.job_id,))


def refused(why: Refused, status: StepStatus = StepStatus.FAILED) -> StepOutcome:
    """The outcome of a step that did nothing, for this reason."""
    exceeded = why.exceeded if isinstance(why, LimitExceeded) else ()
    return StepOutcome(
        status=status,
        problem_code=why.code,
        problem_detail=why.reason,
        exceeded=tuple(JobExceeded(line_id=of, failed=failed) for of, failed in exceeded),
    )


def leaving(outcome: StepOutcome, left: Sequence[LeftAlone]) -> StepOutcome:
    """The outcome of a step that left these items alone: how many, the first of them with why."""
    some = (
        JobSkipped(item_id=item.id, code=item.why.code, detail=item.why.reason)
        for item in left[:EVENT_SIZE]
    )
    return replace(outcome, skipped_count=len(left), skipped=tuple(some))


def fail(job: Job, why: Refused) -> Decision:
    """The job ends here; what is done stays."""
    if job.is_over:
        return NOTHING
    failed = JobFailed(job_id=job.job_id, problem_code=why.code, problem_detail=why.reason)
    return Decision(events=(failed, JobClosed(job_id=job.job_id)), done=(job.job_id,))


def cancel(job_id: str, job: Job | None) -> Decision:
    """What has not begun is not begun any more; what is done stays.

    Nothing is left to do for one that was canceled before. Raises NotFound, or Refused when the job
    has ended otherwise.
    """
    if job is None:
        raise NotFound("job", job_id)
    if job.status is JobStatus.CANCELED:
        return NOTHING
    if job.is_over:
        raise Refused("job_over", f"the job is {job.status}: there is nothing left to stop")
    return Decision(events=(JobCanceled(job_id=job_id), JobClosed(job_id=job_id)), done=(job_id,))


# --- helpers -----------------------------------------------------------------------------------


def _cut(steps: Sequence[JobStep]) -> Iterator[tuple[int, tuple[JobStep, ...]]]:
    """The steps, with the number of the first of them, as events list them.

    One that has more items than that by itself is listed alone.
    """
    some: list[JobStep] = []
    first, size = 1, 0
    for number, step in enumerate(steps, 1):
        more = max(1, len(step.items))
        if some and size + more > EVENT_SIZE:
            yield first, tuple(some)
            some, first, size = [], number, 0
        some.append(step)
        size += more
    if some:
        yield first, tuple(some)
