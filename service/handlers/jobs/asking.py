"""Jobs are asked for, looked at and stopped."""

from msgspec import UNSET
from sqlalchemy import Connection

from aggregates import streams
from aggregates.job import working
from aggregates.job.working import RequestJob
from projections.views import jobs as job_views
from projections.views.paging import PageRequest, Wanted
from projections.views.resource import Page
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.jobs import running
from service.handlers.jobs.kind import Plan
from service.ledger.stream_kinds import JOB, OPEN_JOBS
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import jobs as wire
from service.wire.outcomes import Done

RESULTS = 1_000
"""Results that a job is shown with unless told otherwise."""


async def ask_for(tenant: Tenant, request: Request, plan: Plan) -> Answer:
    """Records that a job is asked for, and has it done in the background.

    Raises Refused when too many are open already, or when it has too many steps.
    """
    job_id = streams.digest(request.request_id)
    about = {"actor": request.context.actor, "reason": request.context.reason}

    def work(unit: UnitOfWork) -> Answer:
        command = RequestJob(job_id=job_id, kind=plan.kind, request=plan.request, steps=plan.steps)
        decided = working.request(command, unit.load(OPEN_JOBS, streams.OPEN_JOBS))
        unit.append(decided.events)
        state = unit.load(JOB, streams.job(job_id))
        if state is None:
            raise LookupError(job_id)
        return Answer(
            body=wire.as_asked(state, about, RESULTS),
            version=unit.version(streams.job(job_id)),
            location=f"/v1/jobs/{job_id}",
        )

    answer = await submit(tenant, request, work)
    running.wake(tenant)
    return answer


async def cancel(tenant: Tenant, request: Request, job_id: str) -> Answer:
    """Stops what of a job has not begun; what is done stays.

    Raises NotFound, Refused when it is over otherwise, StaleVersion.
    """

    def work(unit: UnitOfWork) -> Answer:
        return cancel_in(unit, job_id, request.if_match)

    return await submit(tenant, request, work)


def cancel_in(unit: UnitOfWork, job_id: str, if_match: int | None = None) -> Answer:
    """Stops a job within a unit of work. Raises as `cancel`."""
    job = unit.load(JOB, streams.job(job_id))
    decided = working.cancel(job_id, job)
    unit.expect(streams.job(job_id), if_match)
    unit.append(decided.events)
    return Answer(body=Done(position=UNSET), version=unit.version(streams.job(job_id)))


def page_of_jobs(views: Connection, wanted: Wanted, request: PageRequest) -> Page[wire.JobEntry]:
    """Jobs in the order they were asked for, without their results."""
    page = job_views.list_jobs(views, wanted, request)
    return Page(items=[wire.entry(row) for row in page.items], next=page.next, position=UNSET)


def job_with_results(
    views: Connection, job_id: str, after: int, limit: int
) -> tuple[wire.Job, int] | None:
    """A job with its results after the step of that number, and its version; None if unknown."""
    row = job_views.find_job(views, job_id)
    if row is None:
        return None
    steps = job_views.steps_of(views, job_id, after=after, limit=limit + 1)
    return wire.job(row, steps, limit), row["version"]
