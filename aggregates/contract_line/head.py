"""The head of a contract line: its terms, its usage, and for whom there is something on record.

It is all that recording an approval asks of a line, and small however many items are open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from rpds import HashTrieMap

from aggregates import splitting
from aggregates.contract_line.events import (
    ContractLineDefined,
    LineUsageChanged,
    MilestoneChanged,
    MilestoneDeleted,
    MilestoneSplit,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.recalled.events import CorrectedWorkExpected
from aggregates.events import Event
from aggregates.limits import NO_USAGE, Usages, fold_usage
from aggregates.terms import LineTerms

# --- state -------------------------------------------------------------------------------------

# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_PAYERS: HashTrieMap[str, tuple[str, ...]] = HashTrieMap()
H = TypeVar("H", bound="LineHead")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHead:
    """A line without its items: all that recording an approval asks, and small however long it is.

    `milestones_total` is the sum of its milestones. A customer with a sale, or of corrected work to
    come, is on record for ever (`sold_to`), one with milestones as long as there is any:
    `milestones_of` counts them, and `payers_of` has the customers of each, completed ones too.
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
    def shares(self) -> tuple[splitting.Share, ...]:
        """How the line splits what comes now (D-2)."""
        return tuple(
            splitting.Share(
                customer_id=customer.customer_id,
                percent=customer.split_percent,
                rounding=customer.rounding,
            )
            for customer in self.terms.customers
        )


# --- evolve ------------------------------------------------------------------------------------


def evolve_head(state: LineHead | None, event: Event) -> LineHead | None:
    """The line's head after `event`: what `evolve` gives, without the items."""
    return head_after(state, event) if state else first_defined(LineHead, event)


def first_defined(kind: type[H], event: Event) -> H | None:
    """The line, or its head, as its first definition makes it; no other event begins one."""
    if not isinstance(event, ContractLineDefined):
        return None
    return kind(
        contract_id=event.contract_id,
        line_id=event.line_id,
        currency=event.currency,
        terms=event.terms,
    )


def head_after(state: H, event: Event) -> H:
    """The line, or its head, after what the event does to the head."""
    match event:
        case ContractLineDefined():
            return replace(state, terms=event.terms, currency=event.currency)
        case LineUsageChanged():
            return replace(state, usage=fold_usage(state.usage, event.usages))
        case UnbilledSalesRecorded() | UnbilledSalesBooked():
            sales = (sale for work in event.approvals for sale in work.sales)
            return _on_record(state, {sale.customer_id for sale in sales})
        case CorrectedWorkExpected():
            return _on_record(state, {*event.customers})
        case MilestoneSplit():
            return _counted(state, event)
        case MilestoneChanged():  # its parts are still those of the same customers (D-5)
            return replace(state, milestones_total=event.milestones_total)
        case MilestoneDeleted():
            return _uncounted(state, event)
        case _:
            return state


def _on_record(state: H, customers: set[str]) -> H:
    return (
        state if customers <= state.sold_to else replace(state, sold_to=state.sold_to | customers)
    )


def _counted(state: H, event: MilestoneSplit) -> H:
    payers, counts = tuple(part.customer_id for part in event.parts), state.milestones_of
    return replace(
        state,
        milestones_of={**counts, **{payer: counts.get(payer, 0) + 1 for payer in payers}},
        payers_of=state.payers_of.insert(event.milestone_id, payers),
        milestones_total=event.milestones_total,
    )


def _uncounted(state: H, event: MilestoneDeleted) -> H:
    """A customer without any other milestone is no longer on record through one."""
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
