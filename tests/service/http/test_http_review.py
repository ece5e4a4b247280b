"""Review and approval over HTTP (D-73)."""

from typing import Any

import httpx
import pytest

from tests.office import Json, contract_event
from tests.service.http_caller import Caller


@pytest.fixture
def caller(http: httpx.AsyncClient) -> Caller:
    return Caller(http)


def by(actor: str) -> Json:
    return {"headers": {"X-Actor": actor}}


async def drafted(caller: Caller, **terms: Any) -> str:
    """The draft of D-73 that M made, 1,000.00 and tax of 190.00: its path."""
    await caller.contract(**terms)
    await caller.line()
    (item,) = await caller.sales("ap-1", "1000.00", tax="190.00")
    await caller.mark([item])
    body = {"contract_id": "PC-1"}
    made = await caller.call("POST", "/invoices", body, expect=201, **by("M"))
    return f"/invoices/{made['invoices'][0]['invoice_id']}"


async def do(caller: Caller, path: str, what: str, actor: str, *, expect: int = 200) -> Json:
    return await caller.call("POST", f"{path}/{what}", expect=expect, **by(actor))


async def changed_by(caller: Caller, path: str, actor: str) -> None:
    """Takes more work in, as this actor."""
    (item,) = await caller.sales(f"ap of {actor}".replace(" ", "-"), "10.00")
    await caller.mark([item])
    await do(caller, path, "refresh", actor)


async def test_an_invoice_is_submitted_approved_and_returned_d73(caller: Caller) -> None:
    path = await drafted(caller)
    submitted = await do(caller, path, "submit", "M")
    assert (submitted["status"], submitted["amount"]) == ("in_review", "1000.00")
    etag = caller.last.headers["etag"]
    assert (await do(caller, path, "submit", "M"))["status"] == "in_review"
    assert caller.last.headers["etag"] == etag
    assert (await do(caller, path, "approve", "N"))["status"] == "in_review"
    (stamp,) = await caller.history(type="InvoiceApproved")
    assert stamp["actor"] == "N"
    assert stamp["data"]["actor"] == "N"
    assert stamp["data"]["version"] == int(etag.strip('"'))
    assert stamp["data"]["at"] == "2026-11-02T09:30:00Z"
    reason = {"reason": "the tax is wrong"}
    returned = await caller.call("POST", f"{path}/return", reason, details=False, **by("N"))
    assert returned["status"] == "draft"
    assert "details" not in returned["lines"][0]
    (event,) = await caller.history(type="InvoiceReturned")
    assert (event["reason"], event["data"]["reason"]) == ("the tax is wrong", "the tax is wrong")


async def test_what_is_not_in_review_is_neither_approved_nor_returned_d73(caller: Caller) -> None:
    path = await drafted(caller)
    refused = await do(caller, path, "approve", "N", expect=409)
    assert (refused["code"], refused["rule"]) == ("not_in_review", "D-73")
    refused = await caller.call("POST", f"{path}/return", {"reason": "x"}, expect=409)
    assert refused["code"] == "not_in_review"
    for body in ({}, {"reason": ""}, None):
        await caller.call("POST", f"{path}/return", body, expect=422)
    await caller.call("POST", f"{path}/confirm")
    for what in ("submit", "approve"):
        assert (await do(caller, path, what, "N", expect=409))["code"] == "invoice_confirmed"
    assert (await do(caller, "/invoices/none", "submit", "N", expect=404))["code"] == (
        "invoice_not_found"
    )


