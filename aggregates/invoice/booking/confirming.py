"""Confirmation of a draft: held against the limits, numbered, posted, its actuals booked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from aggregates import streams
from aggregates.contract_line.events import ItemsPosted, UnbilledSalesBooked
from aggregates.contract_line.items import OpenSale
from aggregates.contract_line.recalled.events import AwaitedItem, RecallAwaited
from aggregates.contract_line.recalled.obligations import StaysBilled, settle
from aggregates.deal import Deal, chunks, moved
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.invoice.booking.giving_back import give_back
from aggregates.invoice.booking.numbering import NumberSeries, assign
from aggregates.invoice.booking.rows import Booked, book
from aggregates.invoice.details import Detail
from aggregates.invoice.events import (
    ActualsBooked,
    CorrectionWithdrawn,
    DetailsCorrected,
    InvoiceConfirmed,
)
from aggregates.invoice.state import Invoice
from aggregates.limits import Limits
from aggregates.refusals import Invalid, LeftAlone, NotFound, Refused
from aggregates.statuses import ApprovalRule, BillingStatus, BillingType, NTEStatus

MOST_DAYS_AHEAD = 366
"""Days after its confirmation that an invoice may be accounted for: a year. More is a mistake."""
FIRST_YEAR = 1900
"""The first year that an invoice may be accounted for in. What is earlier is a typing error."""


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

    Raises, in the order of D-74, NotFound for a deleted draft, Invalid for an accounting date too
    far ahead or before 1900, Refused for a draft without details, for a correction that corrects
    nothing (D-77) and without an approval that the contract asks for (D-73), LimitExceeded when a
    limit stands against it (D-35, D-80). The invoice stays a draft then.
    """
    if invoice.deleted:
        raise NotFound("invoice", invoice.invoice_id)
    if not invoice.is_open:
        why = Refused("already_confirmed", "the invoice is confirmed already", "D-44")
        return Decision(left=(LeftAlone(invoice.invoice_id, why),))
    accounting_date = _accounting_date(command)
    details = invoice.listed()
    _check(invoice, details, deal)
    # Holds, locked periods and retainers will be asked here, in this order; then the limits.
    sales = [_sale_of(detail, deal) for detail in details]
    limits = deal.limits()
    limits.invoice(_charged(details, invoice.customer_id))
    for sale in sales:
        _free(sale, limits)
    # What the invoice shows of a line counts: without items, its method may have changed since.
    methods = {line.line_id: line.billing_method for line in invoice.lines}
    currency = invoice.currency
    booked = [
        (detail, book(detail, sale and sale.actual, methods[detail.stands.line_id], currency))
        for detail, sale in zip(details, sales, strict=True)
    ]
    returned = list(give_back(invoice, booked, deal, limits, accounting_date))
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
    return Decision(
        events=(
            assigned,
            confirmed,
            *_booked(invoice, accounting_date, [books for _, books in booked]),
            *_posted(invoice, deal),
            *_of_the_corrected(invoice, details),
            *returned,
            *_awaited(invoice, details, returned, deal),
            *_settled(invoice, details, returned, deal, accounting_date),
            *limits.changes(),
        ),
        done=(invoice.invoice_id,),
    )


# --- helpers -----------------------------------------------------------------------------------


def _accounting_date(command: ConfirmInvoice) -> date:
    accounting_date = command.accounting_date or command.today
    if (accounting_date - command.today).days > MOST_DAYS_AHEAD:
        raise Invalid(
            "accounting_date",
            f"is more than {MOST_DAYS_AHEAD} days after the day of confirmation, {command.today}",
            "D-44",
        )
    if accounting_date.year < FIRST_YEAR:
        raise Invalid("accounting_date", f"must lie in the year {FIRST_YEAR} or later", "D-44")
    return accounting_date


def _check(invoice: Invoice, details: Sequence[Detail], deal: Deal) -> None:
    """Raises Refused when the draft itself, or its review, does not let it be confirmed (D-74)."""
    if not details:
        raise Refused("invoice_empty", "the draft has no details: there is nothing to bill", "D-74")
    if invoice.corrects and not any(detail.edited for detail in details):
        raise Refused(
            "nothing_corrected", "every detail stays as it is billed: nothing is corrected", "D-77"
        )
    if deal.contract.approval is not ApprovalRule.NONE and not invoice.approval:
        raise Refused(
            "not_approved", "the contract asks for an approval, and the invoice has none", "D-73"
        )


