"""Requests under an Idempotency-Key: which one has the key, and what it was answered."""

from __future__ import annotations

from dataclasses import dataclass

from aggregates.events import Event, RequestAnswered, RequestClaimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The request that a key belongs to, told by its `digest`.

    `answer` is None while it is at work, or when it was stopped at that; `version` is that of its
    stream.
    """

    digest: str
    answer: str | None
    version: int


def evolve(state: Remembered | None, event: Event) -> Remembered | None:
    """What is known under the key after `event`."""
    version = state.version + 1 if state else 1
    match event:
        case RequestClaimed():
            return Remembered(digest=event.digest, answer=None, version=version)
        case RequestAnswered():
            return Remembered(digest=event.digest, answer=event.body, version=version)
        case _:
            return state
