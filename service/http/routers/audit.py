"""The history as auditors read it."""

from typing import Annotated

from fastapi import Query, Request, Response

from projections.views.resource import Page
from service.access.scopes import Scope
from service.handlers import history
from service.handlers.history import EventsAsked
from service.http.listings import Ids, NumberCursor, any_of, number_of
from service.http.reading import TheReading
from service.http.responses import gives, list_response
from service.http.routers.routes import Routes
from service.threads import in_thread
from service.wire.fields import InstantText, PageSize
from service.wire.outcomes import AuditEvent
from service.wire.queries import QueryText

ACTOR = "Only what one of these did."
FROM = "Only what was recorded then or later: an instant with its zone."
TO = "Only what was recorded then or before: an instant with its zone."
routes = Routes("/v1/audit", "Audit")


@routes.get("/events", Scope.AUDIT_READ, responses=gives(Page[AuditEvent]))
async def list_audit_events(
    request: Request,
    reading: TheReading,
    limit: Annotated[PageSize, Query()] = 100,
    cursor: NumberCursor = None,
    contract_id: Ids = None,
    invoice_id: Ids = None,
    item_id: Annotated[QueryText | None, Query(max_length=200)] = None,
    line_id: Ids = None,
    actor: Annotated[list[QueryText] | None, Query(max_length=50, description=ACTOR)] = None,
    since: Annotated[InstantText | None, Query(alias="from", description=FROM)] = None,
    until: Annotated[InstantText | None, Query(alias="to", description=TO)] = None,
    event_type: Annotated[list[QueryText] | None, Query(alias="type", max_length=50)] = None,
) -> Response:
    """The recorded events in order, all or those that match (D-64).

    Those of an item, a line, an actor or a time are searched: a page may have few or none of them,
    and still a `next`.
    """
    names = [name.partition(".")[0] for name in event_type or ()]
    asked = EventsAsked(
        any_of=any_of(contract_id=contract_id, invoice_id=invoice_id, type=names),
        item_id=item_id,
        line_ids=line_id or (),
        actors=actor or (),
        since=since,
        until=until,
    )
    after = number_of(cursor, 0)
    reading.require_everything()
    await reading.until_shown()
    page = await in_thread(history.page_of_events, reading.tenant, asked, after, limit)
    return list_response(request, page)