async def test_under_four_eyes_somebody_approves_who_neither_made_nor_changed_it_d73(
    caller: Caller,
) -> None:
    path = await drafted(caller, approval="four_eyes")
    await do(caller, path, "submit", "M")
    await do(caller, path, "approve", "N")
    await changed_by(caller, path, "M")
    await do(caller, path, "submit", "M")
    refused = await do(caller, path, "approve", "M", expect=409)
    assert (refused["code"], refused["rule"]) == ("own_work", "D-73")
    await do(caller, path, "approve", "N")
    await changed_by(caller, path, "N")
    await do(caller, path, "submit", "M")
    assert (await do(caller, path, "approve", "N", expect=409))["code"] == "own_work"
    await do(caller, path, "approve", "O")
    approved = await caller.history(type="InvoiceApproved")
    assert [event["actor"] for event in approved] == ["N", "N", "O"]


async def test_the_example_of_four_eyes_with_its_numbers_d73(caller: Caller) -> None:
    path = await drafted(caller, approval="four_eyes")
    draft = await do(caller, path, "submit", "M")
    approved = await do(caller, path, "approve", "N")
    stamp = {"actor": "N", "at": approved["approval"]["at"], "version": 3}
    assert (approved["status"], approved["approval"]) == ("in_review", stamp)
    assert (await caller.get(path))["approval"] == stamp
    detail = f"{path}/details/{draft['lines'][0]['details'][0]['detail_id']}"
    edited = await caller.call("PATCH", detail, {"tax": "180.00"}, **by("M"))
    assert (edited["status"], edited["approval"]) == ("draft", None)
    shown = await caller.get(path)
    assert (shown["status"], shown["approval"]) == ("draft", None)
    refused = await do(caller, path, "confirm", "M", expect=409)
    assert (refused["code"], refused["rule"]) == ("not_approved", "D-73")
    await do(caller, path, "submit", "M")
    assert (await caller.rows("/invoices", status="in_review"))[0]["approval"] is None
    assert (await do(caller, path, "approve", "M", expect=409))["code"] == "own_work"
    await do(caller, path, "approve", "N")
    confirmed = await do(caller, path, "confirm", "M")
    assert (confirmed["amount"], confirmed["tax"]) == ("1000.00", "180.00")
    assert (confirmed["total"], confirmed["status"]) == ("1180.00", "confirmed")
    assert (await caller.get(path))["approval"]["actor"] == "N"


async def test_a_review_honours_the_version_that_the_caller_saw(caller: Caller) -> None:
    path = await drafted(caller)
    stale, seen = {"If-Match": '"1"'}, {"If-Match": '"2"'}
    refused = await caller.call("POST", f"{path}/submit", headers=stale, expect=412)
    assert refused["code"] == "stale_version"
    await caller.call("POST", f"{path}/submit", headers=seen)
    await caller.call("POST", f"{path}/approve", headers=seen, expect=412)


# --- the rule of the contract --------------------------------------------------------------------


async def test_a_contract_says_whether_its_invoices_must_be_approved_d73(caller: Caller) -> None:
    assert (await caller.contract())["approval"] == "none"
    assert (await caller.contract(approval="four_eyes", expect=200))["approval"] == "four_eyes"
    assert (await caller.get("/contracts/PC-1"))["approval"] == "four_eyes"
    assert [of["approval"] for of in await caller.rows("/contracts")] == ["four_eyes"]
    kept = await caller.contract(name="Renamed", expect=200)
    assert (kept["name"], kept["approval"]) == ("Renamed", "four_eyes")
    assert (await caller.contract(approval="none", expect=200))["approval"] == "none"
    for wrong in ("two", None, 4):
        refused = await caller.contract(approval=wrong, expect=422)
        assert [error["field"] for error in refused["errors"]] == ["approval"]


async def test_a_confirmed_contract_from_upstream_has_the_rule_too_d73(caller: Caller) -> None:
    (result,) = await caller.post(contract_event("PC-9", approval="required"))
    assert (result["outcome"], result["ignored"]) == ("recorded", [])
    assert (await caller.get("/contracts/PC-9"))["approval"] == "required"
    (result,) = await caller.post(contract_event("PC-9", event_id="again", name="Renamed"))
    assert result["outcome"] == "recorded"
    assert (await caller.get("/contracts/PC-9"))["approval"] == "required"
