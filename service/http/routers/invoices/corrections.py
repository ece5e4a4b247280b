"""Confirmed invoices are corrected, whole or in part."""

from dataclasses import replace

from fastapi import Response

from aggregates import streams
from aggregates.invoice.correcting import CorrectInvoice
from projections.views.invoice.invoices import Invoice
from service.access.principals import Keeps, Scope
from service.handlers.invoicing import correcting as handlers
from service.http.callers import DryRun, ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId, WithDetails
from service.http.routers.routes import Routes
from service.wire.invoice_requests import CorrectionBody

routes = Routes("/v1", "Invoices")

CORRECTING = (
    "invoice_not_found",
    "invoice_not_confirmed",
    "already_corrected",
    "detail_not_found",
    "detail_superseded",
    "in_correction",
    "details_refused",
    "total_too_large",
)


@routes.post(
    "/invoices/{invoice_id}/corrections",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    status_code=201,
    responses=gives(Invoice, status=201, problems=CORRECTING),
)
async def correct_invoice(
    invoice_id: InvoiceId,
    tenant: TheTenant,
    command: ThePostedChange,
    body: CorrectionBody | None = None,
    dry_run: DryRun = False,
    details: WithDetails = True,
) -> Response:
    """Make a corrective draft of a confirmed invoice, whole or of some details (D-47, D-76).

    At first nothing of them stays billed; edit what does, then confirm it like any other draft.
    """
    named = body.details if body else None
    correct = CorrectInvoice(
        correction_id=streams.digest(command.request_id, "correction"),
        actor=command.context.actor,
        details=None if named is None else tuple(named),
    )
    asked = replace(command, dry_run=dry_run, details=details)
    answer = await handlers.correct(tenant, asked, invoice_id, correct)
    return command_response(answer)
