"""The contract line: its terms, and the milestones and sales that wait for an invoice.

State and evolve for every event of the stream. Folding never raises, whatever a history holds: what
an event names and the line does not have is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rpds import HashTrieMap

from aggregates.contract_line.events import (
    ItemsDrafted,
    ItemsMoved,
    ItemsPosted,
    ItemsReleased,
    MarkedNotReady,
    MarkedReady,
    NTEEvaluated,
    NTEReset,
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.head import first_defined, head_after
from aggregates.contract_line.items import (
    Item,
    OpenSale,
    open_sale,
)
from aggregates.contract_line.milestone_states import (
    LineOfMilestones,
    completed_by,
    headers_set,
    milestones_after,
    with_those,
    without_those,
)
from aggregates.contract_line.recalled.events import SalesDescribed
from aggregates.contract_line.recalled.state import NO_RECALLS, Recalls, recalls_after
from aggregates.events import Event
from aggregates.statuses import (
    BillingStatus,
    Cause,
    NTEStatus,
)

# --- state -------------------------------------------------------------------------------------


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_SALES: HashTrieMap[str, OpenSale] = HashTrieMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine(LineOfMilestones):
    """What decisions need to know of a line: its terms, its open items, its usage; no more."""

    sales: HashTrieMap[str, OpenSale] = field(default_factory=lambda: _NO_SALES)
    recalls: Recalls = field(default_factory=lambda: NO_RECALLS)

    def item(self, item_id: str) -> Item | None:
        """The open item of that id, None when there is none (or it was posted)."""
        return self.sales.get(item_id) or self.parts.get(item_id)

    def open_item(self, item_id: str) -> Item:
        """The item of that id, which is known to be open. Raises KeyError if it is not."""
        return self.sales.get(item_id) or self.parts[item_id]


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: ContractLine | None, event: Event) -> ContractLine | None:
    """The line after `event`; events of other streams leave it as it is."""
    if state is None:
        return first_defined(ContractLine, event)
    state = milestones_after(head_after(state, event), event)
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
        case MarkedReady() | ItemsReleased():
            return _moved(state, event, BillingStatus.READY)
        case MarkedNotReady():
            return _moved(state, event, BillingStatus.NOT_READY)
        case ItemsDrafted():
            return _moved(state, event, BillingStatus.INVOICE_CREATED)
        case ItemsPosted():
            return _posted(state, event)
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
    return replace(state, sales=sales, ready=without_those(state.ready, event.items))


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
        else without_those(state.ready, event.items)
    )
    moved = replace(
        state,
        sales=with_those(state.sales, sales),
        parts=with_those(state.parts, parts),
        ready=ready,
    )
    return headers_set(moved, event)


def _posted(state: ContractLine, event: ItemsPosted) -> ContractLine:
    """Posted items leave the state; parts stay until their whole milestone is completed (D-12)."""
    moved = _moved(state, event, BillingStatus.INVOICE_POSTED)
    sales = moved.sales
    for item_id in event.items:
        sales = sales.discard(item_id)
    return completed_by(replace(moved, sales=sales), event)
