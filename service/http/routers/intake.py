"""Intake: what upstream project systems post, and what of it waits."""

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from aggregates.contract_line.recalled.events import ObligationStatus
from projections.views import obligations as obligation_views
from projections.views import parked_events as parked_views
from projections.views.obligations import Obligation
from projections.views.resource import Page
from service.access.principals import Keeps, Scope
from service.handlers.idempotency import Request as CommandRequest
from service.handlers.intake import obligations, parked, receiving, refused
from service.http.bodies import media_type
from service.http.callers import TheCommand, ThePost, TheTenant
from service.http.listings import Ids, Listing, NumberCursor, any_of, listing_by, number_of
from service.http.reading import TheReading
from service.http.responses import ProblemRaised, command_response, gives, list_response
from service.http.routers.routes import Routes
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire import strict_json
from service.wire.fields import LARGEST, PageSize, Reason
from service.wire.intake.binary_mode import binary_event
from service.wire.intake.cloudevents import read_json
from service.wire.intake.data import DismissBody, WaiveBody
from service.wire.outcomes import BatchResult, Done, EventResult, NotedRefusal, ParkedEvent
from service.wire.problem.problems import Problem, invalid_fields, malformed_json
from service.wire.queries import NO_NUL
from service.wire.strict_json import NotJson, TooManyValues

routes = Routes("/v1", "Intake")

POSTS = (Scope.APPROVALS_WRITE, Scope.CONTRACTS_WRITE)
"""Each event asks for the one or the other by what it says."""
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST_EVENTS = 10_000
"""Events in a batch."""


async def raw_body(request: Request) -> bytes:
    """The body as it came; it is read here, so that the endpoint can run in a thread."""
    return await request.body()


REFUSED_EVENT = (
    "approval_canceled",
    "approval_changed",
    "contract_line_not_found",
    "contract_not_found",
    "currency",
    "currency_fixed",
    "customer_has_items",
    "customer_on_line",
    "billing_method_fixed",
    "event_changed",
    "scope_missing",
    "total_too_large",
    "unknown_event_type",
)
"""What an event can be refused for; as a single one, the problem of the request."""


@routes.post(
    "/events", POSTS, responses=gives(EventResult, problems=(*REFUSED_EVENT, "batch_too_large"))
)
def post_event(
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    tenant: TheTenant,
    command: ThePost,
) -> Response:
    """Take in one CloudEvent: structured, or binary (its attributes in `ce-*` headers).

    A refused event answers with its problem. A batch that is posted here is taken in, too, and
    answered as `postEventBatch` answers it.
    """
    kind = media_type(request.headers)
    if kind == BATCH:
        return command_response(receiving.receive_batch(tenant, command, _batch(body)))
    if kind == STRUCTURED:
        return _one(tenant, command, read_json(body))
    if any(name.startswith("ce-") for name in request.headers):
        return _one(tenant, command, binary_event(request.headers.raw, body))
    detail = f"send {STRUCTURED}, {BATCH}, or ce-* headers beside application/json data"
    raise ProblemRaised(Problem(status=415, code="unsupported_media_type", detail=detail))


@routes.post("/events/batch", POSTS, responses=gives(BatchResult, problems=("batch_too_large",)))
def post_event_batch(
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    tenant: TheTenant,
    command: ThePost,
) -> Response:
    """Take in a batch of CloudEvents, at most 10,000: one outcome an event, in order.

    One that is refused hurts none of the others: it is one of the results, with its problem.
    """
    if media_type(request.headers) != BATCH:
        detail = f"send {BATCH}"
        raise ProblemRaised(Problem(status=415, code="unsupported_media_type", detail=detail))
    return command_response(receiving.receive_batch(tenant, command, _batch(body)))


def _one(tenant: Tenant, command: CommandRequest, event: object) -> Response:
    """The result of a single event; a refused one is a problem, for brokers take 200 as done."""
    try:
        return command_response(receiving.receive_one(tenant, command, event))
    except receiving.EventRefused as refusal:
        raise ProblemRaised(refusal.document()) from None


def _batch(body: bytes) -> list[object]:
    """The events of a batch; one that is no strict JSON is bad by itself, not the batch.

    Raises ProblemRaised, before any event is read, when there are more than 10,000 (413).
    """
    try:
        events = strict_json.parse(body)
    except NotJson as error:
        if strict_json.has_more_elements(body, MOST_EVENTS):
            raise _too_many() from None
        try:
            if isinstance(error, TooManyValues):
                raise
            return [read_json(element) for element in strict_json.elements(body)]
        except NotJson:
            raise ProblemRaised(malformed_json(error)) from None
    if not isinstance(events, list):
        raise ProblemRaised(invalid_fields([("body", "must be a JSON array of events")]))
    found = cast("list[object]", events)
    if len(found) > MOST_EVENTS:
        raise _too_many()
    return found


