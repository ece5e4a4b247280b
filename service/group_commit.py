"""One writer: commands wait in a line, and those that wait together share a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from service.stream_kinds import StreamKind
from service.unit_of_work import Folded, Streams, UnitOfWork

R = TypeVar("R")

LARGEST_GROUP = 256
"""Commands that share a transaction at most."""


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


@dataclass(slots=True, eq=False)
class Command(Generic[R]):
    """A command on its way: `work` loads, decides and appends; `future` tells what came of it."""

    work: Callable[[UnitOfWork], R]
    context: Context
    future: Future[Committed[R]] = field(default_factory=Future[Committed[R]])


class Writer:
    """The thread that commands of one process take turns in; it starts with the first of them."""

    def __init__(self, commit: Callable[[Sequence[Command[Any]]], None]) -> None:
        self._commit = commit
        self._line: SimpleQueue[Command[Any] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, command: Command[Any]) -> None:
        """Lines a command up. Raises RuntimeError when closed, or from within a command."""
        with self._guard:
            if self._closed:
                raise RuntimeError("the ledger is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            elif self._thread is threading.current_thread():
                raise RuntimeError("a command can't wait for another one")
            self._line.put(command)

    def close(self) -> None:
        """Ends the thread, once every command in the line is done."""
        with self._guard:
            self._closed = True
            self._line.put(None)
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (first := self._line.get()) is not None:
            group, more = self._waiting(first)
            wanted = [each for each in group if each.future.set_running_or_notify_cancel()]
            if wanted:
                try:
                    self._commit(wanted)
                except BaseException as error:
                    _fail(wanted, error)
            if not more:
                return

    def _waiting(self, first: Command[Any]) -> tuple[list[Command[Any]], bool]:
        """What waits by now, and whether the line goes on."""
        group = [first]
        while len(group) < LARGEST_GROUP:
            try:
                command = self._line.get_nowait()
            except Empty:
                break
            if command is None:
                return group, False
            group.append(command)
        return group, True


def _fail(commands: Sequence[Command[Any]], error: BaseException) -> None:
    """A fault in the writer itself is the answer to all that hung on it; the line goes on."""
    for command in commands:
        if not command.future.done():
            command.future.set_exception(error)


class Group:
    """The streams as the commands of a group leave them one after the other, not saved yet."""

    def __init__(self, saved: Streams) -> None:
        self._saved = saved
        self._folded: dict[str, Folded] = {}

    def take(self, unit: UnitOfWork) -> None:
        """What this command appended counts for the next."""
        self._folded.update(unit.touched())

    def touched(self) -> dict[str, Folded]:
        """The streams appended to, as the last command leaves them."""
        return self._folded

    def fold(self, kind: StreamKind[Any], stream: str) -> Folded:
        """The stream as it stands in the group."""
        return self._folded.get(stream) or self._saved.fold(kind, stream)

    def fold_streams(self, streams: Sequence[str]) -> dict[str, Folded]:
        """Many streams at once."""
        found = {stream: self._folded[stream] for stream in streams if stream in self._folded}
        missing = [stream for stream in streams if stream not in found]
        return {**self._saved.fold_streams(missing), **found}

    def has_moved(self, stream: str, version: int) -> bool:
        """Whether the stream has events behind `version`."""
        return self._saved.has_moved(stream, version)
