"""Invoices are confirmed: numbered, posted, booked."""

from dataclasses import replace
from datetime import date

import msgspec

from aggregates import streams
from aggregates.decision import Decision
from aggregates.invoice.booking import confirming
from aggregates.invoice.booking.confirming import ConfirmInvoice
from aggregates.invoice.booking.numbering import SERIES
from projections.views.invoice.invoices import ConfirmedInvoice
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.intake.going_on import go_on_with
from service.handlers.invoicing.answering import invoice_answer, preview
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.ledger.stream_kinds import SERIES as NUMBER_SERIES
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant


async def confirm(
    tenant: Tenant, request: Request, invoice_id: str, accounting_date: date | None
) -> Answer:
    """Confirms a draft (D-44), dated today unless a date is given.

    One that is confirmed already is answered as it is, and that says so. Raises NotFound for an
    unknown invoice, and as `confirming.confirm`, in the order of D-74.
    """

    def work(unit: UnitOfWork) -> Answer:
        decided = confirm_in(unit, invoice_id, accounting_date, request.if_match)
        answer = invoice_answer(unit, invoice_id, details=request.details)
        if decided.left:
            body = ConfirmedInvoice(**msgspec.structs.asdict(answer.body), already_confirmed=True)
            return replace(answer, body=body)
        return preview(unit, answer) if request.dry_run else answer

    return await submit(tenant, request, work)


def confirm_in(
    unit: UnitOfWork,
    invoice_id: str,
    accounting_date: date | None = None,
    if_match: int | None = None,
) -> Decision:
    """Confirms a draft within a unit of work, and says what that came to. Raises as `confirm`."""
    command = ConfirmInvoice(today=unit.now.date(), accounting_date=accounting_date)
    invoice = invoice_of(unit, invoice_id)
    unit.expect(streams.invoice(invoice_id), if_match)
    deal = deal_of(unit, invoice.contract_id, invoice.line_ids_billed())
    series = unit.load(NUMBER_SERIES, streams.number_series(SERIES))
    decided = confirming.confirm(command, invoice, deal, series)
    unit.append(decided.events)
    if decided.events:
        go_on_with(unit, invoice.contract_id, invoice.recalled_by())
    return decided
