"""The history as projections read it: recorded events in order, whatever stores them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregates.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Who changed something, when, why, and what caused it (D-64)."""

    recorded_at: datetime
    actor: str
    reason: str | None
    correlation_id: str
    causation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One event of the history: where it stands in all (`position`) and in its stream."""

    position: int
    stream: str
    version: int
    event: Event
    metadata: Metadata


class Unavailable(Exception):
    """The database can't be used right now; nothing was changed."""


class OutcomeUnknown(Exception):
    """The database was asked to save a change, and has not said whether it did.

    To ask again with the same Idempotency-Key or event id is safe. `correlation_id` is that of the
    command; what it changed, if anything, stands in the history after position `after`.
    """

    def __init__(self, why: str, correlation_id: str | None = None, after: int = 0) -> None:
        super().__init__(f"it is not known whether the change was made: {why}")
        self.why, self.correlation_id, self.after = why, correlation_id, after


def can_be_stored(text: str) -> bool:
    """Whether a database can hold the text, and so be asked for it: not every one knows NUL."""
    return "\x00" not in text


class History(Protocol):
    """A tenant's events in the order they were recorded; positions start at 1 and have no holes."""

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        """At most `limit` events after position `after`, in order."""
        ...

    def position(self) -> int:
        """The position of the newest event, 0 when there is none."""
        ...
