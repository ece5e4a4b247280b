"""Refused events: told with their own status, and noted for whoever has to mend them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from service.http.app import create_app
from service.importing.importing import import_events
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.wire import outcomes
from tests.databases import Only, sql, views_path
from tests.office import BATCH, STRUCTURED, Json, event, line_body
from tests.service import office
from tests.service.http_caller import Caller, approval, problem

REFUSED = "/intake/refused"
KEPT = 10_000


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def alone(caller: Caller, content: object, **headers: str) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await caller.http.post(
        "/events", content=body, headers={"content-type": STRUCTURED, **headers}
    )


async def noted(caller: Caller, **params: Any) -> list[Json]:
    """The refusals of all pages."""
    return await caller.rows(REFUSED, **params)


# --- single events -------------------------------------------------------------------------------


async def test_a_single_event_that_is_refused_has_its_problems_own_status(caller: Caller) -> None:
    await caller.sales("known", "10.00")
    cases: list[tuple[object, int, str, str | None]] = [
        (approval("bad", quantity=1), 422, "invalid_fields", "e-bad"),
        (approval("usd", currency="USD", new=1), 422, "invalid_fields", "e-usd"),
        (approval("x", kind="projects.unknown.v1"), 422, "unknown_event_type", "e-x"),
        (approval("known", event_id="again"), 409, "approval_changed", "again"),
        (approval("other", event_id="e-known"), 409, "event_changed", "e-known"),
        ({**approval("x"), "specversion": "0.3"}, 422, "invalid_fields", "e-x"),
        ([], 422, "invalid_fields", None),
        (b'{"id": ', 400, "malformed_json", None),
    ]
    before = caller.position
    for posted, status, code, event_id in cases:
        body = problem(await alone(caller, posted), status)
        msgspec.convert(body, outcomes.RefusedEvent)
        assert (body["code"], body["id"], body["outcome"]) == (code, event_id, "refused")
        assert (body["items"], body["position"]) == ([], before)
        assert body["ignored"] == (["new"] if event_id == "e-usd" else [])
    await caller.nothing_happened(before)
    rows = await noted(caller)
    assert [row["id"] for row in rows] == [event_id for *_, event_id in reversed(cases)]
    assert [row["problem"]["code"] for row in rows] == [code for _, _, code, _ in reversed(cases)]


async def test_the_other_outcomes_of_a_single_event_are_200(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price")
    posted = [
        approval("a"),
        approval("a"),
        approval("fp", line_id="FP"),
        approval("p", contract_id="unknown"),
    ]
    answered = [await alone(caller, each) for each in posted]
    assert {response.status_code for response in answered} == {200}
    outcomes = [response.json()["outcome"] for response in answered]
    assert outcomes == ["recorded", "duplicate", "not_billable", "parked"]
    assert await noted(caller) == []


async def test_a_refused_single_event_is_not_remembered_under_its_key(caller: Caller) -> None:
    key = {"Idempotency-Key": "k"}
    before = caller.position
    for _ in range(2):
        problem(await alone(caller, approval("a", line_id="L-1", currency="USD"), **key), 422)
        problem(await alone(caller, approval("a", quantity=1), **key), 422)
    await caller.nothing_happened(before)
    assert len(await noted(caller)) == 4
    first = await alone(caller, approval("a"), **key)
    assert first.json()["outcome"] == "recorded"
    again = await alone(caller, approval("a"), **key)
    assert (again.status_code, again.content) == (200, first.content)
    for other in (approval("b"), approval("b", quantity=1), b"{"):
        reused = problem(await alone(caller, other, **key), 409)
        assert reused["code"] == "idempotency_key_reused"


# --- the list ------------------------------------------------------------------------------------


async def test_refusals_are_noted_with_who_when_and_why_and_no_more_data_than_ids(
    caller: Caller,
) -> None:
    posted = approval("ap-1", event_id="e", quantity=1, description="confidential")
    await alone(caller, posted, **{"X-Actor": "timesheets"})
    (row,) = await noted(caller)
    assert datetime.fromisoformat(row["refused_at"]).tzinfo is not None
    assert row["problem"]["status"] == 422
    assert row["problem"]["errors"][0]["field"] == "data.quantity"
    del row["refused_at"], row["problem"]
    assert row == {
        "source": "urn:projects",
        "id": "e",
        "type": "projects.time.approved.v1",
        "contract_id": "PC-1",
        "line_id": "L-1",
        "approval_id": "ap-1",
        "actor": "timesheets",
    }
    assert "confidential" not in caller.last.text


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        ({"unit_price": "1.1234567"}, "1.1234567"),
        ({"tax": "0.98765"}, "0.98765"),
        ({"currency": "QQQ"}, "QQQ"),
    ],
)
async def test_no_value_of_the_data_is_noted_with_the_problem(
    caller: Caller, data: Json, secret: str
) -> None:
    await alone(caller, approval("ap-1", **data))
    assert len(await noted(caller)) == 1
    assert secret not in caller.last.text


async def test_no_name_of_a_role_is_noted_with_the_problem(caller: Caller) -> None:
    line = {**line_body(), "chargeable": {"roles": {"SECRET.ROLE": "x"}}}
    data = {**line, "contract_id": "PC-1", "line_id": "L-9"}
    await alone(caller, event("line", data, "e"))
    (row,) = await noted(caller)
    assert [each["field"] for each in row["problem"]["errors"]] == ["data.chargeable.roles"]
    assert "SECRET" not in caller.last.text


async def test_refusals_are_noted_from_every_way_in(
    caller: Caller, tenant: Tenant, tmp_path: Path
) -> None:
    problem(await alone(caller, approval("single", quantity=1)), 422)
    good, bad = json.dumps(approval("good")), json.dumps(approval("batched", quantity=1))
    response = await caller.http.post(
        "/events", content=f'[{good}, {bad}, {{"a": NaN}}, 5]', headers={"content-type": BATCH}
    )
    outcomes = [result["outcome"] for result in response.json()["results"]]
    assert outcomes == ["recorded", "refused", "refused", "refused"]
    headers = {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "binary%zz",
        "ce-source": "urn:b",
        "ce-type": "t",
    }
    problem(await caller.http.post("/events", json={}, headers=headers), 422)
    lines = [json.dumps(approval("imported", quantity=1)), "{", json.dumps(approval("fine"))]
    file = office.write_ndjson(tmp_path / "events.ndjson", lines)
    import_events(tenant, file, office.CONTEXT)
    rows = await noted(caller)
    assert [(row["id"], row["source"], row["actor"]) for row in rows] == [
        (None, None, "test"),
        ("e-imported", "urn:projects", "test"),
        (None, "urn:b", "anonymous"),
        (None, None, "anonymous"),
        (None, None, "anonymous"),
        ("e-batched", "urn:projects", "anonymous"),
        ("e-single", "urn:projects", "anonymous"),
    ]
    codes = [row["problem"]["code"] for row in rows]
    assert codes[:1] == ["malformed_json"]
    assert codes[4:5] == ["malformed_json"]


async def test_refusals_are_listed_in_pages_the_newest_first(caller: Caller) -> None:
    await caller.post(*(approval(f"ap-{n}", quantity=1) for n in range(7)))
    whole = await noted(caller)
    assert [row["id"] for row in whole] == [f"e-ap-{n}" for n in reversed(range(7))]
    assert await noted(caller, limit=3) == whole
    page = await caller.get(REFUSED, limit=3)
    assert caller.last.headers["link"].endswith('rel="next"')
    await caller.post(approval("later", quantity=1))
    following = await caller.get(REFUSED, limit=3, cursor=page["next"])
    assert following["items"] == whole[3:6]
    assert page["position"] == caller.position
    for wrong in ("x", "-1", "1.5", "\u0661", "9" * 19, "%00"):
        refused = await caller.get(REFUSED, cursor=wrong, expect=422)
        assert refused["errors"][0]["field"] == "cursor"
    for wrong in (0, 1001, "x"):
        await caller.get(REFUSED, limit=wrong, expect=422)


async def test_the_last_10000_refusals_are_kept(caller: Caller, database: str) -> None:
    await caller.post(approval("first", quantity=1))
    headers = {"content-type": BATCH}
    for part in range(3):
        body = json.dumps([{"id": f"{part}-{n}"} for n in range(4_000)])
        response = await caller.http.post("/events", content=body, headers=headers)
        assert response.status_code == 200
    ids = [row["id"] for row in await noted(caller, limit=1000)]
    newest = [f"{part}-{n}" for part in range(3) for n in range(4_000)][-KEPT:]
    assert ids == newest[::-1]
    assert sql(database, "SELECT count(*) FROM refused_events")[0][0] == KEPT


async def test_refusals_survive_a_rebuild_a_restart_and_the_loss_of_the_views(
    database: str, tenant: Tenant, caller: Caller
) -> None:
    await caller.post(approval("a", quantity=1))
    before = await noted(caller)
    position = caller.position
    tenant.rebuild()
    assert await noted(caller) == before
    tenant.close()
    if database.startswith("sqlite"):
        views_path(database).unlink()
    reopened = Tenant(database)
    assert reopened.ledger.position() == position
    app = create_app(Only(reopened), Settings())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        assert await noted(Caller(http)) == before
    reopened.close()


async def test_hostile_ids_are_cut_and_stored_as_they_are(caller: Caller) -> None:
    hostile = ["x" * 2_000, "nul\x00", "ü" * 2_000, "\U0001f4a5", '"\\', "' OR 1=1 --"]
    events: list[Json] = [
        {"specversion": "1.0", "id": text, "source": text, "type": text, "data": data}
        for text in hostile
        for data in ({"approval_id": text, "contract_id": text, "line_id": 5}, [text], None)
    ]
    await caller.post(*events)
    rows = (await noted(caller))[::-1]
    assert [row["id"] for row in rows] == [event["id"][:1024] for event in events]
    assert {row["source"] == row["type"] == row["id"] for row in rows} == {True}
    of_data = [(r["approval_id"], r["contract_id"], r["line_id"]) for r in rows[::3]]
    assert of_data == [(text[:64], text[:64], None) for text in hostile]
    customers = [{"customer_id": 5, "name": 5} for _ in range(1_000)]
    data = {"contract_id": "PC-2", "name": "x", "currency": "EUR", "customers": customers}
    await caller.post({**approval("x"), "type": "projects.contract.confirmed.v1", "data": data})
    await caller.get(REFUSED, limit=1)
    assert len(caller.last.content) < 5_000


async def test_where_noting_fails_events_are_answered_all_the_same_and_it_is_logged(
    caller: Caller, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    sql(database, "DROP TABLE refused_events")
    results = await caller.post(approval("bad", quantity=1), approval("good"))
    assert [result["outcome"] for result in results] == ["refused", "recorded"]
    problem(await alone(caller, approval("bad", quantity=1)), 422)
    told = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["refused events were not noted"] * 2
    (await alone(caller, approval("fine"))).raise_for_status()
