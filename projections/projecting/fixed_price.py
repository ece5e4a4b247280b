"""The fixed-price view: every customer milestone, across all contract lines (D-10 to D-15)."""

from collections.abc import Iterable, Iterator

from aggregates.contract_line.events import (
    HeaderStatus,
    ItemsMoved,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestonePartsCredited,
    MilestoneSplit,
)
from aggregates.invoice.events import MILESTONE, ActualsBooked
from aggregates.statuses import BillingMethod, BillingStatus, BillingType, MilestoneStatus
from projections.history import Recorded
from projections.projecting.billing_status import billed_at, item_patches, rebilled
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.tables import fixed_price, milestones, search_texts
from projections.values.search_texts import milestone_row, milestone_text_id
from projections.values.units import to_minor

_BORN = {
    "billing_status": BillingStatus.NOT_READY,
    "billing_type": BillingType.CHARGEABLE,
    "invoice_id": None,
}
"""Parts of milestones are charged, unless an invoice says otherwise (D-66)."""


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of milestones and their parts."""
    match recorded.event:
        case MilestoneSplit() as event:
            header = _header(event)
            yield Put(search_texts, (_text(event),))
            yield Put(milestones, ({**header, "status": MilestoneStatus.NOT_STARTED},))
            yield Put(fixed_price, tuple({**row, **_BORN} for row in _parts(event)))
        case MilestoneChanged() as event:
            yield Put(search_texts, (_text(event),))
            yield Patch(milestones, (_header(event),))
            yield Patch(fixed_price, tuple(_parts(event)))
        case MilestoneDeleted() as event:
            yield Drop(fixed_price, {"milestone_id": event.milestone_id})
            yield Drop(milestones, {"milestone_id": event.milestone_id})
            yield Drop(search_texts, {"text_id": milestone_text_id(event.milestone_id)})
        case ItemsMoved(billing_method=BillingMethod.FIXED_PRICE) as event:
            yield Patch(fixed_price, item_patches(event))
            yield Patch(milestones, _statuses(event.milestones))
        case MilestonePartsCredited() as event:
            yield Put(fixed_price, tuple(_returned(event)))
            yield Patch(milestones, _statuses(event.milestones))
        case ActualsBooked() as event:
            if rows := tuple(_billed(event)):
                yield Patch(fixed_price, rows)
        case _:
            return


def _header(event: MilestoneSplit | MilestoneChanged) -> Row:
    return {
        "milestone_id": event.milestone_id,
        "contract_id": event.contract_id,
        "line_id": event.line_id,
        "name": event.name,
        "currency": event.currency,
        "amount": to_minor(event.amount, event.currency),
        "tax": to_minor(event.tax, event.currency),
        "date": event.date,
        "task_id": event.task_id,
        "text_id": milestone_text_id(event.milestone_id),
    }


def _text(event: MilestoneSplit | MilestoneChanged) -> Row:
    """What a milestone is searched by, beside names."""
    return milestone_row(event.name, event.milestone_id)


def _statuses(headers: Iterable[HeaderStatus]) -> tuple[Row, ...]:
    return tuple({"milestone_id": each.milestone_id, "status": each.status} for each in headers)


def _parts(event: MilestoneSplit | MilestoneChanged) -> Iterator[Row]:
    for ordinal, part in enumerate(event.parts):
        yield {
            "milestone_id": event.milestone_id,
            "contract_id": event.contract_id,
            "line_id": event.line_id,
            "ordinal": ordinal,
            "date": event.date,
            **_part(part, event.currency),
        }


def _part(part: MilestonePart, currency: str) -> Row:
    return {
        "item_id": part.item_id,
        "customer_id": part.customer_id,
        "amount": to_minor(part.amount, currency),
        "tax": to_minor(part.tax, currency),
        "currency": currency,
    }


def _returned(event: MilestonePartsCredited) -> Iterator[Row]:
    """What is billed no longer, and ready: the item that was posted, or a new one beside it."""
    for credited in event.parts:
        yield {
            "milestone_id": credited.milestone_id,
            "contract_id": event.contract_id,
            "line_id": event.line_id,
            "ordinal": credited.place,
            "date": credited.date,
            "billing_status": BillingStatus.READY,
            "billing_type": credited.billing_type,
            "invoice_id": None,
            **_part(credited.returned, event.currency),
        }


def _billed(event: ActualsBooked) -> Iterator[Row]:
    """Posted parts show what bills them; one that is billed no longer is ready again (D-81)."""
    for actual in rebilled(event):
        if actual.kind == MILESTONE and actual.reversal_of is None:
            yield billed_at(actual, event.currency)
