"""The proforma invoice: a draft for one customer of one contract, until it is confirmed."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A proforma invoice as it stands: draft or confirmed, its details and totals (D-43).

    `deleted` drafts stay in the history and are gone for everybody else.
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
    details: tuple[InvoiceDetail, ...] = ()
    deleted: bool = False

    def items_by_line(self) -> dict[str, list[str]]:
        """The items on the invoice, by contract line."""
        items: dict[str, list[str]] = {}
        for detail in self.details:
            items.setdefault(detail.line_id, []).append(detail.item_id)
        return items


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
                details=(*state.details, *event.details),
                lines=event.lines,
                amount=event.amount,
                tax=event.tax,
            )
        case DraftDeleted() if state:
            return replace(state, deleted=True, details=(), lines=())
        case InvoiceConfirmed() if state:
            return replace(
                state,
                status=InvoiceStatus.CONFIRMED,
                number=event.number,
                accounting_date=event.accounting_date,
            )
        case _:
            return state
