"""The ledger: one tenant's history, and commands that append to it in one transaction each.

On the library's Application and recorders; deciding is the aggregates', which are pure functions,
so the library's own aggregate classes are not used.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    IntegrityError,
    Mapper,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.utils import Environment

from aggregates.events import Event
from projections.history import Metadata, OutcomeUnknown, Recorded, Unavailable, can_be_stored
from service.garbage_collector import STATE_CACHE
from service.ledger.group_commit import (
    Command,
    CommandResult,
    CommandThread,
    Committed,
    Context,
    Group,
    tell,
)
from service.ledger.recorders import EventStore, Storage, refusals_beside
from service.ledger.stored_form import DamagedEvent, EventCodec
from service.ledger.stream_kinds import StreamKind, kind_of
from service.ledger.unit_of_work import Folded, Key, Overtaken, StateCache, UnitOfWork

log = logging.getLogger(__name__)

S = TypeVar("S")
R = TypeVar("R")

ATTEMPTS = 32
"""How often a command is decided again when another writer was faster, before it is refused."""
MOST_CHANGED = 50_000
"""Events of other processes, from which all states in memory are given up at once."""
SNAPSHOT_EVERY = 200
"""Events of a stream between two snapshots of it; fewer if they are large, as those of bulk are."""
SNAPSHOT_BYTES = 256 * 1024
"""Bytes of events from which they are large: a snapshot is read in a quarter of their time."""


class Conflict(Exception):
    """Other writers were faster at every attempt; nothing was changed."""


@dataclass(slots=True)
class _Pending:
    """An event on its way into the library's event store."""

    originator_id: str
    originator_version: int
    event: Event
    metadata: Metadata


