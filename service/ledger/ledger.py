"""The ledger: one tenant's history, and commands that append to it in one transaction each.

On the library's Application and recorders; deciding is the aggregates', which are pure functions,
so the library's own aggregate classes are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from aggregates.events import Event
from projections.history import Recorded
from service.garbage_collector import STATE_CACHE
from service.ledger.conflicts_and_retries import Committer
from service.ledger.group_commit import CommandThread, Committed, Context, Submission
from service.ledger.recorders import (
    EventStore,
    KeptSession,
    Storage,
    as_unavailable,
    refusals_beside,
    sessions_beside,
)
from service.ledger.states import States
from service.ledger.stored_form import EventMapper
from service.ledger.unit_of_work import UnitOfWork
from service.ledger.unread import Unread
from service.watching.spans import Trail
from service.watching.watch import Watch

R = TypeVar("R")


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
        with as_unavailable():
            super().__init__(
                env={
                    "MAPPER_TOPIC": "service.ledger.stored_form:EventMapper",
                    "ORIGINATOR_ID_TYPE": "text",
                    "IS_SNAPSHOTTING_ENABLED": "y",
                }
            )
            self._refusals = refusals_beside(self.recorder)
            self._sessions = sessions_beside(self.recorder)
        assert self.snapshots is not None, "snapshotting is enabled above"  # noqa: S101
        self.states = States(self.history, self.snapshots.recorder, STATE_CACHE)
        self._listeners: list[Callable[[int], None]] = []
        self._committer = Committer(
            self.history, self.states, self.mapper, clock=clock, listeners=self._listeners
        )
        self._writer = CommandThread(self._committer.commit)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """What makes the recorders, by where the history is kept."""
        return self._storage.factory(env)

    @property
    def history(self) -> EventStore:
        """What our recorders of the events can do beyond the library's."""
        return cast("EventStore", self.recorder)

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Calls `listener` with the new position after every commit of this process."""
        self._listeners.append(listener)

    def tell_nobody_while(self, is_followed_here: Callable[[], bool]) -> None:
        """Sends no NOTIFY of commits as long as those who follow the history hear `on_commit`."""
        self._committer.is_followed_here = is_followed_here

    def watched_by(self, watch: Watch) -> None:
        """Tells `watch` what commands come to, from now on."""
        self._committer.watch = watch

    @property
    def trail(self) -> Trail:
        """Where in traces what was recorded last comes from."""
        return self._committer.trail

    def keep_states(self, size: int) -> None:
        """From the next command on, keeps so many bytes of folded states in memory."""
        self.states.cache.limit = size

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
        self.submit_together([Submission(work, context, future=future)])
        return future

    def submit_together(self, commands: Sequence[Submission[Any]]) -> None:
        """Runs commands: each `work` loads, decides and appends; all is saved in one transaction.

        When another process was faster, `work` runs again on the new state, at most 32 times;
        also when it raised, for it may have seen one stream before and another after a change.
        Its future fails with what `work` raised, Conflict or Unavailable; then it changed nothing.
        It fails with OutcomeUnknown when the database does not say whether it has saved the group.
        `work` runs in the writer's thread, where others wait for it: it must not wait itself.
        """
        self._writer.put(commands)

    def submit_with_others(self, command: Submission[Any]) -> None:
        """Runs a command of the event loop as `submit_together` does, with others that are ready.

        Its future is the loop's, and fails with RuntimeError when the ledger is closed.
        """
        self._writer.put_with_others(command)

    def unconfirmed(self) -> float:
        """For how many seconds the database has been at the commit at hand, 0.0 without one."""
        return self._committer.unconfirmed()

    # --- the history, in order ----------------------------------------------------------------

    def read(self, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events after position `after`, in order."""
        return [event.read() for event in self.unread(after, limit)]

    def read_at(self, positions: Iterable[int]) -> list[Recorded]:
        """The events at these positions, in order."""
        return [event.read() for event in self.unread_at(positions)]

    def unread(self, after: int, limit: int) -> list[Unread]:
        """As `read`, for who wants few of them."""
        with as_unavailable():
            return [Unread(*row) for row in self.history.select_after(after, limit)]

    def unread_at(self, positions: Iterable[int]) -> list[Unread]:
        """As `read_at`, for who wants few of them."""
        with as_unavailable():
            return [Unread(*row) for row in self.history.select_positions(positions)]

    def read_stream(self, stream: str, after: int, limit: int) -> list[Event]:
        """At most `limit` events of one stream after that version of it, in order."""
        with as_unavailable():
            found = self.history.select_events(stream, gt=after, limit=limit)
        return [EventMapper.codec.decode(stored.topic, stored.state)[0] for stored in found]

    def position(self) -> int:
        """The position of the newest event, 0 when there is none."""
        with as_unavailable():
            return self.recorder.max_notification_id() or 0

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when there is none, Unavailable."""
        with as_unavailable():
            return self.history.position_of(stream, version)

    def unknown_types(self) -> list[tuple[str, int]]:
        """The stored names of events that this version can't read, each with its first position."""
        with as_unavailable():
            found = self.history.first_of_each_type()
        return [(name, first) for name, first in found if not EventMapper.codec.knows(name)]

    # --- what was refused ----------------------------------------------------------------------

    def note_refused(self, documents: Sequence[str]) -> None:
        """Keeps refused events, as JSON documents, beside the history. Raises Unavailable."""
        with as_unavailable():
            self._refusals.add(documents)

    def refused(self, before: int, limit: int) -> Sequence[tuple[int, str]]:
        """At most `limit` refused events with numbers below `before`, the newest first."""
        with as_unavailable():
            return self._refusals.select_before(before, limit)

    # --- who is signed in in a browser ----------------------------------------------------------

    def keep_session(self, session: KeptSession, unused_since: int) -> None:
        """Keeps a session, and gives up those not used since then. Raises Unavailable."""
        with as_unavailable():
            self._sessions.add(session, unused_since)

    def session(self, digest: str) -> KeptSession | None:
        """The session of this digest. Raises Unavailable."""
        with as_unavailable():
            return self._sessions.find(digest)

    def note_use_of_session(self, digest: str, used_at: int) -> None:
        """Notes that a session is used. Raises Unavailable."""
        with as_unavailable():
            self._sessions.note_use(digest, used_at)

    def end_session(self, digest: str) -> None:
        """Gives a session up, if it is there. Raises Unavailable."""
        with as_unavailable():
            self._sessions.remove(digest)
