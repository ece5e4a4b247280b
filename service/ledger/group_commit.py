"""One writer: commands wait in a line, and those that wait together share a transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from aggregates.events import Event
from service.ledger.states import Folded, Key
from service.ledger.stream_kinds import StreamKind, kinds_of
from service.ledger.unit_of_work import Streams, UnitOfWork
from service.watching.spans import Place, here

R = TypeVar("R")

LARGEST_GROUP = 256
"""Commands from which a transaction takes no more in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who asks for a change, why, and what caused it (D-64).

    `kind` is what operators count commands by: one of a few names, and never an id.
    """

    actor: str
    reason: str | None = None
    correlation_id: str
    causation_id: str | None = None
    kind: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[R]):
    """What a command came to, and how far the history reaches with it."""

    result: R
    position: int


@dataclass(slots=True, eq=False)
class Submission(Generic[R]):
    """A command on its way: `work` loads, decides and appends; `future` tells what came of it.

    `streams` are short ones that it will look at, for its whole group to load in one query. The
    future is a thread's to wait for, or an event loop's. `place` is where it is in a trace.
    """

    work: Callable[[UnitOfWork], R]
    context: Context
    streams: Sequence[str] = ()
    future: Future[Committed[R]] | asyncio.Future[Committed[R]] = field(
        default_factory=Future[Committed[R]]
    )
    place: Place | None = field(default_factory=here)

    def is_wanted(self) -> bool:
        """Whether its caller still waits; a thread's can't give up any more from here on."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()


CommandResult = Committed[Any] | BaseException
"""What came of a command: its result, or what went wrong with it."""


def tell(outcomes: Iterable[tuple[Submission[Any], CommandResult]]) -> None:
    """Answers callers; those in one event loop together, as waking it costs more than they do."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], CommandResult]]]
    by_loop = defaultdict(list)
    for command, outcome in outcomes:
        if isinstance(command.future, asyncio.Future):
            by_loop[command.future.get_loop()].append((command.future, outcome))
        else:
            _settle(command.future, outcome)
    for loop, answers in by_loop.items():
        with suppress(RuntimeError):  # a loop that is closed has nobody waiting any more
            loop.call_soon_threadsafe(_settle_all, answers)


def _settle_all(answers: Iterable[tuple[asyncio.Future[Any], CommandResult]]) -> None:
    for future, outcome in answers:
        if not future.done():  # its caller may have hung up
            _settle(future, outcome)


def _settle(future: Future[Any] | asyncio.Future[Any], outcome: CommandResult) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


class CommandThread:
    """The thread that commands of one process take turns in; it starts with the first of them."""

    def __init__(self, commit: Callable[[Sequence[Submission[Any]]], None]) -> None:
        self._commit = commit
        self._line: SimpleQueue[Sequence[Submission[Any]] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._gathered: dict[asyncio.AbstractEventLoop, list[Submission[Any]]] = {}

    def put_with_others(self, command: Submission[Any]) -> None:
        """Lines up a command from the event loop, with those of other requests that are ready.

        In fewer and larger groups, the loop and this thread take the interpreter from each other
        less often. It fails with what `put` raises.
        """
        loop = asyncio.get_running_loop()
        if loop in self._gathered:
            self._gathered[loop].append(command)
        else:
            self._gathered[loop] = [command]
            loop.call_soon(self._put_gathered, loop)

    def _put_gathered(self, loop: asyncio.AbstractEventLoop) -> None:
        commands = self._gathered.pop(loop)
        try:
            self.put(commands)
        except RuntimeError as error:
            tell((each, error) for each in commands)

    def put(self, commands: Sequence[Submission[Any]]) -> None:
        """Lines commands up, to be committed together and with others that wait.

        Raises RuntimeError when closed, or from within a command.
        """
        with self._guard:
            if self._closed:
                raise RuntimeError("the ledger is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            elif self._thread is threading.current_thread():
                raise RuntimeError("a command can't wait for another one")
            self._line.put(commands)

    def close(self) -> None:
        """Ends the thread, once every command in the line is done: each ends, well or not."""
        with self._guard:
            self._closed = True
            self._line.put(None)
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (first := self._line.get()) is not None:
            group, more = self._waiting(first)
            wanted = [each for each in group if each.is_wanted()]
            if wanted:
                try:
                    self._commit(wanted)
                except BaseException as error:
                    # An error of the thread itself is the answer to all who wait for it.
                    tell((each, error) for each in wanted if not each.future.done())
            if not more:
                return

    def _waiting(self, first: Sequence[Submission[Any]]) -> tuple[list[Submission[Any]], bool]:
        """What waits by now, and whether the line goes on."""
        group = list(first)
        while len(group) < LARGEST_GROUP:
            try:
                commands = self._line.get_nowait()
            except Empty:
                break
            if commands is None:
                return group, False
            group.extend(commands)
        return group, True


class Group:
    """The streams as the commands of a group leave them one after the other, not saved yet."""

    def __init__(self, saved: Streams, streams: Iterable[str] = ()) -> None:
        self._saved = saved
        self._loaded = saved.fold_streams(list(dict.fromkeys(streams)))
        self._folded: dict[Key, Folded] = {}
        self._appended: defaultdict[str, list[Event]] = defaultdict(list)
        self._looked_at: dict[str, int] = {}

    def take(self, unit: UnitOfWork) -> None:
        """What this command appended counts for the next."""
        if not unit.pending:
            return
        touched = unit.touched()
        for stream, version in unit.looked_at.items():
            self._looked_at.setdefault(stream, version)
        for stream, _, event in unit.pending:
            self._appended[stream].append(event)
        for stream in {stream for stream, _, _ in unit.pending}:
            for kind in kinds_of(stream):
                self._folded.pop((kind, stream), None)
        self._folded.update(touched)

    def touched(self) -> dict[Key, Folded]:
        """The streams appended to, as the last command leaves them, folded as it did."""
        return self._folded

    def streams(self) -> Iterable[str]:
        """The streams appended to."""
        return self._appended

    def only_looked_at(self) -> dict[str, int]:
        """The streams that what was appended depends on, without being appended to; versions."""
        return {s: version for s, version in self._looked_at.items() if s not in self._appended}

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands in the group."""
        known = self._folded.get((kind, stream))
        if known is None:
            saved = self._loaded.get(stream) or self._saved.fold(kind, stream)
            known = saved.fold(kind, self._appended[stream]) if stream in self._appended else saved
        return known

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events after `version`."""
        return self._saved.has_moved(stream, version)

    def changed_since(self, position: int) -> set[str] | None:
        """The streams with events after `position`, saved or of this group; None if too many."""
        saved = self._saved.changed_since(position)
        return None if saved is None else saved | self._appended.keys()
