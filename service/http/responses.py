"""Answers as HTTP responses: what callers get, encoded as it is, and problems."""

import re
from collections.abc import Sequence
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from fastapi import HTTPException, Request, Response

from projections.views.resource import Listed, Page, Positioned
from service.handlers.idempotency import Answer
from service.watching.asked import show_position
from service.wire.problem.problems import MEDIA_TYPE, Problem

Whole = Positioned | Listed
JSON, EVENT_STREAM = "application/json", "text/event-stream"
REFERENCE = "#/components/schemas/{name}"
KINDS: dict[str, Any] = {}
"""What routes say that they give, by the names of their schemas."""
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~=&-]*")


def gives(
    *kinds: Any,
    status: int = 200,
    also: int | None = None,
    begun: Any = None,
    problems: Sequence[str] = (),
    name: str | None = None,
) -> dict[int | str, Any]:
    """What the `responses` of a route say: one of these kinds of body, with these statuses.

    `begun` is the kind of what is answered with 202 where it only begins. Several kinds have a
    `name` together. `problems` are the codes of problems that the operation has, beside those that
    its parameters tell of (`openapi/problems.py`).
    """
    references = [_reference(kind) for kind in kinds]
    schema: dict[str, Any] = references[0]
    if len(references) > 1:
        schema = {"title": name, "anyOf": references}
    content = {JSON: {"schema": schema}}
    good: dict[int | str, Any] = {each: {"content": content} for each in (status, also) if each}
    if begun is not None:
        good[202] = {"content": {JSON: {"schema": _reference(begun)}}}
    return good | {"default": {"x-problems": list(problems)}}


def streams(kind: Any, *, problems: Sequence[str] = ()) -> dict[int | str, dict[str, Any]]:
    """What the `responses` of a route say that answers with server-sent events of this kind.

    The body is a text without an end; what stands in the `data` of its events has the schema.
    """
    schema = {
        "type": "string",
        "contentMediaType": EVENT_STREAM,
        "contentSchema": _reference(kind),
    }
    good = {"content": {EVENT_STREAM: {"schema": schema}}}
    return {200: good, "default": {"x-problems": list(problems)}}


def tells(*media_types: str, problems: Sequence[str] = ()) -> dict[int | str, dict[str, Any]]:
    """What the `responses` of a route say that answers with a text, of one of these media types."""
    content = {each: {"schema": {"type": "string"}} for each in media_types}
    return {200: {"content": content}, "default": {"x-problems": list(problems)}}


def _reference(kind: Any) -> dict[str, str]:
    """A reference to the schema of a kind of body, which the document has then."""
    KINDS[schema_name(kind)] = kind
    return {"$ref": REFERENCE.format(name=schema_name(kind))}


def schema_name(kind: Any) -> str:
    """The name of a kind of body in the document: of a page, that of its items."""
    parts = get_args(kind)
    return "".join(part.__name__ for part in parts) + "Page" if parts else kind.__name__


class ProblemRaised(HTTPException):
    """An answer that is a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail)
        self.problem = problem


def problem_response(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    return Response(problem.encoded(), problem.status, dict(problem.headers), media_type=MEDIA_TYPE)


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A body that was put together here, encoded without a second look."""
    return Response(msgspec.json.encode(body), status, headers, media_type=JSON)


def command_response(answer: Answer) -> Response:
    """A command's answer: 202 for what has begun, 201 for what it made, 200 otherwise.

    With the resource's ETag, and where it is if it has only begun.
    """
    show_position(answer.position)
    headers = {} if answer.version is None else {"ETag": f'"{answer.version}"'}
    if answer.location is not None:
        return json_response(answer.body, 202, {**headers, "Location": answer.location})
    return json_response(answer.body, 201 if answer.created else 200, headers)


def list_response(request: Request, page: Page[Any], position: int | None = None) -> Response:
    """A page of a list, with where the next one is as a cursor and as a Link (RFC 8288).

    It shows `position`, or that which it has already.
    """
    if position is not None:
        page.position = position
    show_position(page.position or None)
    headers: dict[str, str] = {}
    if page.next:
        query = _without_cursor(request)
        path = request.scope["raw_path"].decode("ascii")
        headers["Link"] = f'<{path}?{query}cursor={page.next}>; rel="next"'
    return json_response(page, headers=headers)


def _without_cursor(request: Request) -> str:
    """The query without its cursor, for another one to be added."""
    asked = request.scope["query_string"].decode("latin-1")
    if "cursor" in asked or not _PLAIN_QUERY.fullmatch(asked):
        pairs = request.query_params.multi_items()
        asked = urlencode([pair for pair in pairs if pair[0] != "cursor"])
    return f"{asked}&" if asked else ""


def one_response(
    found: Whole | tuple[Whole, int] | None, kind: str, identity: str, position: int
) -> Response:
    """A single resource, with its ETag if it has a version of its own; or 404."""
    if found is None:
        detail = f"there is no {kind.replace('_', ' ')} {identity!r}"
        raise ProblemRaised(Problem(status=404, code=f"{kind}_not_found", detail=detail))
    body, version = found if isinstance(found, tuple) else (found, None)
    body.position = position
    return command_response(Answer(body=body, version=version))
