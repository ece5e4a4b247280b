"""The proforma invoice: a draft for one customer of one contract, until it is confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aggregates.events import (
    BillingTypeTotal,
    DetailsAdded,
    DraftCreated,
    DraftDeleted,
    Event,
    InvoiceConfirmed,
    InvoiceDetail,
    InvoiceLineTotal,
    InvoiceNumberAssigned,
)
from aggregates.statuses import BillingMethod, BillingType, InvoiceStatus

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSeries:
    """How far a series of invoice numbers has got (D-44)."""

    series: str
    sequence: int


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


def evolve_series(state: NumberSeries | None, event: Event) -> NumberSeries | None:
    """The number series after `event`."""
    if isinstance(event, InvoiceNumberAssigned):
        return NumberSeries(series=event.series, sequence=event.sequence)
    return state


# --- totals ------------------------------------------------------------------------------------


class Totals:
    """Sums the details of an invoice as they are added: by line, and within by billing type (D-43).

    Only chargeable details count in the amounts of a line and of the invoice.
    """

    def __init__(self, methods: dict[str, BillingMethod]) -> None:
        self._methods = methods
        self._groups: dict[str, dict[BillingType, BillingTypeTotal]] = {}

    def add(self, details: Iterable[InvoiceDetail]) -> None:
        """Counts further details in."""
        for detail in details:
            groups = self._groups.setdefault(detail.line_id, {})
            before = groups.get(detail.billing_type)
            groups[detail.billing_type] = BillingTypeTotal(
                billing_type=detail.billing_type,
                count=before.count + 1 if before else 1,
                amount=before.amount + detail.amount if before else detail.amount,
                tax=before.tax + detail.tax if before else detail.tax,
            )

    def lines(self) -> tuple[InvoiceLineTotal, ...]:
        """One total a contract line, in the order the lines came."""
        return tuple(self._line(line_id) for line_id in self._groups)

    def _line(self, line_id: str) -> InvoiceLineTotal:
        groups = self._groups[line_id]
        charged = groups.get(BillingType.CHARGEABLE)
        return InvoiceLineTotal(
            line_id=line_id,
            billing_method=self._methods[line_id],
            amount=charged.amount if charged else Decimal(0),
            tax=charged.tax if charged else Decimal(0),
            groups=tuple(groups[billing_type] for billing_type in sorted(groups)),
        )
