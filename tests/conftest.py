"""What tests share: a tenant on a real database of its own, and clients of the HTTP service."""

import logging
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from coverage import Coverage
from fastapi import FastAPI

from service.garbage_collector import collect_hardly, collect_seldom
from service.http.app import create_app
from service.http.server.serving import running
from service.logs import OURS
from service.settings import Settings
from service.tenants.opening import sqlite_path
from service.tenants.tenant import Tenant, is_postgres
from tests.databases import KINDS, NewDatabase, Only, copy_files
from tests.postgres import PostgresServer, running_postgres

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""What the clock of the tests says."""

MEASURED = [Path(__file__).parent / room for room in ("aggregates", "projections")]
"""The tests whose rooms must be covered: by them alone, whatever else goes through."""
IN_MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
"""Bytes that there must be in memory for the files of tests."""
LONGEST = (
    "faults/test_failover.py",
    "faults/test_faults.py",
    "service/http/test_http_schema.py",
    "test_benchmarks.py",
    "soak/test_soak.py",
    "service/http/test_hostile_bodies.py",
    "service/http/test_http_any_sequence.py",
    "service/ledger/test_interleaved.py",
    "service/ledger/test_recall_races.py",
    "projections/views/test_summary.py",
)
"""Tests that take longest begin first, so that in the end no process waits for another's."""


def pytest_configure() -> None:
    """Files of tests are in memory, if there is room: thousands of databases are copied and go.

    On a disk, most of a test on PostgreSQL would be the looking for free places of 400 files.
    """
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir():
        system = os.statvfs(IN_MEMORY)
        executes = not system.f_flag & os.ST_NOEXEC
        if executes and system.f_bavail * system.f_frsize >= ROOM:
            os.environ["TMPDIR"] = str(IN_MEMORY)
            tempfile.tempdir = None


def pytest_collection() -> None:
    """While tests are collected, none looks for garbage, as while the service loads."""
    collect_hardly()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest ones first, else in the order that they were in."""
    longest = {(Path(__file__).parent / name).resolve(strict=True) for name in LONGEST}
    items.sort(key=lambda item: item.path not in longest)


def pytest_collection_finish() -> None:
    """From here on none looks through all modules and tests, which stay: it took a fifth of all."""
    collect_seldom()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Other tests run without the tracer: with it they take twice as long, and nothing is told."""
    measuring = Coverage.current()
    if measuring is None or any(map(item.path.is_relative_to, MEASURED)):
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


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
def empty_database(new_database: NewDatabase) -> str:
    """The URL of a database that nothing is in yet, for tests of what is made then."""
    return new_database()


@pytest.fixture(scope="session")
def made_database(new_database: NewDatabase) -> str:
    """A database with a tenant's tables in it, which is only copied."""
    url = new_database()
    Tenant(url, project=False).close()
    return url


@pytest.fixture
def database(
    request: pytest.FixtureRequest, new_database: NewDatabase, made_database: str
) -> Generator[str]:
    """The URL of a database of its own: the tables are there, and nothing is recorded.

    It is a copy, since to make the tables takes ten times as long, and is gone after the test.
    """
    if is_postgres(made_database):
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.new_database(template=made_database)
        yield url
        server.drop_database(url)
        return
    url = new_database()
    copy_files(made_database, url)
    yield url
    shutil.rmtree(sqlite_path(url).parent)


@pytest.fixture(autouse=True)
def logging_as_before() -> Generator[None]:
    """Whatever a test sets up of logs goes with it: a file that it wrote to is closed by then."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in OURS}
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, known in levels.items():
        logging.getLogger(name).setLevel(known)


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database on SQLite with a tenant's tables in it, which is only copied."""
    url = f"sqlite:///{tmp_path_factory.mktemp('made')}/backlog.db"
    Tenant(url, project=False).close()
    return url


@pytest.fixture
def sqlite_database(made_sqlite: str, tmp_path: Path) -> str:
    """The same as `database` on SQLite alone, for tests to which it makes no difference."""
    url = f"sqlite:///{tmp_path}/backlog.db"
    copy_files(made_sqlite, url)
    return url


@pytest.fixture
def tenant(database: str) -> Generator[Tenant]:
    """A tenant with a running projector."""
    opened = Tenant(database, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def app(tenant: Tenant) -> FastAPI:
    """The HTTP service over the tenant; reads wait for the views as long as it takes."""
    return create_app(Only(tenant), Settings(read_wait=60.0))


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
