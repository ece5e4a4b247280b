"""A browser that signs in, as far as the service sees one: its cookies, and what its pages send."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
from fastapi import FastAPI

COOKIE = "__Host-billing-backlog"
FLOW = "__Host-billing-backlog-sign-in"


def cookies(answer: httpx.Response) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets, with how long and for whom they are."""
    found: dict[str, Morsel[str]] = {}
    for header in answer.headers.get_list("set-cookie"):
        found.update(SimpleCookie(header))
    return found


class Browser:
    """Keeps cookies, and sends the token of its session with what changes something."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.kept: dict[str, str] = {}
        self.csrf: str | None = None

    async def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        """An answer; its cookies are kept, and are sent from then on."""
        known = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.kept.items())} if self.kept else {}
        if self.csrf is not None and method not in {"GET", "HEAD"}:
            known["X-CSRF-Token"] = self.csrf
        self.http.cookies.clear()
        answer = await self.http.request(method, path, headers={**known, **(headers or {})}, **sent)
        for name, morsel in cookies(answer).items():
            if morsel["max-age"] == "0":
                self.kept.pop(name, None)
            else:
                self.kept[name] = morsel.value
        return answer

    async def session(self) -> dict[str, Any]:
        """Who is signed in, as the page is told."""
        answer = await self.call("GET", "/ui/session")
        assert answer.status_code == 200, answer.text
        return self._told(answer)

    async def by_key(self, text: str) -> dict[str, Any]:
        """Signs in by the token of a key."""
        answer = await self.call("POST", "/ui/session", json={"key": text})
        assert answer.status_code == 200, answer.text
        return self._told(answer)

    def _told(self, answer: httpx.Response) -> dict[str, Any]:
        said = answer.json()
        self.csrf = said.get("csrf")
        return said


@asynccontextmanager
async def browsing(app: FastAPI, *, base: str = "http://localhost") -> AsyncGenerator[Browser]:
    """A browser of a service in process."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=base) as http:
        yield Browser(http)
