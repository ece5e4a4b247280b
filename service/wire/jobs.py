"""Jobs as callers get them: from their rows, and as they are when they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import RowMapping

from aggregates.job.events import JobStep
from aggregates.job.state import Job as JobState
from aggregates.refusals import LeftAlone, of_reason
from aggregates.statuses import JobStatus, StepStatus
from projections.views.resource import Listed, Money, Resource
from service.wire.from_states import left_alone
from service.wire.outcomes import Problem, SkippedItem
from service.wire.problems import of_recorded

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class JobInvoice(Resource):
    """An invoice that a step of a job made or changed, with its amounts then."""

    invoice_id: str
    customer_id: str
    currency: str
    amount: Money
    tax: Money
    number: str | None


class JobResult(Resource):
    """What came of one step: about a contract, an invoice, or so many items."""

    contract_id: str | None
    invoice_id: str | None
    item_count: Annotated[int, Meta(description="Items that the step is about, by their ids.")]
    status: StepStatus
    changed_count: Annotated[int, Meta(description="Items that it changed.")]
    skipped_count: Annotated[int, Meta(description="Items that it left alone.")]
    invoices: list[JobInvoice]
    skipped: Annotated[list[SkippedItem], Meta(description="The first 1,000 left alone.")]
    problem: Annotated[Problem | None, Meta(description="Why it did nothing, if so.")]


class JobEntry(Listed):
    """A job: what was asked for, by whom, and how far it is; without its results."""

    job_id: str
    kind: str
    status: JobStatus
    done: Annotated[int, Meta(description="Steps that are done.")]
    total: Annotated[int, Meta(description="Steps that there are; each has a result.")]
    request: Annotated[dict[str, Any], Meta(description="What was asked for.")]
    requested_at: Annotated[
        Instant | None, Meta(description="Null in the answer to the request for it.")
    ]
    ended_at: Instant | None
    actor: Annotated[str, Meta(description="Who asked for it.")]
    reason: str | None
    problem: Annotated[Problem | None, Meta(description="What a failed job ended at.")]


class Job(JobEntry):
    """A job with the results of its steps, in order; `next` is the cursor of further ones."""

    results: list[JobResult]
    next: str | None


def entry(row: RowMapping) -> JobEntry:
    """A job in a list."""
    return JobEntry(**_shared(row))


def job(row: RowMapping, steps: Sequence[RowMapping], limit: int) -> Job:
    """A job with the results of these steps; of one more than `limit`, if there are further."""
    is_over = row["ended_at"] is not None
    return Job(
        **_shared(row),
        results=[_result(step, is_over=is_over) for step in steps[:limit]],
        next=str(steps[limit - 1]["step"]) if len(steps) > limit else None,
    )


def as_asked(state: JobState, about: Mapping[str, Any], limit: int) -> Job:
    """A job as it is when it is asked for; `about` says by whom and why."""
    shown = state.steps[:limit]
    return Job(
        job_id=state.job_id,
        kind=state.kind,
        status=state.status,
        done=state.done,
        total=state.total,
        request=msgspec.json.decode(state.request),
        requested_at=None,
        ended_at=None,
        problem=None,
        results=[_scheduled(step) for step in shown],
        next=str(limit) if len(state.steps) > limit else None,
        **about,
    )


def _shared(row: RowMapping) -> dict[str, Any]:
    return {
        "job_id": row["job_id"],
        "kind": row["kind"],
        "status": row["status"],
        "done": row["done"],
        "total": row["total"],
        "request": msgspec.json.decode(row["request"]),
        "requested_at": row["requested_at"],
        "ended_at": row["ended_at"],
        "actor": row["actor"],
        "reason": row["reason"],
        "problem": _problem(row),
    }


def _result(row: RowMapping, *, is_over: bool) -> JobResult:
    status = StepStatus(row["status"])
    return JobResult(
        contract_id=row["contract_id"],
        invoice_id=row["invoice_id"],
        item_count=row["item_count"],
        status=StepStatus.CANCELED if is_over and status is StepStatus.SCHEDULED else status,
        changed_count=row["changed_count"],
        skipped_count=row["skipped_count"],
        invoices=msgspec.json.decode(row["invoices"], type=list[JobInvoice]),
        skipped=[_left_alone(**item) for item in msgspec.json.decode(row["skipped"])],
        problem=_problem(row),
    )


def _scheduled(step: JobStep) -> JobResult:
    return JobResult(
        contract_id=step.contract_id,
        invoice_id=step.invoice_id,
        item_count=len(step.items),
        status=StepStatus.SCHEDULED,
        changed_count=0,
        skipped_count=0,
        invoices=[],
        skipped=[],
        problem=None,
    )


def _left_alone(item_id: str, code: str, detail: str) -> SkippedItem:
    return left_alone(LeftAlone(item_id, of_reason(code, detail)))


def _problem(row: RowMapping) -> Problem | None:
    code = row["problem_code"]
    return of_recorded(code, row["problem_detail"]).body() if code else None
