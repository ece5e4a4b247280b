"""Bodies that come gzipped (`Content-Encoding`), unfolded no further than a body may be."""

import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.bodies import body_limit, too_large
from service.http.responses import ProblemRaised, problem_response
from service.settings import Settings
from service.wire.problem.problems import Problem

MOST_RATIO = 200
"""Bytes that a byte may unfold to. Events of one contract, a thousand alike, come to some 40."""
FREE = 256 * 1024
"""Bytes that may come of any body, whatever their ratio."""
_GZIP = 16 + zlib.MAX_WBITS


class Gunzip:
    """Unfolds bodies that are gzipped, and refuses every other coding.

    What comes of a body is bounded before it is made: no more than its path allows, and no more
    than a ratio that no events reach. One member of gzip is a body; nothing may follow it.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = _coding(scope) if scope["type"] == "http" else ""
        if not coding or coding == "identity":
            await self._app(scope, receive, send)
        elif coding in {"gzip", "x-gzip"}:
            unfolding = _Unfolding(receive, body_limit(scope, self._settings))
            await self._app(_unfolded(scope), unfolding.receive, send)
        else:
            await problem_response(_UNKNOWN)(scope, receive, send)


class _Unfolding:
    """A body that is unfolded as it comes."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._gzip = zlib.decompressobj(_GZIP)
        self._came = self._made = 0

    async def receive(self) -> Message:
        """The next part of the body. Raises ProblemRaised: 400 where it is not gzip, 413."""
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        sent: bytes = message.get("body", b"")
        self._came += len(sent)
        body = self._part(sent)
        if not message.get("more_body", False) and not self._gzip.eof and self._came:
            raise ProblemRaised(_malformed("it is cut off"))
        return {**message, "body": body}

    def _part(self, sent: bytes) -> bytes:
        most = min(self._limit, FREE + self._came * MOST_RATIO)
        try:
            made = self._gzip.decompress(sent, most - self._made + 1)
        except zlib.error:
            raise ProblemRaised(_malformed("it is damaged")) from None
        self._made += len(made)
        if self._made > most:
            raise ProblemRaised(too_large(self._limit if most == self._limit else most))
        if self._gzip.unused_data:
            raise ProblemRaised(_malformed("something follows it"))
        return made


def _coding(scope: Scope) -> str:
    codings = [v for name, v in scope["headers"] if name == b"content-encoding"]
    return b",".join(codings).decode("latin-1").strip().lower()


def _unfolded(scope: Scope) -> Scope:
    """The request as it is without the coding."""
    told = (b"content-encoding", b"content-length")
    return {**scope, "headers": [each for each in scope["headers"] if each[0] not in told]}


def _malformed(why: str) -> Problem:
    detail = f"the body is not whole gzip: {why}"
    return Problem(status=400, code="malformed_gzip", detail=detail)


_UNKNOWN = Problem(
    status=415,
    code="unsupported_encoding",
    detail="Content-Encoding must be gzip, or left out",
    headers={"Accept-Encoding": "gzip"},
)
