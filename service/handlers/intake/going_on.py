"""Events that wait for drafts go on when these let go of what they are about (D-23, D-85)."""

from collections.abc import Iterable, Mapping

from aggregates import streams
from aggregates.intake.events import EventParked
from service.handlers.intake.about_approvals import wait_no_longer, waiting_like
from service.handlers.intake.taking_in import go_on
from service.ledger.stream_kinds import PARKING
from service.ledger.unit_of_work import UnitOfWork


def dismissed(unit: UnitOfWork, event: EventParked, posted_on: Mapping[str, str | None]) -> None:
    """Nothing waits any more for what a dismissed event waited for; those after it have their turn.

    To be called when it is parked no longer. Raises NotLookedUp as `act`.
    """
    wait_no_longer(unit, event)
    go_on(unit, waiting_like(unit, event), posted_on)


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
