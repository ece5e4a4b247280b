"""Answers as HTTP responses: resources, pages of lists, problems."""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import Request, Response

from projections.views.paging import Page
from service.handlers.idempotency import Answer
from service.wire.problems import MEDIA_TYPE, Problem

_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~=&-]*")


class ProblemRaised(Exception):
    """An answer that is a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_response(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    return Response(problem.encoded(), problem.status, dict(problem.headers), media_type=MEDIA_TYPE)


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A body that was put together here, encoded without a second look."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def command_response(answer: Answer) -> Response:
    """A command's answer: 201 for what it made, 200 otherwise, with the resource's ETag."""
    headers = {} if answer.version is None else {"ETag": f'"{answer.version}"'}
    return json_response(answer.body, 201 if answer.created else 200, headers)


def list_response(request: Request, page: Page, position: int) -> Response:
    """A page of a list, with where the next one is as a cursor and as a Link (RFC 8288)."""
    body: dict[str, Any] = {"items": page.items, "next": page.next_cursor, "position": position}
    if page.totals is not None:
        body["totals"] = page.totals
    headers: dict[str, str] = {}
    if page.next_cursor:
        query = _without_cursor(request)
        path = request.scope["raw_path"].decode("ascii")
        headers["Link"] = f'<{path}?{query}cursor={page.next_cursor}>; rel="next"'
    return json_response(body, headers=headers)


def _without_cursor(request: Request) -> str:
    """The query but for a cursor, for one to be put behind."""
    asked = request.scope["query_string"].decode("latin-1")
    if "cursor" in asked or not _PLAIN_QUERY.fullmatch(asked):
        pairs = request.query_params.multi_items()
        asked = urlencode([pair for pair in pairs if pair[0] != "cursor"])
    return f"{asked}&" if asked else ""


def one_response(
    found: tuple[dict[str, Any], int | None] | None, kind: str, identity: str, position: int
) -> Response:
    """A single resource, with its ETag if it has a version of its own; or 404."""
    if found is None:
        detail = f"there is no {kind.replace('_', ' ')} {identity!r}"
        raise ProblemRaised(Problem(status=404, code=f"{kind}_not_found", detail=detail))
    body, version = found
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return json_response({**body, "position": position}, headers=headers)
