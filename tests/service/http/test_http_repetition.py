"""Repeated calls over HTTP: the same Idempotency-Key gets the first answer again."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from aggregates.events import RequestClaimed
from aggregates.intake.events import ApprovalRecorded
from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import BATCH, STRUCTURED, Json, approval_event, contract_event, line_event
from tests.service.http_caller import Caller, approval, problem
from tests.service.office import CONTEXT, history, record


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def test_the_same_key_and_body_get_the_first_answer_again(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price")
    items = [(await caller.sales(f"ap-{n}", "10.00"))[0] for n in range(2)]
    parked = approval("ap-9", contract_id="PC-9")
    await caller.post(parked)
    (waiting,) = (await caller.get("/intake/parked"))["items"]
    milestone = {"name": "M", "amount": "1.00", "tax": "0.00", "date": "2026-10-15"}
    marked = {"items": items, "status": "ready"}
    calls: list[tuple[str, Any]] = [
        ("/contracts/PC-1/lines/FP/milestones", milestone),
        ("/backlog/mark", marked),
        ("/backlog/nte/reset", {"items": items}),
        ("/backlog/nte/reevaluate", {"items": items}),
        ("/backlog/mark", {**marked, "mode": "best_effort"}),
        ("/invoices", {"contract_id": "PC-1"}),
        (f"/intake/parked/{waiting['parked_id']}/retry", None),
    ]
    for number, (path, body) in enumerate(calls):
        headers = {"Idempotency-Key": f"key {number}"}
        first = await caller.http.post(path, json=body, headers=headers)
        assert first.status_code in {200, 201}, first.text
        await caller.sales(f"between-{number}", "1.00")
        reached = caller.position
        again = await caller.http.post(path, json=body, headers=headers)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers.get("etag") == first.headers.get("etag")
        await caller.nothing_happened(reached)
    invoice_id = first_invoice((await caller.get("/invoices"))["items"])
    headers = {"Idempotency-Key": "confirm"}
    first = await caller.http.post(f"/invoices/{invoice_id}/confirm", json={}, headers=headers)
    again = await caller.http.post(f"/invoices/{invoice_id}/confirm", json={}, headers=headers)
    assert first.status_code == 200
    assert again.content == first.content


def first_invoice(invoices: list[Json]) -> str:
    return invoices[0]["invoice_id"]


async def test_posted_events_are_answered_alike_under_the_same_key(caller: Caller) -> None:
    headers = {"Idempotency-Key": "k", "content-type": STRUCTURED}
    first = await caller.http.post("/events", json=approval("ap-1"), headers=headers)
    again = await caller.http.post("/events", json=approval("ap-1"), headers=headers)
    assert first.json()["outcome"] == "recorded"
    assert again.content == first.content
    other = await caller.http.post("/events", json=approval("ap-2"), headers=headers)
    assert problem(other, 409)["code"] == "idempotency_key_reused"


async def test_a_binary_event_is_not_taken_for_another_under_the_same_key(
    caller: Caller,
) -> None:
    def headers(event_id: str) -> dict[str, str]:
        return {
            "Idempotency-Key": "k",
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": event_id,
            "ce-source": "urn:x",
            "ce-type": "projects.time.approved.v1",
        }

    data = approval("ap-1")["data"]
    first = await caller.http.post("/events", json=data, headers=headers("1"))
    assert first.json()["outcome"] == "recorded"
    problem(await caller.http.post("/events", json=data, headers=headers("2")), 409)
    assert (await caller.http.post("/events", json=data, headers=headers("1"))).content == (
        first.content
    )


async def test_the_same_key_with_another_body_or_path_is_refused(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    headers = {"Idempotency-Key": "k"}
    body = {"items": [item], "status": "ready"}
    await caller.call("POST", "/backlog/mark", body, headers=headers)
    before = caller.position
    other = {"items": [item], "status": "not_ready"}
    await caller.call("POST", "/backlog/mark", other, headers=headers, expect=409)
    path = "/backlog/nte/reset"
    await caller.call("POST", path, {"items": [item]}, headers=headers, expect=409)
    await caller.nothing_happened(before)
    again = await caller.call("POST", "/backlog/mark", body, headers={"Idempotency-Key": "K"})
    assert [s["code"] for s in again["skipped"]] == ["already_ready"]


async def test_a_refused_call_is_not_remembered(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    headers, body = {"Idempotency-Key": "k"}, {"contract_id": "PC-1"}
    await caller.call("POST", "/invoices", body, headers=headers, expect=409)
    await caller.mark([item])
    drafted = await caller.call("POST", "/invoices", body, headers=headers, expect=201)
    assert len(drafted["invoices"]) == 1


def approvals_recorded(tenant: Tenant) -> list[str]:
    """The ids of the approvals recorded, in order."""
    events = [recorded.event for recorded in history(tenant.ledger)]
    return [event.approval_id for event in events if isinstance(event, ApprovalRecorded)]


@pytest.mark.parametrize("kind", [BATCH, STRUCTURED])
def test_of_two_bodies_under_one_key_at_once_one_alone_is_carried_out(
    api: httpx.Client, tenant: Tenant, kind: str
) -> None:
    record(tenant, contract_event(), line_event())
    with ThreadPoolExecutor(2) as threads:
        start = Barrier(2)

        def post(number: int, name: str) -> httpx.Response:
            posted = approval_event(f"{name}{number}")
            headers = {"Idempotency-Key": f"key {number}", "content-type": kind}
            start.wait()
            body = [posted] if kind == BATCH else posted
            return api.post("/events", json=body, headers=headers)

        for number in range(40):
            both = [threads.submit(post, number, name) for name in "ab"]
            statuses = [each.result().status_code for each in both]
            assert sorted(statuses) == [200, 409]
            reused = both[statuses.index(409)].result()
            assert problem(reused)["code"] == "idempotency_key_reused"
            assert approvals_recorded(tenant)[number:] == [f"{'ab'[statuses.index(200)]}{number}"]


@pytest.mark.parametrize("kind", [BATCH, STRUCTURED])
def test_the_same_body_under_one_key_at_once_gets_the_same_answer(
    api: httpx.Client, tenant: Tenant, kind: str
) -> None:
    record(tenant, contract_event(), line_event())
    with ThreadPoolExecutor(2) as threads:
        start = Barrier(2)

        def post(number: int) -> httpx.Response:
            posted = approval_event(f"A{number}")
            headers = {"Idempotency-Key": f"key {number}", "content-type": kind}
            start.wait()
            body = [posted] if kind == BATCH else posted
            return api.post("/events", json=body, headers=headers)

        for number in range(20):
            one, two = (threads.submit(post, number) for _ in range(2))
            assert one.result().status_code == 200
            assert one.result().content == two.result().content
    assert approvals_recorded(tenant) == [f"A{number}" for number in range(20)]


def test_what_was_stopped_after_its_claim_goes_on_when_repeated_and_nothing_else_does(
    api: httpx.Client, tenant: Tenant
) -> None:
    record(tenant, contract_event(), line_event())
    bodies = [json.dumps([approval_event(name)]).encode() for name in ("A1", "A2")]
    digest = hashlib.sha256(b"POST /v1/events?\n" + bodies[0]).hexdigest()
    claim = RequestClaimed(key="k", digest=digest)
    tenant.ledger.transact(lambda unit: unit.append([claim]), CONTEXT)
    headers = {"Idempotency-Key": "k", "content-type": BATCH}
    other = api.post("/events", content=bodies[1], headers=headers)
    assert problem(other, 409)["code"] == "idempotency_key_reused"
    first = api.post("/events", content=bodies[0], headers=headers)
    assert [result["outcome"] for result in first.json()["results"]] == ["recorded"]
    again = api.post("/events", content=bodies[0], headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert approvals_recorded(tenant) == ["A1"]


async def test_a_key_is_kept_over_a_restart(database: str, tenant: Tenant, app: FastAPI) -> None:
    async def post(over: FastAPI) -> httpx.Response:
        transport = httpx.ASGITransport(app=over)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            caller = Caller(http)
            await caller.contract(expect=201 if over is app else 200)
            await caller.line("FP", method="fixed_price", expect=201 if over is app else 200)
            body = {"name": "M", "amount": "1.00", "tax": "0.00", "date": "2026-10-15"}
            path = "/contracts/PC-1/lines/FP/milestones"
            return await http.post(path, json=body, headers={"Idempotency-Key": "k"})

    first = await post(app)
    tenant.close()
    reopened = Tenant(database)
    again = await post(create_app(Only(reopened), Settings()))
    reopened.close()
    assert (again.status_code, again.content) == (201, first.content)
