"""What callers get, as models: they document the contract, and tests hold the answers to them.

Answers are put together from rows and states directly; these models do not run on the way out.
"""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    BillingMethod,
    BillingStatus,
    BillingType,
    InvoiceStatus,
    LimitLevel,
    MilestoneStatus,
    NTEStatus,
    Outcome,
    Schedule,
    TransactionClass,
)
from service.wire.requests import DateText

Money = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["1600.00"])]
Quantity = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["7.5"])]
UnitPrice = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
        examples=["83.3333"],
        description="Up to six decimals, at least the currency's (D-1).",
    ),
]
Position = Annotated[int, Field(ge=0, description="How far of the history this shows.")]

R = TypeVar("R")


class Model(BaseModel):
    """An answer or a part of one: exactly these fields.

    Nothing is built of it before somebody asks for the document that it is for.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Done(Model):
    """A command that leaves nothing to show."""

    position: Position


class Page(Model, Generic[R]):
    """A page of a list."""

    items: list[R]
    next: str | None
    position: Position


class Total(Model):
    """Sums over the whole filter, by currency, billing status and billing type.

    Milestones are chargeable.
    """

    currency: str
    billing_status: BillingStatus
    billing_type: BillingType
    count: int
    amount: Money
    tax: Money


class TotalledPage(Page[R], Generic[R]):
    """A page of a backlog view; `totals` when they were asked for."""

    totals: list[Total] | None = None


class ContractCustomer(Model):
    """A customer on the contract."""

    customer_id: str
    name: str
    nte_limit: Money | None


class Contract(Model):
    """A contract as it stands."""

    contract_id: str
    name: str
    currency: str
    nte_limit: Money | None
    customers: list[ContractCustomer]
    lines: list[str]
    position: Position | None = None


class LineCustomer(Model):
    """Who pays which share of a line."""

    customer_id: str
    split_percent: str
    rounding: bool
    nte_limit: Money | None


class Chargeable(Model):
    """Which roles, categories and tasks are charged (D-22)."""

    roles: dict[str, bool]
    categories: dict[str, bool]
    tasks: dict[str, bool] | None


class Line(Model):
    """A contract line as it stands; `difference` is contract amount less milestones (D-15)."""

    contract_id: str
    line_id: str
    name: str
    project_id: str
    billing_method: BillingMethod
    currency: str
    contract_amount: Money | None
    nte_limit: Money | None
    customers: list[LineCustomer]
    schedule: Schedule
    includes: list[TransactionClass]
    chargeable: Chargeable
    milestones_total: Money | None
    difference: Money | None
    position: Position


class MilestonePart(Model):
    """One customer's part of a milestone."""

    item_id: str
    customer_id: str
    amount: Money
    tax: Money
    billing_status: BillingStatus


class Milestone(Model):
    """A milestone and its parts."""

    milestone_id: str
    contract_id: str
    line_id: str
    name: str
    status: MilestoneStatus
    amount: Money
    tax: Money
    currency: str
    date: DateText
    task_id: str | None
    parts: list[MilestonePart]
    position: Position


class LimitLevelUsage(Model):
    """One level: its limit and what is used of it; without a limit, `remaining` is null."""

    level: LimitLevel
    line_id: str | None
    customer_id: str | None
    limit: Money | None
    committed: Money
    invoiced: Money
    remaining: Money | None


class Limits(Model):
    """Every level of a contract; `reevaluate` names items whose verdict would change now (D-36)."""

    levels: list[LimitLevelUsage]
    currency: str
    reevaluate: list[str]
    position: Position


class LinePerformance(Model):
    """How a line performs: chargeable amounts without tax (D-60)."""

    line_id: str
    name: str
    billing_method: BillingMethod
    contract_value: Money | None
    invoiced: Money
    on_drafts: Money
    ready: Money
    not_ready: dict[str, Money]
    remaining: Money | None


class Performance(Model):
    """How a contract performs (D-60)."""

    contract_id: str
    currency: str
    contract_value: Money | None
    invoiced: Money
    on_drafts: Money
    ready: Money
    not_ready: dict[str, Money]
    remaining: Money | None
    lines: list[LinePerformance]
    limits: list[LimitLevelUsage]
    position: Position


class FailedLevel(Model):
    """A limit that an amount does not fit under (D-31)."""

    level: LimitLevel
    limit: Money
    used: Money
    shortfall: Money


class BacklogRow(Model):
    """What rows of both views have."""

    item_id: str
    contract_id: str
    contract_name: str
    line_id: str
    line_name: str
    project_id: str
    customer_id: str
    customer_name: str
    date: DateText
    amount: Money
    tax: Money
    currency: str
    billing_status: BillingStatus
    invoice_id: str | None
    position: Position | None = None


class FixedPriceRow(BacklogRow):
    """A customer milestone in the fixed-price view."""

    milestone_id: str
    milestone_name: str
    milestone_status: MilestoneStatus


