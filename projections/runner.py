"""Brings the views up to the history, page by page: live, after a start, and from nothing."""

import threading
import time
from collections.abc import Callable

import structlog

from projections.catalogue import project
from projections.history import History
from projections.writer import OutOfStep, Writer

log = structlog.stdlib.get_logger(__name__)

PAGE = 2_000
"""Events that one transaction of the views takes at most."""
RECHECK_SECONDS = 1.0
"""How long the projector rests without being woken: for events of another process."""


def catch_up(
    history: History,
    writer: Writer,
    *,
    page: int = PAGE,
    progress: Callable[[int], object] = lambda position: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Projects everything behind the views' position; the position reached.

    Each page is one transaction with its position, so a stop at any moment neither skips nor
    repeats. `progress` is called with the position after every page; once `stopping` says so, no
    further page is begun.
    """
    position = writer.position()
    while not stopping() and (events := history.read(position, page)):
        changes = (change for recorded in events for change in project(recorded))
        try:
            writer.apply(changes, after=position, position=events[-1].position)
        except OutOfStep:
            # Another process projects the same history: go on from where it has got to.
            position = writer.position()
        else:
            position = events[-1].position
        progress(position)
    return position


class Projector:
    """Keeps the views at the history's heels in a thread of its own.

    Woken by commits of this process at once, by those of others within a second. An error stops
    it: `failure` tells, until it is started again after a fix, from where it stood.
    """

    def __init__(self, history: History, writer: Writer) -> None:
        self._history = history
        self._writer = writer
        self._changed = threading.Condition()
        self._position = writer.position()
        self._wanted = 0
        self._asked = False
        self._stopping = False
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    @property
    def position(self) -> int:
        """How far the views are."""
        return self._position

    @property
    def failure(self) -> Exception | None:
        """What stopped the projector, None while it is well."""
        return self._failure

    def start(self) -> None:
        """Starts following the history."""
        with self._changed:
            self._stopping, self._failure = False, None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops after the page at hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def wake(self, position: int) -> None:
        """Tells that the history has got to `position`."""
        with self._changed:
            self._wanted = max(self._wanted, position)
            self._changed.notify_all()

    def wait_for(self, position: int, timeout: float) -> bool:
        """Waits until the views show `position`; False when they don't within `timeout` seconds."""
        until = time.monotonic() + timeout
        with self._changed:
            if self._position < position:
                self._asked = True  # it may rest on a commit of another process
                self._changed.notify_all()
            while self._position < position:
                rest = until - time.monotonic()
                if rest <= 0 or self._failure or self._stopping:
                    return False
                self._changed.wait(rest)
        return True

    def _run(self) -> None:
        while not self._stopping:
            try:
                reached = catch_up(
                    self._history,
                    self._writer,
                    progress=self._reached,
                    stopping=lambda: self._stopping,
                )
            except Exception as error:
                log.exception("the projector stopped", position=self._position)
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            self._reached(reached)
            with self._changed:
                if self._wanted <= reached and not self._asked and not self._stopping:
                    self._changed.wait(RECHECK_SECONDS)
                self._asked = False

    def _reached(self, position: int) -> None:
        with self._changed:
            self._position = position
            self._changed.notify_all()
