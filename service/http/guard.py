"""Who may do what: each route asks for a scope, and a token must have it.

Each route has the guard as a security dependency, so that the document says what it asks for. The
guard is asked before the body is read, too (`StrictRoute`): strangers have nothing read.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import Request, Security, params
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from projections.history import Unavailable
from projections.views.kept_to import UNRESTRICTED, KeptTo
from service.access.authorities import Authority
from service.access.principals import (
    KEEPS_TO_NOTHING,
    BadToken,
    IssuerUnavailable,
    Keeps,
    Principal,
    Scope,
)
from service.access.sessions import Session
from service.http.limits.rates import count
from service.http.responses import ProblemRaised
from service.http.ui.cookies import cookies_of
from service.ledger.stored_form import UnreadableEvent
from service.watching.asked import at_hand
from service.wire.problem.problems import Problem

OPEN: Final = "open"
"""What a route asks for that is open to everybody."""
Asked = Scope | tuple[Scope, ...] | Literal["open"]
"""A scope that a route asks for, or several of which one is enough, or `OPEN`."""
CSRF_HEADER = "X-CSRF-Token"
"""By which a page of ours shows that a change is its own doing."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
AGAIN_SECONDS = 1.0
"""How long whoever listens is told more before their token is looked at again."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a route asks of who calls: one of these scopes; and which restrictions it keeps to."""

    scopes: Sequence[str]
    keeps: Keeps = KEEPS_TO_NOTHING


class Guard(SecurityBase):
    """FastAPI's security dependency: who calls, if they may; None where nobody is asked."""

    def __init__(self, keeps: Keeps) -> None:
        self.keeps = keeps
        self.model = HTTPBearer(
            bearerFormat="API key or JWT",
            description="The token of an API key, or an access token of the configured issuer.",
        )
        self.scheme_name = "bearer"

    async def __call__(self, request: Request, asked: SecurityScopes) -> Principal | None:
        return await admitted(request, Asking(asked.scopes, self.keeps))


