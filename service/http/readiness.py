"""Whether a tenant can be used, and what it waits for if not."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from weakref import WeakKeyDictionary

from projections.databases.connections import transient_errors
from projections.history import Unavailable
from service.handlers.jobs.running import WORK
from service.ledger.stored_form import UnreadableEvent
from service.tenants.tenant import Tenant
from service.wire.problem.problems import Problem

LOOK_SECONDS = 2.0
"""How long the database may take to tell how far its history is."""
COMMIT_SECONDS = 3.0
"""How long a commit may wait before the tenant is not ready."""
STOPPING = Problem(
    status=503,
    code="stopping",
    detail="the server was asked to stop: it takes calls for some seconds more",
    headers={"Retry-After": "1"},
)
_LOOKING = ThreadPoolExecutor(8, "readiness")
_looks: WeakKeyDictionary[Tenant, Future[tuple[int, float]]] = WeakKeyDictionary()


async def look(tenant: Tenant) -> Problem | tuple[int, int]:
    """What is in the way, or how far the views and the history are.

    Known after `LOOK_SECONDS` at the latest, whatever the database does.
    """
    if (waited := tenant.ledger.unconfirmed()) > COMMIT_SECONDS:
        return _unconfirmed(waited)
    known = _looks.get(tenant)
    if known is None or known.done():  # of many who ask at once, one looks
        known = _looks[tenant] = _LOOKING.submit(_seen, tenant)
    try:
        found = asyncio.shield(asyncio.wrap_future(known))
        history, waited = await asyncio.wait_for(found, LOOK_SECONDS)
    except TimeoutError:
        return _unavailable(f"the database has not answered for {LOOK_SECONDS:.0f} s")
    except Unavailable as error:
        return _unavailable(_why(error))
    if waited > COMMIT_SECONDS:
        return _unconfirmed(waited)
    reached, failure = tenant.projector.position, tenant.projector.failure
    if failure:
        detail = f"the views are at position {reached} of {history}, and {_how(failure, tenant)}"
        return Problem(status=503, code="projector_stopped", detail=detail, headers=_SOON)
    if WORK in tenant.background.given_up:
        detail = "jobs no longer go on since an unexpected error: see the server's log"
        return Problem(status=503, code="jobs_stopped", detail=detail, headers=_SOON)
    return reached, history


def _how(failure: BaseException, tenant: Tenant) -> str:
    if isinstance(failure, transient_errors(tenant.views)):
        return "wait for the database"
    why = failure if isinstance(failure, UnreadableEvent) else "see the server's log"
    return f"stopped: {why}"


_SOON = {"Retry-After": "1"}


def _seen(tenant: Tenant) -> tuple[int, float]:
    """How far the history is, and for how long the database has been at a commit by now."""
    return tenant.ledger.position(), tenant.commit_waits()


def _unconfirmed(seconds: float) -> Problem:
    detail = f"the database has not confirmed a commit for {seconds:.0f} s"
    return Problem(status=503, code="commit_unconfirmed", detail=detail, headers=_SOON)


def _unavailable(why: str) -> Problem:
    return Problem(status=503, code="unavailable", detail=why, headers=_SOON)


def _why(error: BaseException) -> str:
    from psycopg_pool import PoolTimeout

    cause: BaseException | None = error
    while cause and not isinstance(cause, PoolTimeout):
        cause = cause.__cause__
    return "there is no connection to the database" if cause else "the database can't be used"
