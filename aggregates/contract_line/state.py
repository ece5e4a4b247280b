"""The contract line: its terms, and the milestones and sales that wait for an invoice.

State and evolve for every event of the stream. Evolving obeys, whatever a history holds: what an
event names and the line does not have is passed over. Deciding is split by what is decided: the
terms in terms.py, milestones in milestones.py, approvals in approvals.py, ready and not-to-exceed
in readiness.py, drafts and posting in invoice/drafting.py and invoice/confirming.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from rpds import HashTrieMap, HashTrieSet

from aggregates import money
from aggregates.contract_line.events import (
    ApprovedWork,
    ContractLineDefined,
    HeaderStatus,
    ItemsDrafted,
    ItemsMoved,
    ItemsPosted,
    ItemsReleased,
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestoneSplit,
    NTEEvaluated,
    NTEReset,
    UnbilledSale,
    UnbilledSalesRecorded,
)
from aggregates.events import Event
from aggregates.limits import NO_USAGE, Usages, fold_usage
from aggregates.statuses import (
    BillingStatus,
    BillingType,
    MilestoneStatus,
    NTEStatus,
    TransactionClass,
    milestone_status,
)
from aggregates.terms import FailedLevel, LineTerms

# --- state -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSale:
    """An unbilled sales actual that is not posted yet."""

    item_id: str
    customer_id: str
    approval_id: str
    transaction_class: TransactionClass
    date: date
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: Decimal
    billing_type: BillingType
    billing_status: BillingStatus = BillingStatus.NOT_READY
    nte_status: NTEStatus
    failed: tuple[FailedLevel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPart:
    """One customer's part of a milestone that is not completed yet."""

    item_id: str
    milestone_id: str
    customer_id: str
    amount: Decimal
    tax: Decimal
    billing_status: BillingStatus = BillingStatus.NOT_READY


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMilestone:
    """A milestone that is not completed yet, and the shares it was split by (D-5)."""

    milestone_id: str
    name: str
    amount: Decimal
    tax: Decimal
    date: date
    task_id: str | None
    shares: tuple[money.Share, ...]
    parts: tuple[str, ...]
    status: MilestoneStatus = MilestoneStatus.NOT_STARTED


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_SALES: HashTrieMap[str, OpenSale] = HashTrieMap()
_NO_PARTS: HashTrieMap[str, OpenPart] = HashTrieMap()
_NO_MILESTONES: HashTrieMap[str, OpenMilestone] = HashTrieMap()
_NONE_READY: HashTrieSet[str] = HashTrieSet()
_NO_PAYERS: HashTrieMap[str, tuple[str, ...]] = HashTrieMap()
H = TypeVar("H", bound="LineHead")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHead:
    """A line without its items: all that recording an approval asks, and small however long it is.

    `milestones_total` is what milestones come to. Customers are on record by their sales for ever
    (`sold_to`), by milestones as long as there are some of theirs: `milestones_of` counts them,
    completed ones too, and `payers_of` has the customers of each that can still be deleted.
    """

    contract_id: str
    line_id: str
    currency: str
    terms: LineTerms
    usage: Usages = field(default_factory=lambda: NO_USAGE)
    sold_to: frozenset[str] = frozenset()
    milestones_of: Mapping[str, int] = field(default_factory=dict[str, int])
    payers_of: HashTrieMap[str, tuple[str, ...]] = field(default_factory=lambda: _NO_PAYERS)
    milestones_total: Decimal = Decimal(0)

    @property
    def recorded_for(self) -> frozenset[str]:
        """The customers with recorded items, whom the line keeps (D-3)."""
        return self.sold_to | self.milestones_of.keys()

    @property
    def shares(self) -> tuple[money.Share, ...]:
        """How the line splits what comes now (D-2)."""
        return tuple(
            money.Share(
                customer_id=customer.customer_id,
                percent=customer.split_percent,
                rounding=customer.rounding,
            )
            for customer in self.terms.customers
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine(LineHead):
    """What decisions need to know of a line: its terms, its open items, its usage; no more."""

    sales: HashTrieMap[str, OpenSale] = field(default_factory=lambda: _NO_SALES)
    parts: HashTrieMap[str, OpenPart] = field(default_factory=lambda: _NO_PARTS)
    milestones: HashTrieMap[str, OpenMilestone] = field(default_factory=lambda: _NO_MILESTONES)
    ready: HashTrieSet[str] = field(default_factory=lambda: _NONE_READY)

    def item(self, item_id: str) -> OpenSale | OpenPart | None:
        """The open item of that id, None when there is none (or it was posted)."""
        return self.sales.get(item_id) or self.parts.get(item_id)

    def open_item(self, item_id: str) -> OpenSale | OpenPart:
        """The item of that id, which is known to be open. Raises KeyError if it is not."""
        return self.sales.get(item_id) or self.parts[item_id]

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
        return _first_defined(ContractLine, event)
    state = _head_after(state, event)
    match event:
        case UnbilledSalesRecorded():
            return _sales_recorded(state, event)
        case NTEEvaluated():
            return _evaluated(state, event)
        case NTEReset():
            return _sales_set(state, event.items, nte_status=NTEStatus.NOT_EVALUATED, failed=())
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
        case _:
            return state


def evolve_head(state: LineHead | None, event: Event) -> LineHead | None:
    """The line's head after `event`: what `evolve` gives, without the items."""
    return _head_after(state, event) if state else _first_defined(LineHead, event)


def _first_defined(kind: type[H], event: Event) -> H | None:
    if not isinstance(event, ContractLineDefined):
        return None
    return kind(
        contract_id=event.contract_id,
        line_id=event.line_id,
        currency=event.currency,
        terms=event.terms,
    )


def _head_after(state: H, event: Event) -> H:
    match event:
        case ContractLineDefined():
            return replace(state, terms=event.terms, currency=event.currency)
        case LineUsageChanged():
            return replace(state, usage=fold_usage(state.usage, event.usages))
        case UnbilledSalesRecorded():
            sales = (sale for work in event.approvals for sale in work.sales)
            customers = {sale.customer_id for sale in sales}
            if customers <= state.sold_to:
                return state
            return replace(state, sold_to=state.sold_to | customers)
        case MilestoneSplit():
            return _counted(state, event)
        case MilestoneChanged():  # its parts are still those of the same customers (D-5)
            return replace(state, milestones_total=event.milestones_total)
        case MilestoneDeleted():
            return _uncounted(state, event)
        case ItemsPosted() if event.milestones:
            payers = state.payers_of
            for header in event.milestones:
                if header.status is MilestoneStatus.COMPLETED:
                    payers = payers.discard(header.milestone_id)
            return replace(state, payers_of=payers)
        case _:
            return state


def _counted(state: H, event: MilestoneSplit) -> H:
    payers, counts = tuple(part.customer_id for part in event.parts), state.milestones_of
    return replace(
        state,
        milestones_of={**counts, **{payer: counts.get(payer, 0) + 1 for payer in payers}},
        payers_of=state.payers_of.insert(event.milestone_id, payers),
        milestones_total=event.milestones_total,
    )


def _uncounted(state: H, event: MilestoneDeleted) -> H:
    """Whoever had no other milestone is not on record by one any more."""
    counts = dict(state.milestones_of)
    for payer in state.payers_of.get(event.milestone_id, ()):
        left = counts.pop(payer, 0) - 1
        if left > 0:
            counts[payer] = left
    return replace(
        state,
        milestones_of=counts,
        payers_of=state.payers_of.discard(event.milestone_id),
        milestones_total=event.milestones_total,
    )


def _sales_recorded(state: ContractLine, event: UnbilledSalesRecorded) -> ContractLine:
    recorded = {
        sale.item_id: _open_sale(work, sale) for work in event.approvals for sale in work.sales
    }
    return replace(state, sales=state.sales.update(recorded))


def _open_sale(work: ApprovedWork, sale: UnbilledSale) -> OpenSale:
    return OpenSale(
        item_id=sale.item_id,
        customer_id=sale.customer_id,
        approval_id=work.approval_id,
        transaction_class=work.transaction_class,
        date=work.date,
        description=work.description or "",
        quantity=sale.quantity,
        unit_price=work.unit_price,
        amount=sale.amount,
        tax=sale.tax,
        billing_type=sale.billing_type,
        nte_status=sale.nte_status,
    )


def _evaluated(state: ContractLine, event: NTEEvaluated) -> ContractLine:
    judged = {
        result.item_id: replace(sale, nte_status=result.nte_status, failed=result.failed)
        for result in event.results
        if (sale := state.sales.get(result.item_id))
    }
    return replace(state, sales=state.sales.update(judged))


def _sales_set(
    state: ContractLine,
    items: Iterable[str],
    *,
    nte_status: NTEStatus,
    failed: tuple[FailedLevel, ...],
) -> ContractLine:
    changed = {
        item_id: replace(sale, nte_status=nte_status, failed=failed)
        for item_id in items
        if (sale := state.sales.get(item_id))
    }
    return replace(state, sales=state.sales.update(changed))


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


def _shares_of(event: MilestoneSplit) -> tuple[money.Share, ...]:
    return tuple(
        money.Share(customer_id=s.customer_id, percent=s.percent, rounding=s.rounding)
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
    )


def _moved(state: ContractLine, event: ItemsMoved, status: BillingStatus) -> ContractLine:
    sales = {
        item_id: replace(sale, billing_status=status)
        for item_id in event.items
        if (sale := state.sales.get(item_id))
    }
    parts = {
        item_id: replace(part, billing_status=status)
        for item_id in event.items
        if (part := state.parts.get(item_id))
    }
    headers = {
        header.milestone_id: replace(milestone, status=header.status)
        for header in event.milestones
        if (milestone := state.milestones.get(header.milestone_id))
    }
    ready = (
        state.ready.update([*sales, *parts])
        if status is BillingStatus.READY
        else _without(state.ready, event.items)
    )
    return replace(
        state,
        sales=_with(state.sales, sales),
        parts=_with(state.parts, parts),
        milestones=_with(state.milestones, headers),
        ready=ready,
    )


def _posted(state: ContractLine, event: ItemsPosted) -> ContractLine:
    """Posted items leave the state; parts stay until their whole milestone is completed (D-12)."""
    moved = _moved(state, event, BillingStatus.INVOICE_POSTED)
    sales = moved.sales
    for item_id in event.items:
        sales = sales.discard(item_id)
    completed = [
        header.milestone_id
        for header in event.milestones
        if header.status is MilestoneStatus.COMPLETED
    ]
    return _milestones_dropped(replace(moved, sales=sales), completed)


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
