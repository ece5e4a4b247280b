"""What a kind of job is: a plan of steps, and how one step is done in a unit of work.

To add one: a module beside `drafting.py` with a function that makes the Plan of what a caller asks
for, and a JobKind in `kinds.py`. The rest (202, going on after a kill, canceling, results) is the
same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from aggregates.invoice.state import Invoice
from aggregates.job.events import JobInvoice, JobStep, StepOutcome
from aggregates.job.state import Job
from service.ledger.unit_of_work import UnitOfWork

Do = Callable[[UnitOfWork, Job, JobStep], StepOutcome]
"""Does a step: loads, decides, appends its own events, and says what came of it.

It runs in the writer's thread as any command does, again if another writer was faster, so it must
not wait and must not make anything up: ids derive from the job's. A Refused that it raises changes
nothing, and is the outcome of the step; the job goes on. Any other error ends the job as failed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A kind of job by its name, which is in the history: it stays."""

    name: str
    do: Do


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job of a kind is to do: what was asked for, as canonical JSON, and the steps."""

    kind: str
    request: str
    steps: tuple[JobStep, ...]


def canonical(asked: Any) -> str:
    """What was asked for as JSON, the same for the same."""
    return msgspec.json.encode(asked, order="sorted").decode()


def job_invoice(invoice: Invoice) -> JobInvoice:
    """An invoice that a step made or changed, as it is after that."""
    return JobInvoice(
        invoice_id=invoice.invoice_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        amount=invoice.amount,
        tax=invoice.tax,
        number=invoice.number,
    )
