"""The two backlog views, and commands over their items."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from aggregates.contract_line.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.verdicts import ReevaluateNTE, ResetNTE
from aggregates.statuses import BillingStatus, BillingType, NTEStatus, TransactionClass
from projections.views.backlog import lists as backlog_lists
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import BacklogList, list_fixed_price, list_time_and_material
from projections.views.paging import PageRequest
from service.handlers import backlog as handlers
from service.handlers.idempotency import Request as Command
from service.http import answers
from service.http.callers import ThePost, TheTenant
from service.http.listings import Ids, Listing, QueryText, any_of, listing_by
from service.http.reading import Reading, TheReading
from service.http.responses import ProblemRaised, command_response, json_response, list_response
from service.http.routers.strict_route import StrictRoute
from service.threads import in_thread
from service.wire.problems import Problem
from service.wire.requests import DateText, ItemsBody, MarkBody

router = APIRouter(prefix="/v1/backlog", tags=["Backlog"], route_class=StrictRoute)

AT_ONCE_ROWS = 200
"""Rows of a page that is read in the event loop; more would hold up the others in it."""
FixedPriceListing = Annotated[Listing, Depends(listing_by(list_fixed_price.sortable))]
SalesListing = Annotated[Listing, Depends(listing_by(list_time_and_material.sortable))]
Totals = Annotated[bool, Query(description="Add totals over the whole filter.")]


async def wanted(
    contract_id: Ids = None,
    line_id: Ids = None,
    project_id: Ids = None,
    customer_id: Ids = None,
    billing_status: Annotated[list[BillingStatus] | None, Query()] = None,
    date_from: Annotated[DateText | None, Query()] = None,
    date_to: Annotated[DateText | None, Query()] = None,
    q: Annotated[QueryText | None, Query(min_length=1, max_length=200)] = None,
) -> BacklogFilter:
    """The filters of both views."""
    return BacklogFilter(
        any_of=any_of(
            contract_id=contract_id,
            line_id=line_id,
            project_id=project_id,
            customer_id=customer_id,
            billing_status=billing_status,
        ),
        date_from=date_from,
        date_to=date_to,
        text=q,
    )


async def wanted_sales(
    common: Annotated[BacklogFilter, Depends(wanted)],
    transaction_class: Annotated[list[TransactionClass] | None, Query(alias="class")] = None,
    nte_status: Annotated[list[NTEStatus] | None, Query()] = None,
    billing_type: Annotated[list[BillingType] | None, Query()] = None,
    resource: Ids = None,
) -> BacklogFilter:
    """The filters of the time-and-material view."""
    more = {"class": transaction_class, "nte_status": nte_status, "billing_type": billing_type}
    return BacklogFilter(
        any_of={**common.any_of, **any_of(**more, resource=resource)},
        date_from=common.date_from,
        date_to=common.date_to,
        text=common.text,
    )


async def _listed(
    request: Request,
    reading: Reading,
    backlog: BacklogList,
    matching: BacklogFilter,
    part: PageRequest,
    *,
    totals: bool,
) -> Response:
    """A page; one statement tells its rows and the position.

    Where no connection has to be waited for it is read right here: to wake another thread and to
    be woken by it takes about as long as to read a page.
    """
    if not totals and part.limit <= AT_ONCE_ROWS:
        with reading.tenant.glancing_at_once() as views:
            page = await backlog.at_once(views, matching, part) if views else None
        if page and page.position is not None:
            return list_response(request, page, page.position)

    def read() -> Response:
        with reading.tenant.reading() as (views, position):
            page = backlog(views, matching, part, totals=totals)
        return list_response(request, page, position)

    return await in_thread(read)


@router.get("/fixed-price", response_model=answers.TotalledPage[answers.FixedPriceRow])
async def get_fixed_price(
    request: Request,
    reading: TheReading,
    listing: FixedPriceListing,
    matching: Annotated[BacklogFilter, Depends(wanted)],
    totals: Totals = False,
) -> Response:
    """The fixed-price view: customer milestones across all contract lines (D-10)."""
    part = listing.page()
    return await _listed(request, reading, list_fixed_price, matching, part, totals=totals)


@router.get("/time-and-material", response_model=answers.TotalledPage[answers.SalesRow])
async def get_time_and_material(
    request: Request,
    reading: TheReading,
    listing: SalesListing,
    matching: Annotated[BacklogFilter, Depends(wanted_sales)],
    totals: Totals = False,
) -> Response:
    """The time-and-material view: unbilled sales across all contracts (D-20)."""
    part = listing.page()
    return await _listed(request, reading, list_time_and_material, matching, part, totals=totals)


@router.post("/mark", response_model=answers.ItemsChanged)
async def mark(body: MarkBody, tenant: TheTenant, command: ThePost) -> Response:
    """Mark items ready or not ready to invoice, across lines and contracts (D-11, D-25 to D-27)."""
    make = _mark_ready if body.status == "ready" else _mark_not_ready
    partly = body.mode == "best_effort"
    asked = _because(command, body.reason)
    return command_response(await handlers.command(tenant, asked, make, body.items, partly=partly))


@router.post("/nte/reset", response_model=answers.ItemsChanged)
async def reset(body: ItemsBody, tenant: TheTenant, command: ThePost) -> Response:
    """Withdraw not-to-exceed verdicts and free what they committed (D-33)."""
    return await _over_items(body, tenant, command, lambda items: ResetNTE(items=items))


@router.post("/nte/reevaluate", response_model=answers.ItemsChanged)
async def reevaluate(body: ItemsBody, tenant: TheTenant, command: ThePost) -> Response:
    """Evaluate items anew, one by one in the order given (D-34)."""
    return await _over_items(body, tenant, command, lambda items: ReevaluateNTE(items=items))


@router.get("/{item_id}", response_model=answers.FixedPriceRow | answers.SalesRow)
def get_item(item_id: Annotated[str, Path(max_length=200)], reading: TheReading) -> Response:
    """One item of either view."""
    with reading.tenant.reading() as (views, position):
        found = backlog_lists.find_items(views, [item_id])
    if not found:
        detail = f"there is no backlog item {item_id!r}"
        raise ProblemRaised(Problem(status=404, code="item_not_found", detail=detail))
    return json_response({**found[0], "position": position})


async def _over_items(
    body: ItemsBody, tenant: TheTenant, command: Command, make: handlers.Command
) -> Response:
    asked = _because(command, body.reason)
    return command_response(await handlers.command(tenant, asked, make, body.items, partly=True))


def _mark_ready(items: tuple[str, ...]) -> MarkReady:
    return MarkReady(items=items)


def _mark_not_ready(items: tuple[str, ...]) -> MarkNotReady:
    return MarkNotReady(items=items)


def _because(command: Command, reason: str | None) -> Command:
    if reason is None:
        return command
    return replace(command, context=replace(command.context, reason=reason))
