"""The catalogue of events: what can have happened, each a promise to whoever reads the history.

An event is stored under `Name.vN` (never a module path) on the stream that its `stream` property
names. Events carry results, not recipes. Docstrings here become docs/events.md.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    BillingMethod,
    BillingType,
    MilestoneStatus,
    NTEStatus,
    Outcome,
    TransactionClass,
)
from aggregates.terms import ContractCustomer, FailedLevel, LevelUsage, LineTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvent:
    """An event on the stream of a contract."""

    VERSION: ClassVar[int] = 1
    contract_id: str

    @property
    def stream(self) -> str:
        return streams.contract(self.contract_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEvent:
    """An event on the stream of a contract line."""

    VERSION: ClassVar[int] = 1
    contract_id: str
    line_id: str

    @property
    def stream(self) -> str:
        return streams.line(self.contract_id, self.line_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent:
    """An event on the stream of an invoice."""

    VERSION: ClassVar[int] = 1
    invoice_id: str
    contract_id: str

    @property
    def stream(self) -> str:
        return streams.invoice(self.invoice_id)


# --- contracts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDefined(ContractEvent):
    """A contract was put on the books, or its terms were changed: the terms as they now stand."""

    name: str
    currency: str
    nte_limit: Decimal | None
    customers: tuple[ContractCustomer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLineListed(ContractEvent):
    """The contract took note of a line: how it is billed and which customers pay for it."""

    line_id: str
    billing_method: BillingMethod
    customers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractUsageChanged(ContractEvent):
    """What the levels `contract_customer` and `contract` hold from now on (D-37).

    Lists the levels that changed, with their new totals.
    """

    currency: str
    usages: tuple[LevelUsage, ...]


# --- contract lines ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLineDefined(LineEvent):
    """A contract line was put on the books, or its terms were changed: the terms as they now stand.

    Changed splits act on what comes after (D-5); a changed limit re-evaluates nothing (D-36).
    """

    currency: str
    terms: LineTerms
    milestones_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUsageChanged(LineEvent):
    """What the levels `line_customer` and `line` hold from now on (D-37): new totals."""

    currency: str
    usages: tuple[LevelUsage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonePart:
    """One customer's part of a milestone: a backlog item of the fixed-price view (D-10)."""

    item_id: str
    customer_id: str
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitShare:
    """The percentage that a milestone was split by; it keeps it when its amount changes (D-5)."""

    customer_id: str
    percent: Decimal
    rounding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneSplit(LineEvent):
    """A milestone was created and split at once into one part per paying customer (D-10)."""

    milestone_id: str
    name: str
    currency: str
    amount: Decimal
    tax: Decimal
    date: date
    task_id: str | None
    shares: tuple[SplitShare, ...]
    parts: tuple[MilestonePart, ...]
    milestones_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneChanged(LineEvent):
    """A milestone's name, date, amount, tax or task changed, and its parts followed (D-14)."""

    milestone_id: str
    name: str
    currency: str
    amount: Decimal
    tax: Decimal
    date: date
    task_id: str | None
    parts: tuple[MilestonePart, ...]
    milestones_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneDeleted(LineEvent):
    """A milestone was deleted, and all its parts with it (D-14)."""

    milestone_id: str
    items: tuple[str, ...]
    currency: str
    milestones_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbilledSale:
    """One customer's unbilled sales actual of an approval (D-20), born `not_ready`."""

    item_id: str
    customer_id: str
    quantity: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    nte_status: NTEStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedWork:
    """What an approval reported, and the unbilled sales actuals it became."""

    approval_id: str
    transaction_class: TransactionClass
    date: date
    unit_price: Decimal
    role: str | None
    category: str | None
    task_id: str | None
    resource: str | None
    description: str | None
    sales: tuple[UnbilledSale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbilledSalesRecorded(LineEvent):
    """Approvals on a time-and-material line became unbilled sales actuals (D-20 to D-22)."""

    currency: str
    approvals: tuple[ApprovedWork, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NTEResult:
    """The verdict on one item; `failed` names every level it does not fit under (D-31)."""

    item_id: str
    nte_status: NTEStatus
    failed: tuple[FailedLevel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NTEEvaluated(LineEvent):
    """Items were held against the not-to-exceed limits, one by one in this order (D-31, D-34)."""

    results: tuple[NTEResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NTEReset(LineEvent):
    """The verdicts on these items were withdrawn and their committed amounts freed (D-33)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderStatus:
    """The header status of a milestone after the event (D-12)."""

    milestone_id: str
    status: MilestoneStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsMoved(LineEvent):
    """Items of one line took a new billing status; milestones of theirs a new header status."""

    billing_method: BillingMethod
    items: tuple[str, ...]
    milestones: tuple[HeaderStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedReady(ItemsMoved):
    """Items were marked ready to invoice (D-11, D-25)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedNotReady(ItemsMoved):
    """Items were taken back to not ready, by a user (D-11, D-25) or by a lost verdict (D-33)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDrafted(ItemsMoved):
    """Ready items went on a draft invoice (D-13, D-40)."""

    invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsReleased(ItemsMoved):
    """Items came back from a deleted draft, ready again (D-42)."""

    invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPosted(ItemsMoved):
    """Items were posted with their confirmed invoice and left the open backlog (D-44)."""

    invoice_id: str


# --- invoices ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCreated(InvoiceEvent):
    """A draft proforma invoice was made for one customer of one contract (D-40)."""

    customer_id: str
    currency: str
    cutoff: date | None


MILESTONE = "milestone"
"""Kind of an invoice detail that bills a customer milestone; of others it is the class (D-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDetail:
    """One detail of an invoice: an actual of a class, or a customer milestone (`kind`)."""

    detail_id: str
    line_id: str
    item_id: str
    kind: str
    date: date
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    approval_id: str | None
    milestone_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingTypeTotal:
    """The details of one billing type on an invoice line, counted and summed (D-43)."""

    billing_type: BillingType
    count: int
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineTotal:
    """An invoice line: the sum of its chargeable details, and the groups by billing type (D-43)."""

    line_id: str
    billing_method: BillingMethod
    amount: Decimal
    tax: Decimal
    groups: tuple[BillingTypeTotal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsAdded(InvoiceEvent):
    """Details went on a draft, at most 1,000 an event; the invoice's totals after them (D-43)."""

    currency: str
    details: tuple[InvoiceDetail, ...]
    lines: tuple[InvoiceLineTotal, ...]
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDeleted(InvoiceEvent):
    """A draft was deleted; its items are ready again (D-42)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceConfirmed(InvoiceEvent):
    """A draft was confirmed, numbered, and is read-only from then on (D-44)."""

    number: str
    accounting_date: date
    currency: str
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedActual:
    """One actual that confirming an invoice booked (D-45)."""

    actual_id: str
    type: ActualType
    reversal_of: str | None
    item_id: str
    line_id: str
    approval_id: str | None
    milestone_id: str | None
    kind: str
    date: date
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    adjustment_status: AdjustmentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualsBooked(InvoiceEvent):
    """The actuals of a confirmed invoice: reversals of the unbilled, and the billed (D-45)."""

    customer_id: str
    currency: str
    actuals: tuple[BookedActual, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceNumberAssigned:
    """A number of the series was given to an invoice; the series has no gaps (D-44)."""

    VERSION: ClassVar[int] = 1
    series: str
    sequence: int
    number: str
    invoice_id: str

    @property
    def stream(self) -> str:
        return streams.number_series(self.series)


# --- intake ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReceived:
    """An event that an upstream system posted was taken in, once; its outcome, and why.

    A later version on the same stream tells what became of an event that had been parked. `data`
    keeps the posted data of what made no actual (not billable). `digest` is the SHA-256 of type and
    data, by which the same event is told from another of that id (D-20); null before version 2.
    """

    VERSION: ClassVar[int] = 2
    source: str
    event_id: str
    type: str
    contract_id: str
    line_id: str | None
    approval_id: str | None
    outcome: Outcome
    items: tuple[str, ...]
    problem_code: str | None
    problem_detail: str | None
    data: str | None
    digest: str | None

    @property
    def stream(self) -> str:
        return streams.receipt(self.source, self.event_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecorded:
    """An approval was recorded, once: what it became, and a digest of what it said (D-20).

    A second event about the same approval is answered from here, also after its items were posted.
    `source` is null before version 2, when an approval was known by its contract instead.
    """

    VERSION: ClassVar[int] = 2
    source: str | None
    contract_id: str
    line_id: str
    approval_id: str
    digest: str
    items: tuple[str, ...]

    @property
    def stream(self) -> str:
        if self.source is None:
            return streams.approval_without_source(self.contract_id, self.approval_id)
        return streams.approval(self.source, self.approval_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventParked(ContractEvent):
    """A posted event refers to something unknown yet; it is kept until that arrives.

    Recorded again, with the new reason, when a retry finds that it still can't be taken in.
    """

    parked_id: str
    source: str
    event_id: str
    type: str
    line_id: str | None
    approval_id: str | None
    problem_code: str
    problem_detail: str
    data: str

    @property
    def stream(self) -> str:
        return streams.parking(self.contract_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUnparked(ContractEvent):
    """A parked event left the parking place: taken in (`outcome`), or dismissed with a reason."""

    parked_id: str
    outcome: Outcome | None
    reason: str | None

    @property
    def stream(self) -> str:
        return streams.parking(self.contract_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestClaimed:
    """A request of several transactions claimed its Idempotency-Key before it acts.

    A digest of what it asks for is kept: no other request can be carried out under the key.
    """

    VERSION: ClassVar[int] = 1
    key: str
    digest: str

    @property
    def stream(self) -> str:
        return streams.request(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """The answer to a request that carried an Idempotency-Key, given again to a repetition."""

    VERSION: ClassVar[int] = 1
    key: str
    digest: str
    body: str

    @property
    def stream(self) -> str:
        return streams.request(self.key)


Event = (
    ContractDefined
    | ContractLineListed
    | ContractUsageChanged
    | ContractLineDefined
    | LineUsageChanged
    | MilestoneSplit
    | MilestoneChanged
    | MilestoneDeleted
    | UnbilledSalesRecorded
    | NTEEvaluated
    | NTEReset
    | MarkedReady
    | MarkedNotReady
    | ItemsDrafted
    | ItemsReleased
    | ItemsPosted
    | DraftCreated
    | DetailsAdded
    | DraftDeleted
    | InvoiceConfirmed
    | ActualsBooked
    | InvoiceNumberAssigned
    | EventReceived
    | ApprovalRecorded
    | EventParked
    | EventUnparked
    | RequestClaimed
    | RequestAnswered
)
"""Everything that can stand in the history."""
