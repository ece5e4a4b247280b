"""What both backlog views share: how the billing status of an item follows the events (D-13), and
how what a posted item shows follows what bills it (D-45, D-78, D-81)."""

from collections.abc import Iterator

from aggregates.actuals import Actual
from aggregates.contract_line.events import (
    ItemsDrafted,
    ItemsMoved,
    ItemsPosted,
    ItemsReleased,
    MarkedNotReady,
    MarkedReady,
    SalesReversed,
)
from aggregates.invoice.events import ActualsBooked
from aggregates.statuses import ActualType, AdjustmentStatus, BillingStatus, Cause
from aggregates.streams import billed_actual, detail_of_item
from projections.projecting.changes import Row
from projections.values.units import to_minor

_STATUS: dict[type[ItemsMoved], BillingStatus] = {
    MarkedReady: BillingStatus.READY,
    MarkedNotReady: BillingStatus.NOT_READY,
    ItemsDrafted: BillingStatus.INVOICE_CREATED,
    ItemsReleased: BillingStatus.READY,
    ItemsPosted: BillingStatus.INVOICE_POSTED,
}


def item_patches(event: ItemsMoved) -> tuple[Row, ...]:
    """The items' new billing status, and the invoice they are on, if any."""
    on_invoice = isinstance(event, ItemsDrafted | ItemsPosted)
    values = {
        "billing_status": _STATUS[type(event)],
        "invoice_id": event.invoice_id if on_invoice else None,
    }
    return tuple({"item_id": item_id, **values} for item_id in event.items)


def reversed_patches(event: SalesReversed) -> tuple[Row, ...]:
    """The sales that left the backlog for good: they are canceled, and adjusted (D-23)."""
    values = {
        "billing_status": BillingStatus.CANCELED,
        "adjustment_status": AdjustmentStatus.ADJUSTED,
        "invoice_id": None,
    }
    return tuple({"item_id": item_id, **values} for item_id in event.items)


def rebilled(event: ActualsBooked) -> Iterator[Actual]:
    """The billed actuals by which items are billed otherwise than they stood, and the reversals of
    those that billed them before.

    What is confirmed as it stood changes no item. The rest that an edit gives away at no charge is
    in the books alone (D-45): no detail bills it.
    """
    for actual in event.actuals:
        if actual.cause is Cause.CONFIRMATION or actual.type is not ActualType.BILLED_SALES:
            continue
        item_id = actual.item_id
        if item_id is None:
            continue
        own = detail_of_item(event.invoice_id, item_id)
        if actual.cause is Cause.CORRECTION or actual.actual_id == billed_actual(own):
            yield actual


def billed_at(actual: Actual, currency: str) -> Row:
    """What an item of either view shows of the actual that bills it."""
    return {
        "item_id": actual.item_id,
        "amount": to_minor(actual.amount, currency),
        "tax": to_minor(actual.tax, currency),
        "billing_type": actual.billing_type,
    }
