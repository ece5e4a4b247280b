"""Many invoices are confirmed, in the order they are named, an invoice a step (D-50, D-97)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from aggregates.job.events import JobStep, StepOutcome
from aggregates.job.state import Job
from aggregates.statuses import StepStatus
from service.handlers.invoicing.confirming import confirm_in
from service.handlers.invoicing.loading import invoice_of
from service.handlers.jobs.kind import JobKind, Plan, canonical, job_invoice
from service.ledger.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a job has recorded of its request, as far as the steps don't say it."""

    accounting_date: date | None = None


def plan(invoice_ids: Sequence[str], accounting_date: date | None = None) -> Plan:
    """A step for each invoice; one that is named again is confirmed once."""
    named = tuple(dict.fromkeys(invoice_ids))
    steps = tuple(JobStep(invoice_id=invoice_id) for invoice_id in named)
    dated = {} if accounting_date is None else {"accounting_date": accounting_date}
    said = {"invoice_ids": named, **dated}
    return Plan(kind=CONFIRM_INVOICES.name, request=canonical(said), steps=steps)


def _do(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
    """Confirms one invoice, dated as asked or that day; one confirmed before is complete, too.

    Any refusal of that confirmation is the outcome of the step.
    """
    invoice_id = str(step.invoice_id)
    asked = msgspec.json.decode(job.request, type=_Asked)
    decided = confirm_in(unit, invoice_id, asked.accounting_date)
    invoice = invoice_of(unit, invoice_id)
    return StepOutcome(
        status=StepStatus.COMPLETE,
        changed_count=len(invoice.details) if decided.events else 0,
        invoices=(job_invoice(invoice),),
    )


CONFIRM_INVOICES = JobKind(name="confirm_invoices", do=_do)
