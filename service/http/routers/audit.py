"""The history as auditors read it."""

from typing import Annotated

from fastapi import Query, Request, Response

from projections.views.resource import Page
from service.handlers import history
from service.http.listings import Ids, NumberCursor, any_of, number_of
from service.http.reading import TheReading
from service.http.responses import gives, list_response
from service.http.routers.routes import Routes
from service.threads import in_thread
from service.wire.outcomes import AuditEvent
from service.wire.queries import QueryText

routes = Routes("/v1/audit", "Audit")


@routes.get("/events", responses=gives(Page[AuditEvent]))
async def list_audit_events(
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
    names = [name.partition(".")[0] for name in event_type or ()]
    wanted = any_of(contract_id=contract_id, invoice_id=invoice_id, type=names)
    since = number_of(cursor, 0)
    await reading.until_shown()
    page = await in_thread(history.page_of_events, reading.tenant, wanted, since, limit, item_id)
    return list_response(request, page)
