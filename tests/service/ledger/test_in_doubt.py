"""What callers are told of a commit that the database did not confirm, and that it is true."""

import os
import resource
import signal
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from projections.history import OutcomeUnknown
from service.cli.main import cli
from service.http.app import create_app
from service.http.server.serving import running
from service.ledger.group_commit import Context
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import Only
from tests.office import BATCH, Json, approval_event, contract_event, line_event
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.cutting import Sent, Wire, wire_to
from tests.service.http_caller import problem
from tests.service.ledger.test_group_commit import held
from tests.service.ledger.test_ledger import next_number
from tests.service.office import assert_sound, numbers_assigned, write_ndjson
from tests.service.processes import until

BOUND = 15.0
"""Seconds within which every single call is answered, whatever happens to the database."""
LARGE = 300
"""Approvals of a batch that are more events than those that are copied in."""
MILESTONE = {"name": "Doubtful", "amount": "10.00", "tax": "0.00", "date": "2026-10-15"}
MILESTONES = "/contracts/C1/lines/F1/milestones"


@pytest.fixture(scope="module")
def server() -> Generator[PostgresServer]:
    """A server of these tests' own, for it is stopped, and waits for standbys."""
    with running_postgres(DURABLE) as running_server:
        yield running_server


@pytest.fixture
def database(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
def wire(server: PostgresServer) -> Generator[Wire]:
    with wire_to(server.port) as opened:
        yield opened


@pytest.fixture
def through(server: PostgresServer, database: str, wire: Wire) -> str:
    """The database's address by way of the wire."""
    return database.replace(f":{server.port}/", f":{wire.port}/")


@pytest.fixture
def http(through: str) -> Generator[httpx.Client]:
    """A client of the service, whose database is at the other end of the wire."""
    with served(through) as client:
        yield client


@contextmanager
def served(database: str) -> Generator[httpx.Client]:
    """A client of the service on a database; a contract and two lines are on its books."""
    tenants = Tenants(database)
    try:
        with (
            running(create_app(tenants, Settings())) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=BOUND) as client,
        ):
            fixed = line_event(line_id="F1", method="fixed_price")
            assert post(client, contract_event(), line_event(), fixed).status_code == 200
            yield client
    finally:
        tenants.close()


def post(http: httpx.Client, *events: object) -> httpx.Response:
    return http.post("/events", json=events, headers={"content-type": BATCH})


def until_well(ask: Callable[[], httpx.Response]) -> Json:
    """The first answer that is no 503, as a client gets it that heeds Retry-After."""
    deadline = time.monotonic() + 4 * BOUND
    while (response := ask()).status_code == 503:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)
    assert response.status_code < 300, response.text
    return response.json()


def health(http: httpx.Client) -> httpx.Response:
    return http.get(f"{str(http.base_url).removesuffix('/v1/')}/health/ready")


def in_doubt(response: httpx.Response) -> Json:
    """The problem that says so, and how to find out."""
    body = problem(response, 503)
    assert body["code"] == "outcome_unknown", body
    assert "nothing was changed" not in body["detail"]
    assert response.headers["retry-after"]
    assert body["correlation_id"]
    return body


def found_out(http: httpx.Client, told: Json) -> list[Json]:
    """The events of the command, where the problem says they are to be found."""
    path = told["find_out"].removeprefix("/v1")
    items = until_well(lambda: http.get(path))["items"]
    return [event for event in items if event["correlation_id"] == told["correlation_id"]]


def approvals(name: str, size: int) -> list[Json]:
    return [
        approval_event(f"{name}-{n}", "0.10", description=f"work of {name}") for n in range(size)
    ]


def the_append(of: bytes, *, large: bool) -> Sent:
    """Tells the message that asks for the commit of an append with this in it."""
    appending: set[int] = set()

    def sent(connection: int, message: bytes) -> bool:
        if of in message:
            appending.add(connection)
            return not large
        return large and connection in appending and b"COMMIT" in message

    return sent


WAYS: dict[str, tuple[Callable[[Wire, Sent], None], bool]] = {
    "lost before the server got it": (Wire.cut_before, False),
    "lost once the server had answered": (Wire.cut_after, True),
    "silent after the server got it": (Wire.swallow_after, True),
}


@pytest.mark.parametrize("size", [2, LARGE])
@pytest.mark.parametrize("way", WAYS)
def test_a_batch_whose_commit_is_not_confirmed_is_in_doubt_and_safe_to_post_again(
    database: str, wire: Wire, http: httpx.Client, way: str, size: int
) -> None:
    spoil, is_recorded = WAYS[way]
    events = approvals("Doubtful", size)
    spoil(wire, the_append(b"work of Doubtful", large=size == LARGE))
    told = in_doubt(post(http, *events))
    assert wire.hit.is_set()
    wire.mend()
    assert bool(found_out(http, told)) is is_recorded
    again = until_well(lambda: post(http, *events))
    outcomes = {result["outcome"] for result in again["results"]}
    assert outcomes == {"duplicate" if is_recorded else "recorded"}
    assert all(len(result["items"]) == 1 for result in again["results"])
    wanted = {"totals": "true", "limit": 1, "after": again["position"]}
    shown = until_well(lambda: http.get("/backlog/time-and-material", params=wanted))
    assert [total["count"] for total in shown["totals"]] == [size]


