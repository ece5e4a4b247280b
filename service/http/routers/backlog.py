"""The two backlog views, and commands over their items."""

from dataclasses import replace
from typing import Annotated

from fastapi import Path, Query, Request, Response

from aggregates.contract_line.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.verdicts import ReevaluateNTE, ResetNTE
from projections.views.backlog import lists as backlog_lists
from projections.views.backlog.lists import BacklogList, list_fixed_price, list_time_and_material
from projections.views.backlog.rows import FixedPriceRow, SalesRow, TotalledPage
from projections.views.backlog.summary import summarize
from projections.views.backlog.summed import Summary
from service.handlers import backlog as handlers
from service.handlers.idempotency import Request as CommandRequest
from service.http.callers import ThePost, TheTenant
from service.http.reading import Reading, TheReading
from service.http.responses import command_response, gives, list_response, one_response
from service.http.routers.routes import Routes
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.outcomes import ItemsChanged
from service.wire.queries import FixedPriceQuery, SalesQuery
from service.wire.requests import ItemsBody, MarkBody
from service.wire.summaries import SummaryQuery

routes = Routes("/v1/backlog", "Backlog")


async def _listed(
    request: Request, tenant: Tenant, backlog: BacklogList, query: FixedPriceQuery | SalesQuery
) -> Response:
    """A page; one statement tells its rows and the position."""
    reading = Reading(request, tenant, query.after)
    matching, part = query.matching(), query.page()
    await reading.until_shown()

    def read() -> Response:
        if not (query.totals or query.facets):
            with tenant.glancing() as views:
                page = backlog.glance(views, matching, part)
            if page and isinstance(page.position, int):
                return list_response(request, page, page.position)
        with tenant.reading() as (connection, position):
            facets = list(dict.fromkeys(query.facets))
            page = backlog(connection, matching, part, totals=query.totals, facets=facets)
        return list_response(request, page, position)

    return await in_thread(read)


@routes.get("/fixed-price", responses=gives(TotalledPage[FixedPriceRow]))
async def list_fixed_price_backlog(
    request: Request, tenant: TheTenant, query: Annotated[FixedPriceQuery, Query()]
) -> Response:
    """The fixed-price view: customer milestones across all contract lines (D-10)."""
    return await _listed(request, tenant, list_fixed_price, query)


@routes.get("/time-and-material", responses=gives(TotalledPage[SalesRow]))
async def list_time_and_material_backlog(
    request: Request, tenant: TheTenant, query: Annotated[SalesQuery, Query()]
) -> Response:
    """The time-and-material view: unbilled sales across all contracts (D-20)."""
    return await _listed(request, tenant, list_time_and_material, query)


@routes.get("/summary", responses=gives(Summary))
async def get_backlog_summary(
    request: Request, tenant: TheTenant, query: Annotated[SummaryQuery, Query()]
) -> Response:
    """Sum up the backlog of both views: what is ready, blocked, on drafts and posted.

    By customer, contract, line, project, class, month, verdict or billing status, in each currency
    and billing type. Each item is in one of the five parts, so that these add up to the whole.
    Posted items are in it, unless billing statuses are named.
    """
    reading = Reading(request, tenant, query.after)
    found, position = await reading.of(
        summarize, query.matching(), query.by, query.page(), query.views()
    )
    return list_response(request, found, position)


@routes.post("/mark", responses=gives(ItemsChanged, problems=("items_refused",)))
async def mark_items(body: MarkBody, tenant: TheTenant, command: ThePost) -> Response:
    """Mark items ready or not ready to invoice, across lines and contracts (D-11, D-25 to D-27)."""
    make = _mark_ready if body.status == "ready" else _mark_not_ready
    partly = body.mode == "best_effort"
    asked = _because(command, body.reason)
    return command_response(await handlers.command(tenant, asked, make, body.items, partly=partly))


@routes.post("/nte/reset", responses=gives(ItemsChanged))
async def reset_not_to_exceed(body: ItemsBody, tenant: TheTenant, command: ThePost) -> Response:
    """Withdraw not-to-exceed verdicts and free what they committed (D-33)."""
    return await _over_items(body, tenant, command, lambda items: ResetNTE(items=items))


@routes.post("/nte/reevaluate", responses=gives(ItemsChanged))
async def reevaluate_not_to_exceed(
    body: ItemsBody, tenant: TheTenant, command: ThePost
) -> Response:
    """Evaluate items anew, one by one in the order given (D-34)."""
    return await _over_items(body, tenant, command, lambda items: ReevaluateNTE(items=items))


@routes.get(
    "/{item_id}",
    responses=gives(FixedPriceRow, SalesRow, name="BacklogItem", problems=("item_not_found",)),
)
async def get_backlog_item(
    item_id: Annotated[str, Path(max_length=200)], reading: TheReading
) -> Response:
    """One item of either view."""
    found, position = await reading.of(backlog_lists.find_items, [item_id])
    return one_response(found[0] if found else None, "item", item_id, position)


async def _over_items(
    body: ItemsBody, tenant: TheTenant, command: CommandRequest, make: handlers.MakeCommand
) -> Response:
    asked = _because(command, body.reason)
    return command_response(await handlers.command(tenant, asked, make, body.items, partly=True))


def _mark_ready(items: tuple[str, ...]) -> MarkReady:
    return MarkReady(items=items)


def _mark_not_ready(items: tuple[str, ...]) -> MarkNotReady:
    return MarkNotReady(items=items)


def _because(command: CommandRequest, reason: str | None) -> CommandRequest:
    if reason is None:
        return command
    return replace(command, context=replace(command.context, reason=reason))
