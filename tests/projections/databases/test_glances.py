"""Pages read by a single statement: they show the same, and tell when they can't be read."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from projections.databases.connections import glancing
from projections.history import Unavailable
from projections.tables import contracts
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.backlog.rows import Row, TotalledPage
from projections.views.paging import PageRequest
from service.tenants.tenant import Tenant
from tests.databases import opened_views
from tests.office import contract_event
from tests.postgres import PostgresServer
from tests.projections.large_views import ROWS
from tests.service.office import record

SOME = BacklogFilter(any_of={"contract_id": ["C1"]})
FIRST = PageRequest(limit=20)


def glanced(views: Engine) -> TotalledPage[Row]:
    with glancing(views, ROWS) as glance:
        page = list_time_and_material.glance(glance, SOME, FIRST)
        assert page
        return page


def shown(page: TotalledPage[Row]) -> object:
    """All that there is to see of a page."""
    return page.items, page.next, page.position


def test_a_page_of_a_single_statement_is_the_page_of_a_transaction(large: Engine) -> None:
    with large.connect() as connection:
        expected = list_time_and_material(connection, SOME, FIRST, totals=False)
    assert len(expected.items) == FIRST.limit
    assert expected.position == ROWS
    assert shown(glanced(large)) == shown(expected)


def test_the_statement_of_a_page_finds_its_rows_and_one_more(large: Engine) -> None:
    with glancing(large, ROWS) as glance:
        statement, values = list_time_and_material.statement(glance, SOME, FIRST)
        assert len(glance.driver.execute(statement, values).fetchall()) == FIRST.limit + 1


def test_an_error_of_sqlite_is_raised_as_it_is(tmp_path: Path) -> None:
    with opened_views(f"sqlite:///{tmp_path}/backlog.db") as views:
        with views.begin() as connection:
            contracts.drop(connection)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            glanced(views)


@pytest.fixture
def tenant_on_postgres(postgres_server: PostgresServer) -> Generator[Tenant]:
    with closing(Tenant(postgres_server.new_database())) as tenant:
        record(tenant, contract_event())
        yield tenant


def test_a_server_that_ends_the_connection_makes_the_views_unavailable_for_once(
    tenant_on_postgres: Tenant, postgres_server: PostgresServer
) -> None:
    def read(*, cut_off: bool) -> TotalledPage[Row] | None:
        with tenant_on_postgres.glancing() as glance:
            if cut_off:
                postgres_server.end(glance.driver.info.backend_pid)
            return list_time_and_material.glance(glance, SOME, FIRST)

    with pytest.raises(Unavailable):
        read(cut_off=True)
    page = read(cut_off=False)
    assert page
    assert page.items == []
