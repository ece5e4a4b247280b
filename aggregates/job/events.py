"""Events on the stream of a job, and on the one that says which jobs are open."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.statuses import StepStatus
from aggregates.terms import FailedLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """An event on the stream of a job."""

    VERSION: ClassVar[int] = 1
    job_id: str

    @property
    def stream(self) -> str:
        return streams.job(self.job_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequested(JobEvent):
    """A job of this kind was asked for: work in so many steps, each a transaction.

    The request is canonical JSON: what was asked for, as far as the steps don't say it.
    """

    kind: str
    request: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep:
    """What one step of a job is about: a contract, an invoice, or items."""

    contract_id: str | None = None
    invoice_id: str | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStepsPlanned(JobEvent):
    """What steps a job has, in order, from this number on; at most 1,000 steps or items an event.

    Steps are counted from 1.
    """

    first: int
    steps: tuple[JobStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInvoice:
    """An invoice that a step of a job made or changed, with its amounts then."""

    invoice_id: str
    customer_id: str
    currency: str
    amount: Decimal
    tax: Decimal
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSkipped:
    """An item that a step of a job left alone, and why."""

    item_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobExceeded:
    """A limit that the invoice of a step exceeds with a line of it, so it was not confirmed."""

    line_id: str
    failed: FailedLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What came of a step: its status, how many items it changed and left alone, and why.

    Items left alone are listed up to 1,000. The problem says why nothing was done, if so; which
    limits are `exceeded`, where that is why (D-35).
    """

    status: StepStatus
    changed_count: int = 0
    skipped_count: int = 0
    invoices: tuple[JobInvoice, ...] = ()
    skipped: tuple[JobSkipped, ...] = ()
    problem_code: str | None = None
    problem_detail: str | None = None
    exceeded: tuple[JobExceeded, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStepDone(JobEvent):
    """A step of a job was done, in the transaction of what it did; so many steps are done now.

    Before version 2 no job confirmed invoices, so none exceeded a limit.
    """

    VERSION: ClassVar[int] = 2
    step: int
    outcome: StepOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(JobEvent):
    """Every step of a job was tried, and one at least did not fail; each has its own outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(JobEvent):
    """A job ended at an error that nobody foresaw, or every step of it has failed.

    What is done stays, nothing more is begun.
    """

    problem_code: str
    problem_detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCanceled(JobEvent):
    """A job was stopped; what is done stays, nothing more is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJobsEvent:
    """An event on the stream that says which jobs are open."""

    VERSION: ClassVar[int] = 1
    job_id: str

    @property
    def stream(self) -> str:
        return streams.OPEN_JOBS


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOpened(OpenJobsEvent):
    """A job is open from now on: it has steps to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobClosed(OpenJobsEvent):
    """A job is over."""
