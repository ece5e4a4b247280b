"""Invoices are confirmed: numbered, posted, booked."""

from datetime import date

import msgspec

from aggregates import streams
from aggregates.decision import Decision
from aggregates.invoice import confirming
from aggregates.invoice.confirming import ConfirmInvoice
from aggregates.invoice.numbering import SERIES
from projections.views.invoices import ConfirmedInvoice
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.intake.going_on import go_on_with
from service.handlers.invoicing.answering import preview
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.ledger.stream_kinds import SERIES as NUMBER_SERIES
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import from_states


async def confirm(
    tenant: Tenant, request: Request, invoice_id: str, accounting_date: date | None
) -> Answer:
    """Confirms a draft (D-44), dated today unless a date is given.

    One that is confirmed already is answered as it is, and that says so. Raises NotFound for an
    unknown invoice, and as `confirming.confirm`, in the order of D-74.
    """
    command = ConfirmInvoice(today=tenant.clock().date(), accounting_date=accounting_date)

    def work(unit: UnitOfWork) -> Answer:
        decided = confirm_in(unit, invoice_id, command, request.if_match)
        version = unit.version(streams.invoice(invoice_id))
        body = from_states.invoice(invoice_of(unit, invoice_id), with_details=request.details)
        if decided.left:
            body = ConfirmedInvoice(**msgspec.structs.asdict(body), already_confirmed=True)
        answer = Answer(body=body, version=version)
        return preview(unit, answer) if request.dry_run and decided.events else answer

    return await submit(tenant, request, work)


def confirm_in(
    unit: UnitOfWork, invoice_id: str, command: ConfirmInvoice, if_match: int | None = None
) -> Decision:
    """Confirms a draft within a unit of work, and says what that came to. Raises as `confirm`."""
    invoice = invoice_of(unit, invoice_id)
    unit.expect(streams.invoice(invoice_id), if_match)
    deal = deal_of(unit, invoice.contract_id, invoice.line_ids_billed())
    series = unit.load(NUMBER_SERIES, streams.number_series(SERIES))
    decided = confirming.confirm(command, invoice, deal, series)
    unit.append(decided.events)
    if decided.events:
        go_on_with(unit, invoice.contract_id, invoice.recalled_by())
    return decided
