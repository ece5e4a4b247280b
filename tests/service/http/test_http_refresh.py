"""More on a draft over HTTP: refreshed, added to by name, or the newest (D-41, D-70, D-71)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of A and B, and a line of time and material that A pays."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    return caller


async def ready(caller: Caller, approval_id: str, amount: str, date: str, **more: str) -> str:
    """An hour of work that is ready."""
    (item,) = await caller.sales(approval_id, amount, date=date, **more)
    await caller.mark([item])
    return item


async def drafted(caller: Caller) -> tuple[str, str, str]:
    """The draft of D-70, and what is ready since: 60.00 within its cutoff, 45.00 after it."""
    await ready(caller, "ap-1", "310.00", "2026-10-10")
    await ready(caller, "ap-2", "95.00", "2026-10-11")
    (invoice,) = (await caller.draft(cutoff="2026-10-31"))["invoices"]
    assert invoice["amount"] == "405.00"
    within = await ready(caller, "ap-3", "60.00", "2026-10-30")
    after = await ready(caller, "ap-4", "45.00", "2026-11-02")
    return f"/invoices/{invoice['invoice_id']}", within, after


async def add(caller: Caller, path: str, *items: str, expect: int = 200) -> Json:
    return await caller.call("POST", f"{path}/items", {"items": items}, expect=expect)


def codes(problem: Json) -> dict[str, str]:
    assert problem["code"] == "items_refused"
    return {error["item_id"]: error["code"] for error in problem["errors"]}


# --- refresh -----------------------------------------------------------------------------------


async def test_a_refresh_takes_in_what_became_ready_up_to_the_cutoff_d70(caller: Caller) -> None:
    path, within, after = await drafted(caller)
    before = caller.position
    refreshed = await caller.call("POST", f"{path}/refresh")
    assert (refreshed["amount"], refreshed["cutoff"]) == ("465.00", "2026-10-31")
    assert await caller.happened(before) == ["DetailsAdded", "ItemsDrafted"]
    shown = await caller.get(path)
    of_reads = {"pending", "figures", "position"}
    assert {k: shown[k] for k in shown if k not in of_reads} == {
        k: refreshed[k] for k in refreshed if k not in of_reads
    }
    assert caller.last.headers["etag"] == '"3"'
    assert (await caller.item(within))["billing_status"] == "invoice_created"
    assert (await caller.item(after))["billing_status"] == "ready"


async def test_a_refresh_with_nothing_to_take_answers_the_invoice_and_records_nothing_d70(
    caller: Caller,
) -> None:
    path, *_ = await drafted(caller)
    first = await caller.call("POST", f"{path}/refresh")
    before, etag = caller.position, caller.last.headers["etag"]
    assert await caller.call("POST", f"{path}/refresh") == first
    assert caller.last.headers["etag"] == etag
    await caller.nothing_happened(before)


async def test_an_answer_leaves_the_details_out_if_asked_to(caller: Caller) -> None:
    path, _, after = await drafted(caller)
    short = await caller.call("POST", f"{path}/refresh", details=False)
    body = {"items": [after]}
    more = await caller.call("POST", f"{path}/items", body, details=False)
    for answer in (short, more):
        assert all("details" not in line for line in answer["lines"])
    assert (short["amount"], more["amount"]) == ("465.00", "510.00")


async def test_a_refresh_honours_the_version_that_the_caller_saw(caller: Caller) -> None:
    path, *_ = await drafted(caller)
    stale = {"If-Match": '"1"'}
    problem = await caller.call("POST", f"{path}/refresh", headers=stale, expect=412)
    assert problem["code"] == "stale_version"
    seen = {"If-Match": '"2"', "Idempotency-Key": "refresh"}
    first = await caller.call("POST", f"{path}/refresh", headers=seen)
    assert await caller.call("POST", f"{path}/refresh", headers=seen) == first


@pytest.mark.parametrize("what", ["refresh", "items"])
async def test_a_confirmed_or_unknown_invoice_takes_nothing_d44(caller: Caller, what: str) -> None:
    path, within, _ = await drafted(caller)
    await caller.call("POST", f"{path}/confirm")
    body = {"items": [within]} if what == "items" else None
    refused = await caller.call("POST", f"{path}/{what}", body, expect=409)
    assert refused["code"] == "invoice_confirmed"
    unknown = await caller.call("POST", f"/invoices/none/{what}", body, expect=404)
    assert unknown["code"] == "invoice_not_found"


# --- adding to a named draft -------------------------------------------------------------------


async def test_items_go_on_a_named_draft_all_or_none_d71(caller: Caller) -> None:
    path, _, after = await drafted(caller)
    await caller.call("POST", f"{path}/refresh")
    assert (await add(caller, path, after))["amount"] == "510.00"
    more = await ready(caller, "ap-5", "30.00", "2026-11-02")
    (not_ready,) = await caller.sales("ap-6", "1.00")
    before = caller.position
    refused = await add(caller, path, more, not_ready, expect=409)
    assert codes(refused) == {not_ready: "item_not_ready"}
    assert (refused["rule"], refused["errors"][0]["rule"]) == ("D-71", "D-71")
    await caller.nothing_happened(before)
    assert (await caller.get(path))["amount"] == "510.00"


async def test_each_item_that_can_not_go_on_a_draft_says_why_d71(caller: Caller) -> None:
    path, _, _ = await drafted(caller)
    await caller.line("L-2", splits={"B": "100"})
    await caller.contract("PC-2")
    await caller.line(contract_id="PC-2")
    (posted,) = await caller.sales("ap-5", "1.00")
    await caller.billed(posted)
    of_b = await ready(caller, "ap-6", "1.00", "2026-10-10", line_id="L-2")
    elsewhere = await ready(caller, "ap-7", "1.00", "2026-10-10", contract_id="PC-2")
    on_draft = (await caller.get(path))["lines"][0]["details"][0]["item_id"]
    unknown = "PC-1~L-1~none"
    refused = await add(caller, path, posted, of_b, elsewhere, on_draft, unknown, expect=409)
    assert codes(refused) == {
        posted: "item_posted",
        of_b: "other_customer",
        elsewhere: "other_contract",
        on_draft: "item_on_draft",
        unknown: "item_not_found",
    }


async def test_what_is_added_names_at_least_one_item(caller: Caller) -> None:
    path, *_ = await drafted(caller)
    bodies: list[Json] = [{}, {"items": []}, {"items": [1]}, {"items": None}]
    for body in bodies:
        for where in (f"{path}/items", "/invoices/items"):
            problem = await caller.call("POST", where, body, expect=422)
            assert problem["code"] == "invalid_fields"


# --- adding to the newest ----------------------------------------------------------------------


async def test_the_newest_open_draft_of_each_customer_takes_the_items_else_a_new_one_d41(
    caller: Caller,
) -> None:
    await caller.line("L-2", splits={"B": "100"})
    await caller.contract("PC-2")
    await caller.line(contract_id="PC-2")
    older = await ready(caller, "ap-1", "1.00", "2026-10-10")
    (first,) = (await caller.draft())["invoices"]
    await ready(caller, "ap-2", "2.00", "2026-10-10")
    (second,) = (await caller.draft())["invoices"]
    here = await ready(caller, "ap-3", "10.00", "2026-10-10")
    of_b = await ready(caller, "ap-4", "20.00", "2026-10-10", line_id="L-2")
    elsewhere = await ready(caller, "ap-5", "30.00", "2026-10-10", contract_id="PC-2")
    added = await caller.call("POST", "/invoices/items", {"items": [elsewhere, here, of_b]})
    assert (added["changed_count"], added["skipped"]) == (3, [])
    assert [(of["contract_id"], of["customer_id"], of["amount"]) for of in added["invoices"]] == [
        ("PC-2", "A", "30.00"),
        ("PC-1", "A", "12.00"),
        ("PC-1", "B", "20.00"),
    ]
    assert added["invoices"][1]["invoice_id"] == second["invoice_id"]
    assert {of["cutoff"] for of in added["invoices"]} == {None}
    await caller.call("POST", f"/invoices/{second['invoice_id']}/confirm")
    last = await ready(caller, "ap-6", "5.00", "2026-10-10")
    added = await caller.call("POST", "/invoices/items", {"items": [last]}, details=False)
    (only,) = added["invoices"]
    assert (only["invoice_id"], only["amount"]) == (first["invoice_id"], "6.00")
    assert "details" not in only["lines"][0]
    refused = await caller.call("POST", "/invoices/items", {"items": [older]}, expect=409)
    assert codes(refused) == {older: "item_on_draft"}


async def test_one_item_that_can_not_go_on_any_draft_refuses_those_of_all_contracts_d41(
    caller: Caller,
) -> None:
    await caller.contract("PC-2")
    await caller.line(contract_id="PC-2")
    here = await ready(caller, "ap-1", "1.00", "2026-10-10")
    (not_ready,) = await caller.sales("ap-2", "1.00", contract_id="PC-2")
    (posted,) = await caller.sales("ap-3", "1.00", contract_id="PC-2")
    await caller.mark([posted])
    (invoice,) = (await caller.draft("PC-2"))["invoices"]
    await caller.confirm(invoice["invoice_id"])
    before = caller.position
    items = [here, not_ready, posted, "NONE~L-1~x", "nonsense"]
    refused = await caller.call("POST", "/invoices/items", {"items": items}, expect=409)
    assert codes(refused) == {
        not_ready: "item_not_ready",
        posted: "item_posted",
        "NONE~L-1~x": "item_not_found",
        "nonsense": "item_not_found",
    }
    await caller.nothing_happened(before)
