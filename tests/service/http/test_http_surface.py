"""What is served and what is not: health, documentation, and 404 for what is not built yet."""

import re

import httpx
import pytest
from fastapi import FastAPI

from projections.tables import contracts
from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.http_caller import ROUTES, Caller, hold_against_its_model, problem

NOT_BUILT = [
    ("POST", "/v1/backlog/nte/split"),
    ("POST", "/v1/backlog/nte/simulate"),
    ("POST", "/v1/backlog/nte/optimize"),
    ("GET", "/v1/audit/items/x"),
    ("GET", "/v1/audit/invoices/{id}"),
    ("GET", "/v1/audit/approvals/ap-1"),
    ("GET", "/v1/audit/reconciliation"),
    ("GET", "/v1/audit/verify"),
    ("GET", "/v1/audit/checkpoint"),
    ("GET", "/v1/audit/proof"),
]
TEXTS = {"/v1/stream": "text/event-stream", "/metrics": "text/plain"}
"""The media types of what is no JSON, by where it is served."""


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller who has no contract yet."""
    return Caller(http)


async def test_what_is_not_built_yet_is_not_found(caller: Caller) -> None:
    await caller.contract()
    await caller.line()
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    before = caller.position
    for method, path in NOT_BUILT:
        url = "http://localhost" + path.replace("{id}", invoice["invoice_id"])
        for body in (None, {}, {"items": [item]}):
            problem(await caller.http.request(method, url, json=body), 404)
    await caller.nothing_happened(before)


async def test_unknown_paths_are_not_found_and_wrong_methods_not_allowed(caller: Caller) -> None:
    for path in ("/v1", "/v2/contracts", "/v1/contracts/", "/v1/contracts/x/", "/v1//x", "/x"):
        problem(await caller.http.get(f"http://localhost{path}"), 404)
    for method, path in (
        ("POST", "/contracts"),
        ("DELETE", "/contracts/PC-1"),
        ("PUT", "/events"),
        ("GET", "/events"),
        ("GET", "/backlog/nte/reset/x"),
        ("PATCH", "/invoices"),
        ("POST", "/audit/events"),
        ("DELETE", "/actuals"),
    ):
        response = await caller.http.request(method, path)
        if path.startswith("/backlog"):
            problem(response, 404)
        else:
            problem(response, 405)
            assert response.headers["allow"]


async def test_the_process_is_alive_and_ready(caller: Caller) -> None:
    response = await caller.http.get("http://localhost/health/live")
    assert response.status_code == 200
    hold_against_its_model(response)
    await caller.contract()
    await caller.get("/contracts/PC-1")
    response = await caller.http.get("http://localhost/health/ready")
    assert response.status_code == 200
    hold_against_its_model(response)
    assert response.json() == {"status": "ready", "position": caller.position, "lag": 0}


async def test_a_projector_that_failed_shows_in_readiness_and_ends_every_wait(
    database: str,
) -> None:
    tenant = Tenant(database, project=False)
    with tenant.views.begin() as connection:
        contracts.drop(connection)
    tenant.projector.start()
    transport = httpx.ASGITransport(app=create_app(Only(tenant), Settings(read_wait=60)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        caller = Caller(http)
        await caller.contract()
        response = await http.get("/contracts", params={"after": caller.position})
        assert response.headers["retry-after"]
        problem(response, 503)
        refused = problem(await http.get("http://localhost/health/ready"), 503)
        assert "contracts" not in refused["detail"]
        assert (await http.get("http://localhost/health/live")).status_code == 200
        await caller.line()
    tenant.projector.stop()
    tenant.close()


async def test_the_documentation_comes_from_here_and_nowhere_else(http: httpx.AsyncClient) -> None:
    page = (await http.get("http://localhost/docs")).text
    assert not re.search(r"(https?:)?//[a-z]", page)
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        response = await http.get(f"http://localhost{asset}")
        assert response.status_code == 200, asset
        assert response.content
    assert "/openapi.json" in page


async def test_the_openapi_document_is_3_1_and_promises_what_is_served(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("http://localhost/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    documented = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert documented == {(m, route.path) for route in ROUTES for m in route.methods or ()}
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')))
    assert references <= set(document["components"]["schemas"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                assert status.startswith("2") or "application/problem+json" in response["content"]
            good = [status for status in operation["responses"] if status.startswith("2")]
            assert good, (method, path)
            for status in good:
                kind = TEXTS.get(path, "application/json")
                schema = operation["responses"][status]["content"][kind]["schema"]
                assert schema, (method, path)


def test_the_service_documents_itself_without_a_database() -> None:
    app: FastAPI = create_app(None, Settings())
    assert app.openapi() is app.openapi()