def _charged(details: Iterable[Detail], customer_id: str) -> dict[tuple[str, str], Decimal]:
    """The chargeable amounts by line and customer, milestones included (D-17).

    A corrective detail counts with its change (D-80).
    """
    charged: dict[tuple[str, str], Decimal] = {}
    for detail in details:
        if detail.stands.billing_type is BillingType.CHARGEABLE:
            key = (detail.stands.line_id, customer_id)
            amount, _ = detail.change
            charged[key] = charged.get(key, Decimal(0)) + amount
    return charged


def _sale_of(detail: Detail, deal: Deal) -> OpenSale | None:
    """The open sale that the detail bills; None where there is none, or it is not open."""
    if detail.corrects is not None:
        return None
    return deal.lines[detail.stands.line_id].sales.get(detail.stands.item_id or "")


def _free(sale: OpenSale | None, limits: Limits) -> None:
    """What the sale had committed is free: what is billed of it counts as invoiced (D-37)."""
    if sale and sale.nte_status is NTEStatus.COMMITTED:
        limits.release(sale.actual.line_id, sale.customer_id, sale.actual.amount)


def _posted(invoice: Invoice, deal: Deal) -> Iterator[ItemsPosted]:
    post = partial(ItemsPosted, invoice_id=invoice.invoice_id)
    for line_id, items in invoice.items_by_line().items():
        yield from moved(deal.lines[line_id], items, BillingStatus.INVOICE_POSTED, post)


def _booked(
    invoice: Invoice, accounting_date: date, booked: Iterable[Booked]
) -> Iterator[ActualsBooked]:
    """The rows in events of at most 1,000; each names what the first rows of a detail supersede."""
    rows = [
        (actual, books.adjusted if not position else None)
        for books in booked
        for position, actual in enumerate(books.rows)
    ]
    for some in chunks(rows):
        yield ActualsBooked(
            invoice_id=invoice.invoice_id,
            contract_id=invoice.contract_id,
            customer_id=invoice.customer_id,
            currency=invoice.currency,
            accounting_date=accounting_date,
            actuals=tuple(actual for actual, _ in some),
            adjusted=tuple(adjusted for _, adjusted in some if adjusted),
        )


def _awaited(
    invoice: Invoice, details: Iterable[Detail], returned: Iterable[Event], deal: Deal
) -> Iterator[RecallAwaited]:
    """What comes back of an item that a recall waits for is waited for, too (D-23)."""
    back = {
        sale.item_id
        for event in returned
        if isinstance(event, UnbilledSalesBooked)
        for work in event.approvals
        for sale in work.sales
    }
    for stands in (detail.stands for detail in details):
        line = deal.lines[stands.line_id]
        awaited = line.recalls.awaited.get(stands.item_id or "")
        item_id = streams.returned_item(line.contract_id, line.line_id, stands.detail_id)
        if awaited and item_id in back:
            yield RecallAwaited(
                contract_id=invoice.contract_id,
                line_id=line.line_id,
                parked_id=awaited.parked_id,
                items=(AwaitedItem(item_id=item_id, invoice_id=None),),
            )


def _settled(
    invoice: Invoice,
    details: Iterable[Detail],
    returned: Sequence[Event],
    deal: Deal,
    accounting_date: date,
) -> Iterator[Event]:
    """What follows where the work that a correction credits was recalled or corrected (D-83)."""
    stays: dict[str, list[StaysBilled]] = {}
    for detail in details:
        if detail.corrects is not None and detail.edited:
            stays.setdefault(detail.stands.line_id, []).append(_stay(invoice, detail))
    booked = [event for event in returned if isinstance(event, UnbilledSalesBooked)]
    for line_id, some in stays.items():
        of_line = [event for event in booked if event.line_id == line_id]
        yield from settle(deal.lines[line_id], some, of_line, accounting_date)


def _stay(invoice: Invoice, detail: Detail) -> StaysBilled:
    stands = detail.stands
    return StaysBilled(
        corrected_detail_id=str(detail.corrects),
        invoice_id=invoice.invoice_id,
        detail_id=stands.detail_id,
        quantity=stands.quantity,
        amount=stands.amount,
    )


def _of_the_corrected(invoice: Invoice, details: Iterable[Detail]) -> Iterator[Event]:
    """What becomes of the details that the invoice corrects, on the invoice that has them (D-79).

    Those left as they are billed stay there (D-77).
    """
    if invoice.corrects is None:
        return
    corrected = [(str(detail.corrects), detail.edited) for detail in details]
    for kind, edited in ((DetailsCorrected, True), (CorrectionWithdrawn, False)):
        for some in chunks(detail_id for detail_id, is_edited in corrected if is_edited is edited):
            yield kind(
                invoice_id=invoice.corrects,
                contract_id=invoice.contract_id,
                correction_id=invoice.invoice_id,
                details=some,
            )
