"""Large answers go compressed to clients that take it: a page of rows in a thirteenth."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALLEST = 4_096
"""Bytes of an answer that is compressed; smaller ones fit into a packet or three as they are."""
LEVEL = 3
"""Of 1 to 9: more takes several times as long and saves little."""
_KEPT = frozenset({"GET", "HEAD"})
"""What is asked for with these, caches may answer others with."""


class Gzip(GZipMiddleware):
    """Starlette's, which knows `gzip` in small letters alone, and takes `gzip;q=0` for leave.

    Names of codings are the same in any case, and a weight of 0 is a refusal. Where no coding is
    named, answers to commands pass by: nobody keeps them, so nothing need be told of others.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, minimum_size=SMALLEST, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers: list[tuple[bytes, bytes]] = scope["headers"]
            if any(name == b"accept-encoding" for name, _ in headers):
                scope = {**scope, "headers": _accepted(headers)}
            elif scope["method"] not in _KEPT:
                await self.app(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def _accepted(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with the accepted codings in small letters; without these where gzip is none."""
    lower = [(name, v.lower() if name == b"accept-encoding" else v) for name, v in headers]
    return [each for each in lower if each[0] != b"accept-encoding"] if _refuses(lower) else lower


def _refuses(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether gzip is named with a weight of 0."""
    for name, value in headers:
        if name == b"accept-encoding" and b"q=0" in value:
            for coding in value.split(b","):
                named, _, weight = coding.replace(b" ", b"").partition(b";q=")
                if named in {b"gzip", b"x-gzip"} and not weight.strip(b"0."):
                    return weight != b""
    return False