@dataclass(slots=True)
class _Decision(Generic[R]):
    """What a command came to within its group, until it is saved."""

    command: Command[R]
    unit: UnitOfWork
    position: int
    stored: list[StoredEvent] = field(default_factory=list[StoredEvent])
    result: R | None = None
    error: Exception | None = None

    def outcome(self) -> CommandResult:
        """What there is to tell the caller."""
        if self.error:
            return self.error
        return Committed(result=self.result, position=self.position)


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
    """One tenant's history, and its one writer in this process.

    Commands that wait at the same time are decided one after the other and saved in one transaction
    (group commit); against other processes every append names the version it expects. `clock` is
    read once a command, at this edge only.
    """

    name = "BillingBacklog"

    def __init__(
        self, storage: Storage, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._storage = storage
        with _as_unavailable():
            super().__init__(
                env={
                    "MAPPER_TOPIC": "service.ledger.ledger:EventMapper",
                    "ORIGINATOR_ID_TYPE": "text",
                    "IS_SNAPSHOTTING_ENABLED": "y",
                }
            )
            self._refusals = refusals_beside(self.recorder)
        self._clock = clock
        self._cache = StateCache(STATE_CACHE)
        self._seen = 0
        self._committing: float | None = None
        self._writer = CommandThread(self._commit)
        self._listeners: list[Callable[[int], None]] = []

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """What makes the recorders, by where the history is kept."""
        return self._storage.factory(env)

    @property
    def history(self) -> EventStore:
        """What our recorders of the events can do beyond the library's."""
        return cast("EventStore", self.recorder)

    @property
    def _snapshots(self) -> AggregateRecorder:
        assert self.snapshots is not None, "snapshotting is enabled in __init__"  # noqa: S101
        return self.snapshots.recorder

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Calls `listener` with the new position after every commit of this process."""
        self._listeners.append(listener)

    def keep_states(self, size: int) -> None:
        """From the next command on, keeps so many bytes of folded states in memory."""
        self._cache.limit = size

    def close(self) -> None:
        """Waits for the commands that were asked for, and lets go of the database."""
        self._writer.close()
        super().close()

    # --- commands ------------------------------------------------------------------------------

    def transact(self, work: Callable[[UnitOfWork], R], context: Context) -> Committed[R]:
        """Runs one command as `submit` does, and waits for it. Raises what went wrong with it.

        It waits for the writer, whose every wait for the database has an end.
        """
        return self.submit(work, context).result()

    def submit(self, work: Callable[[UnitOfWork], R], context: Context) -> Future[Committed[R]]:
        """Runs one command, as `submit_together` does."""
        future = Future[Committed[R]]()
        self.submit_together([Command(work, context, future=future)])
        return future

    def submit_together(self, commands: Sequence[Command[Any]]) -> None:
        """Runs commands: each `work` loads, decides and appends; all is saved in one transaction.

        When another process was faster, `work` runs again on the new state, at most 32 times;
        also when it raised, for it may have seen one stream before and another after a change.
        Its future fails with what `work` raised, Conflict or Unavailable; then it changed nothing.
        It fails with OutcomeUnknown when the database does not say whether it has saved the group.
        `work` runs in the writer's thread, where others wait for it: it must not wait itself.
        """
        self._writer.put(commands)

    def _commit(self, commands: Sequence[Command[Any]]) -> None:
        """Saves a group of commands; those that it did not work out for are tried alone."""
        for command in self._attempt(commands):
            attempts = 1
            while attempts < ATTEMPTS and self._attempt([command]):
                attempts += 1
            if attempts == ATTEMPTS:
                tell([(command, Conflict())])

    def _attempt(self, commands: Sequence[Command[Any]]) -> Sequence[Command[Any]]:
        """Decides and saves commands in one transaction; those that are to be decided again."""
        try:
            with _as_unavailable():
                self._refresh()
                group = Group(self, (stream for each in commands for stream in each.streams))
                decisions = [self._decide(command, group) for command in commands]
                if not self._save(decisions, group):
                    return commands
                overtaken = [each.command for each in decisions if self._is_overtaken(each)]
        except Unavailable as error:
            tell((command, Unavailable(str(error))) for command in commands)
            return ()
        except OutcomeUnknown as error:
            self._cache.clear()  # whether they hold what was to be saved, nobody knows
            tell((each, _in_doubt(each, error, self._seen)) for each in commands)
            return ()
        tell((each.command, each.outcome()) for each in decisions if each.command not in overtaken)
        return overtaken

    def _refresh(self) -> None:
        """Learns which of the cached states other processes have appended to since."""
        newest = self.recorder.max_notification_id() or 0
        if newest != self._seen:
            changed = self.history.streams_after(self._seen, MOST_CHANGED) if self._cache else []
            # Before what was seen is a server that took over without all that was confirmed.
            if len(changed) == MOST_CHANGED or newest < self._seen:
                self._cache.clear()
            self._cache.distrust(changed)
            self._seen = newest

    def _decide(self, command: Command[R], group: Group) -> _Decision[R]:
        """What a command comes to after those before it in the group."""
        decision = _Decision(command, UnitOfWork(group), self._seen)
        try:
            decision.result = command.work(decision.unit)
            decision.stored = self._stored(decision.unit, command.context)
        except PersistenceError:
            raise
        except Exception as error:
            decision.error = error
        else:
            group.take(decision.unit)
        return decision

    def _stored(self, unit: UnitOfWork, context: Context) -> list[StoredEvent]:
        if not unit.pending:
            return []
        metadata = Metadata(
            recorded_at=self._clock(),
            actor=context.actor,
            reason=context.reason,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        stored = self.mapper.to_stored_event
        return [
            stored(_Pending(stream, version, event, metadata))
            for stream, version, event in unit.pending
        ]

    def _save(self, decisions: Sequence[_Decision[Any]], group: Group) -> bool:
        """Whether what was decided is saved; if not, another writer was faster."""
        stored = [event for decision in decisions for event in decision.stored]
        if not stored:
            return True
        try:
            positions = self._append(stored, group)
        except IntegrityError:
            self._cache.distrust(group.streams())
            return False
        if positions[0] == self._seen + 1:
            self._seen = positions[-1]
        sizes = Counter[str]()
        for event in stored:
            sizes[str(event.originator_id)] += len(event.state)
        self._cache.distrust(sizes)
        for key, folded in group.touched().items():
            folded.tail_size += sizes[key[1]]
            self._keep(key, folded)
        reached = positions[0] - 1
        for decision in decisions:
            reached += len(decision.stored)
            decision.position = reached
        for listener in self._listeners:
            listener(reached)
        return True

    def _append(self, stored: Sequence[StoredEvent], group: Group) -> Sequence[int]:
        self._committing = time.monotonic()
        try:
            return self.history.append(stored, self._seen, group.only_looked_at())
        finally:
            self._committing = None

    def unconfirmed(self) -> float:
        """For how many seconds the database has been at the commit at hand, 0.0 without one."""
        began = self._committing
        return time.monotonic() - began if began else 0.0

    def _is_overtaken(self, decision: _Decision[Any]) -> bool:
        """Whether a command was refused for a state that another process has changed meanwhile."""
        if isinstance(decision.error, Overtaken):
            return True
        if decision.error is None:
            return False
        try:
            newest = self.recorder.max_notification_id() or 0
            return newest != self._seen and decision.unit.is_overtaken()
        except PersistenceError as error:  # the group is saved: this one alone is not answered
            decision.error = Unavailable(str(error))
            return False

    # --- states --------------------------------------------------------------------------------

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands: from the cache or a snapshot, and the events after that."""
        if not can_be_stored(stream):
            return Folded()
        key = kind, stream
        known, is_current = self._cache.get(key)
        if known and is_current:
            return known
        known = known or self._from_snapshot(kind, stream)
        tail = self.recorder.select_events(stream, gt=known.version)
        folded = known.fold(kind, map(self._event, tail))
        folded.tail_size += sum(len(stored.state) for stored in tail)
        if kind.cached:
            self._cache.put(key, folded)
        return folded

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many streams at once, from their events; for kinds that are not cached."""
        if not streams:
            return {}
        events: dict[str, list[Event]] = {stream: [] for stream in streams}
        for stream, _, name, state, _ in self.history.select_streams(streams):
            events[stream].append(EventMapper.codec.decode(name, state)[0])
        return {
            stream: Folded().fold(kind_of(stream), recorded) for stream, recorded in events.items()
        }

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events after `version`."""
        return bool(self.recorder.select_events(stream, gt=version, limit=1))

    def _event(self, stored: StoredEvent) -> Event:
        return EventMapper.codec.decode(stored.topic, stored.state)[0]

    def _from_snapshot(self, kind: StreamKind[Any], stream: str) -> Folded:
        if kind.snapshot:
            place = kind.snapshots_of(stream)
            for stored in self._snapshots.select_events(place, desc=True, limit=1):
                if stored.topic == kind.snapshot.name:
                    version, size = stored.originator_version, len(stored.state)
                    return Folded(version, kind.snapshot.decode(stored.state), version, size)
        return Folded()

    def _keep(self, key: Key, folded: Folded) -> None:
        """Caches what was just saved, and takes a snapshot when the stream has got long.

        That is, long compared with the last snapshot: else the cost of a command would grow with
        the open items of its line.
        """
        kind, stream = key
        more = folded.version - folded.snapshot_version
        is_long = more >= SNAPSHOT_EVERY or folded.tail_size >= SNAPSHOT_BYTES
        if kind.snapshot and is_long and folded.tail_size >= folded.snapshot_size:
            encoded = kind.snapshot.encode(folded.state)
            place = kind.snapshots_of(stream)
            self._take(StoredEvent(place, folded.version, kind.snapshot.name, encoded))
            folded.snapshot_version = folded.version
            folded.snapshot_size, folded.tail_size = len(encoded), 0
        if kind.cached:
            self._cache.put(key, folded)

    def _take(self, snapshot: StoredEvent) -> None:
        """Stores a snapshot. The command is committed by now, so nothing here may fail it."""
        try:
            # Another process may have taken the very same snapshot: then it is there already.
            with suppress(IntegrityError):
                self._snapshots.insert_events([snapshot])
        except PersistenceError as error:
            log.warning(
                "a snapshot could not be saved; the stream is folded from its events instead",
                extra={"stream": snapshot.originator_id},
                exc_info=error,
            )

    # --- the history, in order ----------------------------------------------------------------

    def read(self, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events after position `after`, in order."""
        with _as_unavailable():
            found = self.history.select_after(after, limit)
        return [self._recorded(*row) for row in found]

    def read_at(self, positions: Iterable[int]) -> list[Recorded]:
        """The events at these positions, in order."""
        with _as_unavailable():
            found = self.history.select_positions(positions)
        return [self._recorded(*row) for row in found]

    def position(self) -> int:
        """The position of the newest event, 0 when there is none."""
        with _as_unavailable():
            return self.recorder.max_notification_id() or 0

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when there is none."""
        return self.history.position_of(stream, version)

    def unknown_types(self) -> list[tuple[str, int]]:
        """The stored names of events that this version can't read, each with its first position."""
        with _as_unavailable():
            found = self.history.first_of_each_type()
        return [(name, first) for name, first in found if not EventMapper.codec.knows(name)]

    # --- what was refused ----------------------------------------------------------------------

    def note_refused(self, documents: Sequence[str]) -> None:
        """Keeps refused events, as JSON documents, beside the history. Raises Unavailable."""
        with _as_unavailable():
            self._refusals.add(documents)

    def refused(self, before: int, limit: int) -> Sequence[tuple[int, str]]:
        """At most `limit` refused events with numbers below `before`, the newest first."""
        with _as_unavailable():
            return self._refusals.select_before(before, limit)

    def _recorded(
        self, stream: str, version: int, name: str, state: bytes, position: int
    ) -> Recorded:
        try:
            event, metadata = EventMapper.codec.decode(name, state)
        except DamagedEvent as error:
            raise DamagedEvent(f"the event at position {position} can't be read") from error
        return Recorded(
            position=position, stream=stream, version=version, event=event, metadata=metadata
        )


def _in_doubt(command: Command[Any], error: OutcomeUnknown, seen: int) -> OutcomeUnknown:
    """The error as the caller of this command gets it."""
    return OutcomeUnknown(error.why, command.context.correlation_id, seen)


class _as_unavailable:  # noqa: N801 - used like a function
    """Turns the library's database errors into Unavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PersistenceError):
            raise Unavailable(str(error)) from error
