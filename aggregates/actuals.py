"""An actual: what work or a milestone is worth in the books. One shape from approval to correction.

An approval makes unbilled ones, the confirmation of an invoice reverses these and books billed ones
(D-45). None is ever edited: it is reversed, and others take its place.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates.statuses import ActualType, AdjustmentStatus, BillingStatus, BillingType, Cause

BOOKED = BillingStatus.INVOICE_POSTED
"""What every actual reads that a confirmed invoice has booked (D-45)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """One actual; its contract, customer, currency and accounting date are those of what lists it.

    `item_id` is the backlog item that it is about, null where there is none. `kind` is the
    class of the work, or that of a detail that bills no work. `cause` is why it was booked (D-110),
    `replaces` the actual whose place it takes, null where it takes none. These fields in this order
    are also how the history stores what was booked.
    """

    actual_id: str
    type: ActualType
    cause: Cause
    reversal_of: str | None
    replaces: str | None
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


def reversal(actual: Actual, actual_id: str, cause: Cause) -> Actual:
    """What cancels an actual: both sum to zero in quantity, amount and tax (D-46).

    It copies everything else of it, replaces nothing, and can't be adjusted itself.
    """
    return replace(
        actual,
        actual_id=actual_id,
        cause=cause,
        reversal_of=actual.actual_id,
        replaces=None,
        quantity=-actual.quantity,
        amount=-actual.amount,
        tax=-actual.tax,
        adjustment_status=AdjustmentStatus.UNADJUSTABLE,
    )
