"""Every status and kind the service knows, with its wire value (domain.md §1)."""

from enum import StrEnum


class BillingMethod(StrEnum):
    """How a contract line is billed."""

    FIXED_PRICE = "fixed_price"
    TIME_AND_MATERIAL = "time_and_material"


class Schedule(StrEnum):
    """How a fixed-price line is cut into amounts due (D-10, D-16)."""

    MILESTONES = "milestones"
    PROGRESS = "progress"


class TransactionClass(StrEnum):
    """The kind of work an approval reports (D-22)."""

    TIME = "time"
    EXPENSE = "expense"
    MATERIAL = "material"
    FEE = "fee"


class BillingStatus(StrEnum):
    """Where a backlog item stands on its way to an invoice."""

    NOT_READY = "not_ready"
    READY = "ready"
    INVOICE_CREATED = "invoice_created"
    INVOICE_POSTED = "invoice_posted"
    CANCELED = "canceled"


class MilestoneStatus(StrEnum):
    """What the parts of a milestone say together (D-12)."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class NTEStatus(StrEnum):
    """The verdict of the not-to-exceed evaluation (D-31, D-32)."""

    NOT_APPLICABLE = "not_applicable"
    NOT_EVALUATED = "not_evaluated"
    COMMITTED = "committed"
    FAILED = "failed"


class BillingType(StrEnum):
    """Whether an actual is charged to the customer (D-22)."""

    CHARGEABLE = "chargeable"
    NON_CHARGEABLE = "non_chargeable"
    COMPLIMENTARY = "complimentary"
    NOT_AVAILABLE = "not_available"


class AdjustmentStatus(StrEnum):
    """Whether an actual can still be corrected (D-23)."""

    ADJUSTABLE = "adjustable"
    ADJUSTED = "adjusted"
    UNADJUSTABLE = "unadjustable"


class ActualType(StrEnum):
    """The two sides of a sales actual."""

    UNBILLED_SALES = "unbilled_sales"
    BILLED_SALES = "billed_sales"


class Cause(StrEnum):
    """Why an actual was booked (D-110)."""

    APPROVAL = "approval"
    RECALL = "recall"
    ENTRY_CORRECTION = "entry_correction"
    CONFIRMATION = "confirmation"
    EDIT = "edit"
    HAND = "hand"
    CORRECTION = "correction"


class ApprovalRule(StrEnum):
    """Whether an invoice of a contract has to be approved before it is confirmed (D-73).

    `four_eyes`: by who neither made nor changed it.
    """

    NONE = "none"
    REQUIRED = "required"
    FOUR_EYES = "four_eyes"


class InvoiceStatus(StrEnum):
    """The life of a proforma invoice."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CONFIRMED = "confirmed"
    PAID = "paid"


class LimitLevel(StrEnum):
    """The four levels of a not-to-exceed limit, in the order they are checked (D-30)."""

    LINE_CUSTOMER = "line_customer"
    LINE = "line"
    CONTRACT_CUSTOMER = "contract_customer"
    CONTRACT = "contract"


class Outcome(StrEnum):
    """What became of an event that an upstream system posted."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    NOT_BILLABLE = "not_billable"
    PARKED = "parked"
    REFUSED = "refused"


class JobStatus(StrEnum):
    """The life of a job: what is too long for one request."""

    SCHEDULED = "scheduled"
    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELED = "canceled"


class StepStatus(StrEnum):
    """What became of one step of a job; `canceled` if its job ended before it was begun."""

    SCHEDULED = "scheduled"
    COMPLETE = "complete"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELED = "canceled"


UNBILLED = (BillingStatus.NOT_READY, BillingStatus.READY)
"""Statuses that commands may still move; from `invoice_created` on the invoice decides (D-25)."""
