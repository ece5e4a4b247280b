"""What it takes to open a tenant that is there already: a look, unless a version has changed it."""

from collections.abc import Generator
from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from service.tenants.tenant import Tenant
from tests.databases import SCHEMA
from tests.office import approval_event, contract_event, line_event
from tests.postgres import PostgresServer
from tests.service.office import record

CHANGES = ("CREATE ", "ALTER ", "DROP ", "LOCK ", "pg_advisory")


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    """Its server logs every statement that it is asked to execute."""
    url = postgres_server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        name = Identifier(url.rpartition("/")[2])
        connection.execute(SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))
    return url


@contextmanager
def opened(database: str) -> Generator[Tenant]:
    with closing(Tenant(database, project=False)) as tenant:
        yield tenant


def test_a_tenant_that_is_there_is_opened_without_locks_and_changes(
    postgres_server: PostgresServer, database: str
) -> None:
    with opened(database):
        made = postgres_server.executed(database)
    with opened(database):
        asked = postgres_server.executed(database)[len(made) :]
    assert any("CREATE SCHEMA" in statement for statement in made)
    assert len(asked) > 1, "the log tells what was asked"
    assert not [each for each in asked if any(word in each for word in CHANGES)]


def test_functions_of_another_version_are_replaced_when_a_tenant_is_opened(database: str) -> None:
    with opened(database) as tenant:
        record(tenant, contract_event(), line_event())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION {}.append_events(
                    streams text[], versions bigint[], topics text[], states bytea[],
                    seen bigint, looked_at text[], looked_at_versions bigint[]
                ) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 7; END $$
                """
            ).format(Identifier(SCHEMA))
        )
    with opened(database) as tenant:
        before = tenant.ledger.position()
        record(tenant, approval_event("A1"))
        assert tenant.ledger.position() > before
