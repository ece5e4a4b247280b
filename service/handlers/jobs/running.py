"""Jobs go on: a step a transaction, in the background, by one process at a time.

The turn keeps two processes from doing the same work in vain. What keeps a step from being done
twice is the version of the job's stream: what a step does is saved together with the event that
says so, after the version that was seen, or not at all.
"""

import logging
import time
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from aggregates import streams
from aggregates.job import working
from aggregates.job.events import StepOutcome
from aggregates.job.state import Job
from aggregates.refusals import Refused
from projections.history import OutcomeUnknown, Unavailable
from service.handlers.jobs.kinds import KINDS
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stream_kinds import JOB, OPEN_JOBS
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant

log = logging.getLogger(__name__)
WORK = "jobs"
"""What the background knows this work as."""
LOOK_SECONDS = 2.0
"""How often a process looks for jobs that another one has left."""
PIECE_SECONDS = 1.0
"""How long nobody else's background work waits for jobs."""
STEP_ATTEMPTS = 5
"""How often in a row others may be faster, each time at all attempts, before a step has failed."""


@dataclass(slots=True)
class _Memory:
    """What a process remembers of the jobs of a tenant; none of it decides whether a step is done.

    Who asked for which, how often others were faster in a row, and the last look.
    """

    askers: dict[str, Context] = field(default_factory=dict[str, Context])
    conflicts: dict[str, int] = field(default_factory=dict[str, int])
    looked_at: int = -1
    some_left: bool = True


_MEMORIES: WeakKeyDictionary[Tenant, _Memory] = WeakKeyDictionary()


def recover(tenant: Tenant) -> None:
    """Goes on with jobs that are open, now and whenever another process has left one."""
    tenant.background.every(WORK, LOOK_SECONDS, foreman_of(tenant).look)


def wake(tenant: Tenant) -> None:
    """Goes on with the jobs that are open now: one was asked for."""
    tenant.background.put(WORK, foreman_of(tenant).piece)


def foreman_of(tenant: Tenant) -> "Foreman":
    """Who sees to the jobs of a tenant in this process."""
    return Foreman(tenant, _MEMORIES.setdefault(tenant, _Memory()))


@dataclass(frozen=True, slots=True)
class Foreman:
    """Sees to the jobs of a tenant in this process, in turns: a step of each."""

    tenant: Tenant
    memory: _Memory

    def look(self) -> bool:
        """As `piece`, unless nothing was recorded since the last look, and nothing was left."""
        shown = self.tenant.projector.position
        if shown == self.memory.looked_at and not self.memory.some_left:
            return True
        self.memory.looked_at = shown
        return self.piece()

    def piece(self) -> bool:
        """Goes on for a second; whether nothing is left for this process to do.

        Raises Conflict, Unavailable, OutcomeUnknown: then it is to be tried again.
        """
        self.memory.some_left = True
        turn = self.tenant.jobs_turn
        if not turn.mine():
            return True
        job_ids = self._open()
        if not job_ids:
            self.memory.some_left = False
            turn.leave()
            return True
        until = time.monotonic() + PIECE_SECONDS
        while job_ids:
            for job_id in list(job_ids):
                if self.tenant.background.is_closing() or not turn.mine():
                    return True
                if time.monotonic() > until:
                    return False
                if self.step(job_id):
                    job_ids.remove(job_id)
        return False

    def _open(self) -> list[str]:
        """The open jobs that this version knows how to do; others are left to a newer one."""

        def work(unit: UnitOfWork) -> list[str]:
            known = unit.load(OPEN_JOBS, streams.OPEN_JOBS)
            jobs = (unit.load(JOB, streams.job(each)) for each in known.job_ids) if known else ()
            return [job.job_id for job in jobs if job and job.next_step and job.kind in KINDS]

        return self.tenant.ledger.transact(work, _OURS).result

    def step(self, job_id: str) -> bool:
        """Does the next step of a job; whether the job is over."""
        context = self._context_of(job_id)
        seen = 0

        def work(unit: UnitOfWork) -> bool:
            nonlocal seen
            job = unit.load(JOB, streams.job(job_id))
            if job is None or (step := job.next_step) is None:
                return True
            seen = job.done
            outcome = KINDS[job.kind].do(unit, job, step)
            return _record(unit, job, outcome)

        try:
            is_over = self.tenant.ledger.transact(work, context).result
        except Refused as refusal:
            is_over = self._note(job_id, context, seen, working.refused(refusal))
        except Conflict:
            tried = self.memory.conflicts.get(job_id, 0) + 1
            self.memory.conflicts[job_id] = tried
            if tried < STEP_ATTEMPTS:
                raise
            is_over = self._note(job_id, context, seen, working.refused(_ALWAYS_SLOWER))
        except (Unavailable, OutcomeUnknown):
            raise
        except Exception:
            log.exception("a job failed", extra={"job": job_id, "step": seen + 1})
            is_over = self._fail(job_id, context)
        self.memory.conflicts.pop(job_id, None)
        if is_over:
            self.memory.askers.pop(job_id, None)
        return is_over

    def _note(self, job_id: str, context: Context, seen: int, outcome: StepOutcome) -> bool:
        """Records what came of a step that did nothing; whether the job is over."""

        def work(unit: UnitOfWork) -> bool:
            job = unit.load(JOB, streams.job(job_id))
            if job is None or job.is_over:
                return True
            return job.done == seen and _record(unit, job, outcome)

        return self.tenant.ledger.transact(work, context).result

    def _fail(self, job_id: str, context: Context) -> bool:
        def work(unit: UnitOfWork) -> bool:
            job = unit.load(JOB, streams.job(job_id))
            if job:
                unit.append(working.fail(job, _UNFORESEEN).events)
            return True

        return self.tenant.ledger.transact(work, context).result

    def _context_of(self, job_id: str) -> Context:
        """Who asked for the job and why; what it does is caused by it (D-64)."""
        known = self.memory.askers.get(job_id)
        if known is None:
            ledger = self.tenant.ledger
            (asked,) = ledger.read_at([ledger.position_of(streams.job(job_id), 1)])
            known = self.memory.askers[job_id] = Context(
                actor=asked.metadata.actor,
                reason=asked.metadata.reason,
                correlation_id=asked.metadata.correlation_id,
                causation_id=job_id,
                kind="job_step",
            )
        return known


_OURS = Context(actor="billing-backlog", correlation_id=WORK, kind="job_look")
"""For looking only: nothing is recorded under it."""
_ALWAYS_SLOWER = Refused(
    "conflict", f"other writers were faster every time, {STEP_ATTEMPTS} times in a row"
)
_UNFORESEEN = Refused("internal", "an unexpected error: the server's log has the details")


def _record(unit: UnitOfWork, job: Job, outcome: StepOutcome) -> bool:
    """Records what came of the next step of a job; whether that was the last one."""
    unit.append(working.step_done(job, outcome).events)
    return job.done + 1 >= len(job.steps)
