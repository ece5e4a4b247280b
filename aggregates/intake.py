"""What waits at the door: events that refer to something unknown yet, kept until it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass

from aggregates.events import Event, EventParked, EventUnparked


@dataclass(frozen=True, slots=True)
class Parking:
    """The events of one contract that wait, by their parked id, in the order they came."""

    waiting: Mapping[str, EventParked]

    def for_line(self, line_id: str | None) -> list[EventParked]:
        """What may go on once the line is defined; None asks for all that wait."""
        return [
            event
            for event in self.waiting.values()
            if line_id is None or event.line_id in {line_id, None}
        ]


def evolve(state: Parking | None, event: Event) -> Parking | None:
    """The parking place after `event`."""
    waiting: Mapping[str, EventParked] = state.waiting if state else {}
    match event:
        case EventParked():
            return Parking({**waiting, event.parked_id: event})
        case EventUnparked():
            return Parking({k: v for k, v in waiting.items() if k != event.parked_id})
        case _:
            return state
