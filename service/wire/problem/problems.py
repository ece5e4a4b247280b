"""Problem documents (RFC 9457): every refusal as callers see it, with a stable type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from msgspec import UNSET
from pydantic import ValidationError

from aggregates.invoice.draft.editing import DetailsRefused
from aggregates.limits import LimitExceeded
from aggregates.refusals import Invalid, ItemsRefused, NotFound, Refused, of_reason
from projections.history import OutcomeUnknown
from projections.projecting.time_and_material import failed_levels
from service.wire import outcomes
from service.wire.from_states import left_alone
from service.wire.problem.problem_kinds import type_of
from service.wire.strict_json import NotJson, TooManyValues

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
"""Fields that a problem document names; what else is wrong is told when these are right."""
LONGEST_NAME, LONGEST_ERROR, LONGEST_DETAIL = 100, 600, 1_000
"""Characters of a field's name, of what is wrong with one field, and of a document's detail."""
MOST_ERRORS_OF_EVENT, LONGEST_DETAIL_OF_EVENT = 3, 200
"""The same of one event among thousands."""
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>", re.ASCII)
"""One of several values as Python writes it; the group is how callers write it."""
_COUNTS = ("expected", "found")
"""Facts of a refusal that are members of its document."""
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
    504: "The answer was not ready in time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem; `code` ends the `type` of its document, `extra` are further members of that.

    `rule` is the one of docs/rules.md that says so, if one does.
    """

    status: int
    code: str
    detail: str
    rule: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    document: type[outcomes.Problem] = outcomes.Problem

    def body(self) -> outcomes.Problem:
        """The document: `type` is a stable URI reference, under which the service explains it."""
        extra = dict(self.extra)
        if "errors" in extra:
            extra["errors"] = msgspec.convert(extra["errors"], list[outcomes.ProblemError])
        return self.document(
            type=type_of(self.code),
            title=TITLES[self.status],
            status=self.status,
            code=self.code,
            detail=shown(self.detail, LONGEST_DETAIL),
            rule=self.rule or UNSET,
            **extra,
        )

    def brief(self) -> outcomes.Problem:
        """The document in a few hundred bytes, for one of thousands of events in an answer."""
        most = LONGEST_DETAIL_OF_EVENT
        errors: list[dict[str, Any]] = self.extra.get("errors", [])
        few = [
            {
                name: shown(value, most // 2) if isinstance(value, str) else value
                for name, value in error.items()
            }
            for error in errors[:MOST_ERRORS_OF_EVENT]
        ]
        short = {**self.extra, "errors": few} if few else self.extra
        return replace(self, detail=shown(self.detail, most), extra=short).body()

    def in_a_line(self) -> str:
        """What is wrong, and the rule that says so, for people who read line by line."""
        detail = shown(self.detail, LONGEST_DETAIL_OF_EVENT)
        return f"{detail} ({self.rule})" if self.rule else detail

    def encoded(self) -> bytes:
        """The document as bytes."""
        return msgspec.json.encode(self.body())


def in_doubt(error: OutcomeUnknown) -> Problem:
    """503 that promises nothing, and says how to find out."""
    detail = (
        "the database has not said whether it saved the change: it may have been made, or not. "
        "Ask again with the same Idempotency-Key, or post the event again with the same id: then "
        "it is made only once. Without a key, look first: `find_out` reads the history from where "
        "it was before, and a change that was made has this correlation_id there"
    )
    extra = {
        "correlation_id": error.correlation_id,
        "find_out": f"/v1/audit/events?cursor={error.after}",
    }
    return Problem(
        status=503,
        code="outcome_unknown",
        detail=detail,
        extra=extra,
        headers={"Retry-After": "1"},
    )


def of_refusal(error: Refused) -> Problem:
    """The problem of a refusal by the rules."""
    match error:
        case DetailsRefused():
            return _of_details(error)
        case Invalid() if error.code == "invalid_field":
            return invalid_fields([(error.field, error.detail)], error.rule)
        case Invalid():
            return _refused(422, error, [_named(error)])
        case NotFound():
            return _refused(404, error)
        case ItemsRefused():
            some = error.items[: outcomes.MOST_LISTED]
            return _refused(409, error, msgspec.to_builtins([left_alone(item) for item in some]))
        case LimitExceeded():
            errors = [
                {
                    "line_id": line_id,
                    "code": error.code,
                    "rule": error.rule,
                    **failed_levels((failed,))[0],
                }
                for line_id, failed in error.exceeded
            ]
            return _refused(409, error, errors)
        case Refused():
            return _refused(409, error)


def _of_details(error: DetailsRefused) -> Problem:
    """The problem of edits: of the status and code that all of them have, or else 409 (D-65)."""
    of_each = {of_refusal(detail.why).status for detail in error.details}
    status = of_each.pop() if len(of_each) == 1 else 409
    some = error.details[: outcomes.MOST_LISTED]
    errors = [{"detail_id": detail.id, **_named(detail.why)} for detail in some]
    problem = _refused(status, error, errors)
    if error.code == "invalid_field":
        return replace(problem, code="invalid_fields")
    return problem


def _named(why: Refused) -> dict[str, Any]:
    """A refusal as one of the `errors`, with the field or invoice that it names, if it does."""
    field = {"field": why.field} if isinstance(why, Invalid) else {}
    of_rule = {"rule": why.rule} if why.rule else {}
    invoice = {name: why.facts[name] for name in ("invoice_id",) if name in why.facts}
    return {**field, **invoice, "code": why.code, "detail": why.detail, **of_rule}


def _refused(status: int, error: Refused, errors: Sequence[Any] | None = None) -> Problem:
    extra = {name: error.facts[name] for name in _COUNTS if name in error.facts}
    if errors is not None:
        extra["errors"] = errors
    return Problem(
        status=status, code=error.code, detail=error.detail, rule=error.rule, extra=extra
    )


def of_recorded(code: str, reason: str) -> Problem:
    """The problem again of which these are recorded: an event was parked for it, a step failed."""
    known = {"invalid_fields": 422, "invalid_field": 422, "internal": 500}
    status = 404 if code.endswith("_not_found") else known.get(code, 409)
    return _refused(status, of_reason(code, reason))


def malformed_json(error: NotJson) -> Problem:
    """400, saying where the JSON breaks; 413 when there is too much of it."""
    if isinstance(error, TooManyValues):
        return Problem(status=413, code="too_many_values", detail=f"the body is too large: {error}")
    return Problem(status=400, code="malformed_json", detail=f"this is not JSON: {error}")


def invalid_fields(fields: Sequence[tuple[str, str]], rule: str | None = None) -> Problem:
    """422, naming the first hundred fields, what is wrong with each, and the rule that says so."""
    named = [
        (shown(name, LONGEST_NAME), shown(what, LONGEST_ERROR))
        for name, what in fields[:MOST_ERRORS]
    ]
    detail = "; ".join(f"{name}: {what}" for name, what in named[:5])
    if len(fields) > len(named):
        detail = f"{len(fields)} fields are not valid, of which {MOST_ERRORS} are named: {detail}"
    of_rule = {"rule": rule} if rule else {}
    errors = [
        {"field": name, "code": "invalid_field", "detail": what, **of_rule} for name, what in named
    ]
    return Problem(
        status=422, code="invalid_fields", detail=detail, rule=rule, extra={"errors": errors}
    )


def of_validation(error: ValidationError) -> Problem:
    """422 for what the wire models refuse; what was sent is not repeated."""
    return invalid_fields(field_errors(error.errors(include_url=False, include_input=False)))


def field_errors(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """The fields of a validation error, as paths, each with what is wrong."""
    return [(_path(error["loc"]), _said(error)) for error in errors]


def _said(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, with the values that would be right as callers write them."""
    said = str(error["msg"]).removeprefix("Value error, ")
    return _MEMBER.sub(r"\1", said) if error["type"] == "literal_error" else said


def _path(loc: Sequence[str | int]) -> str:
    """A field's path as callers know it: not with which part of the request it came in."""
    known = loc[1:] if loc[:1] and loc[0] in {"body", "query", "path", "header"} else loc
    return ".".join(str(part) for part in known) or "body"


def shown(text: str, most: int) -> str:
    """A text that may hold whatever was sent, cut to so many characters, without controls."""
    if len(text) <= most and text.isprintable():
        return text
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)
