"""The request at hand, as far as operators may know of it: for its line in the log, and others."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Asked:
    """A request on its way: what it is known by, and what was found out of it by now.

    Nothing in it is a text that a caller wrote for people: `route` is the template of the path,
    `operation` the name of its endpoint. `caller` and `correlation_id` are ids that callers give.
    """

    request_id: str
    method: str
    traceparent: str | None = None
    route: str | None = None
    operation: str | None = None
    correlation_id: str | None = None
    tenant: str | None = None
    caller: str | None = None
    position: int | None = None

    @property
    def trace_id(self) -> str | None:
        """The trace that the request is a part of, None where it is of none."""
        return self.traceparent[3:35] if self.traceparent else None


_AT_HAND: ContextVar[Asked | None] = ContextVar("asked", default=None)


def begin(asked: Asked) -> None:
    """What is done from now on in this task, or in threads on its behalf, is for this request."""
    _AT_HAND.set(asked)


def at_hand() -> Asked | None:
    """The request that something is done for, None where it is for none."""
    return _AT_HAND.get()


def show_position(position: int | None) -> None:
    """Tells how far of the history the answer shows."""
    if asked := _AT_HAND.get():
        asked.position = position
