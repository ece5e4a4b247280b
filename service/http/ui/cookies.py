"""The cookies of the web interface: that of a session, and that of an attempt to sign in.

Browsers take `Secure` cookies from this machine without TLS, too. `__Host-` has them refuse such a
cookie from any other host, and under any other path; behind a proxy's path, which is no longer `/`,
`__Secure-` is what is left of that.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from starlette.requests import HTTPConnection
from starlette.responses import Response

from service.access.flows import Flow

_NAME = "billing-backlog"
FLOW_SECONDS = 600
"""How long somebody may take to sign in at the issuer."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies behind a proxy's path, or without one."""

    root_path: str = ""

    @property
    def session_name(self) -> str:
        """The name of the session's cookie."""
        return f"{'__Secure-' if self.root_path else '__Host-'}{_NAME}"

    @property
    def flow_name(self) -> str:
        """The name of the cookie of an attempt to sign in at the issuer."""
        return f"{self.session_name}-sign-in"

    def sessions_of(self, request: HTTPConnection) -> list[str]:
        """What a browser sends as its session: one, none, or more where somebody else set some."""
        return self._sent(request, self.session_name)

    def flow_of(self, request: HTTPConnection) -> tuple[Flow, str] | None:
        """The attempt to sign in that this browser began, and where it is to lead."""
        sent = self._sent(request, self.flow_name)
        secret, _, to = sent[0].partition(".") if len(sent) == 1 else ("", "", "")
        return (Flow(secret), unquote(to)) if secret and to else None

    def keep_session(self, response: Response, cookie: str) -> None:
        """Has a browser keep a session until it is closed."""
        self._set(response, self.session_name, cookie, "strict", None)

    def keep_flow(self, response: Response, flow: Flow, to: str) -> None:
        """Has a browser keep an attempt. `Lax`, for it comes back from a page of the issuer."""
        value = f"{flow.secret}.{quote(to, safe='')}"  # a slash would have it put in quotes
        self._set(response, self.flow_name, value, "lax", FLOW_SECONDS)

    def forget_session(self, response: Response) -> None:
        """Has a browser forget its session."""
        self._set(response, self.session_name, "", "strict", 0)

    def forget_flow(self, response: Response) -> None:
        """Has a browser forget its attempt to sign in."""
        self._set(response, self.flow_name, "", "lax", 0)

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        same_site: Literal["strict", "lax"],
        seconds: int | None,
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=f"{self.root_path}/",
            secure=True,
            httponly=True,
            samesite=same_site,
        )

    @staticmethod
    def _sent(request: HTTPConnection, name: str) -> list[str]:
        """All values under a name; a framework's own look-up has the last one alone."""
        pairs = (
            pair.strip().partition("=")
            for header in request.headers.getlist("cookie")
            for pair in header.split(";")
        )
        return [value.strip() for sent, _, value in pairs if sent == name]


def cookies_of(request: HTTPConnection) -> Cookies:
    """The cookies of the service that is asked."""
    cookies: Cookies = request.app.state.cookies
    return cookies
