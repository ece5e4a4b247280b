"""What the clerks were told, counted and kept to be held against the history."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MOST_SHOWN = 100
"""Discrepancies that are kept word for word; more are counted."""


@dataclass
class Discrepancies:
    """What should not be, the first of it in words."""

    count: int = 0
    shown: list[str] = field(default_factory=list[str])

    def add(self, what: str, *, first: bool = False) -> None:
        """One more; `first` is said before all others."""
        self.count += 1
        if first:
            self.shown.insert(0, what)
        elif len(self.shown) < MOST_SHOWN:
            self.shown.append(what)

    def unless(self, holds: object, what: str) -> None:
        """One more, unless it holds."""
        if not holds:
            self.add(what)


@dataclass
class Notes:
    """The memory of all clerks together.

    `events` has what every acknowledged event became, by its id; `deleted` how often a deletion was
    acknowledged, by what was deleted; `numbers` the number that every confirmed invoice was given.
    """

    wrong: Discrepancies = field(default_factory=Discrepancies)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    position: int = 0
    events: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    made: set[str] = field(default_factory=set[str])
    deleted: Counter[str] = field(default_factory=Counter[str])
    numbers: dict[str, str] = field(default_factory=dict[str, str])
    asked: int = 0
    # What the next deeds are about: the latest of each kind, so that clerks meet.
    items: deque[str] = field(default_factory=lambda: deque[str](maxlen=200))
    milestones: deque[str] = field(default_factory=lambda: deque[str](maxlen=12))
    drafts: deque[str] = field(default_factory=lambda: deque[str](maxlen=16))
    parked: deque[str] = field(default_factory=lambda: deque[str](maxlen=16))
    posted: deque[Json] = field(default_factory=lambda: deque[Json](maxlen=100))

    def next_number(self) -> int:
        """A number that nothing else has."""
        self.asked += 1
        return self.asked

    def results(self, events: Iterable[Json], results: Iterable[Json]) -> None:
        """What became of posted events; the same event always became the same."""
        for event, result in zip(events, results, strict=True):
            outcome, name = result["outcome"], str(event["id"])
            self.outcomes["event", outcome] += 1
            if result["id"] != name or outcome == "refused":
                self.wrong.add(f"event {name} was answered {result}")
                continue
            items = tuple(result["items"])
            known = self.events.setdefault(name, items)
            if known != items and known:
                self.wrong.add(f"event {name} became {known}, and then {items}")
            self.events[name] = items or known
            self.items.extend(items)
            if outcome == "parked":
                self.parked.append(name)

    def confirmed(self, invoice: Json) -> None:
        """An invoice that was confirmed, now or before: its number is always the same."""
        known = self.numbers.setdefault(invoice["invoice_id"], invoice["number"])
        if known != invoice["number"] or invoice["status"] != "confirmed":
            self.wrong.add(f"an invoice numbered {known} was answered {invoice}")
