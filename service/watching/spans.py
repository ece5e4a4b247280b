"""What a command goes through, as spans of a trace, where traces are sent; else nothing, for free.

The library of traces is loaded by `exporting`, and only where it is asked for.
"""

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

Place = object
"""Where something is in a trace: what is begun there is a part of it."""


class Tracer(Protocol):
    """What makes spans and knows which one is at hand."""

    def here(self) -> Place | None:
        """The span at hand, None where there is none."""
        ...

    def traceparent(self) -> str | None:
        """The span at hand, as it is told to others."""
        ...

    def span(
        self, name: str, places: Sequence[Place], attributes: dict[str, str | int]
    ) -> AbstractContextManager[object]:
        """A span within the first of these places, linked to the others."""
        ...


class _Off:
    def here(self) -> Place | None:
        return None

    def traceparent(self) -> str | None:
        return None

    def span(
        self, name: str, places: Sequence[Place], attributes: dict[str, str | int]
    ) -> AbstractContextManager[object]:
        return _NOTHING


_NOTHING = nullcontext()
_tracer: Tracer = _Off()


@contextmanager
def traced_by(tracer: Tracer) -> Generator[None]:
    """All spans of this process are made by this one, until the end."""
    global _tracer  # noqa: PLW0603 - one for a process, as its log is
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


def here() -> Place | None:
    """Where the caller is in a trace, None outside of any."""
    return _tracer.here()


def traceparent() -> str | None:
    """The span at hand, as answers tell it."""
    return _tracer.traceparent()


def span(
    name: str, places: Sequence[Place | None], **attributes: str | int
) -> AbstractContextManager[object]:
    """A span within the first place that there is, linked to the others; nothing without any."""
    known = [place for place in places if place is not None]
    return _tracer.span(name, known, attributes) if known else _NOTHING


class Trail:
    """Which places in traces recorded what, for who projects it later; the last ones alone."""

    MOST = 256

    def __init__(self) -> None:
        self._left: deque[tuple[int, Place]] = deque(maxlen=self.MOST)

    def leave(self, position: int, places: Sequence[Place | None]) -> None:
        """What was recorded up to this position was recorded there."""
        self._left.extend((position, place) for place in places if place is not None)

    def places(self, after: int, position: int) -> list[Place]:
        """Where events after `after` up to `position` were recorded, as far as it is known."""
        return [place for at, place in self._left.copy() if after < at <= position]