@pytest.mark.parametrize("way", WAYS)
def test_a_command_in_doubt_takes_effect_once_when_it_is_repeated_under_its_key(
    wire: Wire, http: httpx.Client, way: str
) -> None:
    key = {"idempotency-key": "once"}
    WAYS[way][0](wire, the_append(b"Doubtful", large=False))
    in_doubt(http.post(MILESTONES, json=MILESTONE, headers=key))
    wire.mend()
    again = until_well(lambda: http.post(MILESTONES, json=MILESTONE, headers=key))
    shown = until_well(
        lambda: http.get("/backlog/fixed-price", params={"after": again["position"]})
    )
    assert [row["milestone_id"] for row in shown["items"]] == [again["milestone_id"]]


@pytest.mark.parametrize("way", WAYS)
def test_a_caller_without_a_key_finds_out_by_the_correlation_id_what_became_of_the_command(
    wire: Wire, http: httpx.Client, way: str
) -> None:
    spoil, is_recorded = WAYS[way]
    named = {"x-correlation-id": "mine"}
    spoil(wire, the_append(b"Doubtful", large=False))
    told = in_doubt(http.post(MILESTONES, json=MILESTONE, headers=named))
    assert told["correlation_id"] == "mine"
    wire.mend()
    assert [event["data"]["name"] for event in found_out(http, told)] == ["Doubtful"] * is_recorded


def test_all_commands_of_a_group_in_doubt_are_in_doubt_each_with_its_correlation_id(
    through: str, wire: Wire, http: httpx.Client
) -> None:
    del http
    tenant = Tenant(through, project=False)
    contexts = [Context(actor="a", correlation_id=f"command {n}") for n in range(3)]
    try:
        wire.cut_after(the_append(b"InvoiceNumberAssigned", large=False))
        with held(tenant.ledger):
            futures = [tenant.ledger.submit(next_number, context) for context in contexts]
        for future, context in zip(futures, contexts, strict=True):
            with pytest.raises(OutcomeUnknown) as told:
                future.result(BOUND)
            assert told.value.correlation_id == context.correlation_id
        assert numbers_assigned(tenant.ledger) == [1, 2, 3]
        assert tenant.ledger.transact(next_number, contexts[0]).result == 4
        assert_sound(tenant.ledger)
    finally:
        tenant.close()


def test_a_database_that_refuses_before_the_commit_has_changed_nothing_and_says_so(
    database: str, http: httpx.Client
) -> None:
    events = approvals("Waiting", 2)
    with psycopg.connect(database) as holder:
        holder.execute('LOCK TABLE "tenant_default".stored_events IN EXCLUSIVE MODE')
        body = problem(post(http, *events), 503)
    assert body["code"] == "unavailable"
    assert "nothing was changed" in body["detail"]
    again = until_well(lambda: post(http, *events))
    assert {result["outcome"] for result in again["results"]} == {"recorded"}


def test_connections_that_ended_while_nobody_used_them_leave_nobody_in_doubt(
    server: PostgresServer, database: str
) -> None:
    with served(database) as http:
        for number in range(3):
            ended = [pid for pid, _ in ask(server, ENDED, database.rpartition("/")[2])]
            until(lambda ended=ended: ask(server, THERE, ended) == [])
            events = approvals(f"Later{number}", 2)
            response = post(http, *events)
            assert response.status_code == 200, response.text
            assert {result["outcome"] for result in response.json()["results"]} == {"recorded"}


# --- no standby confirms -----------------------------------------------------------------------

ENDED: LiteralString = (
    "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = %s AND application_name = 'billing-backlog'"
)
THERE: LiteralString = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)"
WAITING: LiteralString = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def ask(server: PostgresServer, statement: LiteralString, *values: object) -> list[Any]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        done = connection.execute(statement, values)
        return done.fetchall() if done.description else []


