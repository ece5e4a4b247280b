"""What tests share: a tenant on a real database of its own, and clients of the HTTP service."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import KINDS, NewDatabase, Only
from tests.postgres import PostgresServer, running_postgres

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""What the clock of the tests says."""


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresServer]:
    """A PostgreSQL server for all tests of a process."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session", params=KINDS)
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> NewDatabase:
    """Makes empty databases; what uses it runs on both kinds, one after the other."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('database')}/backlog.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database


@pytest.fixture
def database(new_database: NewDatabase) -> str:
    """The URL of a database that nothing is in yet."""
    return new_database()


@pytest.fixture
def tenant(database: str) -> Generator[Tenant]:
    """A tenant with a running projector."""
    opened = Tenant(database, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The HTTP service over the tenant; reads wait for a second at most."""
    return create_app(Only(tenant), Settings(read_wait=1.0))


@pytest.fixture
async def http(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the service, in process, without a server between."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as client:
        yield client


@pytest.fixture
def api(app: FastAPI) -> Generator[httpx.Client]:
    """A client of the service over a real socket, for tests that are not asynchronous."""
    with running(app) as address, httpx.Client(base_url=f"{address}/v1", timeout=30) as client:
        yield client
