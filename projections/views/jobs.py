"""Rows of jobs and of their steps, for what callers get of them."""

from collections.abc import Sequence

from msgspec import UNSET
from sqlalchemy import Connection, RowMapping, select

from projections.history import can_be_stored
from projections.tables import job_steps, jobs
from projections.views.paging import PageRequest, Paging, Wanted, any_of, empty_first, in_order
from projections.views.resource import Page

_NOT_SORTED = {"request", "reason", "problem_code", "problem_detail", "version"}
_JOBS = Paging(
    {c.name: empty_first(c) for c in jobs.c if c.name not in _NOT_SORTED},
    key="job_id",
    default="position",
)
JOBS_BY = _JOBS.sortable
_LARGEST_STEP = 2**31 - 1
"""What a number of a step is at most, as the database has it."""


def list_jobs(connection: Connection, wanted: Wanted, request: PageRequest) -> Page[RowMapping]:
    """Jobs in the order they were asked for."""
    part = _JOBS.read(request)
    rows = _JOBS.fetch(connection, select(jobs).where(*any_of(jobs.c, wanted)), part)
    return Page(
        items=list(rows[: request.limit]),
        next=_JOBS.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def find_job(connection: Connection, job_id: str) -> RowMapping | None:
    """The job of that id, None when there is none."""
    if not can_be_stored(job_id):
        return None
    statement = select(jobs).where(jobs.c.job_id == job_id)
    return connection.execute(statement).mappings().first()


def steps_of(
    connection: Connection, job_id: str, *, after: int, limit: int
) -> Sequence[RowMapping]:
    """At most `limit` steps of a job, those after the step of that number, in order."""
    step = job_steps.c
    number = min(after, _LARGEST_STEP)
    statement = select(job_steps).where(step.job_id == job_id, step.step > number)
    return connection.execute(statement.order_by(step.step).limit(limit)).mappings().all()
