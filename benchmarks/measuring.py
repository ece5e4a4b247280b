"""What a figure is, and how it is taken: ours and its limit in turn, several times, the median."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

Number = float | int
_BEGUN = perf_counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that is due: what is measured, in which unit, and how good it has to be.

    `floor` is due and `stretch` the aim. They are about the ratio to `against`, or about the value
    itself where there is nothing to hold it against; `better` says which way is good.
    """

    name: str
    what: str
    unit: str
    against_unit: str | None
    floor: float
    stretch: float
    better: Literal["more", "less"]

    def row(
        self,
        database: str,
        value: float,
        against: float | None,
        repetitions: int,
        **more: Number,
    ) -> Row:
        """What was measured of it on one kind of database."""
        return Row(self, database, value, against, repetitions, more)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure as measured on one kind of database; `more` is told beside it."""

    figure: Figure
    database: str
    value: float
    against: float | None
    repetitions: int
    more: Mapping[str, Number] = field(default_factory=dict[str, Number])

    @property
    def name(self) -> str:
        return row_name(self.figure.name, self.database)

    @property
    def ratio(self) -> float | None:
        return None if self.against is None else self.value / self.against

    @property
    def holds(self) -> bool:
        """Whether the floor is met."""
        judged = self.value if self.ratio is None else self.ratio
        floor = self.figure.floor
        return judged >= floor if self.figure.better == "more" else judged <= floor

    def body(self) -> dict[str, object]:
        """The row for programs."""
        return {
            "name": self.name,
            "database": self.database,
            "what": self.figure.what,
            "value": self.value,
            "unit": self.figure.unit,
            "against": self.against,
            "against_unit": self.figure.against_unit,
            "ratio": self.ratio,
            "floor": self.figure.floor,
            "stretch": self.figure.stretch,
            "holds": self.holds,
            "repetitions": self.repetitions,
            **self.more,
        }


def row_name(figure: str, database: str) -> str:
    """The name of a row, which no other row has."""
    return f"{figure}.{database}"


@dataclass(frozen=True, slots=True)
class Pair:
    """What was measured in turn: ours and the limit, in the repetition of the median ratio."""

    ours: float
    limit: float
    repetitions: int


def interleaved(limit: Callable[[], float], ours: Callable[[], float], repetitions: int) -> Pair:
    """Measures limit, ours, limit, ours, …: what slows the machine meanwhile slows both.

    So the ratio is taken within each repetition, and the median of the ratios counts: two medians
    taken apart may be of a slow minute and of a fast one.
    """
    pairs: list[Pair] = []
    for number in range(1, repetitions + 1):
        reached = limit()
        pairs.append(Pair(ours(), reached, repetitions))
        tell(f"  {number}/{repetitions}: {pairs[-1].ours:,.5g} against {reached:,.5g}")
    return _median(pairs)


def balanced(limit: Callable[[], float], ours: Callable[[], float], repetitions: int) -> Pair:
    """The same as limit, ours, ours, limit in each repetition, of which the means count.

    What becomes dearer or cheaper from call to call does so for both alike: for ratios near one.
    """
    pairs: list[Pair] = []
    for number in range(1, repetitions + 1):
        first, *both, last = limit(), ours(), ours(), limit()
        pairs.append(Pair(sum(both) / 2, (first + last) / 2, repetitions))
        tell(f"  {number}/{repetitions}: {pairs[-1].ours:,.5g} against {pairs[-1].limit:,.5g}")
    return _median(pairs)


def _median(pairs: list[Pair]) -> Pair:
    """That of the median ratio."""
    return sorted(pairs, key=lambda pair: pair.ours / pair.limit)[(len(pairs) - 1) // 2]


@dataclass(slots=True)
class Stopwatch:
    """What a block of code took, once it is over."""

    seconds: float = 0.0


@contextmanager
def timed() -> Generator[Stopwatch]:
    """Times a block of code."""
    watch = Stopwatch()
    started = perf_counter()
    yield watch
    watch.seconds = perf_counter() - started


def tell(progress: str) -> None:
    """Says on standard error how far it is, after how many seconds."""
    print(f"{perf_counter() - _BEGUN:7.1f} s  {progress}", file=sys.stderr, flush=True)
