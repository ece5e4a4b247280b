"""Folded states of streams: from the cache, from a snapshot, and from the events after that."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from eventsourcing.persistence import (
    AggregateRecorder,
    IntegrityError,
    PersistenceError,
    StoredEvent,
)

from aggregates.events import Event
from projections.history import can_be_stored
from service.ledger.recorders import EventStore
from service.ledger.stored_form import EventMapper
from service.ledger.stream_kinds import StreamKind, kind_of, kinds_of

log = logging.getLogger(__name__)

Key = tuple[StreamKind[Any], str]
"""A stream, and one of the ways to fold it."""
SNAPSHOT_EVERY = 200
"""Events of a stream between two snapshots of it; fewer if they are large, as those of bulk are."""
MOST_SINCE = 50_000
"""Events since a position that are looked through for those of some streams."""
MOST_LARGE = 3
"""Large states that are kept beside the others."""
SNAPSHOT_BYTES = 256 * 1024
"""Bytes of events from which they are large: a snapshot is read in a quarter of their time."""


@dataclass(slots=True)
class Folded:
    """A stream as far as it is folded."""

    version: int = 0
    state: Any = None
    snapshot_version: int = 0
    snapshot_size: int = 0
    tail_size: int = 0
    """Bytes of the newest snapshot, and of the events after it."""

    def memory(self, kind: StreamKind[Any]) -> int:
        """About how many bytes the state takes."""
        return kind.memory(self.state, self.snapshot_size + self.tail_size)

    def fold(self, kind: StreamKind[Any], events: Iterable[Event]) -> Folded:
        version, state, evolve = self.version, self.state, kind.evolve
        for event in events:
            state = evolve(state, event)
            version += 1
        return Folded(version, state, self.snapshot_version, self.snapshot_size, self.tail_size)


@dataclass(slots=True)
class StateCache:
    """The latest folded states, up to so many bytes in all; the longest unused goes first.

    Beside them there may be three that are larger than a quarter of the limit: a large draft, its
    line, and what it corrects. Every command on them needs them whole, and to read them each time
    would take seconds.
    """

    limit: int
    _bytes: int = 0
    _large: list[Key] = field(default_factory=list["Key"])
    _folded: OrderedDict[Key, tuple[Folded, int]] = field(
        default_factory=OrderedDict["Key", tuple[Folded, int]]
    )
    _outdated: set[Key] = field(default_factory=set["Key"])

    def get(self, key: Key) -> tuple[Folded | None, bool]:
        """A state, if it is here, and whether its stream has not moved on since."""
        known = self._folded.get(key)
        if known is None:
            return None, False
        self._folded.move_to_end(key)
        if key in self._large:
            self._large.remove(key)
            self._large.append(key)
        return known[0], key not in self._outdated

    def put(self, key: Key, folded: Folded) -> None:
        """Keeps a state as its stream leaves it now."""
        self._drop(key)
        size = folded.memory(key[0])
        if size > self.limit // 4:
            self._large.append(key)
            size = 0
            if len(self._large) > MOST_LARGE:
                self._drop(self._large[0])
        self._folded[key] = folded, size
        self._bytes += size
        while self._bytes > self.limit:
            self._drop(next(iter(self._folded)))

    def distrust(self, streams: Iterable[str]) -> None:
        """The states of these streams are outdated, from now until they are put here again."""
        for stream in streams:
            for kind in kinds_of(stream):
                if (kind, stream) in self._folded:
                    self._outdated.add((kind, stream))

    def clear(self) -> None:
        """Gives up all states."""
        self._folded.clear()
        self._outdated.clear()
        self._bytes = 0
        self._large.clear()

    def _drop(self, key: Key) -> None:
        _, size = self._folded.pop(key, (None, 0))
        self._bytes -= size
        self._outdated.discard(key)
        if key in self._large:
            self._large.remove(key)

    def __bool__(self) -> bool:
        return bool(self._folded)


class States:
    """The states of all streams of a history, as far as they are saved."""

    def __init__(self, history: EventStore, snapshots: AggregateRecorder, size: int) -> None:
        self._history, self._snapshots = history, snapshots
        self.cache = StateCache(size)

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands: from the cache or a snapshot, and the events after that."""
        if not can_be_stored(stream):
            return Folded()
        key = kind, stream
        known, is_current = self.cache.get(key)
        if known and is_current:
            return known
        known = known or self._from_snapshot(kind, stream)
        tail = self._history.select_events(stream, gt=known.version)
        folded = known.fold(kind, map(self._event, tail))
        folded.tail_size += sum(len(stored.state) for stored in tail)
        if kind.cached:
            self.cache.put(key, folded)
        return folded

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many streams at once, from their events; for kinds that are not cached."""
        if not streams:
            return {}
        events: dict[str, list[Event]] = {stream: [] for stream in streams}
        for stream, _, name, state, _ in self._history.select_streams(streams):
            events[stream].append(EventMapper.codec.decode(name, state)[0])
        return {
            stream: Folded().fold(kind_of(stream), recorded) for stream, recorded in events.items()
        }

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events after `version`."""
        return bool(self._history.select_events(stream, gt=version, limit=1))

    def changed_since(self, position: int) -> set[str] | None:
        """The streams with events after `position`; None after very many, when all may have."""
        changed = self._history.streams_after(position, MOST_SINCE)
        return None if len(changed) == MOST_SINCE else set(changed)

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

    def keep(self, key: Key, folded: Folded) -> None:
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
            self.cache.put(key, folded)

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
