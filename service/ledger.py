"""The ledger: one tenant's history, and commands that append to it in one transaction each.

On the library's Application and recorders; deciding is the aggregates', which are pure functions,
so the library's own aggregate classes are not used.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import structlog
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    IntegrityError,
    Mapper,
    PersistenceError,
    StoredEvent,
)

from aggregates.events import Event
from projections.history import Metadata, Recorded
from service.recorders import SQLiteRecorder
from service.stored_form import EventCodec
from service.stream_kinds import StreamKind, kind_of
from service.unit_of_work import Folded, StateCache, UnitOfWork

log = structlog.stdlib.get_logger(__name__)

S = TypeVar("S")
R = TypeVar("R")

ATTEMPTS = 8
"""How often a command is decided anew when another writer was faster, before it is refused."""
CACHED_STREAMS = 10_000
SNAPSHOT_EVERY = 200
"""Events of a stream between two snapshots of it."""


class Conflict(Exception):
    """Other writers were faster at every attempt; nothing was changed."""


class Unavailable(Exception):
    """The database can't be used right now; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who asks for a change, why, and what caused it (D-64)."""

    actor: str
    reason: str | None = None
    correlation_id: str
    causation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[R]):
    """What a command came to, and how far the history reaches with it."""

    result: R
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """An event on its way into the library's event store."""

    originator_id: str
    originator_version: int
    event: Event
    metadata: Metadata


class EventMapper(Mapper[str]):
    """Maps events to their stored form by the catalogue, never by module paths."""

    codec = EventCodec()

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of an event."""
        topic, state = self.codec.encode(domain_event.event, domain_event.metadata)
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic,
            state=state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The event of a stored form, typed and brought to today's shape."""
        event, metadata = self.codec.decode(stored_event.topic, stored_event.state)
        return _Pending(
            originator_id=str(stored_event.originator_id),
            originator_version=stored_event.originator_version,
            event=event,
            metadata=metadata,
        )


