"""Where histories are kept: the event store library's recorders, fitted to ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from eventsourcing.persistence import InfrastructureFactory, PersistenceError, StoredEvent

from projections.history import Unavailable
from service.ledger.recorders.kept_sessions import KeptSession, sessions_beside
from service.ledger.recorders.refusals import refusals_beside
from service.ledger.recorders.sqlite import SQLiteFile

__all__ = [
    "EventStore",
    "KeptSession",
    "SQLiteFile",
    "Storage",
    "as_unavailable",
    "refusals_beside",
    "sessions_beside",
]


StoredRow = tuple[str, int, str, bytes, int]
"""Stream, version in it, name, state and position of an event. Not one of the library's objects,
for making these took a fifth of reading a history."""


class Storage(Protocol):
    """One tenant's place in a database."""

    def factory(self, env: Any) -> InfrastructureFactory[Any]:
        """What makes the recorders there."""
        ...


class EventStore(Protocol):
    """What our recorders of events do: two things of the library's, and what we need beyond."""

    def max_notification_id(self) -> int | None:
        """The newest position, None when there is none."""
        ...

    def select_events(
        self, originator_id: Any, *, gt: int | None = None, limit: int | None = None
    ) -> Sequence[StoredEvent]:
        """At most `limit` events of one stream after version `gt`, in order."""
        ...

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        seen: int,
        looked_at: Mapping[str, int],
        *,
        quietly: bool = False,
    ) -> Sequence[int]:
        """Appends events in one transaction; their positions.

        They were decided on what stands up to position `seen`, or later. Raises IntegrityError when
        one of their versions is taken, a stream of `looked_at` has moved on from the version given,
        or the history ends before `seen`: a server took over without all that was confirmed.
        `quietly`, other processes need not be told.
        """
        ...

    def select_after(self, position: int, limit: int) -> Sequence[StoredRow]:
        """At most `limit` events after the position, in order."""
        ...

    def select_streams(self, streams: Iterable[str]) -> Sequence[StoredRow]:
        """Every event of the streams, in order within each; for many short streams at once."""
        ...

    def select_positions(self, positions: Iterable[int]) -> Sequence[StoredRow]:
        """The events at these positions, in order."""
        ...

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when it is not there."""
        ...

    def streams_after(self, position: int, limit: int) -> list[str]:
        """The streams of at most `limit` events after the position, one entry an event."""
        ...

    def first_of_each_type(self) -> Sequence[tuple[str, int]]:
        """The names that events are stored under, each with the position of the first such event.

        At most a thousand names: a history has some dozens.
        """
        ...


class as_unavailable:  # noqa: N801 - used like a function
    """Turns the library's database errors into Unavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PersistenceError):
            raise Unavailable(str(error)) from error
