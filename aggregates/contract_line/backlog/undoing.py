"""A mark is taken back: items that nothing has changed since are again what they were before it.

Which events are a mark, what it did, and what has touched its items since: the events tell.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.backlog.many_items import Work, judge_each
from aggregates.contract_line.backlog.readiness import check_unbilled, make_not_ready, make_ready
from aggregates.contract_line.backlog.verdicts import give_back
from aggregates.contract_line.events import (
    ItemsMoved,
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePartsCredited,
    MilestoneSplit,
    NTEEvaluated,
    NTEReset,
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.items import Item, OpenSale
from aggregates.contract_line.recalled.events import SalesDescribed
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import Decision
from aggregates.events import Event, RequestAnswered
from aggregates.job.events import JobEvent, OpenJobsEvent
from aggregates.refusals import NotNeeded
from aggregates.statuses import NTEStatus

# --- command -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMark:
    """Take a mark back that made these items ready, or not ready.

    `verdicts` has what those were before that it gave a verdict first (D-26). Items in
    `changed_since` were touched by something after the mark.
    """

    items: tuple[str, ...]
    made_ready: bool
    verdicts: Mapping[str, NTEStatus]
    changed_since: Collection[str]


# --- decide ------------------------------------------------------------------------------------


def undo_mark(command: UndoMark, deal: Deal) -> Decision:
    """Takes back what stands as the mark left it.

    The rest is left, or refused as by any mark: it is on a draft or posted (D-25), or is to be
    ready again and a limit that came later stands against it (D-26).
    """

    def judge(work: Work, line: ContractLine, item: Item) -> None:
        check_unbilled(item)
        if item.item_id in command.changed_since:
            raise NotNeeded("changed_since", "the item was changed after that mark")
        if not command.made_ready:
            make_ready(work, line, item)
            return
        make_not_ready(work, line, item)
        verdict = command.verdicts.get(item.item_id)
        if verdict and isinstance(item, OpenSale):
            give_back(work, line, item, verdict)

    return judge_each(command.items, deal, judge)


# --- what events say ---------------------------------------------------------------------------


def may_be_of_a_mark(event: Event) -> bool:
    """Whether a mark may have recorded such an event."""
    return ends_a_mark(event) or isinstance(
        event,
        MarkedReady | MarkedNotReady | NTEEvaluated | LineUsageChanged | ContractUsageChanged,
    )


def ends_a_mark(event: Event) -> bool:
    """Whether a mark records such an event at its end, if at all: its answer, or a job's."""
    return isinstance(event, RequestAnswered | JobEvent | OpenJobsEvent)


def marked_by(events: Iterable[Event]) -> list[MarkedReady] | list[MarkedNotReady]:
    """What a mark of one item at least did; nothing where the events of a command are no mark.

    Items that fall back to not ready by a verdict come with it (D-33), marked ones without.
    """
    listed = list(events)
    ready = [event for event in listed if isinstance(event, MarkedReady)]
    if ready or any(isinstance(event, NTEEvaluated | NTEReset) for event in listed):
        return ready
    return [event for event in listed if isinstance(event, MarkedNotReady)]


def verdicts_of(event: Event) -> Mapping[str, NTEStatus]:
    """The NTE status of each item that the event gives one."""
    match event:
        case UnbilledSalesRecorded() | UnbilledSalesBooked():
            return {
                sale.item_id: sale.nte_status for work in event.approvals for sale in work.sales
            }
        case NTEEvaluated():
            return {result.item_id: result.nte_status for result in event.results}
        case NTEReset():
            return dict.fromkeys(event.items, NTEStatus.NOT_EVALUATED)
        case _:
            return {}


def touched_by(event: Event) -> Collection[str]:
    """The items of a line that the event changes, makes or takes away."""
    match event:
        case ItemsMoved() | MilestoneDeleted() | SalesReversed() | SalesDescribed():
            return event.items
        case MilestoneSplit() | MilestoneChanged():
            return [part.item_id for part in event.parts]
        case MilestonePartsCredited():
            kept = [each.kept.item_id for each in event.parts if each.kept]
            return [*kept, *(each.returned.item_id for each in event.parts)]
        case _:
            return verdicts_of(event).keys()
