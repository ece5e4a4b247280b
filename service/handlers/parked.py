"""Parked events: gone on with after a definition, tried again, dismissed."""

import time
import uuid

import structlog

from aggregates import streams
from aggregates.intake import parking
from aggregates.intake.events import EventParked
from projections.history import OutcomeUnknown, Unavailable
from service.handlers import resuming
from service.handlers.results import Result
from service.handlers.resuming import Resumption
from service.handlers.taking_in import try_again
from service.ledger.group_commit import Context
from service.ledger.ledger import Conflict
from service.ledger.stream_kinds import PARKING
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant

log = structlog.stdlib.get_logger(__name__)
PATIENCE = 5.0
"""Seconds that a caller waits for events to go on before the rest of them does so by itself."""


def waiting_on(tenant: Tenant, context: Context, contract_id: str) -> Resumption:
    """What waits on a contract, to go on after a definition: what its transaction left over, and
    what was refused before.
    """
    return Resumption(tenant=tenant, context=context, contract_id=contract_id, take=try_again)


def go_on(resumption: Resumption, until: float | None = None) -> int:
    """Takes in what waits and lacks nothing any more, in steps; the position reached.

    What is not done when `until` comes, by itself in five seconds, goes on in the background, as
    when the database is unavailable: what the caller asked for is recorded by then.
    """
    try:
        is_done = resumption.run(time.monotonic() + PATIENCE if until is None else until)
    except (Conflict, Unavailable, OutcomeUnknown) as error:
        log.warning(
            "parked events are taken in later", contract=resumption.contract_id, error=str(error)
        )
        is_done = False
    if not is_done:
        resumption.later()
    return resumption.position


def recover(tenant: Tenant) -> None:
    """Goes on, in the background, with what waits though it lacks nothing: whoever was at it may
    have been stopped.
    """
    context = Context(actor="billing-backlog", correlation_id=str(uuid.uuid4()))

    resuming.recover(tenant, lambda found: waiting_on(tenant, context, found).later())


def retry(unit: UnitOfWork, event: EventParked) -> Result:
    """Tries a parked event again; it stays parked, with the reason of now, if it still can't go."""
    return try_again(unit, event.contract_id, [event])[0]


def parked_event(unit: UnitOfWork, contract_id: str, parked_id: str) -> EventParked:
    """A waiting event. Raises NotFound when none of that id waits."""
    return parking.waiting(unit.load(PARKING, streams.parking(contract_id)), parked_id)


def dismiss(unit: UnitOfWork, contract_id: str, parked_id: str, reason: str) -> None:
    """Takes a parked event off the list for good, with the reason. Raises NotFound."""
    state = unit.load(PARKING, streams.parking(contract_id))
    unit.append(parking.dismiss(state, parked_id, reason).events)
