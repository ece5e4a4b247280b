"""The events that wait for something unknown yet."""

from collections.abc import Iterator

from aggregates.intake.events import EventParked, EventUnparked
from projections.history import Recorded
from projections.projecting.changes import Change, Drop, Put
from projections.tables import parked_events


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of parked events."""
    match recorded.event:
        case EventParked() as event:
            row = {
                "parked_id": event.parked_id,
                "position": recorded.position,
                "source": event.source,
                "event_id": event.event_id,
                "type": event.type,
                "contract_id": event.contract_id,
                "line_id": event.line_id,
                "approval_id": event.approval_id,
                "problem_code": event.problem_code,
                "problem_detail": event.problem_detail,
                "data": event.data,
            }
            yield Put(parked_events, (row,))
        case EventUnparked() as event:
            yield Drop(parked_events, {"parked_id": event.parked_id})
        case _:
            return
