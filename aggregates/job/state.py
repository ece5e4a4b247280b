"""A job, its steps and how far it is; and which jobs are open."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregates.events import Event
from aggregates.job.events import (
    JobCanceled,
    JobClosed,
    JobCompleted,
    JobFailed,
    JobOpened,
    JobRequested,
    JobStep,
    JobStepDone,
    JobStepsPlanned,
)
from aggregates.statuses import JobStatus, StepStatus

# --- state -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What decisions need to know of a job: its steps in order, how many of them are done.

    What came of each is in the history, not here: a step costs the same however many there are.
    Whether one at least did not fail is kept.
    """

    job_id: str
    kind: str
    request: str
    total: int
    status: JobStatus = JobStatus.SCHEDULED
    steps: tuple[JobStep, ...] = ()
    done: int = 0
    some_went_well: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is begun."""
        return self.status not in {JobStatus.SCHEDULED, JobStatus.PROCESSING}

    @property
    def next_step(self) -> JobStep | None:
        """The step that comes next, None when there is none or the job is over."""
        return self.steps[self.done] if not self.is_over and self.done < len(self.steps) else None


@dataclass(frozen=True, slots=True)
class OpenJobs:
    """The jobs that are asked for and not over, in the order they were asked for."""

    job_ids: tuple[str, ...] = ()


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: Job | None, event: Event) -> Job | None:
    """The job after `event`; events of other streams leave it as it is."""
    match event:
        case JobRequested():
            return Job(
                job_id=event.job_id, kind=event.kind, request=event.request, total=event.total
            )
        case JobStepsPlanned() if state:
            return replace(state, steps=state.steps + event.steps)
        case JobStepDone() if state:
            went_well = state.some_went_well or event.outcome.status is not StepStatus.FAILED
            status = JobStatus.PROCESSING
            return replace(state, done=event.step, status=status, some_went_well=went_well)
        case JobCompleted() if state:
            return replace(state, status=JobStatus.COMPLETE)
        case JobFailed() if state:
            return replace(state, status=JobStatus.FAILED)
        case JobCanceled() if state:
            return replace(state, status=JobStatus.CANCELED)
        case _:
            return state


def evolve_open(state: OpenJobs | None, event: Event) -> OpenJobs | None:
    """Which jobs are open after `event`."""
    known = state.job_ids if state else ()
    match event:
        case JobOpened():
            return OpenJobs((*(each for each in known if each != event.job_id), event.job_id))
        case JobClosed():
            return OpenJobs(tuple(each for each in known if each != event.job_id))
        case _:
            return state
