"""Who notices that two writers collide, and how often the slower one decides again.

Every append names the versions that were seen when it was decided on, so the database refuses what
another process has overtaken; then the command is decided again on the new state.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from eventsourcing.persistence import IntegrityError, Mapper, PersistenceError, StoredEvent

from aggregates.refusals import Refused
from projections.history import Metadata, OutcomeUnknown, Unavailable
from service.ledger.group_commit import (
    CommandResult,
    Committed,
    Context,
    Group,
    Submission,
    tell,
)
from service.ledger.recorders import EventStore, as_unavailable
from service.ledger.states import States
from service.ledger.stored_form import PendingEvent
from service.ledger.unit_of_work import Overtaken, StaleVersion, UnitOfWork
from service.watching.spans import Trail, span
from service.watching.watch import NOBODY, Outcome

R = TypeVar("R")

ATTEMPTS = 32
"""How often a command is decided again when another writer was faster, before it is refused."""
MOST_CHANGED = 50_000
"""Events of other processes, from which all states in memory are given up at once."""


class Conflict(Exception):
    """Other writers were faster at every attempt; nothing was changed."""


@dataclass(slots=True)
class _Decided(Generic[R]):
    """What a command came to within its group, until it is saved."""

    command: Submission[R]
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

    def outcome_kind(self) -> Outcome:
        """What it came to, for operators."""
        match self.error:
            case None:
                return Outcome.RECORDED if self.stored else Outcome.UNCHANGED
            case Refused() | StaleVersion():
                return Outcome.REFUSED
            case Unavailable():
                return Outcome.UNAVAILABLE
            case _:
                return Outcome.BROKEN_OFF


class Committer:
    """Decides groups of commands and saves each in one transaction.

    `clock` is read once a command, at this edge only. `listeners` are called with the position
    reached, after each commit.
    """

    def __init__(
        self,
        history: EventStore,
        states: States,
        mapper: Mapper[str],
        *,
        clock: Callable[[], datetime],
        listeners: Sequence[Callable[[int], object]],
    ) -> None:
        self._history, self._states, self._mapper = history, states, mapper
        self._clock, self._listeners = clock, listeners
        self._seen = 0
        self._may_be_behind = True
        """Whether others may have recorded what the states in memory don't have yet."""
        self._committing: float | None = None
        self.is_followed_here: Callable[[], bool] = lambda: False
        """Whether those who follow the history hear it from a listener, and need no NOTIFY."""
        self.watch = NOBODY
        """Who is told what commands come to."""
        self.trail = Trail()
        """Where in traces what was saved last comes from."""

    def commit(self, commands: Sequence[Submission[Any]]) -> None:
        """Saves a group of commands; those that it did not work out for are tried alone.

        Once more together before, for all may have been decided on what was outdated.
        """
        again = self._attempt(commands)
        for command in self._attempt(again) if again else ():
            attempts = 2
            while attempts < ATTEMPTS and self._attempt([command]):
                attempts += 1
            if attempts == ATTEMPTS:
                self._tell_of([command], Outcome.CONFLICT)
                tell([(command, Conflict())])

    def _attempt(self, commands: Sequence[Submission[Any]]) -> Sequence[Submission[Any]]:
        """Decides and saves commands in one transaction; those that are to be decided again."""
        try:
            with as_unavailable():
                if self._may_be_behind:
                    self._refresh()
                group = Group(
                    self._states, (stream for each in commands for stream in each.streams)
                )
                decisions = [self._decide(command, group) for command in commands]
                if not self._save(decisions, group):
                    self.watch.overtaken(len(commands))
                    return commands
                overtaken = self._overtaken([each for each in decisions if not each.stored])
        except Unavailable as error:
            self._tell_of(commands, Outcome.UNAVAILABLE)
            tell((command, Unavailable(str(error))) for command in commands)
            return ()
        except OutcomeUnknown as error:
            self._states.cache.clear()  # whether they hold what was to be saved, nobody knows
            self._may_be_behind = True
            self._tell_of(commands, Outcome.IN_DOUBT)
            tell((each, _in_doubt(each, error, self._seen)) for each in commands)
            return ()
        if overtaken:
            self.watch.overtaken(len(overtaken))
        done = [each for each in decisions if each.command not in overtaken]
        for each in done:
            self.watch.decided(each.command.context.kind, each.outcome_kind())
        tell((each.command, each.outcome()) for each in done)
        return overtaken

    def _tell_of(self, commands: Sequence[Submission[Any]], outcome: Outcome) -> None:
        for command in commands:
            self.watch.decided(command.context.kind, outcome)

    def _refresh(self) -> None:
        """Learns which of the cached states other processes have appended to since."""
        newest = self._history.max_notification_id() or 0
        if newest != self._seen:
            changed = (
                self._history.streams_after(self._seen, MOST_CHANGED) if self._states.cache else []
            )
            # One before what was seen: a server took over that lacks what was confirmed last.
            if len(changed) == MOST_CHANGED or newest < self._seen:
                self._states.cache.clear()
            self._states.cache.distrust(changed)
            self._seen = newest
        self._may_be_behind = False

    def _decide(self, command: Submission[R], group: Group) -> _Decided[R]:
        """What a command comes to after those before it in the group."""
        unit = UnitOfWork(group, command.context.actor, self._clock)
        decision = _Decided(command, unit, self._seen)
        try:
            with span("decide", [command.place], kind=command.context.kind):
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
            recorded_at=unit.now,
            actor=context.actor,
            reason=context.reason,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        stored = self._mapper.to_stored_event
        return [
            stored(PendingEvent(stream, version, event, metadata))
            for stream, version, event in unit.pending
        ]

    def _save(self, decisions: Sequence[_Decided[Any]], group: Group) -> bool:
        """Whether what was decided is saved; if not, another writer was faster."""
        stored = [event for decision in decisions for event in decision.stored]
        if not stored:
            return True
        try:
            positions = self._append(decisions, stored, group)
        except IntegrityError:
            self._states.cache.distrust(group.streams())
            self._may_be_behind = True
            return False
        if positions[0] == self._seen + 1:
            self._seen = positions[-1]
        else:
            self._may_be_behind = True
        sizes = Counter[str]()
        for event in stored:
            sizes[str(event.originator_id)] += len(event.state)
        self._states.cache.distrust(sizes)
        for key, folded in group.touched().items():
            folded.tail_size += sizes[key[1]]
            self._states.keep(key, folded)
        reached = positions[0] - 1
        for decision in decisions:
            reached += len(decision.stored)
            decision.position = reached
        for listener in self._listeners:
            listener(reached)
        return True

    def _append(
        self, decisions: Sequence[_Decided[Any]], stored: Sequence[StoredEvent], group: Group
    ) -> Sequence[int]:
        saving = [each.command.place for each in decisions if each.stored]
        began = self._committing = time.monotonic()
        try:
            looked_at, quietly = group.only_looked_at(), self.is_followed_here()
            with span("append", saving, commands=len(saving), events=len(stored)):
                positions = self._history.append(stored, self._seen, looked_at, quietly=quietly)
        finally:
            self._committing = None
        self.watch.saved(len(saving), time.monotonic() - began)
        self.trail.leave(positions[-1], saving)
        return positions

    def unconfirmed(self) -> float:
        """For how many seconds the database has been at the commit at hand, 0.0 without one."""
        began = self._committing
        return time.monotonic() - began if began else 0.0

    def _overtaken(self, decisions: Sequence[_Decided[Any]]) -> list[Submission[Any]]:
        """Of commands that came to nothing to save, those to be decided again.

        Nobody has checked yet whether what they looked at is up to date, as an append does.
        """
        if not decisions:
            return []
        try:
            newest = self._history.max_notification_id() or 0
            again = [each for each in decisions if self._is_overtaken(each, newest)]
        except PersistenceError as error:  # the rest of the group is saved
            for each in decisions:
                each.error = Unavailable(str(error))
            return []
        if newest != self._seen:
            self._may_be_behind = True
            for each in decisions:
                each.position = newest
        return [each.command for each in again]

    def _is_overtaken(self, decision: _Decided[Any], newest: int) -> bool:
        """Whether a command looked at a state that another process has changed meanwhile."""
        if isinstance(decision.error, Overtaken) or newest < self._seen:
            return True
        return newest != self._seen and decision.unit.is_overtaken()


def _in_doubt(command: Submission[Any], error: OutcomeUnknown, seen: int) -> OutcomeUnknown:
    """The error as the caller of this command gets it."""
    return OutcomeUnknown(error.why, command.context.correlation_id, seen)
