"""Details of a draft: put on it by hand, edited, taken off."""

from collections.abc import Callable

from aggregates import streams
from aggregates.invoice.details import items_by_line, recalled_by
from aggregates.invoice.draft import by_hand, editing
from aggregates.invoice.draft.by_hand import AddByHand
from aggregates.invoice.draft.editing import EditDetails, RemoveDetails
from aggregates.invoice.state import Invoice
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.intake.going_on import go_on_with
from service.handlers.invoicing.answering import invoice_answer
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant


async def add_by_hand(
    tenant: Tenant, request: Request, invoice_id: str, command: AddByHand
) -> Answer:
    """Puts a detail on a draft that no item stands behind (D-68).

    Raises NotFound for an unknown invoice, and as `by_hand.add`.
    """

    def work(unit: UnitOfWork, invoice: Invoice) -> None:
        deal = deal_of(unit, invoice.contract_id, [command.line_id])
        unit.append(by_hand.add(command, invoice, deal).events)

    return await _change(tenant, request, invoice_id, work)


async def edit_details(
    tenant: Tenant, request: Request, invoice_id: str, command: EditDetails
) -> Answer:
    """Edits details of a draft, all or none (D-65).

    Raises NotFound for an unknown invoice, and as `editing.edit`.
    """

    def work(unit: UnitOfWork, invoice: Invoice) -> None:
        unit.append(editing.edit(command, invoice).events)

    return await _change(tenant, request, invoice_id, work)


async def remove_details(
    tenant: Tenant, request: Request, invoice_id: str, command: RemoveDetails
) -> Answer:
    """Takes details off a draft; their items are ready again, or not ready (D-69).

    Raises NotFound for an unknown invoice or detail, Refused once it is confirmed.
    """

    def work(unit: UnitOfWork, invoice: Invoice) -> None:
        removed = [found for each in command.details if (found := invoice.details.get(each))]
        deal = deal_of(unit, invoice.contract_id, items_by_line(removed))
        unit.append(editing.remove(command, invoice, deal).events)
        go_on_with(unit, invoice.contract_id, recalled_by(removed))

    return await _change(tenant, request, invoice_id, work)


async def _change(
    tenant: Tenant,
    request: Request,
    invoice_id: str,
    work: Callable[[UnitOfWork, Invoice], None],
) -> Answer:
    """Runs a change of an invoice at the version that the caller saw; the invoice after it."""

    def change(unit: UnitOfWork) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        work(unit, invoice)
        return invoice_answer(unit, invoice_id, details=request.details)

    return await submit(tenant, request, change)
