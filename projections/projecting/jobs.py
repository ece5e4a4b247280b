"""Jobs, how far each is, and what came of its steps."""

import json
from collections.abc import Iterator
from typing import Any

from aggregates.job.events import (
    JobCanceled,
    JobCompleted,
    JobEvent,
    JobExceeded,
    JobFailed,
    JobInvoice,
    JobRequested,
    JobStep,
    JobStepDone,
    JobStepsPlanned,
    StepOutcome,
)
from aggregates.statuses import JobStatus, StepStatus
from projections.history import Recorded
from projections.projecting.changes import Change, Patch, Put, Row
from projections.projecting.time_and_material import failed_levels
from projections.tables import job_steps, jobs


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of jobs; every event of their streams moves their version."""
    match recorded.event:
        case JobRequested() as event:
            yield Put(jobs, (_asked(event, recorded),))
        case JobStepsPlanned() as event:
            numbered = enumerate(event.steps, event.first)
            yield Put(job_steps, tuple(_step(event.job_id, *each) for each in numbered))
            yield _moved(event, recorded)
        case JobStepDone() as event:
            outcome = {"job_id": event.job_id, "step": event.step, **_outcome(event.outcome)}
            outcome["position"] = recorded.position if event.outcome.changed_count else None
            yield Patch(job_steps, (outcome,))
            yield _moved(event, recorded, status=JobStatus.PROCESSING, done=event.step)
        case JobCompleted() as event:
            yield _ended(event, recorded, JobStatus.COMPLETE)
        case JobCanceled() as event:
            yield _ended(event, recorded, JobStatus.CANCELED)
        case JobFailed() as event:
            problem = {"problem_code": event.problem_code, "problem_detail": event.problem_detail}
            yield _ended(event, recorded, JobStatus.FAILED, **problem)
        case _:
            return


def _moved(event: JobEvent, recorded: Recorded, **values: Any) -> Patch:
    return Patch(jobs, ({"job_id": event.job_id, "version": recorded.version, **values},))


def _ended(event: JobEvent, recorded: Recorded, status: JobStatus, **values: Any) -> Patch:
    at = recorded.metadata.recorded_at.isoformat()
    return _moved(event, recorded, status=status, ended_at=at, **values)


def _asked(event: JobRequested, recorded: Recorded) -> Row:
    return {
        "job_id": event.job_id,
        "position": recorded.position,
        "kind": event.kind,
        "request": event.request,
        "status": JobStatus.SCHEDULED,
        "done": 0,
        "total": event.total,
        "requested_at": recorded.metadata.recorded_at.isoformat(),
        "ended_at": None,
        "actor": recorded.metadata.actor,
        "reason": recorded.metadata.reason,
        "problem_code": None,
        "problem_detail": None,
        "version": recorded.version,
    }


def _step(job_id: str, number: int, step: JobStep) -> Row:
    return {
        "job_id": job_id,
        "step": number,
        "contract_id": step.contract_id,
        "invoice_id": step.invoice_id,
        "item_count": len(step.items),
        **_outcome(StepOutcome(status=StepStatus.SCHEDULED)),
        "position": None,
    }


def _outcome(outcome: StepOutcome) -> Row:
    exceeded = [_exceeded(each) for each in outcome.exceeded]
    skipped = [
        {"item_id": item.item_id, "code": item.code, "detail": item.detail}
        for item in outcome.skipped
    ]
    return {
        "status": outcome.status,
        "changed_count": outcome.changed_count,
        "skipped_count": outcome.skipped_count,
        "invoices": json.dumps([_invoice(invoice) for invoice in outcome.invoices]),
        "skipped": json.dumps(skipped),
        "problem_code": outcome.problem_code,
        "problem_detail": outcome.problem_detail,
        "exceeded": json.dumps(exceeded) if exceeded else None,
    }


def _exceeded(each: JobExceeded) -> Row:
    return {"line_id": each.line_id, **failed_levels((each.failed,))[0]}


def _invoice(invoice: JobInvoice) -> Row:
    return {
        "invoice_id": invoice.invoice_id,
        "customer_id": invoice.customer_id,
        "currency": invoice.currency,
        "amount": f"{invoice.amount:f}",
        "tax": f"{invoice.tax:f}",
        "number": invoice.number,
    }
