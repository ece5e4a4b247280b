"""What an import would take in and what not, without a database: nothing is stored."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from service.importing.entries import NOTHING, WHOLE, Reader
from service.importing.importing import SKIPPED
from service.wire.intake.cloudevents import BadEvent, read

FIRST = 5
"""Events that are shown."""
MOST_NAMED = 1_000
"""Pairs of contract and line that are counted; of more, only that there are more."""


@dataclass(slots=True)
class Tried:
    """What a dry run came to: how many events are `good`, refused or skipped.

    `lines` counts those of each contract and line.
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    lines: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    @property
    def refused(self) -> int:
        """How many can't go in."""
        return self.outcomes["refused"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that can't go in, and why."""

    line: int
    why: str


def try_out(reader: Reader, tried: Tried) -> Iterator[dict[str, Any] | Refused]:
    """The first events, and all lines that can't go in, in order; the rest is counted.

    What only the history can tell is not looked at: a contract that is missing, or in another
    currency. Raises OSError, BadFile.
    """
    for entry in reader.entries(WHOLE):
        if entry.event is NOTHING:
            tried.outcomes[SKIPPED] += entry.is_skipped
            continue
        try:
            if isinstance(entry.event, BadEvent):
                raise entry.event
            posted = read(entry.event)
        except BadEvent as error:
            tried.outcomes["refused"] += 1
            yield Refused(entry.number, reader.told(error.problem).in_a_line())
            continue
        tried.outcomes["good"] += 1
        key = (posted.contract_id, posted.line_id or "")
        if key in tried.lines or len(tried.lines) < MOST_NAMED:
            tried.lines[key] += 1
        if tried.outcomes["good"] <= FIRST:
            yield cast("dict[str, Any]", entry.event)
