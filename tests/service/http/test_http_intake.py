"""Intake over HTTP: CloudEvents in three modes, one outcome each, none twice, none lost."""

from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.wire import outcomes
from tests.databases import Only
from tests.office import BATCH, STRUCTURED, Json, contract_body, event, line_body
from tests.service.http_caller import Caller, approval, hold_against_its_model, problem

TM = "/backlog/time-and-material"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def structured(caller: Caller, posted: Json, kind: str = STRUCTURED) -> Json:
    response = await caller.http.post("/events", json=posted, headers={"content-type": kind})
    assert response.status_code == 200, response.text
    hold_against_its_model(response)
    assert set(response.json()) == {"id", "outcome", "items", "position", "problem", "ignored"}
    caller.position = max(caller.position, response.json()["position"])
    return response.json()


def refused(response: httpx.Response, status: int | None = None) -> Json:
    """The problem document of a single event that was refused, with its result."""
    body = problem(response, status)
    assert response.status_code in {400, 409, 422}
    msgspec.convert(body, outcomes.RefusedEvent)
    assert (body["outcome"], body["items"]) == ("refused", [])
    return body


async def refused_alone(caller: Caller, posted: object, status: int | None = None) -> Json:
    headers = {"content-type": STRUCTURED}
    return refused(await caller.http.post("/events", json=posted, headers=headers), status)


async def binary(caller: Caller, body: object, /, **attributes: str) -> httpx.Response:
    headers = {"content-type": "application/json; charset=utf-8", "ce-specversion": "1.0"}
    given = {f"ce-{name}": value for name, value in attributes.items()}
    return await caller.http.post("/events", json=body, headers={**headers, **given})


# --- the three modes ---------------------------------------------------------------------------


async def test_one_event_is_posted_structured(caller: Caller) -> None:
    before = caller.position
    result = await structured(caller, approval("ap-1", event_id="e 1/ü"))
    assert (result["id"], result["outcome"], result["problem"]) == ("e 1/ü", "recorded", None)
    (row,) = await caller.rows(TM)
    assert result["items"] == [row["item_id"]]
    assert before < result["position"] <= caller.position
    other = f"{STRUCTURED}; charset=UTF-8"
    assert (await structured(caller, approval("ap-2"), other))["outcome"] == "recorded"


async def test_events_are_posted_in_a_batch_one_result_each_in_order(caller: Caller) -> None:
    response = await caller.http.post(
        "/events",
        json=[approval("ap-1"), approval("ap-2", contract_id="none"), approval("ap-3")],
        headers={"content-type": BATCH},
    )
    hold_against_its_model(response)
    answer = response.json()
    assert set(answer) == {"results", "position"}
    assert [(r["id"], r["outcome"]) for r in answer["results"]] == [
        ("e-ap-1", "recorded"),
        ("e-ap-2", "parked"),
        ("e-ap-3", "recorded"),
    ]


async def test_an_empty_batch_is_answered_with_no_results(caller: Caller) -> None:
    before = caller.position
    assert await caller.post() == []
    await caller.nothing_happened(before)


async def test_one_event_is_posted_in_binary_mode_with_percent_encoded_headers(
    caller: Caller,
) -> None:
    data = approval("ap-1")["data"]
    response = await binary(
        caller,
        data,
        id="e%201%C3%BC",
        source="urn:projects",
        type="projects.time.approved.v1",
        time="2026-10-10T10:00:00Z",
        traceparent="00-1",
    )
    hold_against_its_model(response)
    result = response.json()
    assert (result["id"], result["outcome"]) == ("e 1ü", "recorded")
    same = await structured(caller, approval("ap-1", event_id="e 1ü"))
    assert (same["outcome"], same["items"]) == ("duplicate", result["items"])


async def test_what_is_no_cloudevent_is_not_supported(caller: Caller) -> None:
    before = caller.position
    for kind in ("application/json", "text/plain", "application/xml", "x"):
        response = await caller.http.post(
            "/events", json=[approval("ap-1")], headers={"content-type": kind}
        )
        problem(response, 415)
    problem(await caller.http.post("/events", content=b""), 415)
    await caller.nothing_happened(before)


