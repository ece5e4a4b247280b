"""Commands over jobs: jobs list, jobs show, jobs cancel; also while a server runs."""

import json
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import msgspec
import typer
from sqlalchemy import Connection

from aggregates.refusals import Refused
from aggregates.statuses import JobStatus
from projections.history import OutcomeUnknown, Unavailable
from projections.views.paging import PageRequest
from service.cli.options.failing import fail
from service.cli.tenants import open_tenant, opened_tenants
from service.handlers.jobs import asking
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.tenant import Tenant, ViewsBehind
from service.wire.jobs import JobEntry, JobResult

R = TypeVar("R")
ACTOR = "command line"
PAGE = 1_000
"""Jobs, and results of one, that are read at a time."""
WAIT_SECONDS = 30.0
"""How long the views may take to show what is recorded."""
_FAILURES = (Refused, Conflict, Unavailable, OutcomeUnknown, UnreadableEvent, ViewsBehind)


def list_all(database: str, tenant_name: str, statuses: Sequence[JobStatus]) -> None:
    """Prints a line a job: id, kind, status, how far it is, when and by whom it was asked for."""
    wanted = {"status": [str(status) for status in statuses]} if statuses else {}
    with _opened(database, tenant_name) as tenant:
        cursor: str | None = None
        while True:
            asked = PageRequest(limit=PAGE, cursor=cursor)
            page = _read(tenant, lambda views, a=asked: asking.page_of_jobs(views, wanted, a))
            for job in page.items:
                typer.echo(_line(job))
            cursor = page.next
            if cursor is None:
                return


def show(database: str, tenant_name: str, job_id: str) -> None:
    """Prints a job with all its results."""
    with _opened(database, tenant_name) as tenant:
        results: list[JobResult] = []
        after = 0
        while True:
            found = _read(
                tenant, lambda views, a=after: asking.job_with_results(views, job_id, a, PAGE)
            )
            if found is None:
                fail(f"there is no job {job_id!r}")
            job, _ = found
            results += job.results
            if job.next is None:
                break
            after = int(job.next)
    shown = {**msgspec.to_builtins(job), "results": msgspec.to_builtins(results)}
    del shown["next"]
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


def cancel(database: str, tenant_name: str, job_id: str, reason: str | None) -> None:
    """Stops a job, and says how far it got."""
    context = Context(
        actor=ACTOR, reason=reason, correlation_id=str(uuid.uuid4()), kind="cancel_job"
    )
    with _opened(database, tenant_name) as tenant:
        tenant.ledger.transact(lambda unit: asking.cancel_in(unit, job_id), context)
        tenant.wait_for(tenant.ledger.position(), WAIT_SECONDS)
        found = _read(tenant, lambda views: asking.job_with_results(views, job_id, 0, 1))
    if found:
        typer.echo(_line(found[0]))


@contextmanager
def _opened(database: str, tenant_name: str) -> Generator[Tenant]:
    """The tenant with its views current; what is in the way ends the command."""
    with opened_tenants(database, make=False) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            tenant.wait_for(tenant.ledger.position(), WAIT_SECONDS)
            yield tenant
        except _FAILURES as error:
            fail(str(error))


def _read(tenant: Tenant, query: Callable[[Connection], R]) -> R:
    with tenant.reading() as (views, _):
        return query(views)


def _line(job: JobEntry) -> str:
    far = f"{job.done} of {job.total}"
    return "\t".join((job.job_id, job.kind, job.status, far, str(job.requested_at), job.actor))
