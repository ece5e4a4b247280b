"""The contract line: its terms, and the milestones and sales that wait for an invoice.

State and evolve for every event of the stream. Folding never raises, whatever a history holds: what
an event names and the line does not have is skipped. A completed milestone is no longer among the
open ones; it is kept beside them, for a correction that takes parts of it back (D-81).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rpds import HashTrieMap, HashTrieSet

from aggregates import splitting
from aggregates.contract_line.events import (
    HeaderStatus,
    ItemsDrafted,
    ItemsMoved,
    ItemsPosted,
    ItemsReleased,
    MarkedNotReady,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestonePartsCredited,
    MilestoneSplit,
    NTEEvaluated,
    NTEReset,
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.head import LineHead, first_defined, head_after
from aggregates.contract_line.items import (
    CompletedMilestone,
    Item,
    OpenMilestone,
    OpenPart,
    OpenSale,
    milestone_status,
    open_sale,
)
from aggregates.contract_line.recall_events import SalesDescribed
from aggregates.contract_line.recalled import NO_RECALLS, Recalls, recalls_after
from aggregates.events import Event
from aggregates.statuses import (
    BillingStatus,
    BillingType,
    Cause,
    MilestoneStatus,
    NTEStatus,
)

# --- state -------------------------------------------------------------------------------------


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_SALES: HashTrieMap[str, OpenSale] = HashTrieMap()
_NO_PARTS: HashTrieMap[str, OpenPart] = HashTrieMap()
_NO_MILESTONES: HashTrieMap[str, OpenMilestone] = HashTrieMap()
_NONE_COMPLETED: HashTrieMap[str, CompletedMilestone] = HashTrieMap()
_NONE_READY: HashTrieSet[str] = HashTrieSet()
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine(LineHead):
    """What decisions need to know of a line: its terms, its open items, its usage; no more.

    `completed` has the milestones that are posted in full: few a line, and not open.
    """

    sales: HashTrieMap[str, OpenSale] = field(default_factory=lambda: _NO_SALES)
    parts: HashTrieMap[str, OpenPart] = field(default_factory=lambda: _NO_PARTS)
    milestones: HashTrieMap[str, OpenMilestone] = field(default_factory=lambda: _NO_MILESTONES)
    completed: HashTrieMap[str, CompletedMilestone] = field(default_factory=lambda: _NONE_COMPLETED)
    ready: HashTrieSet[str] = field(default_factory=lambda: _NONE_READY)
    recalls: Recalls = field(default_factory=lambda: NO_RECALLS)

    def item(self, item_id: str) -> Item | None:
        """The open item of that id, None when there is none (or it was posted)."""
        return self.sales.get(item_id) or self.parts.get(item_id)

    def open_item(self, item_id: str) -> Item:
        """The item of that id, which is known to be open. Raises KeyError if it is not."""
        return self.sales.get(item_id) or self.parts[item_id]

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


def evolve(state: ContractLine | None, event: Event) -> ContractLine | None:
    """The line after `event`; events of other streams leave it as it is."""
    if state is None:
        return first_defined(ContractLine, event)
    state = head_after(state, event)
    recalls = recalls_after(state.recalls, event)
    if recalls is not state.recalls:
        state = replace(state, recalls=recalls)
    match event:
        case UnbilledSalesRecorded() | UnbilledSalesBooked():
            return _sales_came(state, event)
        case SalesReversed():
            return _sales_went(state, event)
        case SalesDescribed():
            said = {
                item_id: replace(sale, description=event.description or "")
                for item_id in event.items
                if (sale := state.sales.get(item_id))
            }
            return replace(state, sales=state.sales.update(said))
        case NTEEvaluated():
            return _evaluated(state, event)
        case NTEReset():
            return _reset(state, event)
        case MilestoneSplit() | MilestoneChanged():
            return _milestone_set(state, event)
        case MilestoneDeleted():
            return _milestones_dropped(state, [event.milestone_id])
        case MarkedReady() | ItemsReleased():
            return _moved(state, event, BillingStatus.READY)
        case MarkedNotReady():
            return _moved(state, event, BillingStatus.NOT_READY)
        case ItemsDrafted():
            return _moved(state, event, BillingStatus.INVOICE_CREATED)
        case ItemsPosted():
            return _posted(state, event)
        case MilestonePartsCredited():
            return _credited(state, event)
        case _:
            return state


def _sales_came(
    state: ContractLine, event: UnbilledSalesRecorded | UnbilledSalesBooked
) -> ContractLine:
    cause, replaced = Cause.APPROVAL, dict[str, str]()
    if isinstance(event, UnbilledSalesBooked):
        cause, replaced = event.cause, dict(event.replaces)
    came = {
        sale.item_id: open_sale(event.line_id, work, sale, cause, replaced.get(sale.item_id))
        for work in event.approvals
        for sale in work.sales
    }
    return replace(state, sales=state.sales.update(came))


def _sales_went(state: ContractLine, event: SalesReversed) -> ContractLine:
    sales = state.sales
    for item_id in event.items:
        sales = sales.discard(item_id)
    return replace(state, sales=sales, ready=_without(state.ready, event.items))


def _evaluated(state: ContractLine, event: NTEEvaluated) -> ContractLine:
    judged = {
        result.item_id: replace(sale, nte_status=result.nte_status, failed=result.failed)
        for result in event.results
        if (sale := state.sales.get(result.item_id))
    }
    return replace(state, sales=state.sales.update(judged))


def _reset(state: ContractLine, event: NTEReset) -> ContractLine:
    reset = {
        item_id: replace(sale, nte_status=NTEStatus.NOT_EVALUATED, failed=())
        for item_id in event.items
        if (sale := state.sales.get(item_id))
    }
    return replace(state, sales=state.sales.update(reset))


def _milestone_set(state: ContractLine, event: MilestoneSplit | MilestoneChanged) -> ContractLine:
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


def _open_part(state: ContractLine, milestone_id: str, part: MilestonePart) -> OpenPart:
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


def _moved(state: ContractLine, event: ItemsMoved, status: BillingStatus) -> ContractLine:
    invoice_id = event.invoice_id if isinstance(event, ItemsDrafted) else None
    sales = {
        item_id: replace(sale, billing_status=status, invoice_id=invoice_id)
        for item_id in event.items
        if (sale := state.sales.get(item_id))
    }
    parts = {
        item_id: replace(part, billing_status=status)
        for item_id in event.items
        if (part := state.parts.get(item_id))
    }
    ready = (
        state.ready.update([*sales, *parts])
        if status is BillingStatus.READY
        else _without(state.ready, event.items)
    )
    moved = replace(
        state,
        sales=_with(state.sales, sales),
        parts=_with(state.parts, parts),
        ready=ready,
    )
    return _headers_set(moved, event)


def _headers_set(state: ContractLine, event: ItemsMoved | MilestonePartsCredited) -> ContractLine:
    headers = {
        header.milestone_id: replace(milestone, status=header.status)
        for header in event.milestones
        if (milestone := state.milestones.get(header.milestone_id))
    }
    return replace(state, milestones=_with(state.milestones, headers)) if headers else state


def _posted(state: ContractLine, event: ItemsPosted) -> ContractLine:
    """Posted items leave the state; parts stay until their whole milestone is completed (D-12)."""
    moved = _moved(state, event, BillingStatus.INVOICE_POSTED)
    sales = moved.sales
    for item_id in event.items:
        sales = sales.discard(item_id)
    return _completed(replace(moved, sales=sales), event)


def _completed(state: ContractLine, event: ItemsPosted) -> ContractLine:
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


def _credited(state: ContractLine, event: MilestonePartsCredited) -> ContractLine:
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
    return _headers_set(replace(state, milestones=milestones, parts=parts, ready=ready), event)


def _reopened(state: ContractLine, milestone_ids: Iterable[str]) -> ContractLine:
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


def _milestones_dropped(state: ContractLine, milestone_ids: Iterable[str]) -> ContractLine:
    milestones, parts, ready = state.milestones, state.parts, state.ready
    for milestone_id in milestone_ids:
        milestone = milestones.get(milestone_id)
        for item_id in milestone.parts if milestone else ():
            parts = parts.discard(item_id)
            ready = ready.discard(item_id)
        milestones = milestones.discard(milestone_id)
    return replace(state, milestones=milestones, parts=parts, ready=ready)


def _with(known: HashTrieMap[str, V], changed: dict[str, V]) -> HashTrieMap[str, V]:
    return known.update(changed) if changed else known


def _without(items: HashTrieSet[str], gone: Iterable[str]) -> HashTrieSet[str]:
    for item_id in gone:
        items = items.discard(item_id)
    return items
