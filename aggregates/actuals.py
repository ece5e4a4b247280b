"""An actual: what work or a milestone is worth in the books. One shape from approval to correction.

An approval makes unbilled ones, the confirmation of an invoice reverses these and books billed ones
(D-45). None is ever edited: it is reversed, and others take its place.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates.contract_line.events import ApprovedWork, UnbilledSale
from aggregates.statuses import ActualType, AdjustmentStatus, BillingStatus, BillingType

BOOKED = BillingStatus.INVOICE_POSTED
"""What every actual reads that a confirmed invoice has booked (D-45)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """One actual; its contract, customer and currency are those of what lists it.

    `item_id` is the backlog item that it is about, null where there is none. `kind` is the
    class of the work, or that of a detail that bills no work. These fields in this order are also
    how the history stores what an invoice has booked.
    """

    actual_id: str
    type: ActualType
    reversal_of: str | None
    item_id: str | None
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


def unbilled(line_id: str, work: ApprovedWork, sale: UnbilledSale) -> Actual:
    """The actual of one customer that an approval has become (D-20). Its id is that of its item."""
    return Actual(
        actual_id=sale.item_id,
        type=ActualType.UNBILLED_SALES,
        reversal_of=None,
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
    )


def reversal(actual: Actual, actual_id: str) -> Actual:
    """What cancels an actual: both sum to zero in quantity, amount and tax (D-46).

    It copies everything else, and can't be adjusted itself.
    """
    return replace(
        actual,
        actual_id=actual_id,
        reversal_of=actual.actual_id,
        quantity=-actual.quantity,
        amount=-actual.amount,
        tax=-actual.tax,
        adjustment_status=AdjustmentStatus.UNADJUSTABLE,
    )
