"""Bodies of requests: their sizes, their content types, strict JSON."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.responses import ProblemRaised, problem_response
from service.http.server.root_path import own_path
from service.settings import Settings
from service.wire import strict_json
from service.wire.problem.problems import Problem, malformed_json
from service.wire.strict_json import NotJson

_LONG = re.compile(r"/v1/events(/batch)?|/v1/invoices/[^/]+/details")
"""Where thousands of events are posted, or edits of as many details."""


class BodyLimit:
    """Refuses bodies that are too large, as they announce or as they really come, or too slow."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = body_limit(scope, self._settings)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await problem_response(too_large(limit))(scope, receive, send)
            return
        received, is_whole = 0, False
        due = asyncio.get_running_loop().time() + self._settings.body_seconds

        async def limited() -> Message:
            nonlocal received, is_whole
            message = await (receive() if is_whole else self._in_time(receive, due))
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limit:
                raise ProblemRaised(too_large(limit))
            return message

        await self._app(scope, limited, send)

    async def _in_time(self, receive: Receive, due: float) -> Message:
        try:
            async with asyncio.timeout_at(due):
                return await receive()
        except TimeoutError:
            detail = f"the body must come within {self._settings.body_seconds:g} seconds"
            headers = {"Connection": "close"}
            raise ProblemRaised(
                Problem(status=408, code="request_timeout", detail=detail, headers=headers)
            ) from None


def body_limit(scope: Scope, settings: Settings) -> int:
    """Bytes that the body of this request may have."""
    is_long = _LONG.fullmatch(own_path(scope)) is not None
    return settings.intake_body_limit if is_long else settings.body_limit


def too_large(limit: int) -> Problem:
    """413: the body has more bytes than it may."""
    detail = f"the body has more than {limit} bytes"
    return Problem(status=413, code="body_too_large", detail=detail)


def json_of(body: bytes, most: int = strict_json.MOST_VALUES) -> Any:
    """The JSON of a body of at most so many values.

    Raises ProblemRaised: 400 that says where it breaks, 413 when it has more.
    """
    try:
        return strict_json.parse(body, most)
    except NotJson as error:
        raise ProblemRaised(malformed_json(error)) from None


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()