def asking_for(asked: Asked, keeps: Keeps = KEEPS_TO_NOTHING) -> list[params.Security]:
    """The dependencies of a route that asks for this. Raises TypeError for what is no scope."""
    if asked == OPEN:
        return []
    scopes = asked if isinstance(asked, tuple) else (asked,)
    if not scopes or not all(isinstance(scope, Scope) for scope in scopes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a route asks for a Scope, some of them, or is OPEN; not for {asked!r}")
    return [Security(Guard(keeps), scopes=list(scopes))]


def asked_of(dependencies: Sequence[params.Depends]) -> Asking | None:
    """What a route asks of who calls, by its dependencies; None where it is open."""
    for each in dependencies:
        if isinstance(each, params.Security) and isinstance(each.dependency, Guard):
            return Asking(tuple(each.scopes or ()), each.dependency.keeps)
    return None


async def admitted(request: Request, asked: Asking, *, is_use: bool = True) -> Principal | None:
    """Who calls, where one of these scopes is theirs; None where nobody is asked who they are.

    Whether this `is_use` counts for a browser's session, which ends when it is idle. Raises
    ProblemRaised: 401 without a good token or session, 429 for a bearer who calls too often, 403
    without a scope of these, or where the token is restricted to what the route does not keep to,
    or where a change by a session does not show its token.
    """
    authority: Authority | None = request.app.state.authority
    if authority is None:
        return None
    principal = caller_of(request)
    if principal is None:
        principal = await _authenticated(request, authority, is_use)
        request.state.principal = principal
        if at := at_hand():
            at.caller = principal.name
        count(request, principal)
    if principal.scopes.isdisjoint(asked.scopes):
        raise ProblemRaised(_forbidden(asked.scopes))
    if beyond := principal.kept & ~asked.keeps:
        raise ProblemRaised(_restricted(beyond))
    return principal


async def while_admitted(
    request: Request, asked: Asking, events: AsyncGenerator[bytes]
) -> AsyncGenerator[bytes]:
    """What is told without an end, for as long as the caller's token is good.

    It is looked at before anything is told, once a second at most.
    """
    loop = asyncio.get_running_loop()
    looked_at = loop.time()
    async with aclosing(events):
        async for event in events:
            if loop.time() - looked_at >= AGAIN_SECONDS:
                request.state.principal = None
                try:
                    await admitted(request, asked, is_use=False)
                except (ProblemRaised, Unavailable, UnreadableEvent):
                    return  # who connects again is told why
                looked_at = loop.time()
            yield event


def require_unrestricted(caller: Principal | None) -> None:
    """Raises ProblemRaised (403) for who may not know of everything."""
    if caller is not None and caller.kept:
        raise ProblemRaised(_restricted(caller.kept))


def caller_of(request: Request) -> Principal | None:
    """Who calls, once the guard has let them in."""
    return getattr(request.state, "principal", None)


def kept_to(request: Request) -> KeptTo:
    """What the caller may know of: everything, unless their token is restricted."""
    caller = required_caller(request)
    return UNRESTRICTED if caller is None else caller.kept_to


def required_caller(request: Request) -> Principal | None:
    """Who calls; None where nobody is asked. Raises ProblemRaised when the guard was not passed."""
    if request.app.state.authority is None:
        return None
    principal = caller_of(request)
    if principal is None:
        raise ProblemRaised(_missing("no token was checked"))
    return principal


async def signed_in(request: Request, *, is_use: bool = True) -> Session | None:
    """The session of the browser that calls; None without one, or where it is over.

    Raises ProblemRaised (403) for a change without the session's token, Unavailable.
    """
    authority: Authority = request.app.state.authority
    cookies = cookies_of(request).sessions_of(request)
    if len(cookies) != 1:  # of two, one is not ours
        return None
    try:
        session = await authority.sessions.session_of(cookies[0], is_use=is_use)
    except BadToken:
        return None
    if request.method not in _READS:
        shown = request.headers.getlist(CSRF_HEADER)
        if len(shown) != 1 or not hmac.compare_digest(shown[0].encode(), session.csrf.encode()):
            raise ProblemRaised(_unshown())
    return session


async def _authenticated(request: Request, authority: Authority, is_use: bool) -> Principal:
    sent = request.headers.getlist("authorization")
    if cookies_of(request).sessions_of(request):
        if sent:
            raise ProblemRaised(_both())
        session = await signed_in(request, is_use=is_use)
        if session is None:
            raise ProblemRaised(_over())
        return session.principal
    scheme, token = get_authorization_scheme_param(sent[0]) if len(sent) == 1 else ("", "")
    if scheme.lower() != "bearer" or not token:
        detail = "this needs a token: send it as `Authorization: Bearer …`, once"
        raise ProblemRaised(_missing(detail))
    try:
        return await authority.principal_of(token.strip())
    except IssuerUnavailable:
        raise ProblemRaised(_without_issuer()) from None
    except BadToken:
        raise ProblemRaised(bad_token()) from None


def _missing(detail: str) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(status=401, code="token_missing", detail=detail, headers=headers)


def bad_token() -> Problem:
    """The problem of a token that lets nobody in."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    detail = "the token lets nobody in"
    return Problem(status=401, code="token_invalid", detail=detail, headers=headers)


def _both() -> Problem:
    detail = "the call has a token and the cookie of a session: send one of them, or sign out"
    return Problem(status=400, code="token_and_session", detail=detail)


def _over() -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    detail = "the session is over: sign in again"
    return Problem(status=401, code="session_over", detail=detail, headers=headers)


def _unshown() -> Problem:
    detail = f"a change by a session needs its token as {CSRF_HEADER}: GET /ui/session tells it"
    return Problem(status=403, code="csrf_token_missing", detail=detail)


def _without_issuer() -> Problem:
    detail = "the issuer of tokens gives no keys, and those that are known are too old: try again"
    headers = {"Retry-After": "5"}
    return Problem(status=503, code="issuer_unavailable", detail=detail, headers=headers)


def _restricted(beyond: Keeps) -> Problem:
    kinds = {Keeps.TO_CONTRACTS: "contracts", Keeps.TO_CUSTOMERS: "customers"}
    some = " and ".join(name for kind, name in kinds.items() if kind in beyond)
    detail = f"the token is for some {some} alone, and this does not keep to them: use another one"
    return Problem(status=403, code="token_restricted", detail=detail)


def _forbidden(asked: Sequence[str]) -> Problem:
    detail = f"this needs the scope {' or '.join(asked)}"
    why = f'Bearer error="insufficient_scope", scope="{" ".join(asked)}"'
    headers = {"WWW-Authenticate": why}
    return Problem(status=403, code="scope_missing", detail=detail, headers=headers)


def told_by_token(header: str) -> Problem:
    """The problem of a caller who says in a header who they are, where their token does."""
    detail = f"{header}: the token says that; leave the header out"
    return Problem(status=400, code="told_by_token", detail=detail)
