"""What a confirmed invoice books, detail by detail (D-45): today the cases without an edit."""

from collections.abc import Iterator

from aggregates import actuals, streams
from aggregates.actuals import Actual
from aggregates.invoice.events import InvoiceDetail
from aggregates.statuses import ActualType, AdjustmentStatus, Cause


def book(detail: InvoiceDetail, original: Actual | None) -> Iterator[Actual]:
    """The actuals of one detail, and of the unbilled actual that it bills, if there is one.

    Time and material: the original is reversed, and the billed booked. A milestone has no original:
    the billed alone. Unbilled and reversal net to zero, the billed of an invoice add up to it
    (D-46).
    """
    if original:
        reversal_id = _actual_id(detail, ActualType.UNBILLED_SALES)
        yield actuals.reversal(original, reversal_id, Cause.CONFIRMATION)
    yield billed(detail)


def billed(detail: InvoiceDetail) -> Actual:
    """The detail as it is billed."""
    return Actual(
        actual_id=_actual_id(detail, ActualType.BILLED_SALES),
        type=ActualType.BILLED_SALES,
        cause=Cause.CONFIRMATION,
        reversal_of=None,
        replaces=None,
        item_id=detail.item_id,
        line_id=detail.line_id,
        approval_id=detail.approval_id,
        milestone_id=detail.milestone_id,
        kind=detail.kind,
        date=detail.date,
        quantity=detail.quantity,
        unit_price=detail.unit_price,
        amount=detail.amount,
        tax=detail.tax,
        billing_type=detail.billing_type,
        adjustment_status=AdjustmentStatus.ADJUSTABLE,
    )


def _actual_id(detail: InvoiceDetail, kind: ActualType) -> str:
    return streams.digest(detail.detail_id, kind)
