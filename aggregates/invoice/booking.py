"""What a confirmed invoice books, detail by detail (D-45): today the two cases without a change."""

from collections.abc import Iterator
from decimal import Decimal

from aggregates import streams
from aggregates.invoice.events import MILESTONE, BookedActual, InvoiceDetail
from aggregates.statuses import ActualType, AdjustmentStatus


def book(detail: InvoiceDetail) -> Iterator[BookedActual]:
    """The actuals of one detail.

    T&M, unchanged: a reversal of the unbilled and the billed. Milestone: the billed alone. Unbilled
    and reversal net to zero, and the billed of an invoice add up to it (D-46).
    """
    if detail.kind != MILESTONE:
        yield _actual(
            detail,
            ActualType.UNBILLED_SALES,
            AdjustmentStatus.UNADJUSTABLE,
            sign=-1,
            reversal_of=detail.item_id,
        )
    yield _actual(detail, ActualType.BILLED_SALES, AdjustmentStatus.ADJUSTABLE)


def _actual(
    detail: InvoiceDetail,
    actual_type: ActualType,
    adjustment: AdjustmentStatus,
    *,
    sign: int = 1,
    reversal_of: str | None = None,
) -> BookedActual:
    return BookedActual(
        actual_id=streams.digest(detail.detail_id, actual_type),
        type=actual_type,
        reversal_of=reversal_of,
        item_id=detail.item_id,
        line_id=detail.line_id,
        approval_id=detail.approval_id,
        milestone_id=detail.milestone_id,
        kind=detail.kind,
        date=detail.date,
        quantity=_signed(detail.quantity, sign),
        unit_price=detail.unit_price,
        amount=_signed(detail.amount, sign),
        tax=_signed(detail.tax, sign),
        billing_type=detail.billing_type,
        adjustment_status=adjustment,
    )


def _signed(value: Decimal, sign: int) -> Decimal:
    """The value or its opposite, never a negative zero."""
    return value * sign if value else value
