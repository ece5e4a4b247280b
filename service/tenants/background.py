"""What a tenant goes on with when nobody waits for it: piece by piece, in one thread."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from projections.history import OutcomeUnknown, Unavailable
from service.ledger.conflicts_and_retries import Conflict

log = logging.getLogger(__name__)

Piece = Callable[[], bool]
"""Does a bounded piece of some work, and tells whether that is all of it now."""
PAUSE_SECONDS = 1.0
MOST_FAILURES = 60
"""Pauses in a row after which a work is given up, for whoever comes next to take up again."""


class Background:
    """Works that take turns, a piece each; the thread starts with the first and ends with the last.

    A work whose database is unavailable, or does not say what it did, is tried again after a pause.
    Any other error ends that work and is logged.
    """

    def __init__(self) -> None:
        self._works: OrderedDict[str, Piece] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, name: str, piece: Piece) -> None:
        """Adds a work; it takes the place of one of the same name."""
        with self._changed:
            if self._closed:
                return
            self._works[name] = piece
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Ends after the piece at hand."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread:
            thread.join()

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
            except Exception:
                log.exception("background work failed and was given up", extra={"work": name})
                is_done = True
            else:
                failures = 0
            if not is_done:
                with self._changed:
                    self._works.setdefault(name, piece)

    def _next(self) -> tuple[str, Piece] | None:
        """The work whose turn it is, None when there is none left."""
        with self._changed:
            if self._closed or not self._works:
                self._thread = None
                return None
            return self._works.popitem(last=False)
