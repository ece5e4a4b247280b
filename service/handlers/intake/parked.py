"""Parked events: gone on with after a definition, tried again, dismissed."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, RowMapping

from aggregates import streams
from aggregates.intake import parking
from aggregates.intake.about_approvals.whereabouts import NotLookedUp
from aggregates.intake.events import EventParked
from aggregates.statuses import Outcome
from projections.history import OutcomeUnknown, Unavailable
from projections.views import parked_events as parked_views
from projections.views.paging import PageRequest
from projections.views.resource import Page
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.intake import resuming
from service.handlers.intake.about_approvals import waiting_like
from service.handlers.intake.going_on import dismissed
from service.handlers.intake.looking_up import LOOKUPS, PostedOn, look_up
from service.handlers.intake.resuming import Resumption
from service.handlers.intake.taking_in import go_on as go_on_after
from service.handlers.intake.taking_in import try_again
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stream_kinds import PARKING
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.outcomes import Done, ParkedEvent
from service.wire.problem.problems import of_recorded

log = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds that a caller waits for events to go on before the rest of them does so by itself."""


def waiting_on(tenant: Tenant, context: Context, contract_id: str) -> Resumption:
    """What waits on a contract, to go on after a definition: what its transaction left over, and
    what was refused before.
    """
    return Resumption(tenant=tenant, context=context, contract_id=contract_id, take=try_again)


def go_on(resumption: Resumption, until: float | None = None) -> int:
    """Takes in, step by step, what waits and lacks nothing any more; the position reached.

    What is not done at `until`, or after five seconds, goes on in the background. So it does when
    the database is unavailable: what the caller asked for is recorded already.
    """
    try:
        is_done = resumption.run(time.monotonic() + PATIENCE if until is None else until)
    except (Conflict, Unavailable, OutcomeUnknown) as error:
        log.warning(
            "parked events are taken in later",
            extra={"contract": resumption.contract_id, "error": str(error)},
        )
        is_done = False
    if not is_done:
        resumption.later()
    return resumption.position


def recover(tenant: Tenant) -> None:
    """Goes on, in the background, with what waits although it lacks nothing any more.

    The process that was taking it in may have been stopped.
    """
    context = Context(actor="billing-backlog", correlation_id=str(uuid.uuid4()), kind="go_on")

    resuming.recover(tenant, lambda found: waiting_on(tenant, context, found).later())


def page_of_parked(views: Connection, request: PageRequest) -> Page[ParkedEvent]:
    """The events that wait, each with what it lacks, in the order they were last tried."""
    page = parked_views.list_parked(views, request)
    return Page(items=[_shown(row) for row in page.items], next=page.next, position=UNSET)


async def retry(tenant: Tenant, request: Request, event_or_parked_id: str) -> Answer:
    """Tries a parked event again; it stays parked, with the reason of now, if it still can't go.

    Raises NotFound, or Refused when several wait under that id.
    """
    contract_id, parked_id = await _find(tenant, event_or_parked_id)

    def work(unit: UnitOfWork, posted_on: PostedOn) -> Answer:
        event = _parked_event(unit, contract_id, parked_id)
        (result,) = try_again(unit, contract_id, [event], posted_on)
        if result.outcome is not Outcome.PARKED:
            go_on_after(unit, waiting_like(unit, event), posted_on)
        return Answer(body=result.body())

    return await _looking_up(tenant, request, work)


async def dismiss(tenant: Tenant, request: Request, event_or_parked_id: str, why: str) -> Answer:
    """Takes a parked event off the list for good, with the reason. Raises as `retry`."""
    contract_id, parked_id = await _find(tenant, event_or_parked_id)

    def work(unit: UnitOfWork, posted_on: PostedOn) -> Answer:
        state = unit.load(PARKING, streams.parking(contract_id))
        event = parking.waiting(state, parked_id)
        unit.append(parking.dismiss(state, parked_id, why).events)
        dismissed(unit, event, posted_on)
        return Answer(body=Done(position=UNSET))

    because = replace(request, context=replace(request.context, reason=why))
    return await _looking_up(tenant, because, work)


async def _looking_up(
    tenant: Tenant, request: Request, work: Callable[[UnitOfWork, PostedOn], Answer]
) -> Answer:
    """What a command answers, after it was looked up where the items are that it breaks off for."""
    posted_on: PostedOn = {}
    for _ in range(LOOKUPS):
        try:
            return await submit(tenant, request, lambda unit: work(unit, posted_on))
        except NotLookedUp as missing:
            posted_on.update(await in_thread(look_up, tenant, missing.items))
    raise Conflict


async def _find(tenant: Tenant, event_or_parked_id: str) -> tuple[str, str]:
    """Contract and parked id of a waiting event, named by its own id or the parked id."""

    def find() -> Sequence[RowMapping]:
        with tenant.reading() as (views, _):
            return parked_views.find_parked(views, event_or_parked_id)

    await tenant.until_current()
    event = parking.the_one(await in_thread(find), event_or_parked_id)
    return event["contract_id"], event["parked_id"]


def _parked_event(unit: UnitOfWork, contract_id: str, parked_id: str) -> EventParked:
    """A waiting event. Raises NotFound when none of that id waits."""
    return parking.waiting(unit.load(PARKING, streams.parking(contract_id)), parked_id)


def _shown(row: RowMapping) -> ParkedEvent:
    return ParkedEvent(
        id=row["event_id"],
        parked_id=row["parked_id"],
        source=row["source"],
        type=row["type"],
        contract_id=row["contract_id"],
        line_id=row["line_id"],
        approval_id=row["approval_id"],
        position=row["position"],
        problem=of_recorded(row["problem_code"], row["problem_detail"]).body(),
        data=msgspec.json.decode(row["data"]),
    )
