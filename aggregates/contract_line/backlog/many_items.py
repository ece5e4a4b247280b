"""A command over many items: each is judged on its own, in its order; one event a line and kind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aggregates.contract_line.events import (
    MarkedNotReady,
    MarkedReady,
    NTEEvaluated,
    NTEReset,
    NTEResult,
)
from aggregates.contract_line.items import Item
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal, chunks, moved, not_open
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.refusals import ItemRefused, LeftAlone, NotNeeded
from aggregates.statuses import BillingStatus


@dataclass(slots=True)
class Moves:
    """What a command does to the items of one line."""

    ready: list[str] = field(default_factory=list[str])
    not_ready: list[str] = field(default_factory=list[str])
    reset: list[str] = field(default_factory=list[str])
    results: list[NTEResult] = field(default_factory=list[NTEResult])


class Work:
    """A command as far as it is judged: what it does to each line, what the limits hold then."""

    def __init__(self, deal: Deal) -> None:
        self.limits = deal.limits()
        self._deal = deal
        self._moves: dict[str, Moves] = {}

    def on(self, line: ContractLine) -> Moves:
        """What the command does to this line."""
        return self._moves.setdefault(line.line_id, Moves())

    def events(self) -> Iterator[Event]:
        """What happens: line by line, then the new usage of the limits."""
        for line_id, moves in self._moves.items():
            yield from _events(self._deal.lines[line_id], moves)
        yield from self.limits.changes()


Judge = Callable[[Work, ContractLine, Item], None]
"""Does to an item what is asked. Raises NotNeeded, or ItemRefused; a verdict it got stays."""


def judge_each(items: Iterable[str], deal: Deal, judge: Judge) -> Decision:
    """Judges the items in their order, each once and seeing what those before it did.

    Raises any other refusal of `judge`, which is one of the command as a whole.
    """
    work = Work(deal)
    done: list[str] = []
    left: list[LeftAlone] = []
    refused: list[LeftAlone] = []
    for item_id in dict.fromkeys(items):
        found = deal.find(item_id)
        if found is None:
            refused.append(not_open(item_id))
            continue
        try:
            judge(work, *found)
        except NotNeeded as why:
            left.append(LeftAlone(item_id, why))
        except ItemRefused as why:
            refused.append(LeftAlone(item_id, why))
        else:
            done.append(item_id)
    return Decision(
        events=tuple(work.events()), done=tuple(done), left=tuple(left), refused=tuple(refused)
    )


def _events(line: ContractLine, moves: Moves) -> Iterator[Event]:
    of_line = {"contract_id": line.contract_id, "line_id": line.line_id}
    for results in chunks(moves.results):
        yield NTEEvaluated(**of_line, results=results)
    for items in chunks(moves.reset):
        yield NTEReset(**of_line, items=items)
    yield from moved(line, moves.not_ready, BillingStatus.NOT_READY, MarkedNotReady)
    yield from moved(line, moves.ready, BillingStatus.READY, MarkedReady)
