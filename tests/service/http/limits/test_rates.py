"""So many calls a second for each caller."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from service.access.scopes import Scope
from service.http.app import create_app
from service.http.limits.callers import address_of
from service.http.limits.rates import MOST_CALLERS, Rates
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.door import bearer, guarded, token
from tests.service.http_caller import problem


async def test_who_calls_too_often_is_told_when_to_call_again_and_others_are_served(
    tenant: Tenant,
) -> None:
    app = create_app(Only(tenant), Settings(calls_a_second=0.001))

    def calling_from(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async with calling_from("10.0.0.1") as one, calling_from("10.0.0.2") as other:
        assert (await one.get("/v1/contracts")).is_success
        refused = await one.get("/v1/contracts")
        assert problem(refused, 429)["code"] == "too_many_requests"
        assert 990 <= int(refused.headers["retry-after"]) <= 1000
        assert (await other.get("/v1/contracts")).is_success
        assert (await one.get("/health/live")).is_success


@asynccontextmanager
async def calls(app: FastAPI, address: str, text: str = "") -> AsyncGenerator[httpx.AsyncClient]:
    """A client at an address, with a token if there is one."""
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    headers = bearer(text) if text else {}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        yield client


async def statuses(client: httpx.AsyncClient, times: int, path: str = "/v1/contracts") -> list[int]:
    return [(await client.get(path)).status_code for _ in range(times)]


async def test_a_call_with_a_token_is_counted_by_its_name_wherever_it_comes_from(
    tenant: Tenant,
) -> None:
    app = guarded(Only(tenant), calls_a_second=0.001)
    one, again, other = (token(tenant, name) for name in ("erp", "erp", "desk"))
    async with (
        calls(app, "10.0.0.1", one) as first,
        calls(app, "10.0.0.2", again) as second,
        calls(app, "10.0.0.1", other) as third,
    ):
        assert await statuses(first, 1) == [200]
        assert await statuses(second, 1) == [429]
        assert await statuses(third, 2) == [200, 429]
        assert await statuses(third, 1, "/health/live") == [200]


async def test_a_call_beyond_its_scopes_counts_too(tenant: Tenant) -> None:
    app = guarded(Only(tenant), calls_a_second=0.001)
    async with calls(app, "10.0.0.1", token(tenant, "erp", [Scope.AUDIT_READ])) as client:
        assert await statuses(client, 2) == [403, 429]


async def test_who_guesses_tokens_is_refused_before_they_are_looked_at(tenant: Tenant) -> None:
    app = guarded(Only(tenant), calls_a_second=0.001)
    good = token(tenant)
    async with calls(app, "10.0.0.1") as client:
        assert await statuses(client, 1) == [401]
        guesses = [await client.get("/v1/contracts", headers=bearer(t)) for t in ("x", good)]
        assert [guess.status_code for guess in guesses] == [429, 429]
        assert await statuses(client, 1, "/openapi.json") == [429]
    async with calls(app, "10.0.0.2", good) as client:
        assert await statuses(client, 1) == [200]


def test_a_bucket_fills_evenly_and_holds_five_seconds_of_calls() -> None:
    now = 0.0
    rates = Rates(2, lambda: now)
    assert [rates.take("a") for _ in range(11)] == [0.0] * 10 + [0.5]
    now = 0.25
    assert rates.take("a") == 0.25
    now = 0.5
    assert [rates.take("a") for _ in range(2)] == [0.0, 0.5]
    now = 1_000.0
    assert [rates.take("a") for _ in range(11)] == [0.0] * 10 + [0.5]


def test_of_too_many_callers_those_who_called_last_are_remembered() -> None:
    rates = Rates(0.1, lambda: 0.0)
    rates.take("first")
    for number in range(MOST_CALLERS):
        rates.take(f"{number}")
    assert rates.take(f"{MOST_CALLERS - 1}") > 0
    assert rates.take("first") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_caller_is_an_address_or_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    callers = {address_of({"type": "http", "client": (address, 1)}) for address in (one, other)}
    assert (len(callers) == 1) is same
