"""Keeps the views up to date with the history, in a thread: woken, pausing, stopped."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from projections.history import History
from projections.keeping.catching_up import catch_up
from projections.keeping.turns import ALONE, Turn
from projections.keeping.writer import Writer

log = logging.getLogger(__name__)
RECHECK_SECONDS = 1.0
"""How long the projector rests without being woken: for events of another process."""
LINGER_SECONDS = 0.05
"""How long commits are gathered before the next page, unless somebody waits for the views: a page
of a few events costs nearly as much as one of many, in the process that also takes commands."""
STOP_SECONDS = 10.0
"""How long the page at hand is waited for at the end; the database takes back what is not done."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds until it tries an unavailable database again; doubled each time."""


class Projector:
    """Keeps the views up to date with the history in a thread of its own, while it is its turn.

    Woken by commits, at once where somebody waits for them, or by looking every second. While it is
    another process's turn it only follows how far that one is, and takes over when `turn` says so.
    When the database is unavailable it tries again, after growing pauses; any other error stops
    it until it is started again. `failure` tells of both.
    """

    def __init__(self, history: History, writer: Writer, turn: Turn = ALONE) -> None:
        self._history = history
        self._writer = writer
        self._turn = turn
        self._guard = threading.Lock()
        self._woken = threading.Condition(self._guard)
        self._hurried = threading.Condition(self._guard)
        """What the projector rests on: on a commit, or only on somebody who waits for it."""
        self._waiting: dict[object, tuple[int, Callable[[bool], object]]] = {}
        """Who is to be told of which position."""
        self._followers: dict[object, Callable[[], object]] = {}
        self._position = writer.position()
        self._wanted = 0
        self._asked = False
        self._is_mine = False
        self._stopping = False
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    @property
    def position(self) -> int:
        """How far the views are."""
        return self._position

    def is_mine(self) -> bool:
        """Whether it is this process that projects: what it records itself, none other need hear.

        If it was another's turn since, that one finds out by looking, within a second.
        """
        return self._is_mine

    @property
    def failure(self) -> Exception | None:
        """What stopped the projector or makes it pause, None while it is well."""
        return self._failure

    def start(self) -> None:
        """Starts following the history."""
        with self._guard:
            self._stopping, self._failure = False, None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops after the page at hand, if that is done in time."""
        with self._guard:
            self._stopping = True
            self._hurry()
        self._tell()
        if self._thread:
            self._thread.join(STOP_SECONDS)
        self._is_mine = False
        self._turn.leave()

    def wake(self, position: int) -> None:
        """Tells that the history has got to `position`."""
        with self._guard:
            self._wanted = max(self._wanted, position)
            self._woken.notify()

    def shown(self, position: int) -> None:
        """Tells that another process has brought the views to `position`."""
        with self._guard:
            self._moved(max(self._position, position))
        self._tell()

    def when_shown(self, position: int, tell: Callable[[bool], object]) -> Callable[[], None]:
        """Calls `tell` once: with True when the views show `position`, False if they won't for now.

        That is at once where it is so already, else in the projector's thread, so it must not wait
        for anything. What this returns forgets about it, and is to be called in any case. What it
        is told counts, not `position`: where another process projects, that may be older.
        """
        ticket = object()
        with self._guard:
            is_shown = self._position >= position
            is_known = is_shown or bool(self._failure) or self._stopping
            if not is_known:
                self._waiting[ticket] = position, tell
                self._asked = True  # it may rest on a commit of another process
                self._hurry()
        if is_known:
            tell(is_shown)
        return lambda: self._forget(ticket)

    def on_move(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Calls `listener` whenever the views have moved, until what this returns is called.

        In any thread, so it must not wait for anything. It hurries nobody: commits are gathered
        as if nobody listened.
        """
        ticket = object()
        with self._guard:
            self._followers[ticket] = listener
        return lambda: self._unfollow(ticket)

    def wait_for(self, position: int, timeout: float) -> bool:
        """Waits until the views show `position`; False when they don't within `timeout` seconds."""
        told: SimpleQueue[bool] = SimpleQueue()
        forget = self.when_shown(position, told.put)
        try:
            return told.get(timeout=timeout)
        except Empty:
            return False
        finally:
            forget()

    def _run(self) -> None:
        pause = SHORTEST_PAUSE
        while not self._stopping:
            try:
                mine = self._is_mine = self._turn.mine()
                self._reached(self._catch_up() if mine else self._writer.position())
            except self._writer.transient_errors as error:
                log.warning(
                    "the projector pauses: the database is unavailable",
                    extra={"position": self._position, "error": str(error)},
                )
                self._fail(error)
                self._rest(pause, lambda: False)
                pause = min(2 * pause, LONGEST_PAUSE)
            except Exception as error:
                log.exception("the projector stopped", extra={"position": self._position})
                self._fail(error)
                return
            else:
                pause = SHORTEST_PAUSE
                self._rest(RECHECK_SECONDS, self._is_wanted if mine else lambda: self._asked)

    def _catch_up(self) -> int:
        """Goes on to the newest position that is known; where none is, until nothing is found.

        What is recorded meanwhile is gathered for the next time: a caller who sends one command
        after the other would have a page made of each.
        """
        wanted = self._wanted
        is_known = wanted > self._position
        reached = catch_up(
            self._history,
            self._writer,
            after=self._position,
            progress=self._reached,
            stopping=lambda: self._stopping or (is_known and self._position >= wanted),
        )
        with self._guard:
            if self._wanted == wanted:  # further than this the history does not reach
                self._wanted = min(wanted, reached)
        return reached

    def _is_wanted(self) -> bool:
        return self._asked or self._wanted > self._position

    def _rest(self, seconds: float, disturbed: Callable[[], bool]) -> None:
        with self._guard:
            self._hurried.wait_for(lambda: self._stopping or self._asked, LINGER_SECONDS)
            self._woken.wait_for(lambda: self._stopping or disturbed(), seconds)
            self._asked = False

    def _hurry(self) -> None:
        self._hurried.notify()
        self._woken.notify()

    def _reached(self, position: int) -> None:
        with self._guard:
            self._failure = None
            self._moved(position)
        self._tell()

    def _moved(self, position: int) -> None:
        """Takes over where the views are; the guard is held."""
        if position != self._position:
            self._position = position
            for follower in self._followers.values():
                follower()

    def _fail(self, error: Exception) -> None:
        with self._guard:
            self._failure = error
        self._tell()

    def _tell(self) -> None:
        """Tells those whose position is shown; all, when the views stand still."""
        with self._guard:
            still = self._failure or self._stopping
            due = {
                ticket: (tell, position <= self._position)
                for ticket, (position, tell) in self._waiting.items()
                if still or position <= self._position
            }
            for ticket in due:
                del self._waiting[ticket]
            if due and not self._waiting:
                self._asked = False
        for tell, is_shown in due.values():
            tell(is_shown)

    def _unfollow(self, ticket: object) -> None:
        with self._guard:
            self._followers.pop(ticket, None)

    def _forget(self, ticket: object) -> None:
        with self._guard:
            self._waiting.pop(ticket, None)
