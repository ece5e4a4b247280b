"""What scripts of other origins may do: those of configured ones all, others nothing (CORS)."""

from collections.abc import Generator
from contextlib import closing

import httpx
import pytest

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body
from tests.service.http_caller import problem

UI = "https://ui.example.com"
OTHERS = (
    "https://evil.example",
    "http://ui.example.com",
    "https://ui.example.com:8443",
    "https://x.ui.example.com",
    "https://ui.example.com.evil.example",
    "null",
)
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type, idempotency-key, ce-id",
}


@pytest.fixture
def tenant(sqlite_database: str) -> Generator[Tenant]:
    """A tenant on SQLite: nothing here depends on the database."""
    with closing(Tenant(sqlite_database)) as opened:
        yield opened


def client(tenant: Tenant, *origins: str) -> httpx.AsyncClient:
    """A client of a service that trusts these origins."""
    app = create_app(Only(tenant), Settings(origins=origins))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://localhost:8000/v1"
    )


def granted(response: httpx.Response) -> set[str]:
    return {name for name in response.headers if name.startswith("access-control-")}


async def test_without_configuration_no_page_of_another_origin_is_granted_anything(
    tenant: Tenant,
) -> None:
    async with client(tenant) as http:
        for origin in (UI, *OTHERS):
            read = await http.get("/contracts", headers={"Origin": origin})
            assert (read.status_code, granted(read)) == (200, set())
            asked = await http.options("/events", headers={"Origin": origin, **PREFLIGHT})
            assert (asked.status_code, granted(asked)) == (204, set())


async def test_a_configured_origin_may_ask_read_and_change(tenant: Tenant) -> None:
    for configured in (UI, "https://UI.example.com:443"):
        async with client(tenant, configured) as http:
            asked = await http.options("/events", headers={"Origin": UI, **PREFLIGHT})
            assert asked.status_code == 200
            assert asked.headers["access-control-allow-origin"] == UI
            assert "POST" in asked.headers["access-control-allow-methods"]
            allowed = asked.headers["access-control-allow-headers"]
            assert allowed == PREFLIGHT["Access-Control-Request-Headers"]
            for response in (
                await http.get("/contracts", headers={"Origin": UI}),
                await http.put("/contracts/X", json=contract_body(), headers={"Origin": UI}),
                await http.get("/contracts/none", headers={"Origin": UI}),
            ):
                assert response.headers["access-control-allow-origin"] == UI
                assert "ETag" in response.headers["access-control-expose-headers"]
                assert "Origin" in response.headers["vary"]


async def test_no_answer_allows_all_origins_or_credentials(tenant: Tenant) -> None:
    async with client(tenant, UI) as http:
        for origin in (UI, *OTHERS):
            for response in (
                await http.options("/events", headers={"Origin": origin, **PREFLIGHT}),
                await http.get("/contracts", headers={"Origin": origin, "Cookie": "a=b"}),
            ):
                assert response.headers.get("access-control-allow-origin") in {None, UI}
                assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", OTHERS)
async def test_other_origins_are_granted_nothing_and_told_why(tenant: Tenant, origin: str) -> None:
    async with client(tenant, UI) as http:
        asked = await http.options("/events", headers={"Origin": origin, **PREFLIGHT})
        assert problem(asked, 403)["code"] == "foreign_origin"
        assert "access-control-allow-origin" not in asked.headers
        read = await http.get("/contracts", headers={"Origin": origin})
        assert read.status_code == 200
        assert "access-control-allow-origin" not in read.headers
        for response in (asked, read, await http.get("/contracts")):
            assert "Origin" in response.headers["vary"]
        change = await http.put("/contracts/X", json=contract_body(), headers={"Origin": origin})
        problem(change, 403)


async def test_options_that_is_no_preflight_is_answered_as_ever(tenant: Tenant) -> None:
    async with client(tenant, UI) as http:
        response = await http.options("/contracts", headers={"Origin": UI})
        assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_large_answers_vary_by_both(tenant: Tenant) -> None:
    async with client(tenant, UI) as http:
        response = await http.get("http://localhost/openapi.json", headers={"Origin": UI})
        varies = {part.strip() for part in response.headers["vary"].split(",")}
        assert varies == {"Accept-Encoding", "Origin"}
