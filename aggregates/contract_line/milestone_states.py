"""The milestones of a line, as they fold: open, completed, taken back.

A completed milestone is no longer among the open ones; it is kept beside them, for a correction
that takes parts of it back (D-81).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rpds import HashTrieMap, HashTrieSet

from aggregates import splitting
from aggregates.contract_line.events import (
    HeaderStatus,
    ItemsMoved,
    ItemsPosted,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestonePartsCredited,
    MilestoneSplit,
)
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.items import (
    CompletedMilestone,
    OpenMilestone,
    OpenPart,
    milestone_status,
)
from aggregates.events import Event
from aggregates.statuses import BillingStatus, BillingType, MilestoneStatus

# --- state -------------------------------------------------------------------------------------

# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_PARTS: HashTrieMap[str, OpenPart] = HashTrieMap()
_NO_MILESTONES: HashTrieMap[str, OpenMilestone] = HashTrieMap()
_NONE_COMPLETED: HashTrieMap[str, CompletedMilestone] = HashTrieMap()
_NONE_READY: HashTrieSet[str] = HashTrieSet()
L = TypeVar("L", bound="LineOfMilestones")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOfMilestones(LineHead):
    """A line with its milestones and their parts.

    `completed` has the milestones that are posted in full: few a line, and not open. `ready` are
    all items of the line that are.
    """

    parts: HashTrieMap[str, OpenPart] = field(default_factory=lambda: _NO_PARTS)
    milestones: HashTrieMap[str, OpenMilestone] = field(default_factory=lambda: _NO_MILESTONES)
    completed: HashTrieMap[str, CompletedMilestone] = field(default_factory=lambda: _NONE_COMPLETED)
    ready: HashTrieSet[str] = field(default_factory=lambda: _NONE_READY)

    def parts_of(self, milestone_id: str) -> tuple[str, ...]:
        """The items of a milestone in their order, completed or not; none of an unknown one."""
        completed = self.completed.get(milestone_id)
        milestone = completed.milestone if completed else self.milestones.get(milestone_id)
        return milestone.parts if milestone else ()

    def headers_after(
        self, items: Iterable[str], status: BillingStatus
    ) -> tuple[HeaderStatus, ...]:
        """The header status of every milestone of which parts take `status` (D-12)."""
        moved = {item_id for item_id in items if item_id in self.parts}
        if not moved:
            return ()
        touched = {self.parts[item_id].milestone_id for item_id in moved}
        return tuple(
            HeaderStatus(
                milestone_id=milestone_id,
                status=milestone_status(
                    [
                        status if part in moved else self.parts[part].billing_status
                        for part in self.milestones[milestone_id].parts
                    ]
                ),
            )
            for milestone_id in sorted(touched)
        )


# --- evolve ------------------------------------------------------------------------------------


def milestones_after(state: L, event: Event) -> L:
    """The line after what the event does to milestones and their parts, but for their statuses."""
    match event:
        case MilestoneSplit() | MilestoneChanged():
            return _milestone_set(state, event)
        case MilestoneDeleted():
            return _milestones_dropped(state, [event.milestone_id])
        case MilestonePartsCredited():
            return _credited(state, event)
        case _:
            return state


def _milestone_set(state: L, event: MilestoneSplit | MilestoneChanged) -> L:
    known = state.milestones.get(event.milestone_id)
    if isinstance(event, MilestoneSplit):
        shares, status = _shares_of(event), MilestoneStatus.NOT_STARTED
    elif known:
        shares, status = known.shares, known.status
    else:
        return state
    milestone = OpenMilestone(
        milestone_id=event.milestone_id,
        name=event.name,
        amount=event.amount,
        tax=event.tax,
        date=event.date,
        task_id=event.task_id,
        shares=shares,
        parts=tuple(part.item_id for part in event.parts),
        status=status,
    )
    parts = {part.item_id: _open_part(state, event.milestone_id, part) for part in event.parts}
    kept = _milestones_dropped(state, [event.milestone_id])
    ready = [item_id for item_id in parts if item_id in state.ready]
    return replace(
        kept,
        milestones=kept.milestones.insert(event.milestone_id, milestone),
        parts=kept.parts.update(parts),
        ready=kept.ready.update(ready),
    )


def _shares_of(event: MilestoneSplit) -> tuple[splitting.Share, ...]:
    return tuple(
        splitting.Share(customer_id=s.customer_id, percent=s.percent, rounding=s.rounding)
        for s in event.shares
    )


def _open_part(state: LineOfMilestones, milestone_id: str, part: MilestonePart) -> OpenPart:
    before = state.parts.get(part.item_id)
    return OpenPart(
        item_id=part.item_id,
        milestone_id=milestone_id,
        customer_id=part.customer_id,
        amount=part.amount,
        tax=part.tax,
        billing_status=before.billing_status if before else BillingStatus.NOT_READY,
        billing_type=before.billing_type if before else BillingType.CHARGEABLE,
    )


def headers_set(state: L, event: ItemsMoved | MilestonePartsCredited) -> L:
    headers = {
        header.milestone_id: replace(milestone, status=header.status)
        for header in event.milestones
        if (milestone := state.milestones.get(header.milestone_id))
    }
    return replace(state, milestones=with_those(state.milestones, headers)) if headers else state


def completed_by(state: L, event: ItemsPosted) -> L:
    """The milestones that are completed by it are no longer open."""
    ended = [
        milestone
        for header in event.milestones
        if header.status is MilestoneStatus.COMPLETED
        and (milestone := state.milestones.get(header.milestone_id))
    ]
    if not ended:
        return state
    kept = {
        milestone.milestone_id: CompletedMilestone(
            milestone=milestone,
            parts=tuple(part for each in milestone.parts if (part := state.parts.get(each))),
        )
        for milestone in ended
    }
    return replace(_milestones_dropped(state, kept), completed=state.completed.update(kept))


def _credited(state: L, event: MilestonePartsCredited) -> L:
    """Parts come back ready, and milestones that were completed are open again (D-81)."""
    state = _reopened(state, [header.milestone_id for header in event.milestones])
    milestones, parts, ready = state.milestones, state.parts, state.ready
    for credited in event.parts:
        posted, returned = credited.kept or credited.returned, credited.returned
        known = parts.get(posted.item_id)
        if known is None:
            continue
        parts = parts.insert(posted.item_id, replace(known, amount=posted.amount, tax=posted.tax))
        back = replace(
            known,
            item_id=returned.item_id,
            amount=returned.amount,
            tax=returned.tax,
            billing_status=BillingStatus.READY,
            billing_type=credited.billing_type,
        )
        parts, ready = parts.insert(back.item_id, back), ready.insert(back.item_id)
        header = milestones.get(known.milestone_id)
        if header and back.item_id not in header.parts:
            header = replace(header, parts=(*header.parts, back.item_id))
            milestones = milestones.insert(header.milestone_id, header)
    return headers_set(replace(state, milestones=milestones, parts=parts, ready=ready), event)


def _reopened(state: L, milestone_ids: Iterable[str]) -> L:
    again = [done for each in milestone_ids if (done := state.completed.get(each))]
    completed = state.completed
    for each in again:
        completed = completed.discard(each.milestone.milestone_id)
    return replace(
        state,
        completed=completed,
        milestones=state.milestones.update({m.milestone.milestone_id: m.milestone for m in again}),
        parts=state.parts.update({part.item_id: part for m in again for part in m.parts}),
    )


def _milestones_dropped(state: L, milestone_ids: Iterable[str]) -> L:
    milestones, parts, ready = state.milestones, state.parts, state.ready
    for milestone_id in milestone_ids:
        milestone = milestones.get(milestone_id)
        for item_id in milestone.parts if milestone else ():
            parts = parts.discard(item_id)
            ready = ready.discard(item_id)
        milestones = milestones.discard(milestone_id)
    return replace(state, milestones=milestones, parts=parts, ready=ready)


def with_those(known: HashTrieMap[str, V], changed: dict[str, V]) -> HashTrieMap[str, V]:
    return known.update(changed) if changed else known


def without_those(items: HashTrieSet[str], gone: Iterable[str]) -> HashTrieSet[str]:
    for item_id in gone:
        items = items.discard(item_id)
    return items
