"""Reads that wait for the views take no thread, hold up nobody, and are so many at most."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from statistics import median

import httpx
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body, line_body
from tests.service.http_caller import problem
from tests.service.processes import until
from tests.service.sockets import connected

WAITING = 300
LONG = 60.0


@dataclass
class Standing:
    """A service whose views stand still at 0, and where it is."""

    tenant: Tenant
    address: str

    def path(self, path: str = "contracts") -> str:
        """A read of all that is recorded by now."""
        return f"/v1/{path}?after={self.tenant.ledger.position()}"

    def is_full(self) -> bool:
        """Whether no further read may wait."""
        try:
            response = httpx.get(self.address + self.path(), timeout=0.5)
        except httpx.ReadTimeout:
            return False
        return problem(response, 503)["code"] == "too_many_waiting"


@pytest.fixture
def standing(database: str) -> Generator[Standing]:
    """A service with a contract, and no projector."""
    settings = Settings(read_wait=LONG, waiting_limit=WAITING)
    with closing(Tenant(database, project=False)) as tenant:
        with running(create_app(Only(tenant), settings), settings) as address:
            made = httpx.put(f"{address}/v1/contracts/PC-1", json=contract_body())
            assert made.status_code == 201
            yield Standing(tenant, address)
            tenant.projector.start()  # what still waits is answered, so that the server can stop
            tenant.wait_for(tenant.ledger.position(), LONG)
        tenant.projector.stop()


def ask_and_wait(stack: ExitStack, standing: Standing, count: int) -> None:
    """So many reads that wait from now on, all kinds of them."""
    paths = ("contracts", "backlog/fixed-price", "invoices/x", "audit/events", "actuals")
    for number in range(count):
        connection = stack.enter_context(connected(standing.address))
        path = standing.path(paths[number % len(paths)])
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def seconds_of_calls(standing: Standing) -> float:
    """What a health check, a command and a read that needs not wait take, the median of some."""

    def taken() -> float:
        began = time.monotonic()
        with httpx.Client(base_url=standing.address, timeout=LONG) as http:
            assert http.get("/health/live").status_code == 200
            assert http.get("/health/ready").status_code == 200
            assert http.put("/v1/contracts/PC-1", json=contract_body()).status_code == 200
            assert http.get("/v1/contracts").status_code == 200
        return time.monotonic() - began

    return median(taken() for _ in range(5))


def test_300_waiting_reads_take_no_thread_and_hold_up_nobody(standing: Standing) -> None:
    alone = seconds_of_calls(standing)
    with ExitStack() as stack:
        threads = threading.active_count()
        ask_and_wait(stack, standing, WAITING)
        until(standing.is_full)
        assert threading.active_count() <= threads + 40, "the pool of a request, and no more"
        assert seconds_of_calls(standing) < 5 * alone + 1


def test_those_over_the_limit_are_sent_away_at_once_and_places_of_those_gone_are_free(
    standing: Standing,
) -> None:
    with ExitStack() as stack:
        ask_and_wait(stack, standing, WAITING)
        until(standing.is_full)
        response = httpx.get(standing.address + standing.path(), timeout=LONG)
        assert problem(response, 503)["code"] == "too_many_waiting"
        assert int(response.headers["retry-after"]) >= 1
        assert httpx.get(f"{standing.address}/v1/contracts").status_code == 200, "it need not wait"
    until(lambda: not standing.is_full())


def test_all_that_wait_are_answered_once_the_views_are_there(standing: Standing) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(connected(standing.address)) for _ in range(50)]
        for reader in readers:
            path = standing.path()
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        standing.tenant.projector.start()
        for reader in readers:
            assert b"200 OK" in reader.recv(65_536)


async def test_a_position_ahead_of_the_history_takes_no_place(database: str) -> None:
    with closing(Tenant(database)) as tenant:
        async with caller(tenant, Settings(read_wait=LONG, waiting_limit=1)) as http:
            asked = (http.get("/contracts", params={"after": 2**62}) for _ in range(200))
            codes = {problem(response)["code"] for response in await asyncio.gather(*asked)}
    assert codes <= {"position_ahead", "too_many_waiting"}
    assert "position_ahead" in codes


async def test_fields_are_looked_at_before_anything_is_waited_for(database: str) -> None:
    with closing(Tenant(database, project=False)) as tenant:
        async with caller(tenant, Settings(read_wait=LONG)) as http:
            assert (await http.put("/contracts/PC-1", json=contract_body())).status_code == 201
            response = await http.get("/contracts", params={"after": 1, "limit": "x"})
            assert problem(response, 422)["errors"][0]["field"] == "limit"


async def test_commands_that_look_something_up_wait_without_a_thread(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than there are threads: a closed item, a completed milestone, a parked event."""
    monkeypatch.setattr("service.tenants.tenant.VIEWS_SECONDS", LONG)
    with closing(Tenant(database, project=False)) as tenant:
        async with caller(tenant, Settings()) as http:
            assert (await http.put("/contracts/PC-1", json=contract_body())).status_code == 201
            line = line_body(method="fixed_price")
            assert (await http.put("/contracts/PC-1/lines/FP", json=line)).status_code == 201
            mark = {"items": ["PC-1~FP~x"], "status": "ready"}
            waiting = [
                asyncio.ensure_future(call)
                for _ in range(60)
                for call in (
                    http.post("/backlog/mark", json=mark),
                    http.patch("/milestones/PC-1~FP~x", json={"name": "x"}),
                    http.delete("/milestones/PC-1~FP~x"),
                    http.post("/intake/parked/x/retry"),
                    http.delete("/intake/parked/x", params={"reason": "none"}),
                )
            ]
            for _ in range(20):  # rounds of commands and reads, all behind those in the line
                assert (await http.put("/contracts/PC-1", json=contract_body())).status_code == 200
                assert (await http.get("/contracts")).status_code == 200
            assert not any(call.done() for call in waiting)
            tenant.projector.start()
            statuses = {response.status_code for response in await asyncio.gather(*waiting)}
        tenant.projector.stop()
    assert statuses == {404, 409}


@asynccontextmanager
async def caller(tenant: Tenant, settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a service over the tenant."""
    transport = httpx.ASGITransport(app=create_app(Only(tenant), settings))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost/v1", timeout=LONG
    ) as http:
        yield http
