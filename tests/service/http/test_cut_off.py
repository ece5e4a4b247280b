"""A command cut off in the middle of its transaction, and callers of a server that is gone."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

import httpx
import psycopg
import pytest

from projections.history import Unavailable
from service.databases.connection_pools import POOL_SIZE
from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import sql
from tests.office import BATCH, Json, approval_event, contract_event, line_event
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.http_caller import problem
from tests.service.office import assert_sound, history

BOUND = 15.0
"""Seconds within which every single call is answered, whatever happens to the database."""
LONG = 60.0
LARGE = 300
"""Approvals of a batch that are more events than those that are copied in."""
GATE = 4711
"""The advisory lock that the database stops at in the middle of a transaction."""


@pytest.fixture(scope="module")
def server() -> Generator[PostgresServer]:
    """A server of these tests' own, for it is killed."""
    with running_postgres(DURABLE) as running_server:
        yield running_server


@pytest.fixture
def tenants(server: PostgresServer) -> Generator[Tenants]:
    opened = Tenants(server.new_database())
    yield opened
    opened.close()


@pytest.fixture
def http(tenants: Tenants) -> Generator[httpx.Client]:
    """A client of the service; a contract and a line are on its books."""
    app = create_app(tenants, Settings())
    with running(app) as address, httpx.Client(base_url=f"{address}/v1", timeout=BOUND) as client:
        assert post(client, contract_event(), line_event()).status_code == 200
        yield client


def post(http: httpx.Client, *events: object) -> httpx.Response:
    return http.post("/events", json=events, headers={"content-type": BATCH})


def until_well(ask: Callable[[], httpx.Response]) -> Json:
    """The first answer that is no 503, as a client gets it that heeds Retry-After."""
    deadline = time.monotonic() + LONG
    while (response := ask()).status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert response.status_code == 200, response.text
    return response.json()


@contextmanager
def stopping_at(database: str, position: int) -> Generator[psycopg.Connection]:
    """The database stops in the middle of the transaction that records this position."""
    sql(
        database,
        "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$",
    )
    sql(
        database,
        "CREATE TRIGGER stop_here BEFORE INSERT ON stored_events FOR EACH ROW "
        f"WHEN (NEW.notification_id = {position}) EXECUTE FUNCTION stop_here()",
    )
    with closing(psycopg.connect(database, autocommit=True)) as holder:
        holder.execute(f"SELECT pg_advisory_lock({GATE})")  # pyright: ignore[reportArgumentType, reportCallIssue]
        yield holder


def wait_until_it_stops(holder: psycopg.Connection, command: Future[httpx.Response]) -> None:
    """Waits until a transaction stands at the gate."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    deadline = time.monotonic() + LONG
    while holder.execute(waiting).fetchone() == (0,):
        assert not command.done(), command.result().text
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_cut_off_in_the_middle_of_its_transaction_leaves_nothing(
    server: PostgresServer, tenants: Tenants, http: httpx.Client
) -> None:
    tenant = tenants.open()
    before = history(tenant.ledger)
    approvals = [approval_event(f"A{n}", "0.10") for n in range(LARGE)]
    database = tenants.entries()[0].server
    with stopping_at(database, len(before) + LARGE) as holder, ThreadPoolExecutor() as pool:
        command = pool.submit(post, http, *approvals)
        try:
            wait_until_it_stops(holder, command)
            server.kill()
            problem(command.result(BOUND), 503)
        finally:
            server.kill()
            server.start()
    assert sql(database, "SELECT count(*) FROM stored_events") == [(len(before),)]
    again = until_well(lambda: post(http, *approvals))
    assert {result["outcome"] for result in again["results"]} == {"recorded"}
    assert history(tenant.ledger)[: len(before)] == before
    asked = {"totals": "true", "limit": 1, "after": again["position"]}
    shown = until_well(lambda: http.get("/backlog/time-and-material", params=asked))
    assert [total["count"] for total in shown["totals"]] == [LARGE]
    assert_sound(tenant.ledger)


def test_callers_of_a_server_that_is_gone_are_sent_away_at_once_not_one_after_the_other(
    server: PostgresServer, http: httpx.Client
) -> None:
    """Each would hold a thread for seconds, that the tenants of other servers need."""
    server.kill()
    try:
        first = httpx.Response(200)
        while first.status_code == 200:
            first = http.get("/contracts")
        began = time.monotonic()
        for _ in range(8):
            problem(http.get("/contracts"), 503)
        assert time.monotonic() - began < 10, "they waited for 3 seconds each"
    finally:
        server.start()


def test_connections_that_die_with_the_server_are_not_missed_once_it_is_back(
    server: PostgresServer, tenants: Tenants
) -> None:
    """Readers at work when it goes, in all more than the pool has connections."""
    tenant = tenants.open()
    for _ in range(2):
        with suppress(Unavailable), ExitStack() as readers:
            for _ in range(POOL_SIZE * 2 // 3):
                readers.enter_context(tenant.reading())
            server.kill()
            server.start()
        until_it_reads(tenant)
    with ExitStack() as readers:
        for _ in range(POOL_SIZE * 2 // 3):
            readers.enter_context(tenant.reading())


def until_it_reads(tenant: Tenant) -> None:
    """Reads until it works; dead connections fail one after the other before."""
    deadline = time.monotonic() + BOUND
    while time.monotonic() < deadline:
        with suppress(Unavailable), tenant.reading():
            return
    raise AssertionError(f"no read in {BOUND} seconds after the server came back")
