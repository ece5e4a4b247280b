"""What every deciding function answers: what is to happen, and what is left as it is, with why.

Deciding changes nothing. A caller who appends the events makes them happen. A caller who only wants
to know what a command would do reads the decision and stops.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregates.events import Event
from aggregates.refusals import ItemsRefused, LeftAlone


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a command does. A command that is refused as a whole raises Refused instead.

    `done` has the ids of what it does as asked: items that change, invoices that are made. What is
    `left` needs nothing, or the rule does not apply to it; that refuses nothing (D-33). What is
    `refused` the rules forbid; it refuses the whole command where that is all or nothing (D-27).
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
"""The decision on a command when everything is already as it asks."""


def together(decisions: Iterable[Decision]) -> Decision:
    """The decisions of one command over several contracts, as one, in their order."""
    listed = tuple(decisions)
    return Decision(
        events=tuple(event for each in listed for event in each.events),
        done=tuple(done for each in listed for done in each.done),
        left=tuple(left for each in listed for left in each.left),
        refused=tuple(refused for each in listed for refused in each.refused),
    )
