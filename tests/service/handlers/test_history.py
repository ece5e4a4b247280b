"""Events that match, among many: by time, actor, line and item, whatever page they are on."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from service.handlers import history
from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.http_caller import Caller

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEPS = 12
Json = dict[str, Any]


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenant(database: str, clock: Clock) -> Generator[Tenant]:
    opened = Tenant(database, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
async def caller(tenant: Tenant, clock: Clock) -> Caller:
    """A caller who has marked items for some hours, by turns as one of two actors."""
    app = create_app(Only(tenant), Settings(read_wait=60.0))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    caller = Caller(httpx.AsyncClient(transport=transport, base_url="http://localhost/v1"))
    await caller.contract()
    await caller.contract("PC-2")
    for contract_id in ("PC-1", "PC-2"):
        for line_id in ("L-1", "L-2"):
            await caller.line(line_id, contract_id=contract_id)
    items: list[str] = []
    for step in range(STEPS):
        # Some clocks are behind others, by less than an hour.
        clock.now = START + timedelta(hours=2 * step) - timedelta(minutes=59 * (step % 2))
        contract_id, line_id = f"PC-{1 + step % 2}", f"L-{1 + step % 3 % 2}"
        items += await caller.sales(f"ap-{step}", "1.00", contract_id=contract_id, line_id=line_id)
        headers = {"X-Actor": "ada" if step % 4 else "bo"}
        body = {"items": items[-1:], "status": "ready"}
        await caller.call("POST", "/backlog/mark", body, headers=headers)
    return caller


def has_actor(event: Json) -> bool:
    return event["actor"] == "bo"


def is_within(event: Json) -> bool:
    recorded_at = datetime.fromisoformat(event["recorded_at"])
    return START + timedelta(hours=8) <= recorded_at <= START + timedelta(hours=20)


def is_of_line(event: Json) -> bool:
    return event["data"].get("line_id") == "L-2"


def is_of_contract(event: Json) -> bool:
    return event["data"].get("contract_id") == "PC-1"


WITHIN = {"from": "2026-03-01T20:00:00Z", "to": "2026-03-02T09:00:00+01:00"}
CASES: list[tuple[Json, list[Callable[[Json], bool]]]] = [
    ({"actor": "bo"}, [has_actor]),
    ({"actor": ["bo", "nobody"], "contract_id": "PC-1"}, [has_actor, is_of_contract]),
    (WITHIN, [is_within]),
    ({**WITHIN, "contract_id": "PC-1", "line_id": "L-2"}, [is_within, is_of_contract, is_of_line]),
    ({"line_id": "L-2"}, [is_of_line]),
    ({"from": "2027-01-01T00:00:00Z"}, [lambda _: False]),
    ({"to": "2025-01-01T00:00:00Z"}, [lambda _: False]),
]


async def test_events_that_match_are_found_page_by_page_wherever_they_are(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = await caller.history()
    monkeypatch.setattr(history, "SCAN", 5)
    for most in (10, 20_000):
        monkeypatch.setattr(history, "MOST_LOOKED_AT", most)
        for asked, has in CASES:
            expected = [event for event in everything if all(each(event) for each in has)]
            for limit in (3, 1000):
                assert await caller.history(limit=limit, **asked) == expected


async def test_a_page_ends_where_enough_was_looked_at(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "SCAN", 5)
    monkeypatch.setattr(history, "MOST_LOOKED_AT", 10)
    page = await caller.get("/audit/events", actor="nobody")
    assert (page["items"], page["next"]) == ([], "10")
    monkeypatch.setattr(history, "MOST_BYTES", 1)
    assert (await caller.get("/audit/events", actor="nobody"))["next"] == "5"


async def test_an_instant_has_its_zone(http: httpx.AsyncClient) -> None:
    caller = Caller(http)
    for name in ("from", "to"):
        for instant in ("2026-03-01", "2026-03-01T20:00:00", "x", "1", "", "0001-01-01T00:00:00Z"):
            asked: Json = {name: instant}
            refused = await caller.get("/audit/events", expect=422, **asked)
            assert [error["field"] for error in refused["errors"]] == [name]
