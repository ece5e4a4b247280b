"""Several servers on one PostgreSQL tenant: whichever is asked, the answers are those of one."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

import httpx
import pytest

from tests.office import BATCH, Json, approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.ledger.test_kill import served
from tests.service.processes import until

CLERKS, EACH = 4, 6
ROOM = CLERKS * EACH // 2
"""Approvals of 10.00 that the limit of the contract has room for."""
Servers = tuple[httpx.Client, httpx.Client]


@dataclass(frozen=True)
class Running:
    """Two servers: clients of both, and how to kill the one that was there first."""

    clients: Servers
    kill_the_first: Callable[[], object]


@pytest.fixture
def two(postgres_server: PostgresServer) -> Generator[Running]:
    """Two processes that serve one database, each on a port of its own."""
    database = postgres_server.new_database()
    with ExitStack() as opened:
        (first, one), (_, other) = (opened.enter_context(served(database)) for _ in range(2))
        one_client, other_client = (
            opened.enter_context(httpx.Client(base_url=f"{address}/v1", timeout=30))
            for address in (one, other)
        )

        def kill() -> None:
            first.kill()
            first.wait()

        yield Running((one_client, other_client), kill)


@dataclass(frozen=True)
class Clerk:
    """Asks one server and then the other; each must know at once what was told to the other."""

    name: str
    here: httpx.Client
    there: httpx.Client

    def tell(self, server: httpx.Client, path: str, body: object, **headers: str) -> httpx.Response:
        """The answer to a command that is tried again while other writers are faster."""
        while True:
            response = server.post(path, json=body, headers=headers)
            if response.status_code != 409 or response.json()["code"] != "conflict":
                assert response.status_code in {200, 201, 409}, response.text
                return response

    def read(self, server: httpx.Client, path: str, told: Json) -> Json:
        """What a server shows that has seen what was told to whichever."""
        response = server.get(path, params={"after": told["position"]})
        assert response.status_code == 200, response.text
        assert response.json()["position"] >= told["position"]
        return response.json()

    def bill(self, number: int) -> str | None:
        """Takes an approval from the one server to the other until it is invoiced; its number."""
        event = approval_event(f"{self.name}-{number}", "10.00", line_id=f"L{number % 2 + 1}")
        told = self.tell(self.here, "/events", [event], **{"content-type": BATCH}).json()
        (item,) = told["results"][0]["items"]
        assert self.read(self.there, f"/backlog/{item}", told)["billing_status"] == "not_ready"

        key = {"idempotency-key": f"mark {self.name} {number}"}
        order = {"items": [item], "status": "ready"}
        marked = self.tell(self.there, "/backlog/mark", order, **key)
        if marked.status_code == 409:
            assert marked.json()["errors"][0]["code"] == "nte_failed"
            return None
        assert self.tell(self.here, "/backlog/mark", order, **key).json() == marked.json()
        shown = self.read(self.here, f"/backlog/{item}", marked.json())
        assert shown["billing_status"] == "ready"

        told = self.tell(self.here, "/invoices", {"contract_id": "C1", "items": [item]}).json()
        path = f"/invoices/{told['invoices'][0]['invoice_id']}"
        assert self.read(self.there, path, told)["status"] == "draft"
        confirmed = self.tell(self.there, f"{path}/confirm", {}).json()
        shown = self.read(self.here, path, confirmed)
        assert shown == {**confirmed, "position": shown["position"]}
        return confirmed["number"]


def newest(server: httpx.Client) -> int:
    return server.get("/audit/events", params={"limit": 1}).json()["position"]


def test_servers_of_one_tenant_are_one_and_one_goes_on_when_the_other_is_killed_d38_d44(
    two: Running,
) -> None:
    one, other = two.clients
    terms = [contract_event(limit=f"{ROOM * 10}.00"), line_event(), line_event(line_id="L2")]
    assert one.post("/events", json=terms, headers={"content-type": BATCH}).status_code == 200
    start = threading.Barrier(CLERKS)

    def work(clerk: Clerk) -> list[str | None]:
        start.wait(30)
        return [clerk.bill(number) for number in range(EACH)]

    clerks = [Clerk(f"P{n}", *((one, other) if n % 2 else (other, one))) for n in range(CLERKS)]
    with ThreadPoolExecutor(CLERKS) as pool:
        given = [number for numbers in pool.map(work, clerks) for number in numbers]
    numbers = sorted(number for number in given if number)
    assert numbers == [f"INV-{n:06d}" for n in range(1, ROOM + 1)]
    assert given.count(None) == ROOM
    after = {"after": newest(one)}
    for path in ("/invoices", "/backlog/time-and-material", "/contracts/C1/limits", "/actuals"):
        assert one.get(path, params=after).json() == other.get(path, params=after).json()
    levels = one.get("/contracts/C1/limits", params=after).json()["levels"]
    (whole,) = (level for level in levels if level["level"] == "contract")
    assert Decimal(whole["invoiced"]) == ROOM * 10
    assert Decimal(whole["committed"]) == 0
    two.kill_the_first()
    assert_it_goes_on(other)


def assert_it_goes_on(server: httpx.Client) -> None:
    """The server that is left records, and keeps the views current, which the other did before."""
    told = server.post("/events", json=[approval_event("last")], headers={"content-type": BATCH})
    (item,) = told.json()["results"][0]["items"]
    after = {"after": told.json()["position"]}
    until(lambda: server.get(f"/backlog/{item}", params=after).status_code == 200)
