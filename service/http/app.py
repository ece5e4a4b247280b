"""The composition of the HTTP service: routers, what errors are answered with, limits."""

import logging
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from opentelemetry.trace import TracerProvider
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from service.access.authorities import authority_of
from service.http import errors
from service.http.bodies import BodyLimit
from service.http.compression import Gzip
from service.http.following import Listeners
from service.http.limits.compressed_bodies import Gunzip
from service.http.limits.deadlines import Deadline
from service.http.limits.rates import RateLimit, Rates
from service.http.methods import HeadAndOptions, allowed_methods
from service.http.openapi import openapi, operation_id
from service.http.reading import Waiting
from service.http.responses import ProblemRaised, problem_response
from service.http.routers import (
    actuals,
    audit,
    backlog,
    contracts,
    directory,
    intake,
    jobs,
    operations,
    problem_kinds,
    stream,
)
from service.http.routers.invoices import confirmation, corrections, details, drafts, review
from service.http.routers.strict_route import StrictRoute
from service.http.server.door import Door
from service.http.server.foreign_pages import ForeignPages
from service.http.server.root_path import RootPath
from service.http.server.safe_headers import ContentPolicy
from service.http.ui import pages, session, sign_in
from service.http.ui.assets import shipped
from service.http.ui.cookies import Cookies
from service.http.watching import figures
from service.http.watching.metrics import Metrics
from service.http.watching.requests import Watched, known_by, telemetry
from service.settings import Settings
from service.tenants.tenants import AnyTenants
from service.watching.asked import at_hand
from service.wire.problem import problems
from service.wire.problem.problems import Problem

log = logging.getLogger(__name__)
PARTS = (
    backlog,
    intake,
    drafts,
    details,
    review,
    confirmation,
    corrections,
    actuals,
    jobs,
    contracts,
    directory,
    audit,
    stream,
    problem_kinds,
    operations,
    figures,
    session,
    sign_in,
    pages,
)
"""The parts of the API, in the order they are documented in."""


@cache
def _routes() -> list[BaseRoute]:
    """All routes: a process makes them once, whatever apps it has. They know nothing of an app."""
    router = APIRouter(route_class=StrictRoute, generate_unique_id_function=operation_id)
    for module in PARTS:
        module.routes.add_to(router)
    return router.routes


def create_app(
    tenants: AnyTenants | None,
    settings: Settings,
    *,
    metrics: Metrics | None = None,
    traces: TracerProvider | None = None,
) -> FastAPI:
    """The HTTP service over tenants; without any it can only document itself.

    `metrics` has the figures of the tenants that it watches; requests are traced by `traces`.
    """
    app = FastAPIOffline(
        routes=_routes(),
        title="Billing backlog",
        version="1",
        generate_unique_id_function=operation_id,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=telemetry(traces),
    )
    app.state.tenants, app.state.settings = tenants, settings
    app.state.metrics = metrics or Metrics()
    app.state.authority = (
        authority_of(tenants, settings) if tenants and settings.authentication else None
    )
    app.state.rates = Rates(settings.calls_a_second) if settings.calls_a_second else None
    app.state.cookies = Cookies(settings.root_path)
    app.state.interface = pages.Interface(shipped(), settings.root_path)
    app.state.waiting = Waiting(settings.waiting_limit)
    app.state.listeners = Listeners(settings.listener_limit)
    app.router.route_class = StrictRoute
    app.add_exception_handler(Exception, _unforeseen)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ProblemRaised, _raised)
    app.add_exception_handler(ClientDisconnect, _cut_off)
    for kind in errors.FORESEEN:
        app.add_exception_handler(kind, _foreseen)
    app.add_middleware(Gunzip, settings=settings)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(ContentPolicy)
    app.add_middleware(Gzip)
    app.add_middleware(Deadline, seconds=settings.request_seconds)
    app.add_middleware(HeadAndOptions)
    if settings.origins:
        app.add_middleware(ForeignPages, settings=settings)
    if rates := app.state.rates:
        app.add_middleware(RateLimit, rates=rates, by_token=app.state.authority is not None)
    app.add_middleware(Door, settings=settings)
    if settings.root_path:
        app.add_middleware(RootPath, root_path=settings.root_path)
    app.add_middleware(Watched, metrics=app.state.metrics)
    app.openapi = lambda: openapi(app)
    return app


# --- errors ------------------------------------------------------------------------------------


async def _foreseen(_: Request, error: Exception) -> Response:
    problem = errors.of(error)
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
        headers["Allow"] = ", ".join(allowed_methods(request.scope))
    problem = Problem(
        status=error.status_code, code=code, detail=str(error.detail), headers=headers
    )
    return problem_response(problem)


async def _cut_off(_: Request, error: Exception) -> Response:
    """For nobody: the client hung up before it had sent its body."""
    return problem_response(Problem(status=400, code="cut_off", detail="the body was cut off"))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unexpected error", extra={"method": request.method}, exc_info=error)
    detail = "an unexpected error: the server's log has the details"
    return problem_response(
        Problem(status=500, code="internal", detail=detail, headers=known_by(at_hand()))
    )
