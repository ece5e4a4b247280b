"""One command's view of the streams: loaded as it asks, folded as it appends, saved in one go."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from aggregates.events import Event
from service.stream_kinds import StreamKind, kind_of

S = TypeVar("S")


class StaleVersion(Exception):
    """The caller expected another version of a stream than it has; nothing was changed."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.expected, self.actual = expected, actual


@dataclass(slots=True)
class Folded:
    """A stream as far as it is folded."""

    version: int = 0
    state: Any = None
    snapshot_version: int = 0
    snapshot_size: int = 0
    tail_size: int = 0
    """Bytes of the newest snapshot, and of the events behind it."""

    def fold(self, kind: StreamKind[Any], events: Iterable[Event]) -> Folded:
        sizes = self.snapshot_version, self.snapshot_size, self.tail_size
        folded = Folded(self.version, self.state, *sizes)
        for event in events:
            folded.state = kind.evolve(folded.state, event)
            folded.version += 1
        return folded


@dataclass(slots=True)
class StateCache:
    """The latest folded states, by stream; the longest unused goes first."""

    size: int
    _folded: OrderedDict[str, Folded] = field(default_factory=OrderedDict[str, Folded])

    def get(self, stream: str) -> Folded | None:
        folded = self._folded.get(stream)
        if folded:
            self._folded.move_to_end(stream)
        return folded

    def put(self, stream: str, folded: Folded) -> None:
        self._folded[stream] = folded
        self._folded.move_to_end(stream)
        if len(self._folded) > self.size:
            self._folded.popitem(last=False)

    def clear(self) -> None:
        self._folded.clear()

    def __bool__(self) -> bool:
        return bool(self._folded)


class Streams(Protocol):
    """What a unit of work asks of the ledger."""

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands."""
        ...

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many streams at once."""
        ...

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events behind `version`."""
        ...


class UnitOfWork:
    """The streams that one command looks at and what it appends; folded as it goes, saved once."""

    def __init__(self, ledger: Streams) -> None:
        self._ledger = ledger
        self._folded: dict[str, Folded] = {}
        self._loaded: dict[str, int] = {}
        self.pending: list[tuple[str, int, Event]] = []

    def load(self, kind: StreamKind[S], stream: str) -> S | None:
        """The state of a stream with what this command appended so far, None when it is empty."""
        return cast("S | None", self._at(kind, stream).state)

    def version(self, stream: str) -> int:
        """The version of a stream with what this command appended so far, 0 when it is empty."""
        return self._at(kind_of(stream), stream).version

    def preload(self, streams: Iterable[str]) -> None:
        """Loads many short streams at once, that would be a query each otherwise."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self._folded]
        found = self._ledger.fold_streams(missing)
        self._folded.update(found)
        self._loaded.update({stream: folded.version for stream, folded in found.items()})

    def expect(self, stream: str, version: int | None) -> None:
        """Raises StaleVersion when the stream is not at the version the caller saw."""
        actual = self.version(stream)
        if version is not None and version != actual:
            raise StaleVersion(stream, version, actual)

    def append(self, events: Iterable[Event]) -> None:
        """Adds events, each to the stream that it names; they count at once in what is loaded."""
        for event in events:
            stream = event.stream
            kind = kind_of(stream)
            folded = self._at(kind, stream).fold(kind, [event])
            self._folded[stream] = folded
            self.pending.append((stream, folded.version, event))

    def touched(self) -> dict[str, Folded]:
        """The streams appended to, folded."""
        return {stream: self._folded[stream] for stream, _, _ in self.pending}

    def is_overtaken(self) -> bool:
        """Whether another writer appended to a stream since this command looked at it."""
        return any(self._ledger.has_moved(stream, at) for stream, at in self._loaded.items())

    def _at(self, kind: StreamKind[Any], stream: str) -> Folded:
        if stream not in self._folded:
            self._folded[stream] = self._ledger.fold(kind, stream)
            self._loaded[stream] = self._folded[stream].version
        return self._folded[stream]
