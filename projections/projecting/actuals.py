"""The actuals that confirmed invoices booked (D-45); unbilled sales stand in their own view."""

from collections.abc import Iterator

from aggregates.actuals import Actual
from aggregates.invoice.events import MILESTONE, ActualsBooked
from projections.history import Recorded
from projections.projecting.changes import Change, Put, Row
from projections.tables import booked_actuals
from projections.values.units import to_millionths, to_minor


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of booked actuals."""
    match recorded.event:
        case ActualsBooked() as event:
            rows = (_row(event, actual, recorded.position) for actual in event.actuals)
            yield Put(booked_actuals, tuple(rows))
        case _:
            return


def _row(event: ActualsBooked, actual: Actual, position: int) -> Row:
    return {
        "actual_id": actual.actual_id,
        "position": position,
        "item_id": actual.item_id,
        "type": actual.type,
        "reversal_of": actual.reversal_of,
        "contract_id": event.contract_id,
        "line_id": actual.line_id,
        "customer_id": event.customer_id,
        "approval_id": actual.approval_id,
        "milestone_id": actual.milestone_id,
        "invoice_id": event.invoice_id,
        "class": None if actual.kind == MILESTONE else actual.kind,
        "date": actual.date,
        "quantity": to_millionths(actual.quantity),
        "unit_price": to_millionths(actual.unit_price),
        "amount": to_minor(actual.amount, event.currency),
        "tax": to_minor(actual.tax, event.currency),
        "currency": event.currency,
        "billing_type": actual.billing_type,
        "adjustment_status": actual.adjustment_status,
    }
