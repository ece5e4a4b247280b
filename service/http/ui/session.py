"""Who works in the browser: told, signed in by the token of a key, signed out."""

import logging

from fastapi import Request, Response
from pydantic import Field

from service.access.authorities import Authority
from service.access.principals import BadToken
from service.access.sessions import Begun, Session
from service.http.guard import OPEN, bad_token, signed_in
from service.http.responses import ProblemRaised, json_response
from service.http.routers.routes import Routes
from service.http.ui.cookies import cookies_of
from service.tenants.names import DEFAULT
from service.watching.asked import at_hand
from service.wire.fields import Wire
from service.wire.problem.problems import Problem

log = logging.getLogger(__name__)
routes = Routes("/ui", "Web interface")
UNKEPT = {"Cache-Control": "no-store"}
"""Of answers that say who somebody is, or that end something."""


class KeyBody(Wire):
    """The token of a key that somebody pasted."""

    key: str = Field(min_length=1, max_length=1024)


@routes.get("/session", OPEN, include_in_schema=False)
async def get_session(request: Request) -> Response:
    """Who is signed in; where nobody is asked who they are, that, and the tenant they work in."""
    if request.app.state.authority is None:
        return json_response({"authentication": False, "tenant": DEFAULT}, headers=UNKEPT)
    session = await signed_in(request)
    answer = _told(request, session)
    cookies = cookies_of(request)
    if session is None and cookies.sessions_of(request):
        cookies.forget_session(answer)
    return answer


@routes.post("/session", OPEN, include_in_schema=False)
async def begin_session(request: Request, body: KeyBody) -> Response:
    """Signs in by the token of a key. Raises ProblemRaised (401) where it lets nobody in."""
    authority = _authority(request)
    try:
        begun = await authority.sessions.begin_by_key(body.key)
    except BadToken:
        raise ProblemRaised(bad_token()) from None
    answer = _told(request, begun.session)
    await take(request, answer, begun, "key")
    return answer


@routes.delete("/session", OPEN, include_in_schema=False)
async def end_session(request: Request) -> Response:
    """Signs out, once the page has shown that it is ours (403 otherwise)."""
    authority = _authority(request)
    cookies = cookies_of(request)
    session = await signed_in(request)
    for cookie in cookies.sessions_of(request) if session else ():
        await authority.sessions.end(cookie)
        log.info("signed out", extra=_who(session))
    answer = _told(request, None)
    cookies.forget_session(answer)
    return answer


async def take(request: Request, answer: Response, begun: Begun, way: str) -> None:
    """Gives a browser the session that has begun, in the place of any that it had."""
    cookies = cookies_of(request)
    sessions = request.app.state.authority.sessions
    for cookie in cookies.sessions_of(request)[:1]:
        await sessions.end(cookie)
    cookies.keep_session(answer, begun.cookie)
    if asked := at_hand():
        asked.caller, asked.tenant = begun.session.principal.name, begun.session.principal.tenant
    log.info("signed in", extra={**_who(begun.session), "way": way})


def _told(request: Request, session: Session | None) -> Response:
    """What the page is told of who is signed in."""
    authority: Authority = request.app.state.authority
    told: dict[str, object] = {
        "authentication": True,
        "signed_in": session is not None,
        "ways": ["key", "issuer"] if authority.sign_in else ["key"],
    }
    if session is not None:
        principal = session.principal
        told |= {
            "actor": principal.name,
            "tenant": principal.tenant,
            "scopes": sorted(principal.scopes),
            "restricted": bool(principal.kept),
            "kept": [
                name
                for name, only in (
                    ("contracts", principal.contracts),
                    ("customers", principal.customers),
                )
                if only is not None
            ],
            "csrf": session.csrf,
        }
    return json_response(told, headers=UNKEPT)


def _who(session: Session | None) -> dict[str, str]:
    if session is None:
        return {}
    return {"tenant": session.principal.tenant, "caller": session.principal.name}


def _authority(request: Request) -> Authority:
    """Raises ProblemRaised (404) where nobody is asked who they are."""
    authority: Authority | None = request.app.state.authority
    if authority is None:
        detail = "nobody is asked who they are here (--authentication), so nobody signs in"
        raise ProblemRaised(Problem(status=404, code="not_found", detail=detail))
    return authority
