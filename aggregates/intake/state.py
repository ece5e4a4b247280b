"""The posted events that wait for something unknown, and in which order they can go on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

from rpds import HashTrieMap

from aggregates.events import Event
from aggregates.intake.events import EventParked, EventUnparked

UNKNOWN_CONTRACT = "contract_not_found"
UNKNOWN_LINE = "contract_line_not_found"
UNKNOWN_APPROVAL = "approval_not_found"
ITEM_ON_DRAFT = "item_on_draft"
"""Why an event waits: for a definition, for the approval that it is about, or for a draft that has
work of it; for other reasons it was refused when it was tried."""
_KIB = 1024


class _Lane(NamedTuple):
    """What some events wait for: line definitions for their contract, approvals for a line, those
    among these that are told to wait for the contract; or nothing, having been refused.
    """

    kind: str
    line_id: str | None = None


_DEFINITIONS, _TOLD_CONTRACT, _REFUSED = _Lane("definitions"), _Lane("contract"), _Lane("refused")


@dataclass(frozen=True, slots=True)
class _Queue:
    """The events in a lane, in the order they came there: by numbers, some of which are gone."""

    first: int = 0
    end: int = 0
    parked_ids: HashTrieMap[int, str] = field(default_factory=lambda: _NOBODY)

    def __iter__(self) -> Iterator[str]:
        numbers = range(self.first, self.end)
        return (self.parked_ids[number] for number in numbers if number in self.parked_ids)

    def with_one(self, parked_id: str) -> _Queue:
        """With one event more, whose number is `end` before."""
        return _Queue(self.first, self.end + 1, self.parked_ids.insert(self.end, parked_id))

    def without(self, number: int) -> _Queue:
        """Without one of its events; it never again looks at numbers that are gone in front."""
        rest, first = self.parked_ids.remove(number), self.first
        while first < self.end and first not in rest:
            first += 1
        return _Queue(first, self.end, rest)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the order in which they came, also when its reason changes."""

    order: int
    event: EventParked
    numbers: tuple[tuple[_Lane, int], ...]
    """Its lanes, and its number in each."""


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NOBODY: HashTrieMap[int, str] = HashTrieMap()
_EMPTY: HashTrieMap[str, _Place] = HashTrieMap()
_NO_LANES: HashTrieMap[_Lane, _Queue] = HashTrieMap()


@dataclass(frozen=True, slots=True)
class Parking:
    """The events of one contract that wait, and by what each lacks.

    `size` is the bytes of what was posted. One event more or less costs the same however many wait.
    """

    _places: HashTrieMap[str, _Place] = field(default_factory=lambda: _EMPTY)
    _came: int = 0
    _lanes: HashTrieMap[_Lane, _Queue] = field(default_factory=lambda: _NO_LANES)
    size: int = 0

    @property
    def memory(self) -> int:
        """About how many bytes it takes."""
        return 2 * _KIB * len(self._places) + 2 * self.size

    def waiting(self) -> list[EventParked]:
        """What waits, in the order it came."""
        return [place.event for place in sorted(self._places.values(), key=_order)]

    def find(self, parked_id: str) -> EventParked | None:
        """The waiting event of that id, None when none waits."""
        place = self._places.get(parked_id)
        return place.event if place else None

    def to_try(
        self,
        lines: Collection[str],
        *,
        most: int | None = None,
        refused: bool = False,
        but: Collection[str] = (),
    ) -> list[EventParked]:
        """What can be tried now that the contract is there with these lines, in the order it came.

        Definitions of lines go first, alone: what comes after them can go on with them. Approvals
        that wait for a line are in it, too, where they are still told to wait for the contract;
        and with `refused` those that were refused before. Those in `but` were tried already.
        """
        again = self._refused() if refused else []
        definitions = [place for place in again if place.event.approval_id is None]
        found = self._first([self._in(_DEFINITIONS), definitions], most, but)
        if found:
            return found
        approvals = [place for place in again if place.event.approval_id is not None]
        of_lines = (self._in(lane) for lane in self._lanes_of(lines))
        return self._first([self._in(_TOLD_CONTRACT), approvals, *of_lines], most, but)

    def with_event(self, event: EventParked) -> Parking:
        """With one event more, or with the new reason of one that waits already."""
        known = self._places.get(event.parked_id)
        kept = dict(known.numbers) if known else {}
        wanted = _lanes(event)
        lanes = self._lanes_without(number for number in kept.items() if number[0] not in wanted)
        numbers: list[tuple[_Lane, int]] = []
        for lane in wanted:
            queue = lanes.get(lane, _Queue())
            if lane not in kept:
                lanes = lanes.insert(lane, queue.with_one(event.parked_id))
            numbers.append((lane, kept.get(lane, queue.end)))
        place = _Place(known.order if known else self._came, event, tuple(numbers))
        before = len(known.event.data) if known else 0
        return Parking(
            self._places.insert(event.parked_id, place),
            self._came + (known is None),
            lanes,
            self.size + len(event.data) - before,
        )

    def without(self, parked_id: str) -> Parking:
        """Without the event of that id, if it waits."""
        known = self._places.get(parked_id)
        if known is None:
            return self
        places, lanes = self._places.remove(parked_id), self._lanes_without(known.numbers)
        return Parking(places, self._came, lanes, self.size - len(known.event.data))

    def _lanes_without(self, numbers: Iterable[tuple[_Lane, int]]) -> HashTrieMap[_Lane, _Queue]:
        lanes = self._lanes
        for lane, number in numbers:
            rest = lanes[lane].without(number)
            lanes = lanes.insert(lane, rest) if rest.first < rest.end else lanes.remove(lane)
        return lanes

    def _lanes_of(self, lines: Collection[str]) -> Iterator[_Lane]:
        """The lanes of these lines, found by whichever are fewer."""
        if len(lines) < len(self._lanes):
            return (_Lane("line", line_id) for line_id in lines)
        return (lane for lane in self._lanes if lane.line_id in lines)

    def _in(self, lane: _Lane) -> Iterator[_Place]:
        return (self._places[parked_id] for parked_id in self._lanes.get(lane, ()))

    def _refused(self) -> list[_Place]:
        return sorted(self._in(_REFUSED), key=_order)

    @staticmethod
    def _first(
        queues: Iterable[Iterable[_Place]], most: int | None, but: Collection[str]
    ) -> list[EventParked]:
        """The first events of some queues, each in order, by the order they came; none twice."""
        found: dict[str, EventParked] = {}
        for place in merge(*queues, key=_order):
            if len(found) == most:
                break
            if place.event.parked_id not in but:
                found[place.event.parked_id] = place.event
        return list(found.values())


def _order(place: _Place) -> int:
    return place.order


def _lanes(event: EventParked) -> tuple[_Lane, ...]:
    if event.problem_code in {UNKNOWN_APPROVAL, ITEM_ON_DRAFT}:
        return ()  # the approval knows of it, and no definition changes that
    if event.problem_code not in {UNKNOWN_CONTRACT, UNKNOWN_LINE}:
        return (_REFUSED,)
    if event.approval_id is None:
        return (_DEFINITIONS,)
    of_line = _Lane("line", event.line_id)
    return (of_line, _TOLD_CONTRACT) if event.problem_code == UNKNOWN_CONTRACT else (of_line,)


def evolve(state: Parking | None, event: Event) -> Parking | None:
    """The parking place after `event`."""
    match event:
        case EventParked():
            return (state or Parking()).with_event(event)
        case EventUnparked():
            return (state or Parking()).without(event.parked_id)
        case _:
            return state
