"""Confirmation of a draft: held against the limits, numbered, posted, its actuals booked."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from aggregates.contract_line.events import ItemsPosted
from aggregates.contract_line.state import ContractLine, OpenSale
from aggregates.deal import Deal, chunks, moved
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.invoice import booking
from aggregates.invoice.events import ActualsBooked, InvoiceConfirmed, InvoiceNumberAssigned
from aggregates.invoice.numbering import NumberSeries
from aggregates.invoice.state import Invoice
from aggregates.limits import Limits
from aggregates.refusals import Invalid, LeftAlone, NotFound, Refused
from aggregates.statuses import BillingStatus, BillingType, InvoiceStatus, NTEStatus

SERIES = "invoices"
"""The one series that invoices are numbered from (D-44)."""
MOST_DAYS_AHEAD = 366
"""How long after its confirmation an invoice may be accounted for: a year. More is a slip."""


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
    """What confirming makes happen; an invoice that is confirmed already is left so (D-44).

    Raises NotFound for a deleted draft, Invalid for an accounting date too far ahead, LimitExceeded
    when a limit stands against it; the invoice stays a draft then (D-35).
    """
    if invoice.deleted:
        raise NotFound("invoice", invoice.invoice_id)
    if invoice.status is not InvoiceStatus.DRAFT:
        why = Refused("already_confirmed", "the invoice is confirmed already (D-44)")
        return Decision(left=(LeftAlone(invoice.invoice_id, why),))
    accounting_date = _accounting_date(command)
    limits = deal.limits()
    limits.invoice(_charged(invoice))
    posted: list[Event] = []
    post = partial(ItemsPosted, invoice_id=invoice.invoice_id)
    for line_id, items in invoice.items_by_line().items():
        line = deal.lines[line_id]
        _free(line, items, limits)
        posted += moved(line, items, BillingStatus.INVOICE_POSTED, post)
    assigned = _next_number(series, invoice)
    confirmed = InvoiceConfirmed(
        invoice_id=invoice.invoice_id,
        contract_id=invoice.contract_id,
        number=assigned.number,
        accounting_date=accounting_date,
        currency=invoice.currency,
        amount=invoice.amount,
        tax=invoice.tax,
    )
    return Decision(
        events=(assigned, confirmed, *_booked(invoice), *posted, *limits.changes()),
        done=(invoice.invoice_id,),
    )


def _accounting_date(command: ConfirmInvoice) -> date:
    accounting_date = command.accounting_date or command.today
    if (accounting_date - command.today).days > MOST_DAYS_AHEAD:
        raise Invalid(
            "accounting_date",
            f"is more than {MOST_DAYS_AHEAD} days after the day of confirmation, {command.today}",
        )
    return accounting_date


def _charged(invoice: Invoice) -> dict[tuple[str, str], Decimal]:
    """The chargeable amounts of the invoice by line and customer, milestones included (D-17)."""
    charged: dict[tuple[str, str], Decimal] = {}
    for detail in invoice.details:
        if detail.billing_type is BillingType.CHARGEABLE:
            key = (detail.line_id, invoice.customer_id)
            charged[key] = charged.get(key, Decimal(0)) + detail.amount
    return charged


def _free(line: ContractLine, items: list[str], limits: Limits) -> None:
    """What the items had committed counts as invoiced from now on (D-37)."""
    for item_id in items:
        item = line.item(item_id)
        if isinstance(item, OpenSale) and item.nte_status is NTEStatus.COMMITTED:
            limits.release(line.line_id, item.customer_id, item.amount)


def _booked(invoice: Invoice) -> list[Event]:
    actuals = [actual for detail in invoice.details for actual in booking.book(detail)]
    return [
        ActualsBooked(
            invoice_id=invoice.invoice_id,
            contract_id=invoice.contract_id,
            customer_id=invoice.customer_id,
            currency=invoice.currency,
            actuals=some,
        )
        for some in chunks(actuals)
    ]


def _next_number(series: NumberSeries | None, invoice: Invoice) -> InvoiceNumberAssigned:
    """The next number of the series, without gaps: it is recorded with the confirmation (D-44)."""
    sequence = series.sequence + 1 if series else 1
    return InvoiceNumberAssigned(
        series=SERIES,
        sequence=sequence,
        number=f"INV-{sequence:06d}",
        invoice_id=invoice.invoice_id,
    )
