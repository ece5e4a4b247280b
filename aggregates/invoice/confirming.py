"""Confirmation of a draft: held against the limits, numbered, posted, its actuals booked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from aggregates.actuals import Actual
from aggregates.contract_line.events import ItemsPosted
from aggregates.contract_line.items import OpenSale
from aggregates.deal import Deal, chunks, moved
from aggregates.decision import Decision
from aggregates.invoice.booking import book
from aggregates.invoice.events import ActualsBooked, InvoiceConfirmed, InvoiceDetail
from aggregates.invoice.numbering import NumberSeries, assign
from aggregates.invoice.state import Invoice
from aggregates.limits import Limits
from aggregates.refusals import Invalid, LeftAlone, NotFound, Refused
from aggregates.statuses import BillingStatus, BillingType, NTEStatus

MOST_DAYS_AHEAD = 366
"""Days after its confirmation that an invoice may be accounted for: a year. More is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmInvoice:
    """Confirm a draft; its accounting date is `today`, the day of confirmation, if none is given.

    A date may lie at most 366 days after that day (D-44).
    """

    today: date
    accounting_date: date | None = None


def confirm(
    command: ConfirmInvoice, invoice: Invoice, deal: Deal, series: NumberSeries | None
) -> Decision:
    """Confirms a draft; an invoice that is confirmed already is left as it is (D-44).

    Raises NotFound for a deleted draft, Invalid for an accounting date too far ahead, LimitExceeded
    when a limit stands against it; the invoice stays a draft then (D-35).
    """
    if invoice.deleted:
        raise NotFound("invoice", invoice.invoice_id)
    if not invoice.is_open:
        why = Refused("already_confirmed", "the invoice is confirmed already", "D-44")
        return Decision(left=(LeftAlone(invoice.invoice_id, why),))
    accounting_date = _accounting_date(command)
    details = [detail.stands for detail in invoice.listed()]
    sales = [_sale_of(detail, deal) for detail in details]
    limits = deal.limits()
    limits.invoice(_charged(details, invoice.customer_id))
    for sale in sales:
        _free(sale, limits)
    assigned = assign(series, invoice.invoice_id)
    confirmed = InvoiceConfirmed(
        invoice_id=invoice.invoice_id,
        contract_id=invoice.contract_id,
        number=assigned.number,
        accounting_date=accounting_date,
        currency=invoice.currency,
        amount=invoice.amount,
        tax=invoice.tax,
    )
    billed = zip(details, sales, strict=True)
    booked = [row for detail, sale in billed for row in book(detail, sale and sale.actual)]
    return Decision(
        events=(
            assigned,
            confirmed,
            *_booked(invoice, accounting_date, booked),
            *_posted(invoice, deal),
            *limits.changes(),
        ),
        done=(invoice.invoice_id,),
    )


def _accounting_date(command: ConfirmInvoice) -> date:
    accounting_date = command.accounting_date or command.today
    if (accounting_date - command.today).days > MOST_DAYS_AHEAD:
        raise Invalid(
            "accounting_date",
            f"is more than {MOST_DAYS_AHEAD} days after the day of confirmation, {command.today}",
            "D-44",
        )
    return accounting_date


def _charged(details: Iterable[InvoiceDetail], customer_id: str) -> dict[tuple[str, str], Decimal]:
    """The chargeable amounts by line and customer, milestones included (D-17)."""
    charged: dict[tuple[str, str], Decimal] = {}
    for detail in details:
        if detail.billing_type is BillingType.CHARGEABLE:
            key = (detail.line_id, customer_id)
            charged[key] = charged.get(key, Decimal(0)) + detail.amount
    return charged


def _sale_of(detail: InvoiceDetail, deal: Deal) -> OpenSale | None:
    """The open sale that the detail bills; None for a milestone, and for one that is not open."""
    return deal.lines[detail.line_id].sales.get(detail.item_id or "")


def _free(sale: OpenSale | None, limits: Limits) -> None:
    """What the sale had committed counts as invoiced from now on (D-37)."""
    if sale and sale.nte_status is NTEStatus.COMMITTED:
        limits.release(sale.actual.line_id, sale.customer_id, sale.actual.amount)


def _posted(invoice: Invoice, deal: Deal) -> Iterator[ItemsPosted]:
    post = partial(ItemsPosted, invoice_id=invoice.invoice_id)
    for line_id, items in invoice.items_by_line().items():
        yield from moved(deal.lines[line_id], items, BillingStatus.INVOICE_POSTED, post)


def _booked(
    invoice: Invoice, accounting_date: date, actuals: list[Actual]
) -> Iterator[ActualsBooked]:
    for some in chunks(actuals):
        yield ActualsBooked(
            invoice_id=invoice.invoice_id,
            contract_id=invoice.contract_id,
            customer_id=invoice.customer_id,
            currency=invoice.currency,
            accounting_date=accounting_date,
            actuals=some,
            adjusted=(),
        )
