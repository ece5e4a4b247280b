"""Details of a draft: put on it by hand, edited, taken off."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Path, Query, Response

from aggregates.invoice.draft.by_hand import AddByHand
from aggregates.invoice.draft.editing import EditDetails, RemoveDetails
from projections.views.invoice.invoices import Invoice
from service.access.principals import Keeps, Scope
from service.handlers.invoicing import editing as handlers
from service.http.callers import TheChange, ThePostedChange, TheTenant
from service.http.responses import command_response, gives
from service.http.routers.invoices.drafts import InvoiceId, WithDetails
from service.http.routers.routes import Routes
from service.wire import commands
from service.wire.invoice_requests import DetailByHand, DetailChanges, ManyChanges

routes = Routes("/v1", "Invoices")

DetailId = Annotated[str, Path(max_length=200)]
DRAFT = ("invoice_not_found", "invoice_confirmed")
BY_HAND = (
    *DRAFT,
    "corrective_draft",
    "customer_not_on_line",
    "class_not_included",
    "quantity_zero",
    "negative_quantity",
    "tax_without_amount",
    "total_too_large",
)
EDITING = (
    *DRAFT,
    "detail_not_found",
    "field_not_editable",
    "quantity_zero",
    "wrong_sign",
    "negative_quantity",
    "tax_without_amount",
    "billing_type_locked",
    "exceeds_original",
    "total_too_large",
)


@routes.post(
    "/invoices/{invoice_id}/details",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=BY_HAND),
)
async def add_detail(
    invoice_id: InvoiceId,
    body: DetailByHand,
    tenant: TheTenant,
    command: ThePostedChange,
    details: WithDetails = True,
) -> Response:
    """Put a detail on a draft by hand: no backlog item stands behind it (D-68)."""
    add = AddByHand(
        seed=command.request_id, actor=command.context.actor, **body.model_dump(by_alias=False)
    )
    answer = await handlers.add_by_hand(tenant, replace(command, details=details), invoice_id, add)
    return command_response(answer)


@routes.patch(
    "/invoices/{invoice_id}/details",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=(*EDITING, "details_refused")),
)
async def change_details(
    invoice_id: InvoiceId,
    body: ManyChanges,
    tenant: TheTenant,
    command: TheChange,
    details: WithDetails = True,
) -> Response:
    """Edit details of a draft, all or none of them (D-65).

    What changes nothing is no edit. A draft in review is a draft again, its approval void (D-73).
    """
    edits = tuple(commands.detail_edit(each.detail_id, each) for each in body.details)
    edit = EditDetails(actor=command.context.actor, edits=edits)
    answer = await handlers.edit_details(
        tenant, replace(command, details=details), invoice_id, edit
    )
    return command_response(answer)


@routes.patch(
    "/invoices/{invoice_id}/details/{detail_id}",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=EDITING),
)
async def change_detail(
    invoice_id: InvoiceId,
    detail_id: DetailId,
    body: DetailChanges,
    tenant: TheTenant,
    command: TheChange,
    details: WithDetails = True,
) -> Response:
    """Edit a detail of a draft; amount and tax follow from what it was drafted from (D-65)."""
    edits = (commands.detail_edit(detail_id, body),)
    edit = EditDetails(actor=command.context.actor, edits=edits)
    answer = await handlers.edit_details(
        tenant, replace(command, details=details), invoice_id, edit
    )
    return command_response(answer)


@routes.delete(
    "/invoices/{invoice_id}/details/{detail_id}",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=(*DRAFT, "detail_not_found")),
)
async def remove_detail(
    invoice_id: InvoiceId,
    detail_id: DetailId,
    tenant: TheTenant,
    command: TheChange,
    status: Annotated[
        Literal["ready", "not_ready"],
        Query(description="What its item is then; one that is not ready is in no refresh (D-69)."),
    ] = "ready",
    details: WithDetails = True,
) -> Response:
    """Take a detail off a draft; its item is ready again, with its own values (D-69).

    One by hand is gone. One of a correction stays billed as it was.
    """
    remove = RemoveDetails(
        actor=command.context.actor, details=(detail_id,), ready=status == "ready"
    )
    answer = await handlers.remove_details(
        tenant, replace(command, details=details), invoice_id, remove
    )
    return command_response(answer)
