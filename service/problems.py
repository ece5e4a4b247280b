"""Problem documents (RFC 9457): every refusal as callers see it, with a stable type.

Nothing internal ever shows: what is not foreseen here is logged and answered as a plain 500.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import ValidationError

from aggregates.drafting import NothingReady
from aggregates.nte import LimitExceeded
from aggregates.refusals import Invalid, ItemsRefused, NotFound, Refused
from projections.paging import BadQuery
from projections.time_and_material import failed_levels
from service.database_files import UnknownEvents
from service.handlers.requests import KeyReused
from service.ledger import Conflict, Unavailable
from service.stored_form import UnknownEventType
from service.strict_json import NotJson
from service.tenant import PositionAhead, ViewsBehind
from service.unit_of_work import StaleVersion
from service.wire import refused_item

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request is malformed",
    401: "Who is asking is not known",
    403: "This is not allowed",
    404: "There is no such thing",
    405: "The method is not allowed here",
    408: "The request came too slowly",
    409: "The rules refuse this",
    412: "The resource has changed",
    413: "The body is too large",
    415: "The content type is not supported",
    421: "This is not the host that was asked for",
    422: "Fields are not valid",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available right now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem document; `code` ends its `type`, `extra` are further members."""

    status: int
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def body(self) -> dict[str, Any]:
        """The document: `type` is a stable URI reference, to be compared, not fetched."""
        return {
            "type": f"/problems/{self.code.replace('_', '-')}",
            "title": TITLES[self.status],
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }

    def encoded(self) -> bytes:
        """The document as bytes."""
        return msgspec.json.encode(self.body())


FORESEEN = (
    Refused,
    BadQuery,
    PositionAhead,
    StaleVersion,
    Conflict,
    ViewsBehind,
    Unavailable,
    UnknownEvents,
    UnknownEventType,
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
        case Unavailable():
            detail = "the database can't be used right now: nothing was changed, try again"
            return Problem(
                status=503, code="unavailable", detail=detail, headers={"Retry-After": "1"}
            )
        case UnknownEvents() | UnknownEventType():
            return Problem(status=503, code="history_too_new", detail=str(error))
        case _:
            return None


def of_refusal(error: Refused) -> Problem:
    """The problem of a refusal by the rules."""
    match error:
        case Invalid():
            return invalid_fields([(error.field, error.detail)])
        case NotFound():
            return Problem(status=404, code=error.code, detail=error.detail)
        case ItemsRefused() | NothingReady():
            errors = [refused_item(refusal) for refusal in error.refusals]
            return Problem(
                status=409, code=error.code, detail=error.detail, extra={"errors": errors}
            )
        case LimitExceeded():
            errors = [
                {"line_id": line_id, "code": error.code, **failed_levels((failed,))[0]}
                for line_id, failed in error.exceeded
            ]
            return Problem(
                status=409, code=error.code, detail=error.detail, extra={"errors": errors}
            )
        case KeyReused() | Refused():
            return Problem(status=409, code=error.code, detail=error.detail)


def of_recorded(code: str, detail: str) -> Problem:
    """The problem again that an event was parked or not billed for, of which these are recorded."""
    status = 404 if code.endswith("_not_found") else 422 if code == "invalid_fields" else 409
    return Problem(status=status, code=code, detail=detail)


def malformed_json(error: NotJson) -> Problem:
    """400, saying where the JSON breaks."""
    return Problem(status=400, code="malformed_json", detail=f"this is not JSON: {error}")


def invalid_fields(fields: Sequence[tuple[str, str]]) -> Problem:
    """422, naming every field and what is wrong with it."""
    detail = "; ".join(f"{name}: {what}" for name, what in fields[:5])
    errors = [{"field": name, "code": "invalid_field", "detail": what} for name, what in fields]
    return Problem(status=422, code="invalid_fields", detail=detail, extra={"errors": errors})


def of_validation(error: ValidationError) -> Problem:
    """422 for what the wire models refuse; what was sent is not repeated."""
    return invalid_fields(field_errors(error.errors(include_url=False, include_input=False)))


def field_errors(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """The fields of a validation error, as paths, each with what is wrong."""
    return [
        (_path(error["loc"]), str(error["msg"]).removeprefix("Value error, ")) for error in errors
    ]


def _path(loc: Sequence[str | int]) -> str:
    """A field's path as callers know it: not with which part of the request it came in."""
    known = loc[1:] if loc[:1] and loc[0] in {"body", "query", "path", "header"} else loc
    return ".".join(str(part) for part in known) or "body"
