"""A client that listens to what changes, and understands server-sent events as browsers do."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from service.wire.outcomes import Change
from tests.office import Json

LONG = 60.0
"""Seconds that no test waits, unless what it waits for never comes."""


@dataclass
class Told:
    """One block of the stream: an event if it has data, else a comment."""

    id: int
    data: Json | None = None
    comment: str | None = None
    retry: int | None = None


@dataclass
class Ear:
    """A client that listens: what it was told, and the id that came last."""

    response: httpx.Response
    last_event_id: int = -1
    changes: list[Json] = field(default_factory=list[Json])

    def __post_init__(self) -> None:
        self._lines: Iterator[str] = self.response.iter_lines()

    def next(self) -> Told | None:
        """The next block, None when the server has ended the stream."""
        block: dict[str, str] = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(":")
            block[name or "comment"] = value.removeprefix(" ")
        if not block:
            return None
        assert block.keys() <= {"id", "data", "retry", "comment"}, block
        self.last_event_id = int(block.get("id", self.last_event_id))
        data = json.loads(block["data"]) if "data" in block else None
        if data is not None:
            msgspec.json.decode(block["data"], type=Change)
            assert data["position"] == self.last_event_id
            self.changes.append(data)
        retry = int(block["retry"]) if "retry" in block else None
        return Told(self.last_event_id, data, block.get("comment"), retry)

    def change(self) -> Json:
        """The next change, past comments."""
        while (told := self.next()) and told.data is None:
            pass
        assert told, "the stream has ended"
        assert told.data
        return told.data

    def until(self, position: int) -> None:
        """Listens until it is told of this position."""
        while self.last_event_id < position:
            assert self.next(), "the stream has ended"

    @property
    def contracts(self) -> set[str]:
        """The contracts that it was told of."""
        return {name for change in self.changes for name in change["contracts"] or ()}

    @property
    def kinds(self) -> set[str]:
        """The kinds that it was told of."""
        return {kind for change in self.changes for kind in change["kinds"]}


@contextmanager
def listening(
    http: httpx.Client, last_event_id: int | None = None, **params: Any
) -> Generator[Ear]:
    """Listens, from the moment that the server has begun to tell."""
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    with http.stream("GET", "/stream", headers=headers, params=params, timeout=LONG) as response:
        if response.status_code != 200:
            response.read()
        assert response.status_code == 200, response.text
        ear = Ear(response)
        first = ear.next()
        assert first
        assert first.comment == "listening"
        assert first.retry == 2000
        yield ear
