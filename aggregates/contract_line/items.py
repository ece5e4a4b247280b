"""What is open on a contract line: sales, and milestones with a part for each customer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aggregates import splitting
from aggregates.actuals import Actual
from aggregates.contract_line.events import ApprovedWork, UnbilledSale
from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    BillingStatus,
    BillingType,
    Cause,
    MilestoneStatus,
    NTEStatus,
)
from aggregates.terms import FailedLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSale:
    """An unbilled actual in the backlog: not posted yet. `invoice_id` is its draft, if any."""

    actual: Actual
    customer_id: str
    description: str
    role: str | None = None
    category: str | None = None
    task_id: str | None = None
    resource: str | None = None
    billing_status: BillingStatus = BillingStatus.NOT_READY
    invoice_id: str | None = None
    nte_status: NTEStatus
    failed: tuple[FailedLevel, ...] = ()

    @property
    def item_id(self) -> str:
        """The id of the item, which is that of its actual."""
        return self.actual.actual_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPart:
    """One customer's part of a milestone that is not completed yet.

    It is charged, but for one that was billed otherwise and credited (D-66, D-81).
    """

    item_id: str
    milestone_id: str
    customer_id: str
    amount: Decimal
    tax: Decimal
    billing_status: BillingStatus = BillingStatus.NOT_READY
    billing_type: BillingType = BillingType.CHARGEABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMilestone:
    """A milestone that is not completed yet, and the shares it was split by (D-5)."""

    milestone_id: str
    name: str
    amount: Decimal
    tax: Decimal
    date: date
    task_id: str | None
    shares: tuple[splitting.Share, ...]
    parts: tuple[str, ...]
    status: MilestoneStatus = MilestoneStatus.NOT_STARTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedMilestone:
    """A milestone all of whose parts are posted; a correction may take parts back (D-81)."""

    milestone: OpenMilestone
    parts: tuple[OpenPart, ...]


Item = OpenSale | OpenPart
"""An item of the backlog."""


def open_sale(
    line_id: str,
    work: ApprovedWork,
    sale: UnbilledSale,
    cause: Cause = Cause.APPROVAL,
    replaces: str | None = None,
) -> OpenSale:
    """What an approval has become for one customer (D-20). Its actual's id is that of its item."""
    return OpenSale(
        actual=Actual(
            actual_id=sale.item_id,
            type=ActualType.UNBILLED_SALES,
            cause=cause,
            reversal_of=None,
            replaces=replaces,
            item_id=sale.item_id,
            line_id=line_id,
            approval_id=work.approval_id,
            milestone_id=None,
            kind=work.transaction_class,
            date=work.date,
            quantity=sale.quantity,
            unit_price=work.unit_price,
            amount=sale.amount,
            tax=sale.tax,
            billing_type=sale.billing_type,
            adjustment_status=AdjustmentStatus.ADJUSTABLE,
        ),
        customer_id=sale.customer_id,
        description=work.description or "",
        role=work.role,
        category=work.category,
        task_id=work.task_id,
        resource=work.resource,
        nte_status=sale.nte_status,
    )


def milestone_status(parts: Collection[BillingStatus]) -> MilestoneStatus:
    """What the parts of a milestone say together (D-12)."""
    if all(status is BillingStatus.INVOICE_POSTED for status in parts):
        return MilestoneStatus.COMPLETED
    if any(status is not BillingStatus.NOT_READY for status in parts):
        return MilestoneStatus.IN_PROGRESS
    return MilestoneStatus.NOT_STARTED