@contextmanager
def no_standby(server: PostgresServer) -> Generator[None]:
    """Commits wait for a standby that there is none of."""
    try:
        ask(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        ask(server, "SELECT pg_reload_conf()")
        until(lambda: ask(server, "SHOW synchronous_standby_names") == [("nobody",)])
        yield
    finally:
        ask(server, "ALTER SYSTEM RESET synchronous_standby_names")
        ask(server, "SELECT pg_reload_conf()")


def test_a_commit_that_no_standby_confirms_is_in_doubt_and_readiness_says_so(
    server: PostgresServer, database: str
) -> None:
    events = approvals("Doubtful", 2)
    with served(database) as http, ThreadPoolExecutor() as pool:
        until_well(lambda: health(http))
        with no_standby(server):
            first = pool.submit(post, http, *events)
            until(lambda: ask(server, WAITING))
            until(lambda: health(http).status_code == 503)
            assert problem(health(http), 503)["code"] == "commit_unconfirmed"
            assert http.get("/contracts").status_code == 200, "reads go on"
            in_doubt(first.result(BOUND))
            certain = problem(post(http, *approvals("Certain", 2)), 503)
            assert certain["code"] == "unavailable", "it never got its turn"
            assert problem(health(http), 503)["code"] == "commit_unconfirmed", "for all others"
        until_well(lambda: health(http))
        again = until_well(lambda: post(http, *events, *approvals("Certain", 2)))
        outcomes = [result["outcome"] for result in again["results"]]
        assert outcomes == ["duplicate"] * 2 + ["recorded"] * 2
    tenant = Tenant(database, project=False)
    assert_sound(tenant.ledger)
    tenant.close()


def test_a_commit_whose_wait_for_a_standby_is_canceled_is_in_doubt(
    server: PostgresServer, database: str
) -> None:
    events = approvals("Doubtful", 2)
    with served(database) as http, ThreadPoolExecutor() as pool, no_standby(server):
        first = pool.submit(post, http, *events)
        until(lambda: ask(server, WAITING))
        ask(server, f"SELECT pg_cancel_backend(pid) FROM ({WAITING}) waiting")
        in_doubt(first.result(BOUND))
        ask(server, "ALTER SYSTEM RESET synchronous_standby_names")
        ask(server, "SELECT pg_reload_conf()")
        again = until_well(lambda: post(http, *events))
        assert {result["outcome"] for result in again["results"]} == {"duplicate"}


# --- a server that stands still ----------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


@contextmanager
def standing_still(server: PostgresServer) -> Generator[None]:
    """Every process of the server is stopped where it is."""
    assert server.pid
    stopped: list[int] = []
    try:
        for pid in family(server.pid):
            with suppress(ProcessLookupError):  # one that has just ended by itself
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_a_server_that_stands_still_holds_nobody_longer_than_the_bound(
    server: PostgresServer, database: str
) -> None:
    events = approvals("Still", 2)
    with served(database) as http, ThreadPoolExecutor(16) as pool:
        until_well(lambda: health(http))
        live = f"{str(http.base_url).removesuffix('/v1/')}/health/live"
        with standing_still(server):
            asked = [pool.submit(post, http, *events)]
            asked += [pool.submit(http.post, MILESTONES, json=MILESTONE) for _ in range(3)]
            asked += [pool.submit(http.get, "/backlog/time-and-material") for _ in range(5)]
            asked += [pool.submit(http.get, "/contracts") for _ in range(5)]
            began = time.monotonic()
            assert http.get(live).status_code == 200
            assert problem(health(http), 503)["code"] in {"unavailable", "commit_unconfirmed"}
            assert time.monotonic() - began < 5, "those that do not wait for it are answered"
            codes = {problem(each.result(2 * BOUND), 503)["code"] for each in asked}
        assert codes <= {"unavailable", "outcome_unknown"}
        again = until_well(lambda: post(http, *events))
        assert {result["outcome"] for result in again["results"]} <= {"recorded", "duplicate"}
        until_well(lambda: health(http))
        until_well(lambda: http.get("/contracts", params={"after": again["position"]}))


def test_an_import_in_doubt_says_so_and_can_be_repeated(
    tmp_path: Path, through: str, wire: Wire, http: httpx.Client
) -> None:
    del http
    file = write_ndjson(tmp_path / "events.ndjson", approvals("Doubtful", 3))
    wire.cut_after(the_append(b"work of Doubtful", large=False))
    command = ["import", str(file), "--database", through]
    first = CliRunner().invoke(cli, command)
    assert first.exit_code == 2, first.output
    said = " ".join(first.output.split())
    assert "it is not known whether the change was made" in said
    assert "the import can be repeated" in said
    wire.mend()
    second = CliRunner().invoke(cli, command)
    assert second.exit_code == 0, second.output
    assert "3 duplicate" in second.output


# --- SQLite ------------------------------------------------------------------------------------


def test_a_disk_that_fails_at_the_commit_leaves_the_caller_in_doubt_not_misled(
    tmp_path: Path,
) -> None:
    """Files may not grow: SQLite's log takes the transaction when it commits."""
    tenant = Tenant(f"sqlite:///{tmp_path}/backlog.db", project=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    events = approvals("Doubtful", 20)
    try:
        with (
            running(create_app(Only(tenant), Settings())) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=BOUND) as http,
        ):
            assert post(http, contract_event(), line_event()).status_code == 200
            size = (tmp_path / "backlog.db-wal").stat().st_size
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
                response = post(http, *events)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            in_doubt(response)
            again = until_well(lambda: post(http, *events))
            assert {result["outcome"] for result in again["results"]} == {"recorded"}
        assert_sound(tenant.ledger)
    finally:
        tenant.close()
