"""What callers asked for and what they were told, kept to be held against the history."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Told(StrEnum):
    """What an answer says of what was asked for."""

    ACKNOWLEDGED = "acknowledged"
    IN_DOUBT = "in doubt"
    """`outcome_unknown`, or no answer at all."""
    DENIED = "denied"
    """Nothing was changed: any other 503, a conflict, a connection that was refused."""


@dataclass(slots=True)
class Attempt:
    """One request. Its `correlation_id` is its own: the history tells whether it was carried out.

    `sent` and `answered` are instants of the event loop's clock.
    """

    correlation_id: str
    sent: float
    answered: float = 0.0
    told: Told = Told.IN_DOUBT
    code: str = ""


@dataclass(slots=True)
class Deed:
    """Something that a caller wants done once, asked for until it is acknowledged.

    `answer` is the acknowledgement; `events` are the ids of the events that were posted, if any.
    """

    name: str
    events: tuple[str, ...] = ()
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    answer: Json | None = None


@dataclass
class Notebook:
    """All deeds of all callers, and what was answered that no fault explains."""

    deeds: list[Deed] = field(default_factory=list[Deed])
    strange: list[str] = field(default_factory=list[str])
    position: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at each answer."""

    async def next_answer(self) -> None:
        """Waits until something is answered."""
        self.changed.clear()
        await self.changed.wait()

    def attempts(self) -> Iterator[Attempt]:
        """Every request, deed by deed."""
        for deed in self.deeds:
            yield from deed.attempts

    def count(self, told: Told) -> int:
        """How many requests were told so."""
        return sum(attempt.told is told for attempt in self.attempts())

    def first_acknowledged(self, since: float) -> float | None:
        """When the first of those was acknowledged that were sent after this instant."""
        found = (
            each.answered
            for each in self.attempts()
            if each.told is Told.ACKNOWLEDGED and each.sent >= since
        )
        return min(found, default=None)
