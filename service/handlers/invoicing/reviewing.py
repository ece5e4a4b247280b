"""Invoices are given in for review, given back, approved (D-73)."""

from collections.abc import Callable

from aggregates import streams
from aggregates.decision import Decision
from aggregates.invoice.draft import reviewing
from aggregates.invoice.draft.reviewing import ApproveInvoice, ReturnInvoice
from aggregates.invoice.state import Invoice
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.invoicing.answering import invoice_answer
from service.handlers.invoicing.loading import invoice_of
from service.handlers.loading import required_contract
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant

Decide = Callable[[UnitOfWork, Invoice], Decision]


async def submit_for_review(tenant: Tenant, request: Request, invoice_id: str) -> Answer:
    """Gives a draft in for review. Raises NotFound, Refused if confirmed, StaleVersion."""
    return await _review(tenant, request, invoice_id, lambda _, invoice: reviewing.submit(invoice))


async def give_back(
    tenant: Tenant, request: Request, invoice_id: str, command: ReturnInvoice
) -> Answer:
    """Gives an invoice in review back. Raises NotFound, StaleVersion, Refused unless in review."""
    return await _review(
        tenant,
        request,
        invoice_id,
        lambda _, invoice: reviewing.give_back(command, invoice),
    )


async def approve(tenant: Tenant, request: Request, invoice_id: str) -> Answer:
    """Approves an invoice in review, as the caller, now.

    Raises as `give_back`; Refused for own work where the contract asks for four eyes.
    """

    def decide(unit: UnitOfWork, invoice: Invoice) -> Decision:
        version = unit.version(streams.invoice(invoice_id))
        command = ApproveInvoice(actor=unit.actor, at=unit.now, version=version)
        return reviewing.approve(command, invoice, required_contract(unit, invoice.contract_id))

    return await _review(tenant, request, invoice_id, decide)


async def _review(tenant: Tenant, request: Request, invoice_id: str, decide: Decide) -> Answer:
    def work(unit: UnitOfWork) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        unit.append(decide(unit, invoice).events)
        return invoice_answer(unit, invoice_id, details=request.details)

    return await submit(tenant, request, work)
