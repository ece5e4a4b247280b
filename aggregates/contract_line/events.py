"""Events on the stream of a contract line: terms, milestones, unbilled sales, items that moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from aggregates import streams
from aggregates.actuals import Actual
from aggregates.statuses import (
    BillingMethod,
    BillingType,
    Cause,
    MilestoneStatus,
    NTEStatus,
    TransactionClass,
)
from aggregates.terms import FailedLevel, LevelUsage, LineTerms


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
    """What an approval reported, and the unbilled sales actuals it became.

    `approval_id` is null for what a correction gives back of a detail by hand: no approval stands
    behind that (D-68).
    """

    approval_id: str | None
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
class UnbilledSalesBooked(LineEvent):
    """Unbilled sales came in the place of others: what a correction gives back, what a corrected
    entry comes to (D-78, D-85).

    `replaces` names for each new item the actual whose place it takes.
    """

    currency: str
    cause: Cause
    accounting_date: date
    approvals: tuple[ApprovedWork, ...]
    replaces: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerActuals:
    """Actuals of one customer."""

    customer_id: str
    actuals: tuple[Actual, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesReversed(LineEvent):
    """Unbilled sales left the backlog for good: each is adjusted, canceled and reversed (D-23).

    `items` are their ids, which are those of their actuals; the reversals are canceled, too.
    """

    currency: str
    cause: Cause
    accounting_date: date
    items: tuple[str, ...]
    reversals: tuple[CustomerActuals, ...]


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
    """Items came off a draft, or back from a deleted one, ready again (D-69)."""

    invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPosted(ItemsMoved):
    """Items were posted with their confirmed invoice and left the open backlog (D-44)."""

    invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedPart:
    """What a correction makes of one posted part of a milestone (D-81).

    `kept` is the part as it stays billed, null when all of it was credited. `returned` is what is
    billed no longer, and ready: the same item when nothing stays, a new one beside it otherwise. It
    has its milestone's date, and `place` among its parts: the last one, if it is new. It is what it
    was billed as, `billing_type`: what was given away comes back so.
    """

    milestone_id: str
    date: date
    kept: MilestonePart | None
    returned: MilestonePart
    place: int
    billing_type: BillingType


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonePartsCredited(LineEvent):
    """A correction was confirmed and took posted parts of milestones back, whole or in part (D-81).

    Lists the header status that each milestone has by it (D-12). Before version 2 no part said as
    what it was billed.
    """

    VERSION: ClassVar[int] = 2
    invoice_id: str
    currency: str
    parts: tuple[CreditedPart, ...]
    milestones: tuple[HeaderStatus, ...]
