"""A request as operators see it: its line in the log, and what its answer is found by."""

import json
import logging
import random
import re
from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI

from service import logs
from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.watching.traceparent import traceparent_of
from tests.databases import Only
from tests.service.http_caller import problem

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
CONTRACT = {"name": "Harbour", "currency": "EUR", "customers": [{"customer_id": "P", "name": "P"}]}
MARK = "Zehra-4711"


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The service, with a route that fails as nobody foresaw."""
    app = create_app(Only(tenant), Settings())

    @app.get("/fails/{what}")
    async def fails(what: str) -> None:
        raise LookupError(what)

    return app


@pytest.fixture
async def root(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the service."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is told in the log, as at the level that it has unless it is set."""
    caplog.set_level(logging.INFO, "service")
    caplog.handler.setFormatter(logs.JsonLine())
    return caplog


def lines(told: pytest.LogCaptureFixture, event: str = "request") -> list[dict[str, object]]:
    """The lines that tell of this."""
    found = [json.loads(line) for line in told.text.splitlines()]
    return [line for line in found if line["event"] == event]


async def test_a_command_is_told_with_who_called_and_how_far_the_history_is(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    named = {"X-Actor": "clerk", "X-Correlation-Id": "c-1"}
    answer = await root.put("/v1/contracts/PC-1", json=CONTRACT, headers=named)
    (line,) = lines(told)
    assert line.pop("timestamp")
    duration = line.pop("duration_ms")
    assert isinstance(duration, float)
    assert duration > 0
    assert line == {
        "event": "request",
        "level": "info",
        "method": "PUT",
        "route": "/v1/contracts/{contract_id}",
        "status": 201,
        "request_id": answer.headers["x-request-id"],
        "correlation_id": "c-1",
        "tenant": "default",
        "caller": "clerk",
        "position": 1,
    }


async def test_the_id_of_a_request_is_what_its_events_are_correlated_by(
    root: httpx.AsyncClient,
) -> None:
    answer = await root.put("/v1/contracts/PC-1", json=CONTRACT)
    (event,) = (await root.get("/v1/audit/events", params={"after": 1})).json()["items"]
    assert event["correlation_id"] == answer.headers["x-request-id"]


async def test_a_read_tells_the_position_that_it_shows(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    await root.put("/v1/contracts/PC-1", json=CONTRACT)
    await root.get("/v1/contracts", params={"after": 1})
    await root.get("/v1/contracts/PC-1", params={"after": 1})
    assert [line["position"] for line in lines(told)] == [1, 1, 1]


async def test_what_is_refused_is_told_by_its_route_and_what_has_none_without_its_path(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    await root.get(f"/v1/contracts/{MARK}")
    await root.get(f"/{MARK}")
    await root.request(MARK, "/v1/contracts")
    await root.get("/health/live", headers={"Host": "elsewhere.example"})
    found = [(line["method"], line.get("route"), line["status"]) for line in lines(told)]
    assert found == [
        ("GET", "/v1/contracts/{contract_id}", 404),
        ("GET", None, 404),
        ("OTHER", None, 405),
        ("GET", None, 421),
    ]
    assert MARK not in told.text


async def test_an_error_that_nobody_foresaw_is_found_by_the_id_of_its_answer(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    answer = await root.get(f"/fails/{MARK}", headers={"traceparent": TRACEPARENT})
    assert problem(answer, 500)["code"] == "internal"
    assert answer.headers["traceparent"] == TRACEPARENT
    (failed,) = lines(told, "unexpected error")
    (line,) = lines(told)
    assert (line["status"], line["route"]) == (500, "/fails/{what}")
    assert answer.headers["x-request-id"] == failed["request_id"] == line["request_id"]
    assert failed["trace_id"] == line["trace_id"] == TRACE
    assert str(failed["exception"]).endswith("LookupError")
    assert MARK not in told.text + answer.text


async def test_at_the_level_of_warnings_no_request_is_told(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    told.set_level(logging.WARNING, "service")
    assert (await root.get("/health/live")).is_success
    assert told.text == ""


async def test_a_trace_that_the_caller_names_is_told_and_passed_on(
    root: httpx.AsyncClient, told: pytest.LogCaptureFixture
) -> None:
    answer = await root.get("/health/live", headers={"traceparent": TRACEPARENT})
    assert answer.headers["traceparent"] == TRACEPARENT
    answer = await root.get("/health/live", headers={"traceparent": "mine"})
    assert answer.is_success
    assert "traceparent" not in answer.headers
    assert [line.get("trace_id") for line in lines(told)] == [TRACE, None]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ([TRACEPARENT], TRACEPARENT),
        ([f" {TRACEPARENT} "], TRACEPARENT),
        ([f"cc-{TRACE}-{SPAN}-01-what-comes-later"], f"cc-{TRACE}-{SPAN}-01"),
        ([], None),
        ([TRACEPARENT, TRACEPARENT], None),
        ([f"{TRACEPARENT}-more"], None),
        ([f"cc-{TRACE}-{SPAN}-01more"], None),
        ([f"ff-{TRACE}-{SPAN}-01"], None),
        ([f"00-{'0' * 32}-{SPAN}-01"], None),
        ([f"00-{TRACE}-{'0' * 16}-01"], None),
        ([TRACEPARENT.upper()], None),
        ([f"00-{TRACE}-{SPAN}"], None),
        ([""], None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(sent: list[str], read: str | None) -> None:
    assert traceparent_of(sent) == read


async def test_each_answer_has_an_id_of_its_own(root: httpx.AsyncClient) -> None:
    ids = [(await root.get("/health/live")).headers["x-request-id"] for _ in range(2)]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", each) for each in ids)


async def test_ids_of_requests_do_not_come_again_whoever_seeds_what(
    root: httpx.AsyncClient,
) -> None:
    async def one() -> str:
        return (await root.get("/health/live")).headers["x-request-id"]

    ids = set[str]()
    for _ in range(3):
        random.seed(7)
        ids.add(await one())
    assert len(ids) == 3
