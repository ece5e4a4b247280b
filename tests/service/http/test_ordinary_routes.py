"""Routes as FastAPI's documentation has them work on an app that is made as ours is.

What they ask for comes with web interfaces and guarded doors: security with scopes, cookies, forms,
dependencies with an end, event streams, models as answers. They are as strict as all the others.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Cookie,
    Depends,
    FastAPI,
    Form,
    HTTPException,
    Response,
    Security,
)
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from service.http.routers.strict_route import StrictRoute
from service.http.server.serving import running
from tests.service.http_caller import problem

SCOPES = {"clerk": {"backlog:read"}, "auditor": {"backlog:read", "audit:read"}}


class Noted(BaseModel):
    """A model that is a body and an answer."""

    text: str
    by: str = "nobody"


class Desk:
    """What the routes below leave behind."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.sent: list[str] = []
        self.hung_up = asyncio.Event()

    async def borrowed(self) -> AsyncIterator["Desk"]:
        """A dependency with an end."""
        self.opened += 1
        yield self
        self.closed += 1


async def who(
    asked: SecurityScopes,
    token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> str:
    """Whoever the token names, if they have the scopes of the route."""
    if not SCOPES[token.credentials] >= set(asked.scopes):
        raise HTTPException(403, f"needs {asked.scope_str}")
    return token.credentials


def mounted(desk: Desk) -> APIRouter:
    """Routes as the documentation of FastAPI has them."""
    router = APIRouter(prefix="/v1/desk", route_class=StrictRoute)

    @router.get("/history")
    async def history(name: Annotated[str, Security(who, scopes=["audit:read"])]) -> dict[str, str]:
        return {"for": name}

    @router.get("/session")
    def session(response: Response, seen: Annotated[str | None, Cookie()] = None) -> Noted:
        response.set_cookie("seen", "yes", httponly=True)
        return Noted(text=seen or "new")

    @router.post("/sign-in")
    async def sign_in(name: Annotated[str, Form()], pin: Annotated[int, Form()]) -> Noted:
        return Noted(text=str(pin), by=name)

    @router.post("/notes", status_code=201)
    async def note(
        body: Noted,
        borrowed: Annotated[Desk, Depends(desk.borrowed)],
        later: BackgroundTasks,
        after: int = 0,
    ) -> Noted:
        later.add_task(borrowed.sent.append, f"{body.text} {after}")
        return body

    @router.get("/stream", response_class=EventSourceResponse)
    async def stream() -> AsyncIterator[ServerSentEvent]:
        try:
            for position in (1, 2):
                yield ServerSentEvent(id=str(position), data={"position": position})
            await asyncio.Event().wait()  # for what never comes
        finally:
            desk.hung_up.set()

    @router.get("/export")
    async def export() -> StreamingResponse:
        async def lines() -> AsyncGenerator[str]:
            for number in range(3):
                yield f"{number}\n"

        return StreamingResponse(lines(), media_type="text/csv")

    return router


@pytest.fixture
def desk(app: FastAPI) -> Desk:
    desk = Desk()
    app.include_router(mounted(desk))
    return desk


@pytest.mark.usefixtures("desk")
async def test_security_with_scopes_lets_in_who_has_them_and_tells_others_in_problems(
    http: httpx.AsyncClient,
) -> None:
    def asked(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {name}"}

    nobody = await http.get("/desk/history")
    assert problem(nobody, 401)
    assert nobody.headers["www-authenticate"] == "Bearer"
    clerk = problem(await http.get("/desk/history", headers=asked("clerk")), 403)
    assert clerk["detail"] == "needs audit:read"
    auditor = await http.get("/desk/history", headers=asked("auditor"))
    assert auditor.json() == {"for": "auditor"}


@pytest.mark.usefixtures("desk")
async def test_cookies_are_read_and_set(http: httpx.AsyncClient) -> None:
    first = await http.get("/desk/session")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert [first.json()["text"], (await http.get("/desk/session")).json()["text"]] == [
        "new",
        "yes",
    ]


@pytest.mark.usefixtures("desk")
async def test_forms_are_read_and_told_what_is_wrong_with_their_fields(
    http: httpx.AsyncClient,
) -> None:
    done = await http.post("/desk/sign-in", data={"name": "Ada", "pin": "12"})
    assert done.json() == {"text": "12", "by": "Ada"}
    wrong = problem(await http.post("/desk/sign-in", data={"name": "Ada", "pin": "x"}), 422)
    assert [each["field"] for each in wrong["errors"]] == ["pin"]


async def test_dependencies_end_and_tasks_run_after_the_answer(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    answer = await http.post("/desk/notes?after=7", json={"text": "call back"})
    assert (answer.status_code, answer.json()) == (201, {"text": "call back", "by": "nobody"})
    assert (desk.opened, desk.closed, desk.sent) == (1, 1, ["call back 7"])


async def test_what_tests_override_is_overridden(
    app: FastAPI, http: httpx.AsyncClient, desk: Desk
) -> None:
    app.dependency_overrides[who] = lambda: "a test"
    assert (await http.get("/desk/history")).json() == {"for": "a test"}
    assert desk.opened == 0


@pytest.mark.parametrize(
    ("query", "body", "kind", "status"),
    [
        ("?before=7", b'{"text": "x"}', "application/json", 422),
        ("", b'{"text": "x", "text": "y"}', "application/json", 400),
        ("", b'{"text": NaN}', "application/json", 400),
        ("", b'{"text": "x"}', "text/plain", 415),
        ("", b"", "application/json", 422),
    ],
)
async def test_ordinary_routes_are_as_strict_as_all_others(
    http: httpx.AsyncClient, desk: Desk, query: str, body: bytes, kind: str, status: int
) -> None:
    answer = await http.post(f"/desk/notes{query}", content=body, headers={"content-type": kind})
    problem(answer, status)
    assert desk.sent == []


def test_an_event_stream_flows_and_ends_when_its_reader_hangs_up(app: FastAPI) -> None:
    desk = Desk()
    app.include_router(mounted(desk))
    with running(app) as address, httpx.Client(base_url=address, timeout=10) as client:
        with client.stream("GET", "/v1/desk/stream") as answer:
            lines = answer.iter_lines()
            found = [next(lines) for _ in range(5)]
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert found == ['data: {"position": 1}', "id: 1", "", 'data: {"position": 2}', "id: 2"]
        assert client.get("/v1/desk/export").text == "0\n1\n2\n"
    assert desk.hung_up.is_set()
