"""The history as auditors read it."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import UNSET

from aggregates import streams
from projections.history import Recorded
from projections.views import history as history_views
from projections.views.paging import Wanted
from projections.views.resource import Page
from service.http.listings import Ids, NumberCursor, any_of, number_of
from service.http.reading import TheReading
from service.http.responses import gives, list_response
from service.http.routers.strict_route import StrictRoute
from service.ledger.ledger import EventMapper
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.answers import AuditEvent
from service.wire.queries import QueryText

router = APIRouter(prefix="/v1/audit", tags=["Audit"], route_class=StrictRoute)

SCAN = 1_000
"""Events that are looked at in one go when the events of an item are searched."""


@router.get("/events", responses=gives(Page[AuditEvent]))
async def get_events(
    request: Request,
    reading: TheReading,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: NumberCursor = None,
    contract_id: Ids = None,
    invoice_id: Ids = None,
    item_id: Annotated[QueryText | None, Query(max_length=200)] = None,
    event_type: Annotated[list[QueryText] | None, Query(alias="type", max_length=50)] = None,
) -> Response:
    """The recorded events in order, all or those of a contract, invoice, item or type (D-64)."""
    tenant = reading.tenant
    names = [name.partition(".")[0] for name in event_type or ()]
    wanted = any_of(contract_id=contract_id, invoice_id=invoice_id, type=names)
    since = number_of(cursor, 0)
    await reading.until_shown()
    found, position = await in_thread(_search, tenant, wanted, since, limit + 1, item_id)
    following = str(found[limit - 1].position) if len(found) > limit else None
    shown = [_shown(event) for event in found[:limit]]
    page = Page(items=shown, next=following, position=UNSET)
    return list_response(request, page, position)


def _search(
    tenant: Tenant, wanted: Wanted, after: int, limit: int, item_id: str | None
) -> tuple[list[Recorded], int]:
    """The events that match, and the newest position of the history."""
    if item_id is None:
        found = _indexed(tenant, wanted, after, limit)
    else:
        found = _about(tenant, item_id, wanted, after, limit)
    return found, tenant.ledger.position()


def _about(tenant: Tenant, item_id: str, wanted: Wanted, after: int, limit: int) -> list[Recorded]:
    key = streams.line_of(item_id)
    if key is None:
        return []
    # Every event about an item is about its contract, too.
    of_contract = {"contract_id": [key.contract_id], **wanted}
    found: list[Recorded] = []
    while len(found) < limit and (some := _indexed(tenant, of_contract, after, SCAN)):
        found += [event for event in some if item_id in _text(event)]
        after = some[-1].position
    return found[:limit]


def _indexed(tenant: Tenant, wanted: Wanted, after: int, limit: int) -> list[Recorded]:
    if not wanted:
        return tenant.ledger.read(after, limit)
    with tenant.reading() as (views, _):
        positions = history_views.event_positions(views, wanted, after, limit)
    return tenant.ledger.read_at(positions)


def _text(recorded: Recorded) -> str:
    return msgspec.json.encode(recorded.event).decode()


def _shown(recorded: Recorded) -> AuditEvent:
    about = recorded.metadata
    return AuditEvent(
        position=recorded.position,
        stream=recorded.stream,
        version=recorded.version,
        type=EventMapper.codec.name_of(type(recorded.event)),
        recorded_at=about.recorded_at.isoformat(),
        actor=about.actor,
        reason=about.reason,
        correlation_id=about.correlation_id,
        causation_id=about.causation_id,
        data=msgspec.to_builtins(recorded.event),
    )
