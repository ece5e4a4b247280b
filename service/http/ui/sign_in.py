"""The way to the issuer, where people sign in, and back.

A browser does not send a `Strict` cookie with what a page of another site led it to. So the way
back ends in a page of ours, and that leads on to where somebody was.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from projections.history import Unavailable
from service.access.authorities import Authority
from service.access.flows import Flow, SignInFailed
from service.access.principals import BadToken, IssuerUnavailable
from service.http.responses import ProblemRaised
from service.http.ui.cookies import cookies_of
from service.http.ui.pages import Pages
from service.http.ui.session import UNKEPT, take
from service.settings import Settings
from service.wire.problem.problems import invalid_fields

if TYPE_CHECKING:
    from service.access.issuer_sign_in import IssuerSignIn

log = logging.getLogger(__name__)
routes = Pages()
_LONGEST = 2000
"""Characters of an address that somebody is led back to."""
_ADDRESS = re.compile(r"[!#-;=?-\[\]-~]*")
"""What may stand in it: ASCII that is printed, without quotes, angle brackets and backslashes."""
_DOTS = frozenset({".", ".."})
_FAILED = (SignInFailed, BadToken, IssuerUnavailable, Unavailable)
_TOLD = ("state", "code", "iss", "error", "error_description")
"""What the issuer says to the browser that concerns us."""
_ON = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    "<title>Billing backlog</title>\n"
    '<meta http-equiv="refresh" content="0;url={to}">\n</head>\n'
    '<body><p><a href="{to}">Billing backlog</a></p></body>\n</html>\n'
)


@routes.at("/ui/sign-in")
async def get_sign_in(request: Request) -> Response:
    """Leads to the issuer. Raises ProblemRaised (422) for an address that is none of ours."""
    to = _to(request)
    flow = Flow.new()
    try:
        address = await _at_issuer(request).begun(flow, _way_back(request))
    except _FAILED as error:
        return _failed(request, error)
    answer = RedirectResponse(address, 303, UNKEPT)
    cookies_of(request).keep_flow(answer, flow, to)
    return answer


@routes.at("/ui/signed-in")
async def get_signed_in(request: Request) -> Response:
    """Ends what the issuer led back from: signs in, and leads to where somebody was."""
    authority: Authority | None = request.app.state.authority
    begun = cookies_of(request).flow_of(request)
    try:
        at_issuer = _at_issuer(request)
        assert authority is not None, "there is an issuer to sign in at"  # noqa: S101
        if begun is None:
            raise SignInFailed("this browser began no sign-in, or too long ago")
        flow, to = begun
        if not is_ours(to, _root(request)):
            raise SignInFailed("the browser's cookie leads elsewhere")
        checked = await at_issuer.ended(flow, _way_back(request), _told(request))
        session = await authority.sessions.begin_by_token(checked)
        page = _ON.format(to=escape(to))
        answer = Response(page, headers=UNKEPT, media_type="text/html; charset=utf-8")
        await take(request, answer, session, "issuer")
    except _FAILED as error:
        return _failed(request, error)
    cookies_of(request).forget_flow(answer)
    return answer


def is_ours(to: str, root_path: str) -> bool:
    """Whether an address, as a browser has it, is under /ui/ and stays there."""
    if len(to) > _LONGEST or not _ADDRESS.fullmatch(to) or not to.startswith(f"{root_path}/ui/"):
        return False
    path = re.split("[?#]", to)[0]
    return _DOTS.isdisjoint(path.lower().replace("%2e", ".").split("/"))


def _to(request: Request) -> str:
    """Where a sign-in is to lead. Raises ProblemRaised (422) where that is not under /ui/."""
    asked = request.query_params.getlist("to") or [f"{_root(request)}/ui/"]
    if len(asked) > 1 or not is_ours(asked[0], _root(request)):
        why = f"must be one path under {_root(request)}/ui/, of at most {_LONGEST} characters"
        raise ProblemRaised(invalid_fields([("to", why)]))
    return asked[0]


def _told(request: Request) -> Mapping[str, str]:
    """What the issuer says. Raises SignInFailed where it says a thing twice."""
    query = request.query_params
    if any(len(query.getlist(name)) > 1 for name in _TOLD):
        raise SignInFailed("the way back says something twice")
    return {name: query[name] for name in _TOLD if name in query}


def _at_issuer(request: Request) -> IssuerSignIn:
    """Where people sign in. Raises SignInFailed where nobody does."""
    authority: Authority | None = request.app.state.authority
    if authority is None or authority.sign_in is None:
        raise SignInFailed("no issuer is configured for browsers (issuer_client_id)")
    return authority.sign_in


def _way_back(request: Request) -> str:
    """The address that the issuer leads back to, as it must know it (`redirect_uri`)."""
    settings: Settings = request.app.state.settings
    origin = settings.public_origin or f"{request.url.scheme}://{request.headers['host']}"
    return f"{origin}{settings.root_path}/ui/signed-in"


def _root(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.root_path


def _failed(request: Request, error: Exception) -> Response:
    """Says on the page that it failed, and in the log why."""
    log.warning("somebody could not sign in", extra={"error": str(error)})
    answer = RedirectResponse("/ui/?sign_in=failed", 303, UNKEPT)
    cookies_of(request).forget_flow(answer)
    return answer
