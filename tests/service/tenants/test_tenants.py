"""Tenants: a schema each, on any number of servers, none in the way of another."""

import asyncio
from collections.abc import Generator
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from projections.history import Unavailable
from service.http.app import create_app
from service.settings import Settings
from service.tenants.names import TenantExists, UnknownTenant
from service.tenants.tenant import BadDatabase
from service.tenants.tenants import Tenants
from tests.office import contract_body, contract_event, line_event
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.http_caller import Caller, problem
from tests.service.office import history, record, rows


@pytest.fixture
def home(postgres_server: PostgresServer) -> str:
    """The database of the directory."""
    return postgres_server.new_database()


@pytest.fixture
def tenants(home: str) -> Generator[Tenants]:
    opened = Tenants(home)
    yield opened
    opened.close()


def caller(tenants: Tenants, name: str | None = None) -> httpx.AsyncClient:
    """A client of the service that names a tenant."""
    transport = httpx.ASGITransport(app=create_app(tenants, Settings(read_wait=5.0)))
    headers = {} if name is None else {"X-Tenant": name}
    return httpx.AsyncClient(transport=transport, base_url="http://localhost/v1", headers=headers)


def test_a_tenant_is_made_listed_and_made_only_once(tenants: Tenants) -> None:
    assert tenants.names() == ["default"]
    tenants.create("north")
    tenants.create("south-2")
    assert tenants.names() == ["default", "north", "south-2"]
    for name in ("north", "default"):
        with pytest.raises(TenantExists):
            tenants.create(name)


def test_looking_a_tenant_up_waits_for_no_lock_and_changes_nothing(
    home: str, tenants: Tenants
) -> None:
    tenants.create("north")
    name = home.rpartition("/")[2]
    with psycopg.connect(home, autocommit=True) as other:
        lock = "SELECT pg_advisory_lock(hashtextextended('billing_backlog_directory', 0))"
        other.execute(lock)
        read_only = SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        other.execute(read_only.format(Identifier(name)))
        assert tenants.names() == ["default", "north"]
        with pytest.raises(UnknownTenant):
            tenants.open("south")


@pytest.mark.parametrize(
    "name", ["", "North", "a_b", "x" * 41, 'a"b', "a;drop", "-a", "a.b", "a\n"]
)
def test_a_name_that_no_schema_may_have_is_refused(tenants: Tenants, name: str) -> None:
    with pytest.raises(ValueError, match="a tenant is named"):
        tenants.create(name)
    assert tenants.names() == ["default"]


def test_a_file_has_one_tenant(tmp_path: object) -> None:
    tenants = Tenants(f"sqlite:///{tmp_path}/backlog.db")
    assert tenants.names() == ["default"]
    with pytest.raises(BadDatabase, match="use PostgreSQL for more"):
        tenants.create("north")
    with pytest.raises(UnknownTenant):
        tenants.open("north")
    tenants.close()


async def test_calls_reach_the_tenant_that_they_name_and_no_other(tenants: Tenants) -> None:
    for name in ("north", "south"):
        tenants.create(name)
    async with caller(tenants, "north") as north, caller(tenants, "south") as south:
        await Caller(north).contract("PC-N")
        await Caller(south).contract("PC-S")
        for http, own in ((north, "PC-N"), (south, "PC-S")):
            shown = (await http.get("/contracts", params={"after": 1})).json()["items"]
            assert [contract["contract_id"] for contract in shown] == [own]
            found = (await http.get("/audit/events")).json()
            assert {event["data"]["contract_id"] for event in found["items"]} == {own}
    async with caller(tenants) as default:
        assert (await default.get("/contracts")).json()["items"] == []


@pytest.mark.parametrize("name", ["nobody", "tenant_north", "north__rebuild", 'north"."x', "%00"])
async def test_a_call_for_no_tenant_gets_a_problem_and_makes_nothing(
    tenants: Tenants, name: str
) -> None:
    tenants.create("north")
    async with caller(tenants, name) as http:
        refused = problem(await http.get("/contracts"))
    assert refused["status"] in {404, 422}
    assert tenants.names() == ["default", "north"]


def test_the_schema_of_a_tenant_holds_all_of_it(tenants: Tenants, home: str) -> None:
    tenants.create("north")
    record(tenants.open("north"), contract_event(), line_event())
    with psycopg.connect(home) as connection:
        found = connection.execute(
            "SELECT schemaname, count(*) FROM pg_tables WHERE schemaname <> 'information_schema' "
            "AND left(schemaname, 3) <> 'pg_' GROUP BY schemaname"
        ).fetchall()
    tables = dict(found)
    assert set(tables) == {"billing_backlog_directory", "tenant_north"}
    assert tables["billing_backlog_directory"] == 1


def test_many_tenants_share_a_server_and_a_pool(
    tenants: Tenants, home: str, postgres_server: PostgresServer
) -> None:
    names = [f"t{n:03}" for n in range(30)]  # more than there are connections
    for name in names:
        tenants.create(name)
    for n, name in enumerate(names):
        record(tenants.open(name), contract_event(f"C{n}"))
    for n, name in enumerate(names):
        assert [row["contract_id"] for row in rows(tenants.open(name), "contracts")] == [f"C{n}"]
    with psycopg.connect(postgres_server.url()) as connection:
        count = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (home.rpartition("/")[2],)
        ).fetchone()
    assert count
    assert count[0] <= 25, "a pool of 24 and a session"


async def test_a_server_that_is_down_takes_its_own_tenants_down_and_no_other(home: str) -> None:
    with running_postgres(DURABLE) as second, closing(Tenants(home)) as tenants:
        tenants.create("near")
        tenants.create("far", second.url())
        async with caller(tenants, "near") as near, caller(tenants, "far") as far:
            await Caller(near).contract("PC-1")
            await Caller(far).contract("PC-2")
            second.kill()
            down = await far.put("/contracts/PC-3", json=contract_body())
            assert down.headers["retry-after"]
            problem(down, 503)
            problem(await far.get("/contracts"), 503)
            assert (await near.put("/contracts/PC-3", json=contract_body())).status_code == 201
            assert (await near.get("/contracts", params={"after": 2})).status_code == 200
            second.start()
            again = await until_well(far, "PUT", "/contracts/PC-3", json=contract_body())
            assert again.status_code == 201, again.text
            assert [r.position for r in history(tenants.open("far").ledger)] == [1, 2]
            shown = await until_well(far, "GET", "/contracts", params={"after": 2})
            assert [c["contract_id"] for c in shown.json()["items"]] == ["PC-2", "PC-3"]


async def until_well(
    http: httpx.AsyncClient, method: str, path: str, **asked: Any
) -> httpx.Response:
    """The first answer that is no 503, as a client gets it that heeds Retry-After; or the last."""
    response = await http.request(method, path, **asked)
    attempts = 1
    while response.status_code == 503 and attempts < 60:
        await asyncio.sleep(0.25)
        response = await http.request(method, path, **asked)
        attempts += 1
    return response


async def test_a_tenant_on_a_server_that_never_was_up_answers_503(
    tenants: Tenants, home: str
) -> None:
    with running_postgres() as second:
        tenants.create("far", second.url())
    async with caller(tenants, "far") as far, caller(tenants) as default:
        problem(await far.get("/contracts"), 503)
        assert (await default.get("/contracts")).status_code == 200
    with pytest.raises(Unavailable):
        tenants.open("far")
