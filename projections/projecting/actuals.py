"""The actuals that were booked: by confirmed invoices (D-45), and what reverses sales (D-23).

Unbilled sales stand in their own view, with what their item shows; what was booked in the place of
others says here why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from aggregates.actuals import BOOKED, Actual
from aggregates.contract_line.events import SalesReversed, UnbilledSalesBooked
from aggregates.invoice.events import MILESTONE, ActualsBooked
from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.history import Recorded
from projections.projecting.changes import Change, Patch, Put, Row
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.tables import booked_actuals, booked_sales
from projections.values.units import to_millionths, to_minor

_ADJUSTED = {"adjustment_status": AdjustmentStatus.ADJUSTED}


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of booked actuals, and what becomes of those that they supersede."""
    places = count(recorded.position * MOST_OF_AN_EVENT)
    match recorded.event:
        case ActualsBooked() as event:
            booking = _Booking(recorded.position, event, event.customer_id, event.invoice_id)
            rows = (booking.row(actual, next(places)) for actual in event.actuals)
            yield Put(booked_actuals, tuple(rows))
            yield from _adjusted(event.adjusted)
        case SalesReversed() as event:
            bookings = (
                (_Booking(recorded.position, event, each.customer_id, None), each.actuals)
                for each in event.reversals
            )
            rows = (
                booking.row(actual, next(places))
                for booking, actuals in bookings
                for actual in actuals
            )
            yield Put(booked_actuals, tuple(rows))
        case UnbilledSalesBooked() as event:
            yield Put(booked_sales, tuple(_causes(event)))
        case _:
            return


def _adjusted(actual_ids: Sequence[str]) -> Iterator[Change]:
    """Billed actuals that others supersede. Unbilled ones stand in no table here: nothing changes.

    That they are adjusted is told by what reverses them (`views/actuals.py`).
    """
    if rows := tuple({"actual_id": each, **_ADJUSTED} for each in actual_ids):
        yield Patch(booked_actuals, rows)


@dataclass(frozen=True, slots=True)
class _Booking:
    """What the actuals that an event books for one customer have in common."""

    position: int
    event: ActualsBooked | SalesReversed
    customer_id: str
    invoice_id: str | None

    def row(self, actual: Actual, sequence: int) -> Row:
        """The row of one of them."""
        event, currency = self.event, self.event.currency
        status = BOOKED if self.invoice_id is not None else BillingStatus.CANCELED
        return {
            "actual_id": actual.actual_id,
            "position": self.position,
            "sequence": sequence,
            "item_id": actual.item_id,
            "type": actual.type,
            "cause": actual.cause,
            "reversal_of": actual.reversal_of,
            "replaces": actual.replaces,
            "contract_id": event.contract_id,
            "line_id": actual.line_id,
            "customer_id": self.customer_id,
            "approval_id": actual.approval_id,
            "milestone_id": actual.milestone_id,
            "invoice_id": self.invoice_id,
            "class": None if actual.kind == MILESTONE else actual.kind,
            "date": actual.date,
            "accounting_date": event.accounting_date,
            "quantity": to_millionths(actual.quantity),
            "unit_price": to_millionths(actual.unit_price),
            "amount": to_minor(actual.amount, currency),
            "tax": to_minor(actual.tax, currency),
            "currency": currency,
            "billing_type": actual.billing_type,
            "billing_status": status,
            "adjustment_status": actual.adjustment_status,
        }


def _causes(event: UnbilledSalesBooked) -> Iterator[Row]:
    for work in event.approvals:
        for sale in work.sales:
            yield {
                "item_id": sale.item_id,
                "cause": event.cause,
                "accounting_date": event.accounting_date,
                "replaces": event.replaces.get(sale.item_id),
            }
