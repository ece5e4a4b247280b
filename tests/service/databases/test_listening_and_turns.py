"""The two connections beside the pool: what one hears, which turns the other has, and when cut."""

from collections.abc import Generator
from contextlib import closing

import psycopg
import pytest

from projections.keeping import projector
from service.databases.listener import LISTENER
from service.databases.postgres_server import Server
from service.databases.turns import TURNS
from service.tenants.tenant import Tenant
from tests.databases import opened_server
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.office import record
from tests.service.processes import until

Servers = tuple[Server, Server]


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()


@pytest.fixture
def two(database: str) -> Generator[Servers]:
    """The same server as two processes have it."""
    with opened_server(database) as one, opened_server(database) as other:
        yield one, other


def cut(database: str, name: str) -> int:
    """Ends the connections of this name, as a server does that restarts; how many there were."""
    with psycopg.connect(database, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            (name,),
        )
        return len(ended.fetchall())


def test_a_turn_is_that_of_one_process_until_it_leaves_it(two: Servers) -> None:
    one, other = (server.turn("a") for server in two)
    assert (one.mine(), one.mine(), other.mine()) == (True, True, False)
    assert two[1].turn("b").mine()
    one.leave()
    assert (other.mine(), one.mine()) == (True, False)


def test_a_turn_whose_connection_is_cut_is_lost_to_whoever_asks_first(
    two: Servers, database: str
) -> None:
    one, other = (server.turn("a") for server in two)
    assert (one.mine(), other.mine()) == (True, False)
    assert cut(database, TURNS) == 2
    assert (other.mine(), one.mine()) == (True, False)
    other.leave()
    assert one.mine()


@pytest.fixture
def only_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Projectors do not look by themselves: they hear of commits, or don't."""
    monkeypatch.setattr(projector, "RECHECK_SECONDS", 10_000.0)


@pytest.mark.usefixtures("only_told")
def test_commits_of_another_process_are_heard_and_none_is_missed_when_listening_is_cut(
    database: str,
) -> None:
    with closing(Tenant(database)) as projecting, closing(Tenant(database, project=False)) as other:

        def follows() -> None:
            until(lambda: projecting.writer.position() == other.ledger.position())

        record(other, contract_event(), line_event())
        follows()
        for number in range(3):
            until(lambda: listening(database) == 1)
            assert cut(database, LISTENER) == 1
            record(other, approval_event(f"A{number}"))
            follows()


def listening(database: str) -> int:
    """How many connections listen."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = %s AND query LIKE 'LISTEN%%'",
            (LISTENER,),
        ).fetchone()
    return found[0] if found else 0
