"""The two backlog views, and commands over their items."""

from dataclasses import replace
from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlalchemy import Connection

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from projections.views.backlog import lists as backlog_lists
from projections.views.backlog.lists import BacklogList, list_fixed_price, list_time_and_material
from projections.views.backlog.rows import FixedPriceRow, SalesRow, TotalledPage
from projections.views.backlog.sums.summary import summarize
from projections.views.backlog.sums.summed import Summary
from projections.views.kept_to import KeptTo
from service.access.principals import Keeps, Scope
from service.handlers import undoing
from service.handlers.backlog import ItemsCommand
from service.handlers.idempotency import Request as CommandRequest
from service.handlers.jobs import over_all
from service.handlers.matching import selection
from service.http.callers import DryRun, ThePost, TheTenant
from service.http.reading import Reading, TheReading
from service.http.responses import command_response, gives, list_response, one_response
from service.http.routers.routes import Routes
from service.http.routers.strict_route import read_fast
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.jobs import Job
from service.wire.outcomes import ItemsChanged
from service.wire.queries import FixedPriceQuery, SalesQuery
from service.wire.requests import ItemsBody, MarkBody, UndoBody
from service.wire.summaries import SummaryQuery

routes = Routes("/v1/backlog", "Backlog")
REFUSED = ("items_refused", "matching_changed", "too_many_items", "too_many_jobs", "views_behind")
CHANGED = gives(ItemsChanged, begun=Job, problems=REFUSED)
"""What a command over items answers; a job where more match than one transaction takes."""


async def _listed(
    request: Request, tenant: Tenant, backlog: BacklogList, query: FixedPriceQuery | SalesQuery
) -> Response:
    """A page; one statement tells its rows and the position."""
    reading = Reading(request, tenant, query.after)
    matching, part = query.matching(reading.kept_to), query.page()
    await reading.until_shown()

    def read() -> Response:
        if not (query.totals or query.facets or query.q):
            with tenant.glancing() as views:
                page = backlog.glance(views, matching, part)
            if page and isinstance(page.position, int):
                return list_response(request, page, page.position)
        with tenant.reading() as (connection, position):
            facets = list(dict.fromkeys(query.facets))
            page = backlog(connection, matching, part, totals=query.totals, facets=facets)
        return list_response(request, page, position)

    return await in_thread(read)


@routes.get(
    "/fixed-price", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(TotalledPage[FixedPriceRow])
)
async def list_fixed_price_backlog(
    request: Request, tenant: TheTenant, query: Annotated[FixedPriceQuery, Query()]
) -> Response:
    """The fixed-price view: customer milestones across all contract lines (D-10).

    A posted part shows what is billed of it, after edits and corrections (D-46).
    """
    return await _listed(request, tenant, list_fixed_price, query)


@routes.get(
    "/time-and-material", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(TotalledPage[SalesRow])
)
async def list_time_and_material_backlog(
    request: Request, tenant: TheTenant, query: Annotated[SalesQuery, Query()]
) -> Response:
    """The time-and-material view: unbilled sales across all contracts (D-20).

    Posted items are listed where that status is asked for, with what is billed of them, after edits
    and corrections; those of which nothing stays billed are not (D-46).
    """
    return await _listed(request, tenant, list_time_and_material, query)


@routes.get("/summary", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Summary))
async def get_backlog_summary(
    request: Request, tenant: TheTenant, query: Annotated[SummaryQuery, Query()]
) -> Response:
    """Sum up the backlog of both views: what is ready, blocked, on drafts and posted.

    By customer, contract, line, project, class, month, verdict or billing status, in each currency
    and billing type. Each item is in one of the five parts, so that these add up to the whole.
    Posted items are in it, unless billing statuses are named.
    """
    reading = Reading(request, tenant, query.after)
    found, position = await reading.of(_summed, query)
    return list_response(request, found, position)


def _summed(views: Connection, kept_to: KeptTo, query: SummaryQuery) -> Summary:
    return summarize(views, query.matching(kept_to), query.by, query.page(), query.views())


@routes.post("/mark", Scope.BACKLOG_WRITE, Keeps.TO_CONTRACTS, responses=CHANGED)
@read_fast(MarkBody)
async def mark_items(
    body: MarkBody, tenant: TheTenant, command: ThePost, dry_run: DryRun = False
) -> Response:
    """Mark items ready or not ready to invoice, across lines and contracts (D-11, D-25 to D-27)."""
    kind = MarkReady if body.status == "ready" else MarkNotReady
    partly = body.mode == "best_effort"
    return await _over_items(body, tenant, command, kind, dry_run=dry_run, partly=partly)


@routes.post("/nte/reset", Scope.BACKLOG_WRITE, Keeps.TO_CONTRACTS, responses=CHANGED)
async def reset_not_to_exceed(
    body: ItemsBody, tenant: TheTenant, command: ThePost, dry_run: DryRun = False
) -> Response:
    """Withdraw not-to-exceed verdicts and free what they committed (D-33)."""
    return await _over_items(body, tenant, command, ResetNTE, dry_run=dry_run)


@routes.post("/nte/reevaluate", Scope.BACKLOG_WRITE, Keeps.TO_CONTRACTS, responses=CHANGED)
async def reevaluate_not_to_exceed(
    body: ItemsBody, tenant: TheTenant, command: ThePost, dry_run: DryRun = False
) -> Response:
    """Evaluate items anew, one by one in the order given; all that match oldest first (D-34)."""
    return await _over_items(body, tenant, command, ReevaluateNTE, dry_run=dry_run)


@routes.post(
    "/undo",
    Scope.BACKLOG_WRITE,
    responses=gives(ItemsChanged, problems=("not_a_mark", "mark_too_old", "position_ahead")),
)
async def undo_mark(body: UndoBody, tenant: TheTenant, command: ThePost) -> Response:
    """Take one mark back for its items that nothing has changed since; the others are skipped."""
    asked = _because(command, body.reason)
    return command_response(await undoing.undo_mark(tenant, asked, body.position))


@routes.get(
    "/{item_id}",
    Scope.BACKLOG_READ,
    Keeps.TO_BOTH,
    responses=gives(FixedPriceRow, SalesRow, name="BacklogItem", problems=("item_not_found",)),
)
async def get_backlog_item(
    item_id: Annotated[str, Path(max_length=200)], reading: TheReading
) -> Response:
    """One item of either view."""
    found, position = await reading.of(backlog_lists.find_items, [item_id])
    return one_response(found[0] if found else None, "item", item_id, position)


async def _over_items(
    body: MarkBody | ItemsBody,
    tenant: Tenant,
    command: CommandRequest,
    kind: ItemsCommand,
    *,
    dry_run: bool,
    partly: bool = True,
) -> Response:
    asked = _because(command, body.reason)
    if dry_run:
        asked = replace(asked, dry_run=True)
    selected = selection(body.items, body.matching, command.kept_to)
    return command_response(await over_all.command(tenant, asked, kind, selected, partly=partly))


def _because(command: CommandRequest, reason: str | None) -> CommandRequest:
    if reason is None:
        return command
    return replace(command, context=replace(command.context, reason=reason))
