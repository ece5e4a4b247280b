"""What parks a posted event: it refers to something unknown, and waits until that is there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from aggregates.contract.state import Contract
from aggregates.contract_line.head import LineHead
from aggregates.decision import Decision
from aggregates.intake.events import EventParked, EventUnparked
from aggregates.intake.receiving import PostedEvent, received
from aggregates.intake.state import Parking
from aggregates.refusals import LeftAlone, NotFound, Refused
from aggregates.statuses import Outcome

T = TypeVar("T")


def lacking(
    event: PostedEvent | EventParked, contract: Contract | None, line: LineHead | None
) -> NotFound | None:
    """What the event has to wait for: its contract, and an approval its line; None for nothing."""
    if contract is None:
        return NotFound("contract", event.contract_id)
    if event.approval_id is not None and event.line_id is not None and line is None:
        return NotFound("contract_line", event.line_id)
    return None


def park(event: PostedEvent, why: Refused) -> Decision:
    """The event waits, on its contract, for what it lacks."""
    parked = EventParked(
        contract_id=event.contract_id,
        parked_id=event.parked_id,
        source=event.source,
        event_id=event.event_id,
        type=event.type,
        line_id=event.line_id,
        approval_id=event.approval_id,
        problem_code=why.code,
        problem_detail=why.reason,
        data=event.data,
    )
    left = LeftAlone(event.parked_id, why)
    return Decision(events=(parked, received(event, Outcome.PARKED, why=why)), left=(left,))


def settle(event: EventParked, outcome: Outcome, why: Refused | None) -> Decision:
    """What became of a parked event that was tried again.

    One that was taken in waits no longer. One that lacks something still, or was refused, stays,
    with the reason of now.
    """
    if why and outcome in {Outcome.PARKED, Outcome.REFUSED}:
        stays = replace(event, problem_code=why.code, problem_detail=why.reason)
        left = (LeftAlone(event.parked_id, why),)
        return Decision(events=(stays,) if stays != event else (), left=left)
    return _unparked(event, outcome, None)


def dismiss(parking: Parking | None, parked_id: str, reason: str) -> Decision:
    """The event waits no longer, nothing comes of it. Raises NotFound when it does not wait."""
    return _unparked(waiting(parking, parked_id), None, reason)


def waiting(parking: Parking | None, parked_id: str) -> EventParked:
    """The waiting event of that id. Raises NotFound when none waits."""
    event = parking.find(parked_id) if parking else None
    if event is None:
        raise NotFound("parked_event", parked_id)
    return event


def the_one(found: Sequence[T], named: str) -> T:
    """Which of the parked events found is meant by an id, its own or the event's.

    Raises NotFound when there is none, Refused when several sources have events of that id.
    """
    if not found:
        raise NotFound("parked_event", named)
    if len(found) > 1:
        detail = "several sources parked an event of this id: use its parked_id"
        raise Refused("ambiguous_event_id", detail)
    return found[0]


def _unparked(event: EventParked, outcome: Outcome | None, reason: str | None) -> Decision:
    gone = EventUnparked(
        contract_id=event.contract_id, parked_id=event.parked_id, outcome=outcome, reason=reason
    )
    return Decision(events=(gone,), done=(event.parked_id,))
