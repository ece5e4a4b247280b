"""Events that wait for drafts go on when these let go of what they are about (D-23, D-85)."""

from collections.abc import Iterable, Mapping

from aggregates import streams
from aggregates.contract_line.state import ContractLine
from aggregates.intake import waiting
from aggregates.intake.events import EventParked
from aggregates.invoice.state import Invoice
from service.handlers.intake.about_approvals import known_approval
from service.handlers.intake.taking_in import go_on, waiting_like
from service.ledger.stream_kinds import INVOICE, LINE, PARKING
from service.ledger.unit_of_work import UnitOfWork
from service.wire.intake.cloudevents import ABOUT_APPROVALS


def dismissed(unit: UnitOfWork, event: EventParked, posted_on: Mapping[str, str | None]) -> None:
    """Nothing waits any more for what a dismissed event waited for; those after it have their turn.

    To be called when it is parked no longer. Raises NotLookedUp as `act`.
    """
    if event.approval_id is None or event.type not in ABOUT_APPROVALS:
        return
    names = streams.approvals_like(event.source, event.contract_id, event.approval_id)
    known = known_approval(unit, names)
    if known is None or known.recorded is None:
        return
    line = unit.load(LINE, streams.line(*known.place))
    if line:
        unit.append(waiting.no_longer(line, _drafts_of(unit, line, event), event.parked_id))
    go_on(unit, known.waiting, posted_on)


def _drafts_of(unit: UnitOfWork, line: ContractLine, event: EventParked) -> list[Invoice]:
    """The drafts that have items which the event waits for."""
    awaited = (
        line.sales.get(item_id)
        for item_id, each in line.recalls.awaited.items()
        if each.parked_id == event.parked_id
    )
    drafts = sorted({sale.invoice_id for sale in awaited if sale and sale.invoice_id})
    found = (unit.load(INVOICE, streams.invoice(each)) for each in drafts)
    return [invoice for invoice in found if invoice]


def go_on_with(unit: UnitOfWork, contract_id: str, parked_ids: Iterable[str]) -> None:
    """Goes on with the recalls and corrected entries that wait for details of a draft.

    To be called at the end of the command that takes such details off, deletes their draft or
    confirms it, with what the details say that they were recalled by. What is on another draft
    waits on. Events about the same approval that came later follow in their order.
    """
    place = unit.load(PARKING, streams.parking(contract_id))
    for parked_id in dict.fromkeys(parked_ids):
        event = place.find(parked_id) if place else None
        if event:
            go_on(unit, waiting_like(unit, event))
