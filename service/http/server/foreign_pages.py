"""What browsers let pages of other origins do: those that are configured, and no others (CORS)."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from service.hosts import origin_of
from service.http.responses import problem_response
from service.settings import Settings
from service.wire.problem.problems import Problem

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_EXPOSED = ("Allow", "ETag", "Link", "Location", "Retry-After", "X-Request-Id")
"""Headers of answers that scripts may read, beside those that they always may."""


class ForeignPages(CORSMiddleware):
    """Starlette's CORS for the configured origins, with problem documents.

    They are trusted to change things, so they may send any header. Credentials are not allowed:
    cookies are for the service's own pages.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=[str(origin_of(origin)) for origin in settings.origins],
            allow_methods=_METHODS,
            allow_headers=("*",),
            expose_headers=_EXPOSED,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser that asks whether a page may do something."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            return answer
        refused = Problem(
            status=403,
            code="foreign_origin",
            detail=f"a page of {request_headers['origin']!r} may not do that here; the origins "
            f"that may use {', '.join(_METHODS)} are configured (BILLING_BACKLOG_ORIGINS)",
            headers={"Vary": answer.headers["vary"]},
        )
        return problem_response(refused)
