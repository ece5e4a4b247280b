"""What changes, as it changes: a stream of events that other systems, caches and screens follow."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import BeforeValidator

from service.access.principals import Keeps, Scope
from service.http.callers import TheTenant
from service.http.following import Following
from service.http.guard import Asking, kept_to, while_admitted
from service.http.responses import streams
from service.http.routers.routes import Routes
from service.tenants.tenant import PositionAhead
from service.wire.fields import Position
from service.wire.outcomes import Change

routes = Routes("/v1", "Stream")

ASKED = Asking((Scope.BACKLOG_READ,), Keeps.TO_CONTRACTS)
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""No cache keeps it; nginx hands on each event at once."""
_AFTER = (
    "The position that is known already: what changed after it is told first. "
    "One that the history has not reached is refused (422)."
)
_LAST_EVENT_ID = (
    "The id that came last, as browsers send it when they connect again; it goes before `after`. "
    "One that the history has not reached is answered with a `reset`."
)


def _none_if_empty(value: object) -> object:
    """An empty header, as proxies may leave one, is none."""
    return None if isinstance(value, str) and not value.strip() else value


async def following_of(request: Request, tenant: TheTenant) -> AsyncIterator[Following]:
    """A place among those who listen to a tenant, until the client is gone."""
    stopping = getattr(request.state, "stopping", None)
    with request.app.state.listeners.one(tenant, stopping) as following:
        yield following


@routes.get(
    "/stream",
    Scope.BACKLOG_READ,
    Keeps.TO_CONTRACTS,
    response_class=StreamingResponse,
    responses=streams(Change, problems=("too_many_listeners",)),
)
async def stream_changes(
    request: Request,
    tenant: TheTenant,
    following: Annotated[Following, Depends(following_of)],
    after: Annotated[Position | None, Query(description=_AFTER)] = None,
    last_event_id: Annotated[
        Position | None,
        BeforeValidator(_none_if_empty),
        Header(alias="Last-Event-ID", description=_LAST_EVENT_ID),
    ] = None,
) -> Response:
    """Follow what changes: which contracts, and which kinds of things, as the views show it.

    At most four events a second, each with its position as its id; `after` and `Last-Event-ID`
    catch up with what changed since. Who has been away for long is told that everything may have.
    """
    known = after if last_event_id is None else last_event_id
    if known is None:
        known = following.position
    try:
        await tenant.require_reached(known)
    except PositionAhead:
        if last_event_id is None:
            raise
        known = None  # of a history that was lost, which who connects again by itself can't know
    events = while_admitted(request, ASKED, following.events(known, kept_to(request)))
    return EventSourceResponse(events, headers=_HEADERS)
