"""What every deciding function answers: what is to happen, and what is left as it is, with why.

Deciding changes nothing. Whoever appends the events makes them happen; whoever only wants to know
what a command would do reads the decision, and stops there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregates.events import Event
from aggregates.refusals import ItemsRefused, LeftAlone


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a command comes to. One that is refused as a whole raises Refused instead.

    `done` names what takes what was asked for: items that change, invoices that are made. `left`
    needs nothing, or the rule does not apply to it; that refuses nothing (D-33). `refused` is what
    the rules forbid; it refuses the whole command if that is to be all or nothing (D-27).
    """

    events: tuple[Event, ...] = ()
    done: tuple[str, ...] = ()
    left: tuple[LeftAlone, ...] = ()
    refused: tuple[LeftAlone, ...] = ()

    def all_or_nothing(self) -> None:
        """Raises ItemsRefused, naming each, when anything is refused (D-27)."""
        if self.refused:
            raise ItemsRefused(self.refused)


NOTHING = Decision()
"""What a command comes to that finds everything as it asks for."""


def together(decisions: Iterable[Decision]) -> Decision:
    """The decisions of one command over several contracts, as one, in their order."""
    listed = tuple(decisions)
    return Decision(
        events=tuple(event for each in listed for event in each.events),
        done=tuple(done for each in listed for done in each.done),
        left=tuple(left for each in listed for left in each.left),
        refused=tuple(refused for each in listed for refused in each.refused),
    )
