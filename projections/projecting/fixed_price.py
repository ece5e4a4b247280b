"""The fixed-price view: every customer milestone, across all contract lines (D-10 to D-15)."""

from collections.abc import Iterator

from aggregates.contract_line.events import (
    ItemsMoved,
    MilestoneChanged,
    MilestoneDeleted,
    MilestoneSplit,
)
from aggregates.statuses import BillingMethod, BillingStatus, MilestoneStatus
from projections.history import Recorded
from projections.projecting.billing_status import item_patches
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.tables import fixed_price, milestones, search_texts
from projections.values.search_texts import milestone_row, milestone_text_id
from projections.values.units import to_minor


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of milestones and their parts."""
    match recorded.event:
        case MilestoneSplit() as event:
            header = _header(event)
            yield Put(search_texts, (_text(event),))
            yield Put(milestones, ({**header, "status": MilestoneStatus.NOT_STARTED},))
            born = {"billing_status": BillingStatus.NOT_READY, "invoice_id": None}
            yield Put(fixed_price, tuple({**row, **born} for row in _parts(event)))
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
            headers = (
                {
                    "milestone_id": header.milestone_id,
                    "status": header.status,
                }
                for header in event.milestones
            )
            yield Patch(milestones, tuple(headers))
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


def _parts(event: MilestoneSplit | MilestoneChanged) -> Iterator[Row]:
    for ordinal, part in enumerate(event.parts):
        yield {
            "item_id": part.item_id,
            "milestone_id": event.milestone_id,
            "contract_id": event.contract_id,
            "line_id": event.line_id,
            "customer_id": part.customer_id,
            "ordinal": ordinal,
            "date": event.date,
            "amount": to_minor(part.amount, event.currency),
            "tax": to_minor(part.tax, event.currency),
            "currency": event.currency,
        }
