"""Jobs as callers get them: from their rows, and as they are when they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import RowMapping

from aggregates.job.events import JobStep
from aggregates.job.state import Job as JobState
from aggregates.refusals import LeftAlone, of_reason
from aggregates.statuses import JobStatus, StepStatus
from projections.views.resource import Day, Listed, Money, Resource
from service.wire.from_states import left_alone
from service.wire.outcomes import Problem, ProblemError, SkippedItem
from service.wire.problem.problems import of_recorded

_MARKS = {"mark_ready": "ready", "mark_not_ready": "not_ready"}
MOST_SAID = 100
"""How many of each list in a request a list of jobs shows."""
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
    number: Annotated[str | None, Meta(description="Of the invoice that was confirmed.")]
    item_count: Annotated[int, Meta(description="Items that the step is about, by their ids.")]
    status: StepStatus
    changed_count: Annotated[int, Meta(description="Items that it changed.")]
    skipped_count: Annotated[int, Meta(description="Items that it left alone.")]
    invoices: list[JobInvoice]
    skipped: Annotated[list[SkippedItem], Meta(description="The first 1,000 left alone.")]
    problem: Annotated[Problem | None, Meta(description="Why it did nothing, if so.")]
    position: Annotated[
        int | None,
        Meta(
            description="Where what it changed is recorded; null when it changed nothing. "
            "`POST /v1/backlog/undo` takes that of a mark."
        ),
    ]


class JobRequest(Resource):
    """What was asked for, in the words of the request; a list of jobs shows 100 ids of each."""

    cutoff: Annotated[Day, Meta(description="Drafts: up to this day.")] | UnsetType = UNSET
    contract_id: (
        Annotated[str, Meta(description="Drafts: of this contract, of what matches.")] | UnsetType
    ) = UNSET
    contract_ids: (
        Annotated[list[str], Meta(description="Drafts: of these contracts; missing, of all.")]
        | UnsetType
    ) = UNSET
    invoice_ids: (
        Annotated[list[str], Meta(description="Confirmation: of these invoices.")] | UnsetType
    ) = UNSET
    accounting_date: (
        Annotated[Day, Meta(description="Confirmation: booked on this day.")] | UnsetType
    ) = UNSET
    customer_ids: (
        Annotated[list[str], Meta(description="Drafts: only for these customers.")] | UnsetType
    ) = UNSET
    line_ids: (
        Annotated[list[str], Meta(description="Drafts: only of these contract lines.")] | UnsetType
    ) = UNSET
    status: (
        Annotated[Literal["ready", "not_ready"], Meta(description="Marks: what items become.")]
        | UnsetType
    ) = UNSET
    mode: (
        Annotated[
            Literal["all_or_nothing", "best_effort"],
            Meta(description="Marks: whether a refused item refuses its step (D-27)."),
        ]
        | UnsetType
    ) = UNSET
    matching: (
        Annotated[
            dict[str, Any],
            Meta(description="The `matching` of the request: view, filters, `except`, `expect`."),
        ]
        | UnsetType
    ) = UNSET


class JobEntry(Listed):
    """A job: what was asked for, by whom, and how far it is; without its results."""

    job_id: str
    kind: str
    status: JobStatus
    done: Annotated[int, Meta(description="Steps that are done.")]
    total: Annotated[int, Meta(description="Steps that there are; each has a result.")]
    request: JobRequest
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
    return JobEntry(**_shared(row, most=MOST_SAID))


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
        request=_request(state.kind, state.request),
        requested_at=None,
        ended_at=None,
        problem=None,
        results=[_scheduled(step) for step in shown],
        next=str(limit) if len(state.steps) > limit else None,
        **about,
    )


def _request(kind: str, recorded: str, most: int | None = None) -> JobRequest:
    """What was asked for, of each list the first ones; also as older jobs have it recorded."""
    said = msgspec.json.decode(recorded)
    if kind in _MARKS and "mode" not in said:
        mode = "best_effort" if said.get("partly") else "all_or_nothing"
        said = {"status": _MARKS[kind], "mode": mode, **said}
    known = {name: said[name] for name in JobRequest.__struct_fields__ if name in said}
    return msgspec.convert(_cut(known, most), JobRequest)


def _cut(value: object, most: int | None) -> object:
    """The value with no more than so many in each list."""
    match value:
        case dict():
            members = cast("dict[str, object]", value)
            return {name: _cut(member, most) for name, member in members.items()}
        case list():
            return cast("list[object]", value)[:most]
        case _:
            return value


def _shared(row: RowMapping, most: int | None = None) -> dict[str, Any]:
    return {
        "job_id": row["job_id"],
        "kind": row["kind"],
        "status": row["status"],
        "done": row["done"],
        "total": row["total"],
        "request": _request(row["kind"], row["request"], most),
        "requested_at": row["requested_at"],
        "ended_at": row["ended_at"],
        "actor": row["actor"],
        "reason": row["reason"],
        "problem": _problem(row),
    }


def _result(row: RowMapping, *, is_over: bool) -> JobResult:
    status = StepStatus(row["status"])
    invoices = msgspec.json.decode(row["invoices"], type=list[JobInvoice])
    about = row["invoice_id"]
    return JobResult(
        contract_id=row["contract_id"],
        invoice_id=about,
        number=next((each.number for each in invoices if each.invoice_id == about), None),
        item_count=row["item_count"],
        status=StepStatus.CANCELED if is_over and status is StepStatus.SCHEDULED else status,
        changed_count=row["changed_count"],
        skipped_count=row["skipped_count"],
        invoices=invoices,
        skipped=[_left_alone(**item) for item in msgspec.json.decode(row["skipped"])],
        problem=_problem_of_step(row),
        position=row["position"],
    )


def _scheduled(step: JobStep) -> JobResult:
    return JobResult(
        contract_id=step.contract_id,
        invoice_id=step.invoice_id,
        number=None,
        item_count=len(step.items),
        status=StepStatus.SCHEDULED,
        changed_count=0,
        skipped_count=0,
        invoices=[],
        skipped=[],
        problem=None,
        position=None,
    )


def _left_alone(item_id: str, code: str, detail: str) -> SkippedItem:
    return left_alone(LeftAlone(item_id, of_reason(code, detail)))


def _problem_of_step(row: RowMapping) -> Problem | None:
    """Why a step did nothing, with the limits that it would exceed (D-35)."""
    problem = _problem(row)
    if problem is None or row["exceeded"] is None:
        return problem
    limits = msgspec.json.decode(row["exceeded"])
    errors = [{"code": problem.code, "rule": problem.rule, **limit} for limit in limits]
    return msgspec.structs.replace(problem, errors=msgspec.convert(errors, list[ProblemError]))


def _problem(row: RowMapping) -> Problem | None:
    code = row["problem_code"]
    return of_recorded(code, row["problem_detail"]).body() if code else None
