"""What both backlog views share: how the billing status of an item follows the events (D-13)."""

from aggregates.contract_line.events import (
    ItemsDrafted,
    ItemsMoved,
    ItemsPosted,
    ItemsReleased,
    MarkedNotReady,
    MarkedReady,
    SalesReversed,
)
from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.projecting.changes import Row

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
