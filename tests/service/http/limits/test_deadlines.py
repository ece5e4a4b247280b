"""A call is answered in time, whatever it waits for."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body
from tests.service.http_caller import problem
from tests.service.processes import LONG, until

SHORT = 0.3


@contextmanager
def serving(tenant: Tenant, settings: Settings) -> Generator[httpx.Client]:
    app = create_app(Only(tenant), settings)
    with (
        running(app, settings) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=LONG) as http,
    ):
        yield http


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backlog.db"


@pytest.fixture
def sqlite(path: Path) -> Generator[Tenant]:
    """A tenant whose views stand still."""
    with closing(Tenant(f"sqlite:///{path}", project=False)) as tenant:
        yield tenant


def test_a_read_that_takes_too_long_is_given_up(sqlite: Tenant) -> None:
    settings = Settings(request_seconds=SHORT, read_wait=10 * LONG, waiting_limit=1)
    with serving(sqlite, settings) as http:
        after = http.put("/contracts/PC-1", json=contract_body()).json()["position"]

        def read() -> httpx.Response:
            return http.get("/contracts", params={"after": after})

        assert problem(read(), 504)["code"] == "deadline_passed"
        until(lambda: read().status_code == 504)  # the only place of who waits is free again


def test_a_change_that_takes_too_long_goes_on_and_its_outcome_is_said_to_be_unknown(
    sqlite: Tenant, path: Path
) -> None:
    with serving(sqlite, Settings(request_seconds=SHORT)) as http:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            late = http.put("/contracts/PC-1", json=contract_body())
            other.execute("ROLLBACK")
        assert problem(late, 504)["code"] == "outcome_unknown"
        until(lambda: sqlite.ledger.position() > 0)
        again = http.put("/contracts/PC-1", json=contract_body())
        assert again.status_code == 200, again.text


def test_an_answer_that_has_begun_may_take_its_time(sqlite: Tenant) -> None:
    settings = Settings(request_seconds=SHORT, read_wait=LONG)
    with serving(sqlite, settings) as http, http.stream("GET", "/stream") as stream:
        after = http.put("/contracts/PC-1", json=contract_body()).json()["position"]
        late = http.get("/contracts", params={"after": after})  # which takes as long as a call may
        assert late.status_code == 504
        sqlite.projector.start()
        assert any(line.startswith("data:") for line in stream.iter_lines())
