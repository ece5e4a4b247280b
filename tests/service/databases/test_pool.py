"""One pool a server and process: its tenants share it, however many and however busy they are."""

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg
import pytest

from service.databases.postgres_server import Server
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.office import record, rows

SIZE, TENANTS, CALLERS, ROUNDS = 3, 12, 12, 3
COUNT = (
    "SELECT count(*) FILTER (WHERE application_name = 'billing-backlog'), "
    "count(*) FILTER (WHERE application_name = 'billing-backlog listener'), "
    "count(*) FILTER (WHERE application_name = 'billing-backlog turns') "
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()


@pytest.fixture
def tenants(database: str) -> Generator[list[Tenant]]:
    """Tenants with their projectors, all on one server as a process has it."""
    with closing(Server(database, pool_size=SIZE)) as server, ExitStack() as opened:
        yield [
            opened.enter_context(closing(Tenant(database, name=f"t{n}", server=server)))
            for n in range(TENANTS)
        ]


def work(tenant: Tenant) -> None:
    """Commands and reads, as several callers have them at once."""
    record(tenant, contract_event(), line_event())
    for number in range(ROUNDS):
        record(tenant, approval_event(f"A{number}"))
        assert len(rows(tenant, "time_and_material")) == number + 1


def test_busy_tenants_of_a_server_never_take_more_connections_than_its_pool_and_two(
    database: str, tenants: list[Tenant]
) -> None:
    seen: set[tuple[int, int, int]] = set()
    with (
        psycopg.connect(database, autocommit=True) as observer,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        working = [pool.submit(work, tenant) for tenant in tenants]
        while not all(each.done() for each in working):
            seen.update(observer.execute(COUNT).fetchall())
        for each in working:
            each.result()
    assert max(beside for _, *beside in seen) == [1, 1]
    assert max(connections for connections, *_ in seen) == SIZE, "all were needed, and no more"


def test_a_tenant_is_opened_on_one_connection_and_nothing_is_made_for_pages_yet(
    database: str,
) -> None:
    with closing(Server(database)) as server:
        threads = threading.active_count()
        Tenant(database, server=server, project=False).close()
        with psycopg.connect(database, autocommit=True) as observer:
            assert observer.execute(COUNT).fetchone() == (1, 0, 0)
        assert server.readers.closed
        assert threading.active_count() == threads
        with server.readers.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pool_that_was_closed_is_not_opened_again(database: str) -> None:
    server = Server(database)
    server.close()
    for pool in (server.pool, server.readers):
        with pytest.raises(psycopg.OperationalError), pool.connection():
            pass
