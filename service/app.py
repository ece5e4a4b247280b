"""The composition of the HTTP service: routers, problems, limits, documentation."""

import asyncio
import json
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import answers, links, problems, schemas, upstream
from service.door import Door
from service.problems import MEDIA_TYPE, Problem
from service.routers import audit, backlog, contracts, intake, invoices, operations
from service.routers.plumbing import ProblemRaised, Waiting, problem_response
from service.settings import Settings
from service.tenants import AnyTenants

log = structlog.stdlib.get_logger(__name__)

_PART = "#/components/schemas/{model}"
DESCRIPTION = """\
What could be billed, what is ready, what must wait, what limits forbid, what sits on a draft and
what is posted: fixed-price milestones and time and material, event-sourced.
Decimals travel as strings; every error is a problem document (RFC 9457).
"""


def create_app(tenants: AnyTenants | None, settings: Settings) -> FastAPI:
    """The HTTP service over tenants; without any it can only document itself."""
    app = FastAPIOffline(
        title="Billing backlog",
        version="1",
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        # Nobody collects it here, and every request would look for a collector first.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.tenants, app.state.settings = tenants, settings
    app.state.waiting = Waiting(settings.waiting_limit)
    # Not by include_router: it would look at each route twice, and in routers one after the other.
    # Before the pages of the documentation, for what is asked for all day is to be found first.
    modules = (backlog, intake, invoices, contracts, audit, operations)
    app.router.routes[:0] = [route for module in modules for route in module.router.routes]
    app.add_exception_handler(Exception, _unforeseen)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ProblemRaised, _raised)
    app.add_exception_handler(ClientDisconnect, _cut_off)
    for kind in problems.FORESEEN:
        app.add_exception_handler(kind, _foreseen)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(Door, settings=settings)
    app.openapi = lambda: openapi(app)
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with intake bodies, the problem document and links filled in."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        summary="From approved work to confirmed invoices",
    )
    parts = document["components"]["schemas"]
    for model in (answers.Problem, answers.RefusedEvent):
        parts[model.__name__] = model.model_json_schema(ref_template=_PART)
    for model in (schemas.ApprovalData, schemas.ContractData, schemas.LineData):
        parts.update(_posted(model))
    data = [
        {"$ref": f"#/components/schemas/{name}"}
        for name in ("ApprovalData", "ContractData", "LineData")
    ]
    events = document["paths"]["/v1/events"]["post"]
    events["requestBody"] = intake.event_body(upstream.TYPES, data)
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {
                "description": "A problem",
                "content": {MEDIA_TYPE: problem},
            }
    refused = {"$ref": "#/components/schemas/RefusedEvent"}
    events["responses"]["default"] = {
        "description": "A single event is refused, or another problem",
        "content": {MEDIA_TYPE: {"schema": {"anyOf": [refused, problem["schema"]]}}},
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)
    links.add(document)
    app.openapi_schema = document
    return document


def _posted(model: type[BaseModel]) -> dict[str, Any]:
    """The schemas of the data of an event: open, for intake ignores fields that it does not know.

    Parts that are open for that reason are named apart from those that other bodies have.
    """
    schema = model.model_json_schema(ref_template=_PART)
    found = {model.__name__: schema, **schema.pop("$defs", {})}
    opened = {
        name: name if name == model.__name__ else f"Posted{name.removesuffix('Body')}"
        for name, part in found.items()
        if part.get("additionalProperties") is False
    }
    text = json.dumps({opened.get(name, name): part for name, part in found.items()})
    for name, new in opened.items():
        text = text.replace(f'"{_PART.format(model=name)}"', f'"{_PART.format(model=new)}"')
    parts = json.loads(text)
    for name in opened.values():
        del parts[name]["additionalProperties"]
    return parts


# --- errors ------------------------------------------------------------------------------------


async def _foreseen(_: Request, error: Exception) -> Response:
    problem = problems.of(error)
    if problem is None:
        raise error
    return problem_response(problem)


async def _raised(_: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemRaised):
        raise error
    return problem_response(error.problem)


async def _invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_response(problems.invalid_fields(problems.field_errors(error.errors())))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    problem = Problem(
        status=error.status_code, code=code, detail=str(error.detail), headers=headers
    )
    return problem_response(problem)


def _methods(request: Request) -> list[str]:
    """The methods that the path knows: those of every route, for each has one of its own."""
    matching = (
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted({method for route in matching for method in route.methods or ()})


async def _cut_off(_: Request, error: Exception) -> Response:
    """For nobody: the client hung up before it had sent its body."""
    return problem_response(Problem(status=400, code="cut_off", detail="the body was cut off"))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen error", method=request.method, path=request.url.path, exc_info=error)
    detail = "this should not happen; it is in the server's log"
    return problem_response(Problem(status=500, code="internal", detail=detail))


# --- limits ------------------------------------------------------------------------------------


class BodyLimit:
    """Refuses bodies that are too large, as they announce or as they really come, or too slow."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        intake_path = scope["path"] == "/v1/events"
        limit = self._settings.intake_body_limit if intake_path else self._settings.body_limit
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await self._too_large(limit)(scope, receive, send)
            return
        received, is_whole = 0, False
        due = asyncio.get_running_loop().time() + self._settings.body_seconds

        async def limited() -> Message:
            nonlocal received, is_whole
            message = await (receive() if is_whole else self._in_time(receive, due))
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limit:
                raise ProblemRaised(self._problem(limit))
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

    def _too_large(self, limit: int) -> Response:
        return problem_response(self._problem(limit))

    @staticmethod
    def _problem(limit: int) -> Problem:
        detail = f"the body has more than {limit} bytes"
        return Problem(status=413, code="body_too_large", detail=detail)
