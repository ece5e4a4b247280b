"""What stays billed of recalled work, until its invoice is corrected or it is waived (D-83)."""

from collections.abc import Iterator

from aggregates.contract_line.recalled.events import (
    Obligation,
    ObligationChange,
    ObligationsChanged,
    ObligationsOpened,
    ObligationStatus,
    ObligationWaived,
)
from projections.history import Recorded
from projections.projecting.changes import Change, Patch, Put, Row
from projections.tables import obligations
from projections.values.units import to_millionths, to_minor


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of obligations."""
    match recorded.event:
        case ObligationsOpened() as event:
            rows = (_row(event, each, recorded.position) for each in event.obligations)
            yield Put(obligations, tuple(rows))
        case ObligationsChanged() as event:
            changed = (_changed(each, event.currency) for each in event.obligations)
            yield Patch(obligations, tuple(changed))
        case ObligationWaived() as event:
            row = {
                "obligation_id": event.obligation_id,
                "status": ObligationStatus.WAIVED,
                "waived_for": event.reason,
            }
            yield Patch(obligations, (row,))
        case _:
            return


def _row(event: ObligationsOpened, each: Obligation, position: int) -> Row:
    return {
        "obligation_id": each.obligation_id,
        "position": position,
        "status": ObligationStatus.OPEN,
        "source": each.source,
        "approval_id": each.approval_id,
        "cause": each.cause,
        "contract_id": event.contract_id,
        "line_id": event.line_id,
        "customer_id": each.customer_id,
        "item_id": each.item_id,
        "invoice_id": each.invoice_id,
        "detail_id": each.detail_id,
        "quantity": to_millionths(each.quantity),
        "amount": to_minor(each.amount, event.currency),
        "currency": event.currency,
        "reason": each.reason,
        "waived_for": None,
    }


def _changed(each: ObligationChange, currency: str) -> Row:
    return {
        "obligation_id": each.obligation_id,
        "status": each.status,
        "invoice_id": each.invoice_id,
        "detail_id": each.detail_id,
        "quantity": to_millionths(each.quantity),
        "amount": to_minor(each.amount, currency),
    }
