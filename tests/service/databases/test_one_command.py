"""What one caller's one command asks of PostgreSQL, from the decision to the views.

Counted by the server, which logs each statement that it is asked to execute: BEGIN and COMMIT count
like any other, what a function does inside does not.
"""

from collections.abc import Generator
from contextlib import closing

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from projections.databases.notices import CHANNEL, VIEWS, understood
from projections.keeping import projector
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.office import mark_ready, record


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    """Statements cost a way to the server and back; SQLite has none."""
    url = postgres_server.new_database()
    logged = SQL("ALTER DATABASE {} SET log_statement = 'all'")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(logged.format(Identifier(url.rpartition("/")[2])))
    return url


@pytest.fixture
def tenant(database: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Tenant]:
    """A tenant whose projector does not look by itself meanwhile."""
    monkeypatch.setattr(projector, "RECHECK_SECONDS", 60.0)
    with closing(Tenant(database)) as opened:
        record(opened, contract_event(), line_event())
        yield opened


def test_a_single_mark_is_five_statements(
    postgres_server: PostgresServer, database: str, tenant: Tenant
) -> None:
    """The append; its events, what stands in their rows and in their totals, the page."""
    items = record(tenant, *(approval_event(f"A{n}") for n in range(3)))

    def asked_to_mark(item: str) -> list[str]:
        before = len(postgres_server.executed(database))
        position = mark_ready(tenant, [item]).body.position
        assert tenant.projector.wait_for(position, 20)
        return postgres_server.executed(database)[before:]

    asked_to_mark(items[0])
    for item in items[1:]:
        asked = asked_to_mark(item)
        assert len(asked) <= 5, "\n".join(asked)


def test_the_process_that_projects_tells_others_of_its_views_alone(
    database: str, tenant: Tenant
) -> None:
    """Each commit that is told of wakes a thread of every process, its own among them."""
    items = record(tenant, approval_event("A"))
    tenant.projector.wait_for(tenant.ledger.position(), 20)
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
        position = mark_ready(tenant, items).body.position
        assert tenant.projector.wait_for(position, 20)
        heard = [understood(each.payload) for each in listener.notifies(timeout=10, stop_after=1)]
    assert [(told[0], told[1]) for told in heard if told] == [(position, VIEWS)]