def _too_many() -> ProblemRaised:
    detail = f"a batch has at most {MOST_EVENTS} events: send the rest in more batches"
    return ProblemRaised(Problem(status=413, code="batch_too_large", detail=detail))


# --- what was refused ----------------------------------------------------------------------------


@routes.get("/intake/refused", Scope.BACKLOG_READ, responses=gives(Page[NotedRefusal]))
async def list_refused_events(
    request: Request,
    reading: TheReading,
    limit: Annotated[PageSize, Query()] = 100,
    cursor: NumberCursor = None,
) -> Response:
    """The last 10,000 events that were refused, the newest first: who posted them, and why not."""
    before = number_of(cursor, LARGEST)
    reading.require_everything()
    await reading.until_shown()
    page = await in_thread(refused.page_of_refused, reading.tenant, before, limit)
    return list_response(request, page)


# --- what stays billed of recalled work ----------------------------------------------------------

TheObligations = Annotated[Listing, Depends(listing_by(obligation_views.OBLIGATIONS_BY))]
ObligationId = Annotated[str, Path(max_length=200, description="The id of an obligation.")]


@routes.get(
    "/intake/obligations", Scope.BACKLOG_READ, Keeps.TO_BOTH, responses=gives(Page[Obligation])
)
async def list_obligations(
    request: Request,
    reading: TheReading,
    listing: TheObligations,
    status: Annotated[
        list[ObligationStatus] | None,
        Query(description="Obligations that stand so; any of these."),
    ] = None,
    contract_id: Ids = None,
    approval_id: Ids = None,
    invoice_id: Ids = None,
) -> Response:
    """List what stays billed of recalled or corrected approvals, until invoices are corrected."""
    matching = any_of(
        status=status, contract_id=contract_id, approval_id=approval_id, invoice_id=invoice_id
    )
    page, position = await reading.of(obligation_views.list_obligations, matching, listing.page())
    return list_response(request, page, position)


@routes.post(
    "/intake/obligations/{obligation_id}/waive",
    Scope.INVOICES_WRITE,
    responses=gives(Done, problems=("obligation_not_found", "obligation_closed")),
)
async def waive_obligation(
    obligation_id: ObligationId, body: WaiveBody, tenant: TheTenant, command: TheCommand
) -> Response:
    """Waive an obligation: what is billed stays, and the approval counts as not recalled."""
    return command_response(await obligations.waive(tenant, command, obligation_id, body.reason))


# --- what waits --------------------------------------------------------------------------------

PARKED_EVENT = ("parked_event_not_found", "ambiguous_event_id")
ParkedId = Annotated[str, Path(max_length=1024)]
TheParked = Annotated[Listing, Depends(listing_by(parked_views.PARKED_BY))]


@routes.get("/intake/parked", Scope.BACKLOG_READ, responses=gives(Page[ParkedEvent]))
async def list_parked_events(request: Request, reading: TheReading, listing: TheParked) -> Response:
    """The events that wait for something unknown yet, each with what it lacks."""
    page, position = await reading.of_all(parked.page_of_parked, listing.page())
    return list_response(request, page, position)


@routes.post(
    "/intake/parked/{parked_id}/retry",
    Scope.APPROVALS_WRITE,
    responses=gives(EventResult, problems=PARKED_EVENT),
)
async def retry_parked_event(parked_id: ParkedId, tenant: TheTenant, command: ThePost) -> Response:
    """Try a parked event again now."""
    return command_response(await parked.retry(tenant, command, parked_id))


@routes.delete(
    "/intake/parked/{parked_id}",
    Scope.APPROVALS_WRITE,
    responses=gives(Done, problems=PARKED_EVENT),
)
async def dismiss_parked_event(
    parked_id: ParkedId,
    tenant: TheTenant,
    command: TheCommand,
    body: DismissBody | None = None,
    reason: Annotated[Annotated[Reason, Field(json_schema_extra=NO_NUL)] | None, Query()] = None,
) -> Response:
    """Dismiss a parked event for good; the reason, in the body or the query, is recorded."""
    why = body.reason if body else reason
    if why is None:
        raise ProblemRaised(invalid_fields([("reason", "say why the event is dismissed")]))
    return command_response(await parked.dismiss(tenant, command, parked_id, why))
