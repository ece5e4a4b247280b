"""Invoices: listed and shown, drafted, deleted."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from aggregates.invoice.draft.drafting import CreateDrafts
from aggregates.refusals import Invalid
from aggregates.statuses import InvoiceStatus
from projections.views.invoice import invoices as invoice_views
from projections.views.invoice.invoices import Invoice, ListedInvoice
from projections.views.resource import Page
from service.access.principals import Keeps, Scope
from service.handlers.invoicing import drafting as handlers
from service.handlers.invoicing import refreshing
from service.handlers.jobs import asking as jobs
from service.handlers.jobs import drafting as job_drafting
from service.handlers.jobs import over_all
from service.handlers.jobs.drafting import DraftAll
from service.handlers.matching import all_that
from service.http.callers import DryRun, TheChange, ThePost, ThePostedChange, TheTenant
from service.http.guard import require_unrestricted
from service.http.listings import Ids, Listing, any_of, listing_by
from service.http.reading import TheReading
from service.http.responses import command_response, gives, list_response, one_response
from service.http.routers.routes import Routes
from service.wire.invoice_requests import AddBody, DraftBody
from service.wire.jobs import Job
from service.wire.outcomes import Done, Drafted

routes = Routes("/v1", "Invoices")

InvoiceId = Annotated[str, Path(max_length=200)]
WithDetails = Annotated[
    bool,
    Query(description="Show the details of each line; `false` where only the sums are wanted."),
]
DRAFTING = (
    "contract_not_found",
    "nothing_ready",
    "total_too_large",
    "too_many_jobs",
    "job_too_large",
    "matching_changed",
    "too_many_items",
    "views_behind",
)
OF_ORDINARY_DRAFT = (
    "invoice_not_found",
    "invoice_confirmed",
    "corrective_draft",
    "total_too_large",
)
TheInvoices = Annotated[Listing, Depends(listing_by(invoice_views.INVOICES_BY))]


@routes.post(
    "/invoices",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    status_code=201,
    responses=gives(Drafted, status=201, begun=Job, problems=DRAFTING),
)
async def draft_invoices(
    body: DraftBody,
    tenant: TheTenant,
    command: ThePost,
    dry_run: DryRun = False,
    details: WithDetails = True,
) -> Response:
    """Draft what is ready: one invoice a customer, one line a contract line (D-40).

    Of one contract or of all that match at once (201); a dry run has no ids to rely on (D-75).
    Without these, of all contracts that have something ready or of those in `contract_ids`, by a
    job with a result for each (202).
    """
    command = replace(command, dry_run=dry_run, details=details)
    customer_ids = None if body.customer_ids is None else tuple(body.customer_ids)
    if body.contract_id is None and body.matching is None:
        require_unrestricted(command.principal)
        if dry_run:
            detail = "is of one contract, or of what matches: a job has no dry run"
            raise Invalid("dry_run", detail, "D-75")
        contract_ids = None if body.contract_ids is None else tuple(body.contract_ids)
        asked = DraftAll(cutoff=body.cutoff, customer_ids=customer_ids)
        plan = await job_drafting.plan(tenant, asked, contract_ids)
        return command_response(await jobs.ask_for(tenant, command, plan))
    create = CreateDrafts(
        draft_key=command.request_id,
        actor=command.context.actor,
        cutoff=body.cutoff,
        line_ids=None if body.line_ids is None else tuple(body.line_ids),
        customer_ids=customer_ids,
        items=None if body.items is None else tuple(body.items),
    )
    if body.matching is not None:
        matching = all_that(body.matching, command.kept_to)
        answer = await over_all.draft_matching(tenant, command, body.contract_id, create, matching)
    else:
        answer = await handlers.create_drafts(tenant, command, str(body.contract_id), create)
    return command_response(answer)


@routes.get("/invoices", Scope.INVOICES_READ, Keeps.TO_BOTH, responses=gives(Page[ListedInvoice]))
async def list_invoices(
    request: Request,
    reading: TheReading,
    listing: TheInvoices,
    status: Annotated[list[InvoiceStatus] | None, Query()] = None,
    contract_id: Ids = None,
    customer_id: Ids = None,
    corrects: Annotated[Ids, Query(description="Only corrections of these invoices.")] = None,
    corrective: Annotated[
        bool | None,
        Query(description="Only corrections of invoices; `false` for only those that are none."),
    ] = None,
    details: Annotated[bool, Query(description="Show the details of each line, too.")] = False,
) -> Response:
    """Invoices in the order they were drafted, with the names of contract and customer."""
    matching = any_of(
        status=status,
        contract_id=contract_id,
        customer_id=customer_id,
        corrects=corrects,
        corrective=None if corrective is None else [str(corrective).lower()],
    )
    page, position = await reading.of(
        invoice_views.list_invoices, matching, listing.page(), details=details
    )
    return list_response(request, page, position)


@routes.get(
    "/invoices/{invoice_id}",
    Scope.INVOICES_READ,
    Keeps.TO_BOTH,
    responses=gives(Invoice, problems=("invoice_not_found",)),
)
async def get_invoice(
    invoice_id: InvoiceId, reading: TheReading, details: WithDetails = True
) -> Response:
    """An invoice with its lines and details.

    A draft shows what else is to be billed (`pending`), and how its contract is (`figures`, D-72).
    """
    found, position = await reading.of(invoice_views.find_invoice, invoice_id, details=details)
    return one_response(found, "invoice", invoice_id, position)


@routes.delete(
    "/invoices/{invoice_id}",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Done, problems=("invoice_not_found", "invoice_confirmed")),
)
async def delete_invoice(invoice_id: InvoiceId, tenant: TheTenant, command: TheChange) -> Response:
    """Delete a draft, in review or not; its items are ready again (D-69)."""
    return command_response(await handlers.delete_draft(tenant, command, invoice_id))


@routes.post(
    "/invoices/{invoice_id}/refresh",
    Scope.INVOICES_WRITE,
    Keeps.TO_CONTRACTS,
    responses=gives(Invoice, problems=OF_ORDINARY_DRAFT),
)
async def refresh_invoice(
    invoice_id: InvoiceId, tenant: TheTenant, command: ThePostedChange, details: WithDetails = True
) -> Response:
    """Take in what has become ready: within the draft's cutoff, lines and customer (D-70).

    Nothing changes when there is nothing to take.
    """
    answer = await refreshing.refresh(tenant, replace(command, details=details), invoice_id)
    return command_response(answer)


@routes.post(
    "/invoices/{invoice_id}/items",
    Scope.INVOICES_WRITE,
    responses=gives(Invoice, problems=(*OF_ORDINARY_DRAFT, "items_refused", "views_behind")),
)
async def add_items(
    invoice_id: InvoiceId,
    body: AddBody,
    tenant: TheTenant,
    command: ThePostedChange,
    details: WithDetails = True,
) -> Response:
    """Put ready items of the draft's contract and customer on it, whatever their date (D-71).

    One that can't go there refuses all of them.
    """
    answer = await refreshing.add_items(
        tenant, replace(command, details=details), invoice_id, body.items
    )
    return command_response(answer)


@routes.post(
    "/invoices/items",
    Scope.INVOICES_WRITE,
    responses=gives(Drafted, problems=("items_refused", "total_too_large", "views_behind")),
)
async def add_items_to_newest(
    body: AddBody, tenant: TheTenant, command: ThePost, details: WithDetails = True
) -> Response:
    """Put ready items on the newest open draft of their customers, of any contracts (D-41).

    Where a customer has none of the contract, on a new one. Corrective drafts take nothing. One
    item that can't go there refuses all of them.
    """
    answer = await refreshing.add_to_newest(tenant, replace(command, details=details), body.items)
    return command_response(answer)
