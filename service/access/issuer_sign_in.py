"""Signing in at the issuer, from a browser: the authorization code flow of OIDC, with PKCE.

The issuer is asked within bounds of time and size, and what it says is believed as little as its
tokens are elsewhere.
"""

import asyncio
import hmac
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import quote_plus, urlencode

import httpx

from service.access.flows import Flow, SignInFailed
from service.access.issuer_keys import FETCH_SECONDS, address_in, answer, discovered
from service.access.issuers import Checked, Issuer
from service.access.principals import BadToken, IssuerUnavailable

R = TypeVar("R")
FRESH_SECONDS = 600.0
"""How long what the issuer says of itself is used before it is asked again."""
AGAIN_SECONDS = 10.0
"""How long it is not asked again after it did not answer."""
MOST_AT_ONCE = 50
"""Calls to the issuer that may wait at once; more are refused."""
_TOLD = 200
"""Characters of what an issuer says that go into the log."""
# Apart from the threads of requests: an issuer that hangs takes none of theirs.
_THREADS = ThreadPoolExecutor(4, "sign-in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the service is to its issuer."""

    client_id: str
    secret: str | None
    scopes: tuple[str, ...]
    token: Literal["access_token", "id_token"]
    """Which token of the issuer's answer says who signs in."""


class IssuerSignIn:
    """What a process knows of where the issuer has people sign in."""

    def __init__(self, issuer: Issuer, client: Client) -> None:
        self._issuer, self._client = issuer, client
        self._guard = threading.Lock()
        self._said: Mapping[str, Any] | IssuerUnavailable = IssuerUnavailable("not asked yet")
        self._good_until = float("-inf")
        self._waiting = 0

    async def begun(self, flow: Flow, way_back: str) -> str:
        """Where a browser is sent to sign in. Raises SignInFailed, IssuerUnavailable."""
        said = await self._in_thread(self._discovered)
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": way_back,
            "scope": " ".join(self._client.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return f"{address_in(said, 'authorization_endpoint')}?{urlencode(query)}"

    async def ended(self, flow: Flow, way_back: str, told: Mapping[str, str]) -> Checked:
        """Who signed in, by what the issuer sent back with the browser.

        Raises SignInFailed, BadToken and IssuerUnavailable.
        """
        if not hmac.compare_digest(told.get("state", "").encode(), flow.state.encode()):
            raise SignInFailed("the way back does not belong to what this browser began")
        if told.get("iss", self._issuer.trust.issuer) != self._issuer.trust.issuer:
            raise SignInFailed("the way back is from another issuer")
        if "code" not in told:
            raise SignInFailed(f"the issuer says {_shown(told)}")
        form = {
            "grant_type": "authorization_code",
            "code": told["code"],
            "redirect_uri": way_back,
            "client_id": self._client.client_id,
            "code_verifier": flow.verifier,
        }
        given = await self._in_thread(lambda: self._tokens(form))
        tokens = {name: given.get(name) for name in ("id_token", "access_token")}
        wanted, id_token = tokens[self._client.token], tokens["id_token"]
        if not isinstance(id_token, str) or not isinstance(wanted, str):
            raise SignInFailed("the issuer's answer lacks a token: is `openid` asked for?")
        try:
            await self._issuer.check_id_token(id_token, self._client.client_id, flow.nonce)
        except BadToken as error:
            raise BadToken(f"of the id token: {error}") from None
        return await self._issuer.checked(wanted)

    async def _in_thread(self, call: Callable[[], R]) -> R:
        """What a call to the issuer comes to. Raises SignInFailed where too many wait already."""
        if self._waiting >= MOST_AT_ONCE:
            raise SignInFailed("too many sign in at once")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
        finally:
            self._waiting -= 1

    def _discovered(self) -> Mapping[str, Any]:
        """What the issuer says of itself, asked again where that is due."""
        with self._guard:
            if time.monotonic() >= self._good_until:
                try:
                    with httpx.Client(timeout=FETCH_SECONDS) as client:
                        self._said = discovered(client, self._issuer.trust.issuer)
                except (IssuerUnavailable, httpx.HTTPError, httpx.InvalidURL) as error:
                    self._said = IssuerUnavailable(_why(error))
                failed = isinstance(self._said, IssuerUnavailable)
                self._good_until = time.monotonic() + (AGAIN_SECONDS if failed else FRESH_SECONDS)
            if isinstance(self._said, IssuerUnavailable):
                raise IssuerUnavailable(str(self._said))
            return self._said

    def _tokens(self, form: dict[str, str]) -> Mapping[str, Any]:
        """What the issuer gives for a code."""
        said = self._discovered()
        sent: dict[str, Any] = {"data": form}
        client, secret = self._client.client_id, self._client.secret
        if secret is not None:
            methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if "client_secret_basic" in methods or "client_secret_post" not in methods:
                sent["auth"] = (quote_plus(client), quote_plus(secret))  # RFC 6749, 2.3.1
            else:
                form["client_secret"] = secret
        try:
            with httpx.Client(timeout=FETCH_SECONDS) as http:
                status, given = answer(http, "POST", address_in(said, "token_endpoint"), **sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IssuerUnavailable(_why(error)) from error
        if status != 200:
            raise SignInFailed(f"the issuer gives no token: {status}, {_shown(given)}")
        return given


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _shown(said: Mapping[str, Any]) -> str:
    """What an issuer says of an error, cut to what a line of the log can bear."""
    texts = (said.get(name) for name in ("error", "error_description"))
    return repr(": ".join(text for text in texts if isinstance(text, str))[:_TOLD])
