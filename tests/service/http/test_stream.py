"""Who listens is told what changes, once the views show it, and misses nothing."""

import asyncio
import random
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest
from fastapi import FastAPI

from service.http import following
from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import Only
from tests.office import BATCH, Json, approval_event, contract_body, contract_event, line_body
from tests.office import line_event as line
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.http_caller import Caller, problem
from tests.service.ledger.test_kill import served
from tests.service.listening import LONG, listening
from tests.service.processes import until
from tests.service.sockets import connected, until_closed

DEFINED = ["invoices", "limits", "milestones", "sales"]
ALL = {*DEFINED, "intake", "jobs"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listeners are told up to a hundred times a second."""
    monkeypatch.setattr(following, "EVERY_SECONDS", 0.01)


@contextmanager
def service(tenant: Tenant, **settings: float) -> Generator[httpx.Client]:
    """A client of a service over the tenant, on real sockets."""
    chosen = Settings.model_validate({"read_wait": LONG, **settings})
    with running(create_app(Only(tenant), chosen), chosen) as address:
        limits = httpx.Limits(max_connections=None)
        with httpx.Client(base_url=f"{address}/v1", timeout=LONG, limits=limits) as http:
            yield http


def put(http: httpx.Client, contract_id: str, name: str) -> int:
    """Defines a contract under this name; the position."""
    response = http.put(f"/contracts/{contract_id}", json=contract_body(name=name))
    assert response.status_code in {200, 201}, response.text
    return response.json()["position"]


def post(http: httpx.Client, *events: Json) -> int:
    """Posts events; the position."""
    response = http.post("/events", json=list(events), headers={"content-type": BATCH})
    assert response.status_code == 200, response.text
    return response.json()["position"]


# --- what is told --------------------------------------------------------------------------------


def test_a_change_is_told_with_its_position_contract_and_kinds(api: httpx.Client) -> None:
    with listening(api) as ear:
        position = put(api, "PC-1", "One")
        assert ear.change() == {
            "position": position,
            "contracts": ["PC-1"],
            "kinds": DEFINED,
            "reset": False,
        }
        headers = ear.response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")


@pytest.mark.usefixtures("quick")
def test_every_kind_of_change_is_told(api: httpx.Client) -> None:
    with listening(api) as ear:
        ear.until(post(api, contract_event("C1"), line("C1")))
        ear.changes.clear()
        ear.until(post(api, approval_event("A1")))
        assert ear.kinds >= {"sales", "intake"}
        ear.changes.clear()
        fixed = line_body(method="fixed_price")
        api.put("/contracts/C1/lines/F1", json=fixed).raise_for_status()
        body = {"name": "M", "amount": "10.00", "tax": "0.00", "date": "2026-10-15"}
        made = api.post("/contracts/C1/lines/F1/milestones", json=body).json()
        ear.until(made["position"])
        assert ear.kinds >= {"milestones", "limits"}
        ear.changes.clear()
        ear.until(post(api, approval_event("A2", contract_id="C2")))
        assert (ear.kinds, ear.contracts) == ({"intake"}, {"C2"})


@pytest.mark.usefixtures("quick")
def test_what_is_told_is_shown_already(api: httpx.Client) -> None:
    """Whoever reads after the id that was told waits for nothing."""
    with listening(api) as ear:
        for number in range(20):
            put(api, "PC-1", f"Name {number}")
            told = ear.change()["position"]
            response = api.get("/contracts/PC-1", params={"after": told})
            assert response.json()["position"] >= told
            assert response.json()["name"] == f"Name {number}"


def test_changes_are_put_together_and_told_four_times_a_second_at_most(api: httpx.Client) -> None:
    with listening(api) as ear:
        began, stop = time.monotonic(), threading.Event()

        def work() -> None:
            number = 0
            while not stop.is_set():
                put(api, f"PC-{number % 3}", f"Name {number}")
                number += 1

        worker = threading.Thread(target=work)
        worker.start()
        while len(ear.changes) < 5:
            ear.next()
        taken = time.monotonic() - began
        stop.set()
        worker.join()
    assert taken > 4 * following.EVERY_SECONDS - 0.1
    positions = [change["position"] for change in ear.changes]
    assert positions == sorted(set(positions))
    assert ear.contracts == {"PC-0", "PC-1", "PC-2"}


def test_a_listener_that_hears_nothing_is_told_that_the_service_is_still_there(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "HEARTBEAT_SECONDS", 0.05)
    with listening(api) as ear:
        for _ in range(2):
            told = ear.next()
            assert told
            assert (told.comment, told.id, told.data) == ("still here", 0, None)


@pytest.mark.usefixtures("quick")
def test_answers_that_are_kept_for_a_key_move_the_position_and_nothing_else(
    api: httpx.Client,
) -> None:
    post(api, contract_event("C1"), line("C1"))
    position = post(api, approval_event("A1"))
    with listening(api, after=position) as ear:
        body = {"items": ["C1~L1~x"], "status": "ready", "mode": "best_effort"}
        key = {"Idempotency-Key": "k"}
        answer = api.post("/backlog/mark", json=body, headers=key)
        assert answer.status_code == 200, answer.text
        ear.until(position + 1)
        assert ear.changes == []


@pytest.mark.usefixtures("quick")
def test_very_many_contracts_are_not_named(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.views.history.MOST_CONTRACTS", 5)
    with listening(api) as ear:
        position = post(api, *(contract_event(f"C{number}") for number in range(6)))
        ear.until(position)
        (change,) = ear.changes
        assert (change["contracts"], change["reset"]) == (None, False)


# --- catching up ---------------------------------------------------------------------------------


@pytest.fixture
def four(api: httpx.Client) -> httpx.Client:
    """A service with four contracts, at position 4."""
    for number in range(4):
        assert put(api, f"PC-{number}", "First") == number + 1
    with listening(api, after=0) as ear:
        ear.until(4)
    return api


def first_change(http: httpx.Client, last_event_id: int | None = None, **params: int) -> Json:
    with listening(http, last_event_id, **params) as ear:
        return ear.change()


def test_who_comes_back_is_told_at_once_what_changed_meanwhile(four: httpx.Client) -> None:
    expected: Json = {"position": 4, "kinds": DEFINED, "reset": False}
    assert first_change(four, after=2) == {**expected, "contracts": ["PC-2", "PC-3"]}
    assert first_change(four, 3) == {**expected, "contracts": ["PC-3"]}
    assert first_change(four, 3, after=0) == {**expected, "contracts": ["PC-3"]}


@pytest.mark.parametrize("asked", [{"last_event_id": 4}, {"after": 4}, {}])
def test_who_has_missed_nothing_is_told_what_comes(
    four: httpx.Client, asked: dict[str, int]
) -> None:
    with listening(four, **asked) as ear:
        assert ear.last_event_id == 4
        assert put(four, "PC-0", "Second") == 5
        assert (ear.change()["position"], ear.contracts) == (5, {"PC-0"})


def test_who_was_away_for_too_long_is_told_that_everything_may_be_different(
    four: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.views.history.MOST_EVENTS", 3)
    everything: Json = {"position": 4, "contracts": None, "kinds": sorted(ALL), "reset": True}
    assert first_change(four, 0) == everything
    assert not first_change(four, 1)["reset"]


def test_an_id_of_a_history_that_was_lost_is_answered_with_a_reset(four: httpx.Client) -> None:
    """A browser connects again by itself, and would stop for good at an error."""
    assert first_change(four, 7) == {
        "position": 4,
        "contracts": None,
        "kinds": sorted(ALL),
        "reset": True,
    }
    response = four.get("/stream", params={"after": 7})
    assert problem(response, 422)["code"] == "position_ahead"


def test_an_empty_id_is_as_good_as_none(four: httpx.Client) -> None:
    """As proxies may leave it. `after` counts then, as it does without the header."""
    response = four.get("/stream", params={"after": 7}, headers={"Last-Event-ID": ""})
    assert problem(response, 422)["code"] == "position_ahead"


def test_what_is_no_id_is_refused(api: httpx.Client) -> None:
    for wrong in ("x", "-1", "1.5", "1_0", "+5", str(2**63)):
        refused = problem(api.get("/stream", headers={"Last-Event-ID": wrong}), 422)
        assert refused["errors"][0]["field"].lower() == "last-event-id"
    assert problem(api.get("/stream", params={"since": 1}), 422)


@pytest.mark.usefixtures("quick")
def test_who_hangs_up_and_comes_back_at_any_moment_misses_nothing(api: httpx.Client) -> None:
    """Random commands, and listeners who hang up after any number of blocks."""
    chance = random.Random(20261102)
    changed: list[str] = []
    heard = set[str]()
    last = 0

    def change() -> int:
        changed.append(f"PC-{len(changed)}")
        return put(api, changed[-1], "Name")

    position = change()
    for _ in range(60):
        for _ in range(chance.randrange(3)):
            position = change()
        with listening(api, last) as ear:
            for _ in range(chance.randrange(4)):
                if ear.last_event_id >= position:
                    position = change()
                ear.next()
            heard |= ear.contracts
            last = ear.last_event_id
    with listening(api, last) as ear:
        ear.until(position)
        heard |= ear.contracts
    assert heard == set(changed)


# --- clients that are slow, gone, or too many ----------------------------------------------------


class Slow:
    """A client as the server sees it, that takes what it is sent only when it is let."""

    def __init__(self, app: FastAPI) -> None:
        self.received = b""
        self.has_asked = False
        self.more = asyncio.Event()
        self.takes = asyncio.Event()
        self.hangs_up = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "scheme": "http",
            "path": "/v1/stream",
            "raw_path": b"/v1/stream",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        call = app(scope, self._receive, self._send)  # pyright: ignore[reportArgumentType]
        self.task = asyncio.ensure_future(call)

    async def _receive(self) -> Json:
        if not self.has_asked:
            self.has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Json) -> None:
        if message["type"] == "http.response.body":
            await self.takes.wait()
            self.received += message["body"]
            self.more.set()

    async def told(self, position: int) -> None:
        """Returns once it has taken what brings it to this position."""
        async with asyncio.timeout(LONG):
            while f"id: {position}\n".encode() not in self.received:
                self.more.clear()
                await self.more.wait()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kept", [2, 100])
async def test_a_slow_client_holds_up_nobody_and_is_caught_up_at_once(
    http: httpx.AsyncClient, app: FastAPI, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "KEPT", kept)
    quick, slow = Slow(app), Slow(app)
    quick.takes.set()
    caller = Caller(http)
    await quick.told(0)
    for number in range(20):
        await caller.contract(f"PC-{number}")
        await quick.told(caller.position)
    assert slow.received == b""
    slow.takes.set()
    await slow.told(caller.position)
    assert slow.received.count(b"data: ") <= 2, "one that lay ready, and all else in one"
    for number in range(20):
        assert f'"PC-{number}"'.encode() in slow.received
    for client in (quick, slow):
        client.hangs_up.set()
        await client.task
    assert app.state.listeners.count == 0


async def test_a_client_that_is_gone_leaves_nothing_behind(app: FastAPI) -> None:
    tasks = len(asyncio.all_tasks())
    for takes in (True, False):
        clients = [Slow(app) for _ in range(20)]
        for client in clients:
            if takes:
                client.takes.set()
                await client.told(0)
        assert app.state.listeners.count == (20 if takes else app.state.listeners.count)
        for client in clients:
            client.hangs_up.set()
            await client.task
        assert app.state.listeners.count == 0
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == tasks


def test_those_over_the_limit_are_sent_away_and_places_of_those_gone_are_free(
    tenant: Tenant,
) -> None:
    with service(tenant, listener_limit=2) as http, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(listening(http))
        response = http.get("/stream")
        assert problem(response, 503)["code"] == "too_many_listeners"
        assert int(response.headers["retry-after"]) >= 1
        stack.close()
        until(lambda: http.head("/stream").status_code == 200)


@pytest.mark.usefixtures("quick")
def test_200_listeners_are_told_take_no_thread_and_end_with_the_server_at_once(
    tenant: Tenant,
) -> None:
    with ExitStack() as stack:
        http = stack.enter_context(service(tenant))
        position = put(http, "PC-0", "Warm")
        http.get("/contracts", params={"after": position}).raise_for_status()
        threads = threading.active_count()
        address = str(http.base_url).removesuffix("/v1/")
        with ExitStack() as clients:
            ears = [clients.enter_context(connected(address)) for _ in range(200)]
            for ear in ears:
                ear.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for ear in ears:
                assert b" 200 " in ear.recv(65_536)
            for number in range(3):
                position = put(http, "PC-1", f"Name {number}")
            for ear in ears:
                heard = b""
                while f"id: {position}\n".encode() not in heard:
                    heard += ear.recv(65_536)
            assert threading.active_count() <= threads + 5, "those that read, and no more"
            began = time.monotonic()
            stack.close()  # the server stops
            assert time.monotonic() - began < 5.0, "it does not wait for the last of its seconds"
            for ear in ears:
                assert until_closed(ear).raw.endswith(b"0\r\n\r\n"), "the end of the answer"


# --- other processes, other tenants, a database that is gone -------------------------------------


def test_what_other_processes_change_is_told_too(empty_database: str) -> None:
    with ExitStack() as stack:
        here, there = (
            stack.enter_context(httpx.Client(base_url=f"{address}/v1", timeout=LONG))
            for _, address in (stack.enter_context(served(empty_database)) for _ in range(2))
        )
        for teller, other in ((here, there), (there, here)):
            with listening(other) as ear:
                for number in range(3):
                    name = f"{teller.base_url} {number}"
                    ear.until(put(teller, f"PC-{number}", name))
                assert ear.contracts >= {"PC-0", "PC-1", "PC-2"}


@pytest.mark.usefixtures("quick")
def test_tenants_are_told_of_their_own_changes_alone(postgres_server: PostgresServer) -> None:
    with closing(Tenants(postgres_server.new_database())) as tenants:
        tenants.create("north")
        with running(create_app(tenants, Settings())) as address, ExitStack() as stack:
            home, north = (
                stack.enter_context(
                    httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=LONG)
                )
                for headers in ({}, {"X-Tenant": "north"})
            )
            at_home = stack.enter_context(listening(home))
            in_north = stack.enter_context(listening(north))
            put(home, "PC-1", "Home")
            put(north, "PC-2", "North")
            at_home.until(1)
            in_north.until(1)
            assert (at_home.contracts, in_north.contracts) == ({"PC-1"}, {"PC-2"})
            home_again = put(home, "PC-3", "Home")
            at_home.until(home_again)
            assert at_home.contracts == {"PC-1", "PC-3"}


@pytest.mark.usefixtures("quick")
def test_listeners_outlast_a_database_that_is_gone_for_a_while() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(DURABLE))
        tenants = stack.enter_context(closing(Tenants(server.new_database())))
        tenants.open()
        address = stack.enter_context(running(create_app(tenants, Settings())))
        http = stack.enter_context(httpx.Client(base_url=f"{address}/v1", timeout=LONG))
        ear = stack.enter_context(listening(http))
        ear.until(put(http, "PC-1", "Before"))
        server.kill()
        late = http.get("/stream", params={"after": 0})
        assert (late.status_code, "unavailable" in late.text) == (200, True)
        server.start()
        until(lambda: http.put("/contracts/PC-2", json=contract_body()).is_success)
        while "PC-2" not in ear.contracts:
            assert ear.next()