class SalesRow(BacklogRow):
    """An unbilled sales actual in the time-and-material view."""

    approval_id: str
    transaction_class: Annotated[TransactionClass, Field(alias="class")]
    resource: str | None
    role: str | None
    category: str | None
    task_id: str | None
    description: str | None
    quantity: Quantity
    unit_price: UnitPrice
    billing_type: BillingType
    nte_status: NTEStatus
    nte_detail: list[FailedLevel] | None


class ChangedItem(Model):
    """An item that a command changed, as it stands now."""

    item_id: str
    billing_status: BillingStatus
    nte_status: NTEStatus | None
    nte_detail: list[FailedLevel] | None


class SkippedItem(Model):
    """An item that a command left alone, and why."""

    item_id: str
    code: str
    detail: str
    level: LimitLevel | None = None
    shortfall: Money | None = None
    levels: list[FailedLevel] | None = None


class ItemsChanged(Model):
    """What a command over items did."""

    changed: list[ChangedItem]
    skipped: list[SkippedItem]
    position: Position


class InvoiceDetail(Model):
    """One detail of an invoice; `kind` is the class of an actual, or `milestone`."""

    detail_id: str
    item_id: str
    kind: Literal["time", "expense", "material", "fee", "milestone"]
    date: DateText
    description: str
    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    billing_type: BillingType


class BillingTypeTotal(Model):
    """The details of one billing type on an invoice line (D-43)."""

    billing_type: BillingType
    count: int
    amount: Money
    tax: Money


class InvoiceLine(Model):
    """An invoice line: one contract line's details; amounts count the chargeable ones (D-43)."""

    line_id: str
    billing_method: BillingMethod
    amount: Money
    tax: Money
    total: Money
    groups: list[BillingTypeTotal]
    details: list[InvoiceDetail]


class Invoice(Model):
    """A proforma invoice."""

    invoice_id: str
    number: str | None
    status: InvoiceStatus
    contract_id: str
    customer_id: str
    currency: str
    cutoff: DateText | None
    accounting_date: DateText | None
    corrects: str | None
    amount: Money
    tax: Money
    total: Money
    lines: list[InvoiceLine]
    position: Position | None = None


class ConfirmedInvoice(Invoice):
    """The invoice; `already_confirmed` if it was before, and nothing changed (D-44)."""

    already_confirmed: Literal[True] | None = None


class Drafted(Model):
    """The drafts made, and the named items that were not taken, with why."""

    invoices: list[Invoice]
    skipped: list[SkippedItem]
    position: Position


class Actual(Model):
    """A sales actual: unbilled, its reversal, or billed (D-45)."""

    actual_id: str
    item_id: str
    type: ActualType
    reversal_of: str | None
    contract_id: str
    line_id: str
    customer_id: str
    approval_id: str | None
    milestone_id: str | None
    invoice_id: str | None
    transaction_class: Annotated[TransactionClass | None, Field(alias="class")]
    date: DateText
    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    currency: str
    billing_type: BillingType
    billing_status: BillingStatus
    adjustment_status: AdjustmentStatus
    position: Position


class Problem(Model):
    """A problem document (RFC 9457); calls over items and fields name each in `errors`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, object]] | None = None


Ignored = Annotated[
    list[str],
    Field(
        max_length=20,
        description="Fields of the data that are not known here, as paths; the first of them.",
    ),
]


class EventResult(Model):
    """What became of one posted event."""

    id: str | None
    outcome: Outcome
    items: list[str]
    position: Position
    problem: Problem | None
    ignored: Ignored


class RefusedEvent(Problem):
    """The problem that a single posted event was refused for."""

    id: str | None
    outcome: Literal["refused"]
    items: list[str]
    position: Position
    ignored: Ignored


class BatchResult(Model):
    """What became of a batch of posted events, in order."""

    results: list[EventResult]
    position: Position


class NotedRefusal(Model):
    """An event that was refused, of which nothing but its ids is kept; texts may be cut."""

    refused_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    source: str | None
    id: str | None
    type: str | None
    contract_id: str | None
    line_id: str | None
    approval_id: str | None
    problem: Problem
    actor: str


class ParkedEvent(Model):
    """An event that waits for something unknown yet; `id` is its own, `parked_id` unique here."""

    id: str
    parked_id: str
    source: str
    type: str
    contract_id: str
    line_id: str | None
    approval_id: str | None
    position: Position
    problem: Problem
    data: dict[str, object]


class AuditEvent(Model):
    """An event of the history: what, when, who, why, and what caused it (D-64)."""

    position: Position
    stream: str
    version: int
    type: str
    recorded_at: str
    actor: str
    reason: str | None
    correlation_id: str
    causation_id: str | None
    data: dict[str, object]


class Live(Model):
    """The process runs."""

    status: Literal["live"]


class Ready(Model):
    """The service can be used; the views are `lag` events behind the history."""

    status: Literal["ready"]
    position: Position
    lag: int
