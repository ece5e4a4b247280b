"""Who is let in: requests to hosts that are known, changes from pages of the service's own.

Whoever reaches a loopback address may do all there. Without this check, so may every page in a
browser on the machine: a page from elsewhere can send a POST here, and can have the name of its own
host stand for 127.0.0.1 (DNS rebinding), to read the answers, too.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.hosts import Host, host_of, origin_of, own_origin
from service.http.responses import problem_response
from service.settings import Settings
from service.wire.problem.problems import Problem

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})
"""What browsers call pages of other origins: `same-site` is another port or a sister domain."""


class Door:
    """Refuses requests by their head alone, before any of their bodies is read.

    Every request must name a host that is known: a loopback name, or one from the settings. One
    that may change something must not come from a page of another origin: browsers say so in
    `Origin` and `Sec-Fetch-Site`, other clients send neither.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = frozenset(settings.hosts)
        self._origins = frozenset(map(origin_of, settings.origins))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._refused(scope) if scope["type"] == "http" else None
        if problem:
            await problem_response(problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refused(self, scope: Scope) -> Problem | None:
        if _is_framed_twice(scope):
            return Problem(
                status=400,
                code="framed_twice",
                detail="Content-Length and Transfer-Encoding exclude each other: send one of them",
                headers={"Connection": "close"},
            )
        sent: dict[bytes, list[str]] = {b"host": [], b"origin": [], b"sec-fetch-site": []}
        for name, value in scope["headers"]:
            if name in sent:
                sent[name].append(value.decode("latin-1").strip())
        hosts = sent[b"host"]
        host = host_of(hosts[0]) if len(hosts) == 1 else None
        if host is None and any(hosts):
            return Problem(
                status=400,
                code="malformed_host",
                detail="Host must be one name or address, with a port or without",
            )
        if host is None or not (host.is_loopback() or host.name in self._hosts):
            return _unknown(host)
        if scope["method"] in _READS or not (sent[b"origin"] or sent[b"sec-fetch-site"]):
            return None
        return self._foreign(scope["scheme"], host, sent[b"origin"], sent[b"sec-fetch-site"])

    def _foreign(
        self, scheme: str, host: Host, origins: list[str], sites: list[str]
    ) -> Problem | None:
        """Why a change is refused by where it comes from, None when it is not."""
        found = {origin_of(origin) for origin in origins}
        if found and found <= self._origins:
            return None
        # A proxy that ends TLS may not say so; a page under https is no worse than one under http.
        own = {own_origin(scheme, host), own_origin("https", host)}
        named = {part.strip().lower() for site in sites for part in site.split(",")}
        if found <= own and not named & _FOREIGN_SITES:
            return None
        return Problem(
            status=403,
            code="foreign_origin",
            detail="pages of another origin can't change anything here; "
            "the origins that may are configured (BILLING_BACKLOG_ORIGINS)",
        )


def _is_framed_twice(scope: Scope) -> bool:
    """Whether a proxy may have taken another end of the body for its end (RFC 9112, 6.1)."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


def _unknown(host: Host | None) -> Problem:
    asked = f"{host.name!r} is not a host that this server knows" if host else "no host is named"
    return Problem(
        status=421,
        code="unknown_host",
        detail=f"{asked}: use a loopback name, such as localhost, or allow the host "
        "(--allow-host, BILLING_BACKLOG_HOSTS)",
    )
