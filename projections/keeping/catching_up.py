"""Brings the views up to the history, page by page: live, after a start, and from nothing."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from projections.history import History
from projections.keeping.backend import OutOfStep
from projections.keeping.gathering import Step, gather
from projections.keeping.writer import Writer
from projections.projecting.catalogue import project
from projections.projecting.changes import Projection

LAST = 2**63 - 1
"""A position that no history gets to."""
PAGE = 2_000
"""Events that one transaction of the views takes at most."""
FIRST_PAGE = 500
"""Events that the first one takes at most, for nothing is written while it is read; each further
one takes up to twice as many as the one before."""
SHORT_TURN = 0.0005
"""Seconds that a thread keeps the interpreter while another wants it, as long as pages are read
ahead. With Python's 5 ms the database has an answer ready, and idles until the reader lets go."""
_USUAL_TURN = sys.getswitchinterval()


def catch_up(  # noqa: PLR0913 - all but two have defaults
    history: History,
    writer: Writer,
    *,
    after: int | None = None,
    page: int = PAGE,
    until: int = LAST,
    project: Projection = project,
    progress: Callable[[int], object] = lambda position: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Projects everything after the views' position, up to `until`; the position reached.

    Each page is one transaction with its position, so a stop at any moment neither skips nor
    repeats. `progress` is called with the position after every page; once `stopping` says so, no
    further page is begun. `after` is where the views are, if that is known.
    """
    position = writer.position() if after is None else after
    with closing(_Pages(history, project, page, until)) as pages:
        while not stopping() and (found := pages.after(position)):
            try:
                writer.write(found.steps, after=position, position=found.reached)
            except OutOfStep:
                # Another process projects the same history: go on from where it has got to.
                position = writer.position()
            else:
                position = found.reached
            progress(position)
    return position


@dataclass(frozen=True, slots=True)
class _Page:
    """What some events in a row come to, and the position of the last of them."""

    steps: list[Step]
    reached: int
    is_full: bool


class _Pages:
    """The pages of the history; after a full one the next is read while that one is written."""

    def __init__(self, history: History, project: Projection, size: int, until: int) -> None:
        self._history, self._project = history, project
        self._size, self._most, self._until = min(FIRST_PAGE, size), size, until
        self._reader: ThreadPoolExecutor | None = None
        self._ahead: tuple[int, Future[_Page | None]] | None = None

    def after(self, position: int) -> _Page | None:
        """The page after a position, None at the end of the history."""
        ahead, self._ahead = self._ahead, None
        found = ahead[1].result() if ahead and ahead[0] == position else self._read(position)
        if found and found.is_full:
            if self._reader is None:
                self._reader = ThreadPoolExecutor(1, "projector-reader")
                sys.setswitchinterval(SHORT_TURN)
            self._ahead = found.reached, self._reader.submit(self._read, found.reached)
        return found

    def close(self) -> None:
        """Waits for what is being read; that ends, for a read of the history does."""
        if self._reader:
            self._reader.shutdown(cancel_futures=True)
            sys.setswitchinterval(_USUAL_TURN)

    def _read(self, position: int) -> _Page | None:
        size = min(self._size, self._until - position)
        self._size = min(self._size * 2, self._most)
        events = self._history.read(position, size) if size > 0 else ()
        if not events:
            return None
        changes = (change for recorded in events for change in self._project(recorded))
        return _Page(gather(changes), events[-1].position, is_full=len(events) == size)
