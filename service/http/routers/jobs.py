"""Jobs: what is too long for one request, followed and stopped."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from aggregates.statuses import JobStatus
from projections.views.jobs import JOBS_BY
from projections.views.resource import Page
from service.access.scopes import Scope
from service.handlers.jobs import asking
from service.http.callers import TheChange, TheTenant
from service.http.listings import Listing, NumberCursor, any_of, listing_by, number_of
from service.http.reading import TheReading
from service.http.responses import command_response, gives, list_response, one_response
from service.http.routers.routes import Routes
from service.wire.fields import PLAIN_DIGITS
from service.wire.jobs import Job, JobEntry
from service.wire.outcomes import Done

routes = Routes("/v1", "Jobs")

READS_JOBS = (Scope.BACKLOG_READ, Scope.INVOICES_READ, Scope.OPERATIONS)
STOPS_JOBS = (
    Scope.BACKLOG_WRITE,
    Scope.INVOICES_WRITE,
    Scope.INVOICES_CONFIRM,
    Scope.OPERATIONS,
)
"""Whoever may ask for jobs may stop them: what is done stays."""
JobId = Annotated[str, Path(max_length=200, description="The id of a job.")]
TheJobs = Annotated[Listing, Depends(listing_by(JOBS_BY))]
_Results = Annotated[int, Field(ge=1, le=10_000), PLAIN_DIGITS]


@routes.get("/jobs", READS_JOBS, responses=gives(Page[JobEntry]))
async def list_jobs(
    request: Request,
    reading: TheReading,
    listing: TheJobs,
    status: Annotated[
        list[JobStatus] | None, Query(description="Jobs that stand so; any of these.")
    ] = None,
) -> Response:
    """List jobs in the order they were asked for, without their results."""
    page, position = await reading.of_all(
        asking.page_of_jobs, any_of(status=status), listing.page()
    )
    return list_response(request, page, position)


@routes.get("/jobs/{job_id}", READS_JOBS, responses=gives(Job, problems=("job_not_found",)))
async def get_job(
    job_id: JobId,
    reading: TheReading,
    limit: Annotated[_Results, Query(description="How many results to show.")] = asking.RESULTS,
    cursor: NumberCursor = None,
) -> Response:
    """Show how far a job is, and what came of its steps, in order.

    A step that was not begun is `scheduled`, and `canceled` once the job is over.
    """
    after = number_of(cursor, 0)
    found, position = await reading.surely_of_all(asking.job_with_results, job_id, after, limit)
    return one_response(found, "job", job_id, position)


@routes.delete(
    "/jobs/{job_id}", STOPS_JOBS, responses=gives(Done, problems=("job_not_found", "job_over"))
)
async def cancel_job(job_id: JobId, tenant: TheTenant, command: TheChange) -> Response:
    """Stop what of a job has not begun; what is done stays, with its results."""
    return command_response(await asking.cancel(tenant, command, job_id))
