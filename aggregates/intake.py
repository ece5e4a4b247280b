"""What waits at the door: events that refer to something unknown yet, kept until it arrives."""

from __future__ import annotations

from dataclasses import dataclass, field

from rpds import HashTrieMap

from aggregates.events import Event, EventParked, EventUnparked


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the order in which they came, also when its reason changes."""

    order: int
    event: EventParked


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_EMPTY: HashTrieMap[str, _Place] = HashTrieMap()


@dataclass(frozen=True, slots=True)
class Parking:
    """The events of one contract that wait."""

    _places: HashTrieMap[str, _Place] = field(default_factory=lambda: _EMPTY)
    _came: int = 0

    def waiting(self) -> list[EventParked]:
        """What waits, in the order it came."""
        places = sorted(self._places.values(), key=lambda place: place.order)
        return [place.event for place in places]

    def find(self, parked_id: str) -> EventParked | None:
        """The waiting event of that id, None when none waits."""
        place = self._places.get(parked_id)
        return place.event if place else None

    def with_event(self, event: EventParked) -> Parking:
        """With one event more, or with the new reason of one that waits already."""
        known = self._places.get(event.parked_id)
        order = known.order if known else self._came
        places = self._places.insert(event.parked_id, _Place(order, event))
        return Parking(places, self._came + (known is None))

    def without(self, parked_id: str) -> Parking:
        """Without the event of that id, if it waits."""
        return Parking(self._places.discard(parked_id), self._came)


def evolve(state: Parking | None, event: Event) -> Parking | None:
    """The parking place after `event`."""
    match event:
        case EventParked():
            return (state or Parking()).with_event(event)
        case EventUnparked():
            return (state or Parking()).without(event.parked_id)
        case _:
            return state