async def test_the_envelope_is_as_cloudevents_say(caller: Caller) -> None:
    fine: list[Json] = [
        {"time": "2026-10-10T10:00:00.5+02:00", "subject": "x", "dataschema": "urn:s"},
        {"traceparent": "00", "sequence": 5, "flag": True, "time": None, "subject": None},
        {"datacontenttype": None, "comexampleextension1": "value"},
    ]
    for number, attributes in enumerate(fine):
        result = await structured(caller, {**approval(f"ap-{number}"), **attributes})
        assert result["outcome"] == "recorded", result
    before = caller.position
    wrong: dict[str, Any] = {
        "specversion": ["0.3", "", 1, None],
        "id": ["", 5, None, "a\x00b", "x" * 1025],
        "source": ["", None, {}, "a b"],
        "type": ["", None, "unknown.v1", "projects.time.approved.v2"],
        "time": ["yesterday", "2026-10-10", "2026-10-10T10:00:00", 5],
        "datacontenttype": ["text/xml", 5],
        "data": [None, [], "text", 1],
        "data_base64": ["e30="],
        "Extension": ["x"],
        "ext_1": ["x"],
        "extension": [{}, [], 1.5],
        "subject": [5],
    }
    for name, values in wrong.items():
        for value in values:
            result = await refused_alone(caller, {**approval("bad"), name: value}, 422)
            assert name in result["detail"], (name, value)
    await caller.nothing_happened(before)


async def test_a_binary_event_is_held_to_the_same(caller: Caller) -> None:
    before, data = caller.position, approval("ap-1")["data"]
    good = {"id": "1", "source": "urn:x", "type": "projects.time.approved.v1"}
    for missing in good:
        given = {name: value for name, value in good.items() if name != missing}
        result = refused(await binary(caller, data, **given), 422)
        assert (result["id"], missing in result["detail"]) == (given.get("id"), True)
    refused(await binary(caller, data, **{**good, "specversion": "0.3"}), 422)
    assert "ce-data" in refused(await binary(caller, data, **good, data="{}"), 422)["detail"]
    await caller.nothing_happened(before)


# --- never twice -------------------------------------------------------------------------------


async def test_the_same_event_again_is_a_duplicate_with_the_first_items(caller: Caller) -> None:
    first = await structured(caller, approval("ap-1"))
    before = caller.position
    for again in (await structured(caller, approval("ap-1")), *await caller.post(approval("ap-1"))):
        assert (again["outcome"], again["items"]) == ("duplicate", first["items"])
    await caller.nothing_happened(before)
    assert len(await caller.rows(TM)) == 1
    other_source = approval("ap-9", event_id="e-ap-1", attributes={"source": "urn:other"})
    assert (await structured(caller, other_source))["outcome"] == "recorded"


async def test_a_duplicate_is_known_after_posting_and_after_a_restart(
    database: str, tenant: Tenant, app: FastAPI
) -> None:
    def client(over: FastAPI) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=over), base_url="http://localhost/v1"
        )

    async with client(app) as http:
        caller = Caller(http)
        await caller.contract()
        await caller.line()
        items = await caller.sales("ap-1", "10.00")
        await caller.billed(*items)
        (result,) = await caller.post(approval("ap-1", unit_price="10.00"))
        assert (result["outcome"], result["items"]) == ("duplicate", items)
    tenant.close()
    reopened = Tenant(database)
    async with client(create_app(Only(reopened), Settings())) as http:
        caller = Caller(http)
        (result,) = await caller.post(approval("ap-1", unit_price="10.00"))
        assert (result["outcome"], result["items"]) == ("duplicate", items)
        again = approval("ap-1", unit_price="10.00", event_id="another")
        (result,) = await caller.post(again)
        assert (result["outcome"], result["items"]) == ("duplicate", items)
    reopened.close()


