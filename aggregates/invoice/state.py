"""The proforma invoice: a draft for one customer of one contract, until it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from rpds import HashTrieMap

from aggregates.events import Event
from aggregates.invoice.events import (
    DetailsAdded,
    DraftCreated,
    DraftDeleted,
    InvoiceConfirmed,
    InvoiceDetail,
    InvoiceLineTotal,
)
from aggregates.statuses import InvoiceStatus

# --- state -------------------------------------------------------------------------------------

# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_DETAILS: HashTrieMap[str, InvoiceDetail] = HashTrieMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A proforma invoice as it stands: draft or confirmed, its details by id, and totals (D-43).

    A `deleted` draft stays in the history; for everybody else there is no such invoice.
    """

    invoice_id: str
    contract_id: str
    customer_id: str
    currency: str
    cutoff: date | None
    status: InvoiceStatus = InvoiceStatus.DRAFT
    number: str | None = None
    accounting_date: date | None = None
    amount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    lines: tuple[InvoiceLineTotal, ...] = ()
    details: HashTrieMap[str, InvoiceDetail] = field(default_factory=lambda: _NO_DETAILS)
    deleted: bool = False

    def listed(self) -> list[InvoiceDetail]:
        """The details in the order in which they are drafted, shown and booked."""
        return sorted(self.details.values(), key=detail_order)

    def items_by_line(self) -> dict[str, list[str]]:
        """The items of the details, by contract line."""
        return items_by_line(self.listed())


def items_by_line(details: Iterable[InvoiceDetail]) -> dict[str, list[str]]:
    """The items of these details, by contract line."""
    items: dict[str, list[str]] = {}
    for detail in details:
        if detail.item_id is not None:
            items.setdefault(detail.line_id, []).append(detail.item_id)
    return items


def detail_order(detail: InvoiceDetail) -> tuple[str, date, str, str]:
    """Details are in the order of their lines, dates and items."""
    return detail.line_id, detail.date, detail.item_id or "", detail.detail_id


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: Invoice | None, event: Event) -> Invoice | None:
    """The invoice after `event`; events of other streams leave it as it is."""
    match event:
        case DraftCreated():
            return Invoice(
                invoice_id=event.invoice_id,
                contract_id=event.contract_id,
                customer_id=event.customer_id,
                currency=event.currency,
                cutoff=event.cutoff,
            )
        case DetailsAdded() if state:
            return replace(
                state,
                details=state.details.update({each.detail_id: each for each in event.details}),
                lines=event.lines,
                amount=event.amount,
                tax=event.tax,
            )
        case DraftDeleted() if state:
            return replace(state, deleted=True, details=_NO_DETAILS, lines=())
        case InvoiceConfirmed() if state:
            return replace(
                state,
                status=InvoiceStatus.CONFIRMED,
                number=event.number,
                accounting_date=event.accounting_date,
            )
        case _:
            return state