class Ledger(Application[str]):
    """One tenant's history.

    Commands of one process take turns; against other processes every append names the version it
    expects. `clock` is read once a command, at this edge only.
    """

    name = "BillingBacklog"

    def __init__(
        self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        with _as_unavailable():
            super().__init__(
                env={
                    "PERSISTENCE_MODULE": "service.recorders:DurableSQLiteFactory",
                    "MAPPER_TOPIC": "service.ledger:EventMapper",
                    "ORIGINATOR_ID_TYPE": "text",
                    "IS_SNAPSHOTTING_ENABLED": "y",
                    "SQLITE_DBNAME": str(path),
                    "SQLITE_LOCK_TIMEOUT": "10",
                }
            )
        self._clock = clock
        self._cache = StateCache(CACHED_STREAMS)
        self._writing = threading.RLock()
        self._listeners: list[Callable[[int], None]] = []

    @property
    def history(self) -> SQLiteRecorder:
        """The recorder of the events."""
        return cast("SQLiteRecorder", self.recorder)

    @property
    def _snapshots(self) -> AggregateRecorder:
        assert self.snapshots is not None, "snapshotting is enabled in __init__"  # noqa: S101
        return self.snapshots.recorder

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Calls `listener` with the new position after every commit of this process."""
        self._listeners.append(listener)

    # --- commands ------------------------------------------------------------------------------

    def transact(self, work: Callable[[UnitOfWork], R], context: Context) -> Committed[R]:
        """Runs one command: `work` loads, decides and appends; what it appended is saved at once.

        When another process was faster, `work` runs again on the new state, at most 8 times; also
        when it raised, for it may have seen one stream before and another after the same change.
        Raises what `work` raises, Conflict, or Unavailable; then nothing was changed.
        """
        for _ in range(ATTEMPTS):
            with self._writing, _as_unavailable():
                unit = UnitOfWork(self)
                try:
                    result = work(unit)
                except Exception:
                    if not unit.is_overtaken():
                        raise
                    continue
                position = self._save(unit, context)
            if position is not None:
                for listener in self._listeners:
                    listener(position)
                return Committed(result=result, position=position)
        raise Conflict

    def _save(self, unit: UnitOfWork, context: Context) -> int | None:
        """The position reached, None when another writer was faster."""
        if not unit.pending:
            return self.position()
        metadata = Metadata(
            recorded_at=self._clock(),
            actor=context.actor,
            reason=context.reason,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        stored = [
            self.mapper.to_stored_event(
                _Pending(
                    originator_id=stream,
                    originator_version=version,
                    event=event,
                    metadata=metadata,
                )
            )
            for stream, version, event in unit.pending
        ]
        touched = unit.touched()
        try:
            positions = self.recorder.insert_events(stored)
        except IntegrityError:
            for stream in touched:
                self._cache.drop(stream)
            return None
        for stream, folded in touched.items():
            self._keep(stream, folded)
        return cast("Sequence[int]", positions)[-1]

    # --- states --------------------------------------------------------------------------------

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands: from the cache or a snapshot, and the events behind that."""
        known = self._cache.get(stream) or self._from_snapshot(kind, stream)
        tail = self.recorder.select_events(stream, gt=known.version)
        folded = known.fold(kind, map(self._event, tail))
        if kind.cached:
            self._cache.put(stream, folded)
        return folded

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many streams at once, from their events; for kinds that are not cached."""
        events: dict[str, list[Event]] = {stream: [] for stream in streams}
        for notification in self.history.select_streams(streams):
            events[str(notification.originator_id)].append(self._event(notification))
        return {
            stream: Folded().fold(kind_of(stream), recorded) for stream, recorded in events.items()
        }

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events behind `version`."""
        return bool(self.recorder.select_events(stream, gt=version, limit=1))

    def _event(self, stored: StoredEvent) -> Event:
        return EventMapper.codec.decode(stored.topic, stored.state)[0]

    def _from_snapshot(self, kind: StreamKind[Any], stream: str) -> Folded:
        if kind.snapshot:
            for stored in self._snapshots.select_events(stream, desc=True, limit=1):
                if stored.topic == kind.snapshot.name:
                    version = stored.originator_version
                    return Folded(version, kind.snapshot.decode(stored.state), version)
        return Folded()

    def _keep(self, stream: str, folded: Folded) -> None:
        """Caches what was just saved, and takes a snapshot when the stream has got long."""
        kind = kind_of(stream)
        if kind.snapshot and folded.version - folded.snapshot_version >= SNAPSHOT_EVERY:
            snapshot = StoredEvent(
                stream, folded.version, kind.snapshot.name, kind.snapshot.encode(folded.state)
            )
            self._take(snapshot)
            folded.snapshot_version = folded.version
        if kind.cached:
            self._cache.put(stream, folded)

    def _take(self, snapshot: StoredEvent) -> None:
        """Stores a snapshot. The command is committed by now, so nothing here may fail it."""
        try:
            # Another process may have taken the very same snapshot: then it is there already.
            with suppress(IntegrityError):
                self._snapshots.insert_events([snapshot])
        except PersistenceError as error:
            log.warning("no snapshot was taken", stream=snapshot.originator_id, exc_info=error)

    # --- the history, in order ----------------------------------------------------------------

    def read(self, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events behind position `after`, in order."""
        with _as_unavailable():
            found = self.recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [self._recorded(notification) for notification in found]

    def read_at(self, positions: Iterable[int]) -> list[Recorded]:
        """The events at these positions, in order."""
        with _as_unavailable():
            return [self._recorded(found) for found in self.history.select_positions(positions)]

    def position(self) -> int:
        """The position of the newest event, 0 when there is none."""
        with _as_unavailable():
            return self.recorder.max_notification_id() or 0

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when there is none."""
        return self.history.position_of(stream, version)

    def _recorded(self, notification: Any) -> Recorded:
        event, metadata = EventMapper.codec.decode(notification.topic, notification.state)
        return Recorded(
            position=notification.id,
            stream=str(notification.originator_id),
            version=notification.originator_version,
            event=event,
            metadata=metadata,
        )


class _as_unavailable:  # noqa: N801 - used like a function
    """Turns the library's database errors into Unavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PersistenceError):
            raise Unavailable(str(error)) from error
