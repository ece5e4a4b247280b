"""Invoices are confirmed, for good."""

from dataclasses import replace

from fastapi import HTTPException, Response

from projections.views.invoices import ConfirmedInvoice
from service.handlers.invoicing import confirming as handlers
from service.http.callers import ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId, WithDetails
from service.http.routers.routes import Routes
from service.wire.invoice_requests import ConfirmBody

routes = Routes("/v1", "Invoices")


@routes.post("/invoices/confirm", include_in_schema=False)
def confirm_invoices() -> None:
    """Not built yet (D-50), so it is not found: "confirm" is no invoice that refuses a POST."""
    raise HTTPException(404)


@routes.post(
    "/invoices/{invoice_id}/confirm",
    responses=gives(ConfirmedInvoice, problems=("invoice_not_found", "limit_exceeded")),
)
async def confirm_invoice(
    invoice_id: InvoiceId,
    tenant: TheTenant,
    command: ThePostedChange,
    body: ConfirmBody | None = None,
    details: WithDetails = True,
) -> Response:
    """Confirm a draft for good: numbered, posted, booked (D-44, D-45).

    Confirming again, with whatever date, answers the first result with `already_confirmed`.
    """
    asked = replace(command, details=details)
    answer = await handlers.confirm(
        tenant, asked, invoice_id, body.accounting_date if body else None
    )
    return command_response(answer)
