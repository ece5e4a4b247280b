"""Headers by which browsers keep answers from harm."""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.server.root_path import own_path
from service.settings import Settings

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""What answers for programs may load in a browser."""
_OF_PROGRAMS = (b"content-security-policy", NOTHING.encode())
PAGE = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the pages of the API's description may: the files beside them, and the scripts in them."""
INTERFACE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What the web interface may: the files of this server, and to make no script or HTML of a text."""
_PAGES = frozenset({"/docs", "/docs/oauth2-redirect"})
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def always(settings: Settings) -> list[tuple[str, str]]:
    """The headers of every answer, whatever it is."""
    headers = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    ]
    if settings.tls_certificate and settings.hsts_seconds:
        headers.append(("Strict-Transport-Security", f"max-age={settings.hsts_seconds}"))
    return headers


class ContentPolicy:
    """Says what a browser may load with an answer (Content-Security-Policy).

    That is nothing, but for the pages of the description, and for what says so by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and own_path(scope) in _PAGES:
            await self._page(scope, receive, send)
            return

        async def ruled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name == _OF_PROGRAMS[0] for name, _ in headers):
                    message = {**message, "headers": [*headers, _OF_PROGRAMS]}
            await send(message)

        await self._app(scope, receive, ruled)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        head: Message | None = None

        async def ruled(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                head = message  # its scripts are in the body, which comes next
                return
            if head is not None:
                policy = PAGE.format(scripts=_hashes(message.get("body", b"")))
                MutableHeaders(scope=head)["content-security-policy"] = policy
                await send(head)
                head = None
            await send(message)

        await self._app(scope, receive, ruled)


def _hashes(page: bytes) -> str:
    """The scripts that stand in a page, as policies name them."""
    found = (hashlib.sha256(script).digest() for script in _SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in found)
