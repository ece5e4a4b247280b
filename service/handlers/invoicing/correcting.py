"""Confirmed invoices are corrected, by a draft of their own."""

from dataclasses import replace

from aggregates import streams
from aggregates.invoice import correcting
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.state import Invoice
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.invoicing.answering import invoice_answer, preview
from service.handlers.invoicing.loading import invoice_of
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant


async def correct(
    tenant: Tenant, request: Request, invoice_id: str, command: CorrectInvoice
) -> Answer:
    """Makes a corrective draft of a confirmed invoice, whole or of some details (D-47, D-76).

    Raises NotFound for an unknown invoice, and as `correcting.correct`.
    """

    def work(unit: UnitOfWork) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        later = _later(unit, invoice, command.details or ())
        unit.append(correcting.correct(command, invoice, later).events)
        answer = invoice_answer(unit, command.correction_id, details=request.details)
        return replace(preview(unit, answer) if request.dry_run else answer, created=True)

    return await submit(tenant, request, work)


def _later(unit: UnitOfWork, invoice: Invoice, named: tuple[str, ...]) -> dict[str, Invoice]:
    """The corrections that these details have gone on to, each with those that came after it.

    Corrections of one invoice follow each other, so there are no more than were ever confirmed.
    """
    found: dict[str, Invoice] = {}
    wanted = {detail.corrected_by for each in named if (detail := invoice.details.get(each))}
    while more := [each for each in wanted if each and each not in found]:
        for correction_id in more:
            later = found[correction_id] = invoice_of(unit, correction_id)
            wanted |= {detail.corrected_by for detail in later.details.values()}
    return found
