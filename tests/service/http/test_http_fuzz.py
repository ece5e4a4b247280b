"""Anything at all over HTTP: whatever is sent to whatever route, the answer is no 500 (bounded)."""

import asyncio
import json
import string
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.http.app import create_app
from service.http.openapi import openapi
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.wire import requests
from tests.databases import Only
from tests.office import BATCH, EVENT_TYPES, STRUCTURED, Json
from tests.service.http_caller import ROUTES, problem

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SEEN = ["PC-1", "L-1", "FP", "A", "B", "EUR", "1", "1.00", "100", "2026-10-10", "ready", "draft"]
ODD = ["", "-0", "1e5", "NaN", "\x00", "a\nb", "\ud7ff", "\U0010ffff", "%", "~", "9" * 400, "null"]
FIELDS = sorted(
    {
        field
        for model in requests.Wire.__subclasses__()
        for field in [*model.model_fields, "id", "source", "type", "specversion", "data"]
    }
)
QUERIES = sorted(
    {
        parameter["name"]
        for operations in openapi(create_app(None, Settings()))["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    }
)

texts = st.one_of(st.sampled_from(SEEN), st.sampled_from(ODD), st.text(max_size=20))
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(FIELDS), texts), inner, max_size=6),
    ),
    max_leaves=12,
)
paths = st.sampled_from(sorted({route.path for route in ROUTES}))
methods = st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "QUERY"])
headers = st.dictionaries(
    st.sampled_from(["If-Match", "Idempotency-Key", "X-Actor", "X-Correlation-Id", "ce-id"]),
    st.text(st.sampled_from(string.printable[:95]), max_size=10),
    max_size=2,
)


@pytest.fixture
def loop() -> Generator[asyncio.AbstractEventLoop]:
    """One event loop for all examples of a test."""
    runner = asyncio.Runner()
    yield runner.get_loop()
    runner.close()


@pytest.fixture
def fuzzed(tenant: Tenant, loop: asyncio.AbstractEventLoop) -> FastAPI:
    """The service with something to hit: a contract, lines, a sale, a milestone, a draft."""
    app = create_app(Only(tenant), Settings(read_wait=0.01))
    customers = [{"customer_id": "A", "name": "A"}, {"customer_id": "B", "name": "B"}]
    contract = {"name": "C", "currency": "EUR", "customers": customers}
    line: Json = {
        "name": "L",
        "project_id": "P",
        "customers": [{"customer_id": "A", "split_percent": "100", "rounding": True}],
    }
    sales = {"billing_method": "time_and_material", "nte_limit": "100.00"}
    at = "/contracts/PC-1"
    for path, body in (
        (at, contract),
        (f"{at}/lines/L-1", {**line, **sales}),
        (f"{at}/lines/FP", {**line, "billing_method": "fixed_price"}),
    ):
        assert send(loop, app, "PUT", path, json=body).status_code == 201
    return app


def send(
    loop: asyncio.AbstractEventLoop, app: FastAPI, method: str, path: str, **request: Any
) -> httpx.Response:
    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            return await http.request(method, path, **request)

    return loop.run_until_complete(sent())


def check(response: httpx.Response) -> None:
    assert response.status_code < 500 or response.status_code == 503, response.text
    if response.status_code >= 400 and response.request.method != "HEAD":
        problem(response)


def filled(path: str, parts: list[str]) -> str:
    for part in parts:
        start, end = path.find("{"), path.find("}")
        if start < 0:
            break
        path = path[:start] + quote(part, safe="") + path[end + 1 :]
    return f"http://localhost{path}"


@BOUNDED
@given(
    method=methods,
    path=paths,
    parts=st.lists(texts, min_size=2, max_size=2),
    query=st.lists(st.tuples(st.one_of(st.sampled_from(QUERIES), texts), texts), max_size=4),
    body=values,
    sent=headers,
)
def test_any_request_to_any_route_is_answered_without_a_500(
    fuzzed: FastAPI,
    loop: asyncio.AbstractEventLoop,
    method: str,
    path: str,
    parts: list[str],
    query: list[tuple[str, str]],
    body: Any,
    sent: dict[str, str],
) -> None:
    url, kind = filled(path, parts), {"content-type": "application/json"}
    content = b"" if method == "GET" else json.dumps(body).encode()
    answer = send(
        loop, fuzzed, method, url, params=query, headers={**kind, **sent}, content=content
    )
    check(answer)


COMMANDS = [
    (method, route.path)
    for route in ROUTES
    for method in sorted(route.methods or ())
    if method != "GET"
]
fields = st.dictionaries(st.sampled_from(FIELDS), st.one_of(texts, values), max_size=10)


@BOUNDED
@given(command=st.sampled_from(COMMANDS), body=fields)
def test_any_fields_in_any_command_are_answered_without_a_500(
    fuzzed: FastAPI, loop: asyncio.AbstractEventLoop, command: tuple[str, str], body: Json
) -> None:
    method, path = command
    content, kind = json.dumps(body), {"content-type": "application/json"}
    url = filled(path, ["PC-1", "L-1"])
    check(send(loop, fuzzed, method, url, content=content, headers=kind))


envelopes: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": st.text(min_size=1, max_size=8),
        "source": st.just("urn:x"),
        "type": st.sampled_from(sorted(EVENT_TYPES.values())),
        "data": st.fixed_dictionaries(
            {
                "approval_id": st.sampled_from(["ap-1", "ap-2", "ap 3"]),
                "contract_id": st.sampled_from(["PC-1", "PC-2"]),
                "line_id": st.sampled_from(["L-1", "FP", "L-9"]),
                "date": st.sampled_from(["2026-10-10", "1899-12-31"]),
                "quantity": st.sampled_from(["1", "-0", "0.0000001", "9" * 12, "0"]),
                "unit_price": st.sampled_from(["1", "-5.00", "0", "1.001", "9" * 12]),
                "currency": st.sampled_from(["EUR", "JPY", "XXX"]),
            },
            optional=dict.fromkeys(["tax", "role", "billing_type", "unknown"], values),
        ),
    },
    optional={"time": texts, "subject": texts, "ext": values},
)


@BOUNDED
@given(events=st.lists(st.one_of(envelopes, values), max_size=5), single=st.booleans())
def test_any_events_are_answered_one_outcome_each_without_a_500(
    fuzzed: FastAPI, loop: asyncio.AbstractEventLoop, events: list[Any], single: bool
) -> None:
    body = json.dumps(events[0] if single and events else events)
    kind = STRUCTURED if single and events else BATCH
    response = send(loop, fuzzed, "POST", "/events", content=body, headers={"content-type": kind})
    check(response)
    if response.status_code == 200 and kind == BATCH:
        assert len(response.json()["results"]) == len(events)


@BOUNDED
@given(body=st.one_of(st.binary(max_size=50), st.text(max_size=50).map(str.encode)))
def test_any_bytes_are_answered_without_a_500(
    fuzzed: FastAPI, loop: asyncio.AbstractEventLoop, body: bytes
) -> None:
    for path, kind in (
        ("/backlog/mark", "application/json"),
        ("/events", STRUCTURED),
        ("/events", BATCH),
    ):
        response = send(loop, fuzzed, "POST", path, content=body, headers={"content-type": kind})
        check(response)