async def test_the_same_approval_in_another_event_is_a_duplicate_other_content_is_refused(
    caller: Caller,
) -> None:
    first, again, changed, kind = await caller.post(
        approval("ap-1", event_id="1"),
        approval("ap-1", event_id="2"),
        approval("ap-1", event_id="3", quantity="2"),
        approval("ap-1", event_id="4", kind="fee"),
    )
    assert (again["outcome"], again["items"]) == ("duplicate", first["items"])
    for refused in (changed, kind):
        assert (refused["outcome"], refused["items"]) == ("refused", [])
        assert refused["problem"]["status"] == 409
    before = caller.position
    (still,) = await caller.post(approval("ap-1", event_id="3", quantity="2"))
    assert still["outcome"] == "refused"
    await caller.nothing_happened(before)


async def test_a_repeated_event_within_a_batch_is_recorded_once(caller: Caller) -> None:
    results = await caller.post(approval("ap-1"), approval("ap-1"), approval("ap-2"))
    assert [r["outcome"] for r in results] == ["recorded", "duplicate", "recorded"]
    assert results[1]["items"] == results[0]["items"]


async def test_what_was_not_billable_is_a_duplicate_with_the_reason(caller: Caller) -> None:
    posted = approval("ap-1", billing_type="not_available")
    (first,), (again,) = await caller.post(posted), await caller.post(posted)
    assert (first["outcome"], again["outcome"]) == ("not_billable", "duplicate")
    assert again["problem"] == first["problem"]


# --- never lost, never hurt by others ----------------------------------------------------------


async def test_one_bad_event_in_a_batch_never_hurts_the_others(caller: Caller) -> None:
    good = [approval(f"ap-{n}") for n in range(3)]
    text = httpx.Request("POST", "http://localhost", json=good[0]).content.decode()
    bad = [
        "1",
        "null",
        "{}",
        '"\\ud800"',
        '{"\\ud800": 1}',
        text.replace('"ap-0"', '"\\udfff"'),
        text.replace('"quantity"', '"quantity": "1", "quantity"'),
        text.replace('"1"', "1"),
        text.replace('"1"', "9" * 10_000),
        "[" * 300 + "]" * 300,
        text.replace("time.approved", "unknown"),
        text.replace('"EUR"', '"USD"').replace("ap-0", "usd").replace("e-usd", "e-usd-1"),
    ]
    one, two, three = (httpx.Request("POST", "http://t", json=e).content.decode() for e in good)
    body = f"[{one},{','.join(bad)},{two},{three}]"
    response = await caller.http.post("/events", content=body, headers={"content-type": BATCH})
    assert response.status_code == 200, response.text
    hold_against_its_model(response)
    outcomes = [r["outcome"] for r in response.json()["results"]]
    assert outcomes == ["recorded", *["refused"] * len(bad), "recorded", "recorded"]
    caller.position = response.json()["position"]
    assert len(await caller.rows(TM)) == 3


async def test_contracts_and_lines_come_as_events_as_their_put_bodies_do(caller: Caller) -> None:
    contract = {"contract_id": "PC-2", **contract_body(limit="5")}
    line = {"contract_id": "PC-2", "line_id": "L-2", **line_body(limit="4")}
    results = await caller.post(event("contract", contract, "1"), event("line", line, "2"))
    assert [(r["outcome"], r["items"]) for r in results] == [("recorded", [])] * 2
    assert (await caller.get("/contracts/PC-2"))["nte_limit"] == "5.00"
    assert (await caller.get("/contracts/PC-2/lines/L-2"))["nte_limit"] == "4.00"
    (refused,) = await caller.post(event("line", {**line, "nte_limit": "4.001"}, "3"))
    assert (refused["outcome"], refused["problem"]["errors"][0]["field"]) == (
        "refused",
        "data.nte_limit",
    )
    (refused,) = await caller.post(event("contract", {**contract, "currency": "USD"}, "4"))
    assert (refused["outcome"], refused["problem"]["status"]) == ("refused", 409)


async def test_the_path_of_batches_takes_batches_alone(caller: Caller) -> None:
    event = approval("ap-1")
    for kind in (STRUCTURED, "application/json"):
        headers = {"content-type": kind}
        answer = await caller.http.post("/events/batch", json=event, headers=headers)
        assert problem(answer, 415)["code"] == "unsupported_media_type"
    answer = await caller.http.post("/events/batch", json=event, headers={"content-type": BATCH})
    assert problem(answer, 422)["errors"][0]["field"] == "body"
