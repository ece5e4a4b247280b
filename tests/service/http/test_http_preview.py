"""Dry runs of drafts and confirmations: what the call would come to, and nothing done (D-75)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line of time and material that A pays."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    return caller


async def work(caller: Caller) -> str:
    """Ten hours at 130, and tax: 1,300.00 and 247.00; they are ready."""
    (item,) = await caller.sales("ap-1", "130.00", quantity="10", tax="247.00")
    await caller.mark([item])
    return item


def without_ids(answer: Json) -> Json:
    """An answer without what a dry run does not tell."""
    for invoice in answer.get("invoices", [answer]):
        for name in ("invoice_id", "number"):
            del invoice[name]
        for line in invoice["lines"]:
            for detail in line["details"]:
                del detail["detail_id"]
    return {name: value for name, value in answer.items() if name != "position"}


async def test_a_preview_of_a_draft_is_the_draft_without_its_ids_d75(caller: Caller) -> None:
    item = await work(caller)
    before = caller.position
    body = {"contract_id": "PC-1", "cutoff": "2026-10-31", "items": [item, "PC-1~L-1~none"]}
    preview = await caller.call("POST", "/invoices", body, expect=201, dry_run=True)
    assert (preview["position"], "etag" in caller.last.headers) == (before, False)
    await caller.nothing_happened(before)
    assert await caller.rows("/invoices") == []
    assert (await caller.item(item))["billing_status"] == "ready"
    real = await caller.call("POST", "/invoices", body, expect=201, dry_run=False)
    assert without_ids(preview) == without_ids(real)


async def test_a_preview_of_what_matches_is_that_of_its_drafts_d75(caller: Caller) -> None:
    await work(caller)
    before = caller.position
    body = {"matching": {"view": "time-and-material", "customer_id": ["A"]}}
    preview = await caller.call("POST", "/invoices", body, expect=201, dry_run=True)
    await caller.nothing_happened(before)
    real = await caller.call("POST", "/invoices", body, expect=201)
    assert without_ids(preview) == without_ids(real)


async def test_a_job_has_no_preview_d75(caller: Caller) -> None:
    await work(caller)
    before = caller.position
    for body in ({}, {"contract_ids": ["PC-1"]}):
        refused = await caller.call("POST", "/invoices", body, expect=422, dry_run=True)
        assert [error["field"] for error in refused["errors"]] == ["dry_run"]
        assert refused["rule"] == "D-75"
    await caller.nothing_happened(before)


async def test_a_preview_of_a_confirmation_has_no_number_and_confirms_nothing_d75(
    caller: Caller,
) -> None:
    await work(caller)
    (invoice,) = (await caller.draft())["invoices"]
    path, before = f"/invoices/{invoice['invoice_id']}", caller.position
    await caller.get(path)
    etag = caller.last.headers["etag"]
    body = {"accounting_date": "2026-10-31"}
    preview = await caller.call("POST", f"{path}/confirm", body, dry_run=True)
    assert (preview["number"], preview["status"]) == (None, "confirmed")
    assert (preview["amount"], preview["tax"]) == ("1300.00", "247.00")
    assert (preview["position"], caller.last.headers["etag"]) == (before, etag)
    await caller.nothing_happened(before)
    draft = await caller.get(path)
    assert (draft["status"], caller.last.headers["etag"]) == ("draft", etag)
    real = await caller.call("POST", f"{path}/confirm", body, dry_run=False)
    assert real["number"] is not None
    assert without_ids(preview) == without_ids({**real})
    again = await caller.call("POST", f"{path}/confirm", body, dry_run=True)
    assert (again["number"], again["already_confirmed"]) == (real["number"], True)


async def test_a_preview_of_the_confirmation_of_an_edited_draft_d45_d75(caller: Caller) -> None:
    item = await work(caller)
    (invoice,) = (await caller.draft())["invoices"]
    path = f"/invoices/{invoice['invoice_id']}"
    detail = invoice["lines"][0]["details"][0]["detail_id"]
    await caller.call("PATCH", f"{path}/details/{detail}", {"quantity": "8"})
    await caller.get(path)
    before, etag = caller.position, caller.last.headers["etag"]
    preview = await caller.call("POST", f"{path}/confirm", {}, dry_run=True)
    assert (preview["amount"], preview["tax"]) == ("1040.00", "197.60")
    assert (preview["number"], preview["position"]) == (None, before)
    assert caller.last.headers["etag"] == etag
    await caller.nothing_happened(before)
    assert len(await caller.rows("/actuals", item_id=item)) == 1
    real = await caller.call("POST", f"{path}/confirm", {})
    assert without_ids(preview) == without_ids(real)
    assert len(await caller.rows("/actuals", invoice_id=invoice["invoice_id"])) == 8


async def test_a_preview_is_refused_as_the_call_would_be_d75(caller: Caller) -> None:
    await work(caller)
    (invoice,) = (await caller.draft())["invoices"]
    await caller.contract(customers=("A", "B"), limit="1200.00", expect=200)
    path, before = f"/invoices/{invoice['invoice_id']}/confirm", caller.position
    preview = await caller.call("POST", path, {}, expect=409, dry_run=True)
    assert preview == await caller.call("POST", path, {}, expect=409)
    assert (preview["code"], preview["errors"][0]["shortfall"]) == ("limit_exceeded", "100.00")
    stale = {"If-Match": '"1"'}
    await caller.call("POST", path, {}, expect=412, headers=stale, dry_run=True)
    drafts = {"contract_id": "PC-1"}
    nothing = await caller.call("POST", "/invoices", drafts, expect=409, dry_run=True)
    assert nothing == await caller.call("POST", "/invoices", drafts, expect=409)
    await caller.nothing_happened(before)


async def test_a_preview_takes_no_idempotency_key_d75(caller: Caller) -> None:
    await work(caller)
    (invoice,) = (await caller.draft())["invoices"]
    path, key = f"/invoices/{invoice['invoice_id']}/confirm", {"Idempotency-Key": "the key"}
    preview = await caller.call("POST", path, {}, headers=key, dry_run=True)
    real = await caller.call("POST", path, {}, headers=key)
    assert (preview["number"], real["number"] is None) == (None, False)
