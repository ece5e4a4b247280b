"""Invoices are confirmed, for good."""

from dataclasses import replace

from fastapi import Response

from projections.views.invoice.invoices import ConfirmedInvoice
from service.access.principals import Keeps, Scope
from service.handlers.invoicing import confirming as handlers
from service.handlers.jobs import asking as jobs
from service.handlers.jobs.confirming import plan
from service.http.callers import DryRun, ThePost, ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId, WithDetails
from service.http.routers.routes import Routes
from service.wire.invoice_requests import BulkConfirmBody, ConfirmBody
from service.wire.jobs import Job

routes = Routes("/v1", "Invoices")

CONFIRMING = (
    "invoice_not_found",
    "invoice_empty",
    "nothing_corrected",
    "not_approved",
    "limit_exceeded",
    "total_too_large",
)
"""In the order in which they are looked for (D-74)."""


@routes.post(
    "/invoices/confirm",
    Scope.INVOICES_CONFIRM,
    status_code=202,
    responses=gives(Job, status=202, problems=("too_many_jobs",)),
)
async def confirm_invoices(body: BulkConfirmBody, tenant: TheTenant, command: ThePost) -> Response:
    """Confirm up to 1,000 invoices for good, by a job: each by itself, in the order given (D-97).

    One that fails stops nothing; its result says why. Each result has the invoice's number.
    """
    asked = plan(body.invoice_ids, body.accounting_date)
    return command_response(await jobs.ask_for(tenant, command, asked))


@routes.post(
    "/invoices/{invoice_id}/confirm",
    Scope.INVOICES_CONFIRM,
    Keeps.TO_CONTRACTS,
    responses=gives(ConfirmedInvoice, problems=CONFIRMING),
)
async def confirm_invoice(
    invoice_id: InvoiceId,
    tenant: TheTenant,
    command: ThePostedChange,
    body: ConfirmBody | None = None,
    dry_run: DryRun = False,
    details: WithDetails = True,
) -> Response:
    """Confirm a draft for good: numbered, posted, booked (D-44, D-45, D-78, D-81).

    Confirming again, with whatever date, answers the first result with `already_confirmed`. A dry
    run has no number (D-75).
    """
    asked = replace(command, dry_run=dry_run, details=details)
    answer = await handlers.confirm(
        tenant, asked, invoice_id, body.accounting_date if body else None
    )
    return command_response(answer)
