"""Pages that an event loop reads itself: they show the same, and nothing holds the loop up."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from projections.databases.connections import at_once, schema_of
from projections.databases.postgres import postgres_views
from projections.history import Unavailable
from projections.tables import contracts
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import Page, list_time_and_material
from projections.views.paging import PageRequest
from service.databases.postgres_server import Server
from service.tenants.tenant import Tenant
from tests.databases import SCHEMA, opened_views
from tests.postgres import PostgresServer
from tests.service.office import contract_event, record

SOME = BacklogFilter(any_of={"contract_id": ["C1"]})
FAR = BacklogFilter(any_of={"line_id": ["there is no such line"]})
"""What takes a look at every row."""
FIRST = PageRequest(limit=20)


async def read_at_once(views: Engine, wanted: BacklogFilter = SOME) -> Page | None:
    with at_once(views) as glance:
        assert glance, "there is nobody else who could have the connection"
        return await list_time_and_material.at_once(glance, wanted, FIRST)


def shown(page: Page | None) -> object:
    """All that there is to see of a page."""
    assert page
    return page.items, page.next, page.position


async def test_a_page_read_at_once_is_the_page_that_a_thread_reads(large: Engine) -> None:
    with large.connect() as connection:
        expected = list_time_and_material(connection, SOME, FIRST, totals=False)
    assert len(expected.items) == FIRST.limit
    assert shown(await read_at_once(large)) == shown(expected)


async def test_sqlite_is_given_a_moment_and_then_the_next_page_is_read_as_ever(
    large: Engine,
) -> None:
    """PostgreSQL may take its time, for the loop goes on meanwhile."""
    page = await read_at_once(large, FAR)
    assert (page is None) == (schema_of(large) is None)
    assert await read_at_once(large)
    with large.connect() as connection:
        assert list_time_and_material(connection, FAR, FIRST, totals=False).items == []


async def test_a_page_with_a_text_is_left_to_a_thread(large: Engine) -> None:
    """It may take several statements, each of which depends on those before."""
    assert await read_at_once(large, BacklogFilter(text="nobody has written this")) is None


async def test_an_error_of_sqlite_is_no_lack_of_time(tmp_path: Path) -> None:
    with opened_views(f"sqlite:///{tmp_path}/backlog.db") as views:
        with views.begin() as connection:
            contracts.drop(connection)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await read_at_once(views)


# --- PostgreSQL at work --------------------------------------------------------------------------


@pytest.fixture
async def server(postgres_server: PostgresServer) -> AsyncGenerator[Server]:
    """A server as a process with a single connection has it; a tenant is there."""
    with closing(Server(postgres_server.new_database(), pool_size=1)) as opened:
        with closing(Tenant(opened.url, project=False)) as tenant:
            record(tenant, contract_event())
        yield opened


@asynccontextmanager
async def held_up(server: Server) -> AsyncGenerator[psycopg.AsyncConnection[tuple[int]]]:
    """Who has the table to itself, until it is rolled back: no page can be read meanwhile."""
    async with await psycopg.AsyncConnection[tuple[int]].connect(server.url) as holder:
        await holder.execute(f'LOCK TABLE "{SCHEMA}".time_and_material'.encode())
        yield holder


async def until_it_waits(server: Server) -> None:
    """Lets the loop go on until a statement waits for a lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with await psycopg.AsyncConnection[tuple[int]].connect(server.url) as observer:
        for _ in range(10_000):
            found = await (await observer.execute(waiting)).fetchone()
            if found != (0,):
                return
    raise AssertionError("nobody ever waits")


async def test_the_loop_goes_on_while_postgresql_is_at_work(server: Server) -> None:
    views = postgres_views(server.pool, SCHEMA)
    async with held_up(server) as holder:
        reading = asyncio.create_task(read_at_once(views))
        await until_it_waits(server)
        assert not reading.done()
        await holder.rollback()
        page = await reading
        assert page
        assert page.items == []


async def test_a_reader_that_is_called_off_takes_its_connection_with_it_and_the_next_gets_a_new_one(
    server: Server,
) -> None:
    views = postgres_views(server.pool, SCHEMA)
    async with held_up(server) as holder:
        reading = asyncio.create_task(read_at_once(views))
        await until_it_waits(server)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await holder.rollback()
    with views.connect() as connection:
        page = list_time_and_material(connection, SOME, FIRST, totals=False)
    assert page.items == []


async def test_where_all_connections_are_given_out_nobody_waits_for_one_at_once(
    server: Server,
) -> None:
    views = postgres_views(server.pool, SCHEMA)
    with views.connect(), at_once(views) as glance:
        assert glance is None
    assert await read_at_once(views), "and it is not taken for a server that is down"


async def end(connection: psycopg.Connection[object], server: Server) -> None:
    """Has the server end a connection."""
    async with await psycopg.AsyncConnection[tuple[int]].connect(server.url) as other:
        await other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])


async def test_a_server_that_ends_the_connection_makes_the_views_unavailable_for_once(
    server: Server,
) -> None:
    with closing(Tenant(server.url, server=server, project=False)) as tenant:

        async def read_and_be_cut_off() -> None:
            with tenant.glancing_at_once() as glance:
                assert glance
                await end(glance.driver, server)
                await list_time_and_material.at_once(glance, SOME, FIRST)

        with pytest.raises(Unavailable):
            await read_and_be_cut_off()
        with tenant.reading() as (connection, _):
            page = list_time_and_material(connection, SOME, FIRST, totals=False)
        assert page.items == []
