"""What a tenant goes on with when nobody waits for it: piece by piece, in one thread."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from projections.history import OutcomeUnknown, Unavailable
from service.ledger.conflicts_and_retries import Conflict

log = logging.getLogger(__name__)

Piece = Callable[[], bool]
"""Does a bounded piece of some work, and tells whether that is all of it now."""
PAUSE_SECONDS = 1.0
MOST_FAILURES = 60
"""Pauses in a row after which a work is given up, for whoever comes next to take up again."""


@dataclass(slots=True)
class _Repeated:
    """A work that is looked at again and again."""

    piece: Piece
    seconds: float
    due: float


class Background:
    """Works that take turns, a piece each; the thread starts with the first and ends with the last.

    A work whose database is unavailable, or does not say what it did, is tried again after a pause.
    Any other error ends that work and is logged; `given_up` has those that were to be repeated.
    """

    def __init__(self) -> None:
        self._works: OrderedDict[str, Piece] = OrderedDict()
        self._repeated: dict[str, _Repeated] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.given_up: dict[str, Exception] = {}
        """Works that were to be repeated and no longer are, by the error that ended them."""

    def put(self, name: str, piece: Piece) -> None:
        """Adds a work; it takes the place of one of the same name."""
        with self._changed:
            self._works[name] = piece
            self._start()

    def every(self, name: str, seconds: float, piece: Piece) -> None:
        """Adds a work that is taken up now, and again every so many seconds."""
        with self._changed:
            self._repeated[name] = _Repeated(piece, seconds, time.monotonic())
            self._start()

    def is_closing(self) -> bool:
        """Whether a piece should end, for the tenant is to be closed."""
        return self._closed

    def close(self) -> None:
        """Ends after the piece at hand."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread:
            thread.join()

    def _start(self) -> None:
        """Starts the thread, or wakes it."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="background", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while (work := self._next()) is not None:
            name, piece = work
            try:
                is_done = piece()
            except (Unavailable, OutcomeUnknown, Conflict) as error:
                failures += 1
                is_done = failures >= MOST_FAILURES
                failed = {"work": name, "given_up": is_done, "error": str(error)}
                log.warning("background work failed", extra=failed)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, PAUSE_SECONDS)
            except Exception as error:
                log.exception("background work failed and was given up", extra={"work": name})
                is_done = True
                self._give_up(name, error)
            else:
                failures = 0
            if not is_done:
                with self._changed:
                    self._works.setdefault(name, piece)

    def _give_up(self, name: str, error: Exception) -> None:
        with self._changed:
            if self._repeated.pop(name, None):
                self.given_up[name] = error

    def _next(self) -> tuple[str, Piece] | None:
        """The work whose turn it is; waits for what is to be repeated. None when none is left."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for name, each in self._repeated.items():
                    if each.due <= now:
                        each.due = now + each.seconds
                        self._works.setdefault(name, each.piece)
                if self._works:
                    return self._works.popitem(last=False)
                if not self._repeated:
                    break
                self._changed.wait(min(each.due for each in self._repeated.values()) - now)
            self._thread = None
            return None
