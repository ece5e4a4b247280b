"""Invoices are given in for review, given back, approved."""

from dataclasses import replace

from fastapi import Response

from aggregates.invoice.draft.reviewing import ReturnInvoice
from projections.views.invoice.invoices import Invoice
from service.access.principals import Keeps, Scope
from service.handlers.invoicing import reviewing as handlers
from service.http.callers import ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId, WithDetails
from service.http.routers.routes import Routes
from service.wire.invoice_requests import ReturnBody

routes = Routes("/v1", "Invoices")

OF_DRAFT = ("invoice_not_found", "invoice_confirmed")
IN_REVIEW = (*OF_DRAFT, "not_in_review")


@routes.post(
    "/invoices/{invoice_id}/submit",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=OF_DRAFT),
)
async def submit_invoice(
    invoice_id: InvoiceId, tenant: TheTenant, command: ThePostedChange, details: WithDetails = True
) -> Response:
    """Give a draft in for review (D-73). One that is in review stays so."""
    answer = await handlers.submit_for_review(tenant, replace(command, details=details), invoice_id)
    return command_response(answer)


@routes.post(
    "/invoices/{invoice_id}/return",
    Scope.INVOICES_APPROVE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=IN_REVIEW),
)
async def return_invoice(
    invoice_id: InvoiceId,
    tenant: TheTenant,
    command: ThePostedChange,
    body: ReturnBody,
    details: WithDetails = True,
) -> Response:
    """Give an invoice in review back, with the reason: a draft again, its approval void (D-73)."""
    context = replace(command.context, reason=body.reason)
    asked = replace(command, context=context, details=details)
    give_back = ReturnInvoice(reason=body.reason)
    answer = await handlers.give_back(tenant, asked, invoice_id, give_back)
    return command_response(answer)


@routes.post(
    "/invoices/{invoice_id}/approve",
    Scope.INVOICES_APPROVE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=(*IN_REVIEW, "own_work")),
)
async def approve_invoice(
    invoice_id: InvoiceId, tenant: TheTenant, command: ThePostedChange, details: WithDetails = True
) -> Response:
    """Approve an invoice in review (D-73). Any change of it voids that.

    Under `four_eyes`, by who neither made nor changed it.
    """
    answer = await handlers.approve(tenant, replace(command, details=details), invoice_id)
    return command_response(answer)
