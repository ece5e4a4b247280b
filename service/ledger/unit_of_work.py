"""One command's view of the streams: loaded as it asks, folded as it appends, saved in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from aggregates import streams
from aggregates.events import Event
from aggregates.refusals import NotFound
from projections.views.kept_to import KeptTo
from service.ledger.states import Folded, Key
from service.ledger.stream_kinds import INVOICE, StreamKind, kinds_of

_INVOICES = streams.invoice("")
S = TypeVar("S")


class StaleVersion(Exception):
    """The caller expected another version of a stream than it has; nothing was changed."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.expected, self.actual = expected, actual


class Overtaken(Exception):
    """Another writer was faster: what was decided must be decided again."""


class MovedOn(Exception):
    """Something was recorded since, on a stream that a command relies on as it stood."""


class Source(Protocol):
    """What a unit of work asks of the group that it is in."""

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands."""
        ...

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events after `version`."""
        ...

    def changed_since(self, position: int) -> set[str] | None:
        """The streams with events after `position` of the history, None if that is too many."""
        ...


class Streams(Source, Protocol):
    """What a group asks of the ledger."""

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many short streams at once."""
        ...


class UnitOfWork:
    """The streams that one command looks at and what it appends; folded as it goes, saved once.

    A stream has one version here: that of the state which the command saw first. What it appends
    comes after that version, so that a writer who was faster is noticed when it is saved. `actor`
    is who asks.
    """

    def __init__(self, source: Source, actor: str, clock: Callable[[], datetime]) -> None:
        self._source, self.actor, self._clock = source, actor, clock
        self._now: datetime | None = None
        self._folded: dict[Key, Folded] = {}
        self._appended: defaultdict[str, list[Event]] = defaultdict(list)
        self.looked_at: dict[str, int] = {}
        """The version that each stream had when this command first looked at it."""
        self.pending: list[tuple[str, int, Event]] = []
        self._contracts: frozenset[str] | None = None
        """The only contracts that who asks may know of, None for all."""

    def keep_to(self, known: KeptTo) -> None:
        """Has all streams of other contracts be as if they were not there, and stay as they are.

        Raises ValueError for who may not know of all customers: these share streams.
        """
        if known.customers is not None:
            raise ValueError("no command keeps to some customers")
        self._contracts = known.contracts

    @property
    def now(self) -> datetime:
        """When the command is carried out: the clock is read once, when this is first asked."""
        if self._now is None:
            self._now = self._clock()
        return self._now

    def load(self, kind: StreamKind[S], stream: str) -> S | None:
        """The state of a stream with what this command appended so far, None when it is empty.

        None as well when who asks may not know of it. Raises Overtaken when the stream was looked
        at before at another version.
        """
        if self._hidden(stream) is not None:
            return None
        return cast("S | None", self._at(kind, stream).state)

    def version(self, stream: str) -> int:
        """The version of a stream with what this command appended so far, 0 when it is empty.

        0 as well when who asks may not know of it.
        """
        if self._hidden(stream) is not None:
            return 0
        if stream not in self.looked_at:
            self._at(kinds_of(stream)[-1], stream)
        return self.looked_at[stream] + len(self._appended.get(stream, ()))

    def expect(self, stream: str, version: int | None) -> None:
        """Raises StaleVersion when the stream is not at the version the caller saw."""
        actual = self.version(stream)
        if version is not None and version != actual:
            raise StaleVersion(stream, version, actual)

    def require_unmoved_since(self, position: int) -> None:
        """Raises MovedOn when a stream that was loaded so far has events after `position`.

        What is recorded there later is noticed as always: the command is decided again.
        """
        if not self.looked_at.keys().isdisjoint(self.changed_since(position)):
            raise MovedOn

    def changed_since(self, position: int) -> set[str]:
        """The streams with events after `position`. Raises MovedOn where these are too many."""
        changed = self._source.changed_since(position)
        if changed is None:
            raise MovedOn
        return changed

    def save_nothing(self) -> None:
        """Drops what was appended so far; whether what was looked at is up to date is still asked.

        What is loaded stays as it would be.
        """
        self.pending.clear()

    def append(self, events: Iterable[Event]) -> None:
        """Adds events, each to the stream that it names; they count at once in what is loaded.

        Raises NotFound where that is of a contract that who asks may not know of, be it there or
        not.
        """
        for event in events:
            stream = event.stream
            if (contract_id := self._hidden(stream)) is not None:
                raise NotFound("contract", contract_id)
            version = self.version(stream) + 1
            for kind in kinds_of(stream):
                folded = self._folded.get((kind, stream))
                if folded:
                    self._folded[kind, stream] = folded.fold(kind, (event,))
            self._appended[stream].append(event)
            self.pending.append((stream, version, event))

    def touched(self) -> dict[Key, Folded]:
        """The streams appended to, folded in every way in which they were looked at."""
        return {key: folded for key, folded in self._folded.items() if key[1] in self._appended}

    def is_overtaken(self) -> bool:
        """Whether another writer appended to a stream since this command looked at it."""
        return any(self._source.has_moved(stream, at) for stream, at in self.looked_at.items())

    def _hidden(self, stream: str) -> str | None:
        """The contract of a stream that who asks may not know of, None for all others."""
        if self._contracts is None:
            return None
        contract_id = streams.contract_of(stream)
        if contract_id is None and stream.startswith(_INVOICES):
            invoice = self._at(INVOICE, stream).state
            contract_id = invoice.contract_id if invoice else None
        return contract_id if contract_id not in {None, *self._contracts} else None

    def _at(self, kind: StreamKind[Any], stream: str) -> Folded:
        key = kind, stream
        known = self._folded.get(key)
        if known is None:
            known = self._source.fold(kind, stream)
            if self.looked_at.setdefault(stream, known.version) != known.version:
                raise Overtaken
            if stream in self._appended:
                known = known.fold(kind, self._appended[stream])
            self._folded[key] = known
        return known
