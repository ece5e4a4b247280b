"""Invoices are confirmed, for good."""

from fastapi import HTTPException, Response

from projections.views.invoices import ConfirmedInvoice
from service.handlers.invoicing import confirming as handlers
from service.http.callers import ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId
from service.http.routers.routes import Routes
from service.wire.invoice_requests import ConfirmBody

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


@routes.post("/invoices/confirm", include_in_schema=False)
def confirm_invoices() -> None:
    """Not built yet (D-50), so it is not found: "confirm" is no invoice that refuses a POST."""
    raise HTTPException(404)


@routes.post(
    "/invoices/{invoice_id}/confirm",
    responses=gives(ConfirmedInvoice, problems=CONFIRMING),
)
async def confirm_invoice(
    invoice_id: InvoiceId,
    tenant: TheTenant,
    command: ThePostedChange,
    body: ConfirmBody | None = None,
) -> Response:
    """Confirm a draft for good: numbered, posted, booked (D-44, D-45, D-78, D-81).

    Confirming again, with whatever date, answers the first result with `already_confirmed`.
    """
    answer = await handlers.confirm(
        tenant, command, invoice_id, body.accounting_date if body else None
    )
    return command_response(answer)
