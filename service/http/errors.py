"""Which problem each foreseen error is answered with.

Nothing internal ever shows: what is not foreseen here is logged and answered as a plain 500.
"""

from aggregates.refusals import Refused
from projections.history import OutcomeUnknown, Unavailable
from projections.views.paging import BadQuery
from service.databases.addresses import NoAddress
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.stored_form import DamagedEvent, UnknownEventType
from service.ledger.unit_of_work import StaleVersion
from service.tenants.sqlite_files import UnknownEvents
from service.tenants.tenant import PositionAhead, ViewsBehind
from service.wire.problem.problems import Problem, in_doubt, invalid_fields, of_refusal

FORESEEN = (
    Refused,
    BadQuery,
    PositionAhead,
    StaleVersion,
    Conflict,
    ViewsBehind,
    Unavailable,
    OutcomeUnknown,
    NoAddress,
    UnknownEvents,
    UnknownEventType,
    DamagedEvent,
)
"""The errors that `of` knows an answer to."""


def of(error: Exception) -> Problem | None:
    """The problem that a foreseen error is answered with, None for an unforeseen one."""
    match error:
        case Refused():
            return of_refusal(error)
        case BadQuery():
            return invalid_fields([(error.field, str(error))])
        case PositionAhead():
            return Problem(status=422, code="position_ahead", detail=str(error))
        case StaleVersion():
            detail = (
                f"the version is {error.actual}, If-Match says {error.expected}"
                if error.actual
                else "If-Match asks for a version of what does not exist yet: leave it out"
            )
            return Problem(status=412, code="stale_version", detail=detail)
        case Conflict():
            detail = "other writers were faster every time: nothing was changed, try again"
            return Problem(status=409, code="conflict", detail=detail)
        case ViewsBehind():
            return Problem(
                status=503, code="views_behind", detail=str(error), headers={"Retry-After": "1"}
            )
        case NoAddress():
            return Problem(status=503, code="unavailable", detail=f"{error}: nothing was changed")
        case OutcomeUnknown():
            return in_doubt(error)
        case Unavailable():
            detail = "the database can't be used right now: nothing was changed, try again"
            return Problem(
                status=503, code="unavailable", detail=detail, headers={"Retry-After": "1"}
            )
        case UnknownEvents() | UnknownEventType():
            return Problem(status=503, code="history_too_new", detail=str(error))
        case DamagedEvent():
            return Problem(status=503, code="history_damaged", detail=str(error))
        case _:
            return None
