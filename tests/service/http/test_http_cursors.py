"""Cursors that no list gave, whatever they are made of: 422 naming `cursor`, on every list."""

import asyncio
import base64
import json
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.http.app import create_app
from service.http.openapi import openapi
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.http_caller import Caller, approval, problem

BOUNDED = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LISTS = sorted(
    path.removeprefix("/v1")
    for path, operations in openapi(create_app(None, Settings()))["paths"].items()
    if "{" not in path
    if any(of["name"] == "cursor" for of in operations.get("get", {}).get("parameters", []))
)
"""But for results of a job, which is no list by itself."""
NO_SUCH_VALUES: list[Any] = [
    True, False, None, "\x00", "a\x00b", "\ud800", 0.5, 1e308, float("nan"), float("inf"),
    2**31, -(2**31), 2**63, -(2**63), 2**200, [], ["x"], {}, {"a": 1}, "", "x", "0", 0, -1,
    "2026-02-30", "2026-10-10T00:00:00", "0000-01-01", "10000-01-01", "-infinity", "\U0010ffff",
]  # fmt: skip

NEVER_VALUES: list[Any] = [True, "\x00", "a\x00", 0.5, None, [], {}, 2**63]


class Lists:
    """A service with rows in every list, and real cursors of each of its sort orders."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://localhost/v1",
        )
        self.position = 0

    async def _fill(self) -> None:
        caller = Caller(self._client)
        for number in (1, 2):
            await caller.contract(f"PC-{number}", customers=("A", "B"))
            await caller.line(contract_id=f"PC-{number}", splits={"A": "50", "B": "50"})
        await caller.line("FP", method="fixed_price", splits={"A": "50", "B": "50"})
        await caller.post(
            *(approval(f"ap-{number}", resource="R") for number in range(3)),
            *(approval(f"parked-{number}", contract_id="PC-9") for number in range(3)),
        )
        await caller.milestone("10.00", "1.00", line_id="FP")
        rows = (await caller.get("/backlog/time-and-material"))["items"]
        items = [row["item_id"] for row in rows]
        await caller.call("POST", "/backlog/mark", {"items": items, "status": "ready"})
        body = {"contract_id": "PC-1", "cutoff": "2027-12-31"}
        await caller.call("POST", "/invoices", body, expect=201)
        self.position = caller.position

    def fill(self) -> None:
        """Puts something into every list."""
        self._loop.run_until_complete(self._fill())
        cursors = [
            (path, sort, page["next"])
            for path in LISTS
            for sort in self._sorts(path)
            if (page := self.ask(path, sort=sort, limit="1").json())["next"]
        ]
        self.cursors = cursors
        self.own_cursors = [
            (path, cursor)
            for path, sort, cursor in cursors
            if sort is None and path != "/audit/events"
        ]

    def _sorts(self, path: str) -> list[str | None]:
        refused = self.ask(path, sort="~").json()
        known = refused["errors"][0]["detail"].partition("sortable are ")[2]
        return [None, *known.split(", ")] if known else [None]

    def ask(self, path: str, **query: str | None) -> httpx.Response:
        """What a list answers."""
        given = {name: value for name, value in query.items() if value is not None}
        asked = self._client.get(path, params={**given, "after": str(self.position)})
        return self._loop.run_until_complete(asked)

    def takes_or_refuses(self, path: str, sort: str | None, cursor: str) -> None:
        """The cursor starts a page somewhere, or is refused by its name."""
        answer = self.ask(path, sort=sort, cursor=cursor)
        assert answer.status_code in {200, 422}, (path, sort, cursor, answer.text)
        if answer.status_code == 422:
            assert problem(answer)["errors"][0]["field"] == "cursor"


@pytest.fixture
def lists(tenant: Tenant) -> Generator[Lists]:
    with asyncio.Runner() as runner:
        filled = Lists(create_app(Only(tenant), Settings()), runner.get_loop())
        filled.fill()
        yield filled


def unpacked(cursor: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def packed(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_every_list_gives_a_cursor_of_every_sort_order(lists: Lists) -> None:
    """Else the tests below would try nothing."""
    assert {path for path, _, _ in lists.cursors} >= {
        "/actuals",
        "/audit/events",
        "/backlog/fixed-price",
        "/backlog/time-and-material",
        "/contracts",
        "/customers",
        "/intake/parked",
        "/invoices",
        "/lines",
    }


def test_a_cursor_with_any_other_value_for_a_key_is_no_failure(lists: Lists) -> None:
    for path, sort, cursor in lists.cursors:
        if path == "/audit/events":
            continue
        keys, values = unpacked(cursor)
        for value in NO_SUCH_VALUES:
            lists.takes_or_refuses(path, sort, packed([keys, [value, *values[1:]]]))


def test_a_value_that_no_key_of_its_column_has_is_refused(lists: Lists) -> None:
    for path, cursor in lists.own_cursors:
        keys, values = unpacked(cursor)
        for value in NEVER_VALUES:
            answer = lists.ask(path, cursor=packed([keys, [value, *values[1:]]]))
            assert problem(answer, 422)["errors"][0]["field"] == "cursor"


def test_a_cursor_of_another_list_is_no_failure(lists: Lists) -> None:
    for path in LISTS:
        for _, cursor in lists.own_cursors:
            lists.takes_or_refuses(path, None, cursor)


json_values = st.recursive(
    st.one_of(
        st.sampled_from(NO_SUCH_VALUES), st.integers(), st.floats(), st.text(max_size=8), st.dates()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
).map(lambda value: json.loads(json.dumps(value, default=str)))


@BOUNDED
@given(data=st.data())
def test_any_cursor_made_of_anything_is_taken_or_refused_by_name(
    lists: Lists, data: st.DataObject
) -> None:
    path, cursor = data.draw(st.sampled_from(lists.own_cursors))
    keys, values = unpacked(cursor)
    some = st.lists(json_values, min_size=len(values), max_size=len(values))
    content = data.draw(
        st.one_of(some.map(lambda drawn: [keys, drawn]), st.tuples(json_values, some), json_values)
    )
    lists.takes_or_refuses(path, None, packed(content))


@BOUNDED
@given(data=st.data(), text=st.text(max_size=12), at=st.integers(0, 200))
def test_any_cursor_with_any_text_put_into_it_is_taken_or_refused_by_name(
    lists: Lists, data: st.DataObject, text: str, at: int
) -> None:
    path, sort, cursor = data.draw(st.sampled_from(lists.cursors))
    lists.takes_or_refuses(path, sort, cursor[: at % len(cursor)] + text + cursor[at:])
