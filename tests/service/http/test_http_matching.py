"""All that match, in one command: mark, reset, re-evaluate and draft what a view lists."""

from typing import Any

import httpx
import pytest

from service.handlers import matching as handlers
from tests.office import Json
from tests.service.http_caller import Caller, approval

TM, FP = "time-and-material", "fixed-price"
MARK, RESET, REEVALUATE = "/backlog/mark", "/backlog/nte/reset", "/backlog/nte/reevaluate"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with two contracts of two customers, a line of time and material on each."""
    caller = Caller(http)
    for contract_id in ("PC-1", "PC-2"):
        await caller.contract(contract_id, ("A", "B"))
        await caller.line(contract_id=contract_id, splits={"A": "50", "B": "50"})
    return caller


def ready(view: Any = TM, *, mode: Any = "all_or_nothing", **matching: Any) -> Json:
    return {"status": "ready", "mode": mode, "matching": {"view": view, **matching}}


def counts(answer: Json) -> tuple[int, int]:
    return answer["changed_count"], answer["skipped_count"]


async def statuses(caller: Caller, view: str = TM) -> dict[str, str]:
    rows = await caller.rows(f"/backlog/{view}", billing_status=["not_ready", "ready"])
    return {row["item_id"]: row["billing_status"] for row in rows}


# --- what matches ------------------------------------------------------------------------------


async def test_all_that_a_filter_lists_is_marked_in_one_call_and_nothing_else(
    caller: Caller,
) -> None:
    (wanted, _) = await caller.sales("ap-1", "10.00", resource="Ada")
    await caller.sales("ap-2", "10.00", resource="Bob")
    (other, _) = await caller.sales("ap-3", "10.00", contract_id="PC-2", resource="Ada")
    before = caller.position
    filters = {"resource": ["Ada"], "customer_id": ["A"], "expect": {"count": 2}}
    answer = await caller.call("POST", MARK, ready(**filters))
    assert [item["item_id"] for item in answer["changed"]] == [wanted, other]
    assert (counts(answer), answer["skipped"]) == ((2, 0), [])
    ready_now = {item for item, status in (await statuses(caller)).items() if status == "ready"}
    assert ready_now == {wanted, other}
    assert await caller.happened(before) == ["MarkedReady", "MarkedReady"]


async def test_the_view_s_own_choice_of_what_it_shows_holds(caller: Caller) -> None:
    """Posted items are not shown unless asked for, so they are not selected either (D-20)."""
    posted, open_one = await caller.sales("ap-1", "10.00")
    await caller.billed(posted)
    answer = await caller.call("POST", MARK, ready(contract_id=["PC-1"], expect={"count": 1}))
    assert [item["item_id"] for item in answer["changed"]] == [open_one]
    asked = ready(billing_status=["invoice_posted"], mode="best_effort", expect={"count": 1})
    answer = await caller.call("POST", MARK, asked)
    assert [(s["item_id"], s["code"]) for s in answer["skipped"]] == [(posted, "item_posted")]


async def test_every_filter_of_the_views_can_be_given_in_a_body(caller: Caller) -> None:
    kind = {"kind": "expense", "date": "2026-10-12", "resource": "Ada", "description": "Hôtel"}
    items = await caller.sales("ap-1", "10.00", **kind)
    await caller.sales("ap-2", "10.00", date="2026-10-13")
    filters: list[Json] = [
        {"class": ["expense"]},
        {"date_from": "2026-10-12", "date_to": "2026-10-12"},
        {"q": "hôtel"},
        {"q": "HÔTEL", "project_id": ["P-1"]},
        {"line_id": ["L-1"], "resource": ["Ada", "Bob"], "nte_status": ["not_applicable"]},
        {"billing_type": ["chargeable"], "billing_status": ["not_ready"], "date_to": "2026-10-12"},
    ]
    for wanted in filters:
        body = ready(**wanted, expect={"count": 2})
        answer = await caller.call("POST", MARK, body, dry_run="true")
        assert [item["item_id"] for item in answer["changed"]] == sorted(items), wanted


async def test_items_of_the_fixed_price_view_match_as_well(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price", splits={"A": "50", "B": "50"})
    late = await caller.milestone("100.00", line_id="FP", date="2026-10-20", name="Roof")
    early = await caller.milestone("100.00", line_id="FP", date="2026-10-10")
    body = ready(FP, date_to="2026-10-20", customer_id=["B"], expect={"count": 2})
    answer = await caller.call("POST", MARK, body)
    parts = [made["parts"][1]["item_id"] for made in (early, late)]
    assert [item["item_id"] for item in answer["changed"]] == parts
    by_name = await caller.call("POST", MARK, ready(FP, q="roof", mode="best_effort"))
    assert counts(by_name) == (1, 1)


async def test_items_can_be_left_out_of_all_that_match(caller: Caller) -> None:
    one, other = await caller.sales("ap-1", "10.00")
    body = ready(**{"except": [one, "PC-1~L-1~none"]}, expect={"count": 1})
    answer = await caller.call("POST", MARK, body)
    assert [item["item_id"] for item in answer["changed"]] == [other]


async def test_what_matches_is_evaluated_oldest_first_d34(caller: Caller) -> None:
    await caller.line(splits={"A": "100"}, limit="100.00", expect=200)
    for name, date in (("ap-1", "2026-10-12"), ("ap-2", "2026-10-10"), ("ap-3", "2026-10-11")):
        await caller.sales(name, "60.00", date=date)
    selected = {"matching": {"view": TM, "contract_id": ["PC-1"], "expect": {"count": 3}}}
    reset = await caller.call("POST", RESET, selected)
    assert counts(reset) == (3, 0)
    answer = await caller.call("POST", REEVALUATE, selected)
    rows = {row["item_id"]: row["date"] for row in await caller.rows(f"/backlog/{TM}")}
    seen = [(rows[item["item_id"]], item["nte_status"]) for item in answer["changed"]]
    assert seen == [
        ("2026-10-10", "committed"),
        ("2026-10-11", "failed"),
        ("2026-10-12", "failed"),
    ]


async def test_a_failed_item_refuses_all_that_match_unless_as_much_as_can_be_is_asked_for_d27(
    caller: Caller,
) -> None:
    await caller.line(splits={"A": "100"}, limit="100.00", expect=200)
    (good,) = await caller.sales("ap-1", "60.00")
    (failed,) = await caller.sales("ap-2", "60.00")
    before = caller.position
    refused = await caller.call("POST", MARK, ready(), expect=409)
    assert refused["code"] == "items_refused"
    assert [(e["item_id"], e["code"]) for e in refused["errors"]] == [(failed, "nte_failed")]
    await caller.nothing_happened(before)
    answer = await caller.call("POST", MARK, ready(mode="best_effort"))
    assert ([c["item_id"] for c in answer["changed"]], counts(answer)) == ([good], (1, 1))
    assert [(s["item_id"], s["code"]) for s in answer["skipped"]] == [(failed, "nte_failed")]


async def test_where_nothing_matches_nothing_happens(caller: Caller) -> None:
    before = caller.position
    answer = await caller.call("POST", MARK, ready(resource=["nobody"], expect={"count": 0}))
    assert (counts(answer), answer["position"]) == ((0, 0), before)


# --- what the caller saw -----------------------------------------------------------------------


async def test_another_count_than_the_caller_saw_refuses_the_command(caller: Caller) -> None:
    await caller.sales("ap-1", "10.00")
    before = caller.position
    for path, more in ((MARK, {"status": "ready"}), (RESET, {}), (REEVALUATE, {})):
        body = {"matching": {"view": TM, "expect": {"count": 5}}, **more}
        refused = await caller.call("POST", path, body, expect=409)
        found = {name: refused[name] for name in ("code", "expected", "found")}
        assert found == {"code": "matching_changed", "expected": 5, "found": 2}
    drafting = {"matching": {"view": TM, "expect": {"count": 1}}}
    assert (await caller.call("POST", "/invoices", drafting, expect=409))["found"] == 2
    await caller.nothing_happened(before)


async def test_a_repetition_under_its_key_is_answered_alike_though_nothing_matches_any_more(
    caller: Caller,
) -> None:
    await caller.sales("ap-1", "10.00")
    body = ready(billing_status=["not_ready"], expect={"count": 2})
    headers = {"Idempotency-Key": "month end"}
    first = await caller.call("POST", MARK, body, headers=headers)
    assert await caller.call("POST", MARK, body, headers=headers) == first
    assert (await caller.call("POST", MARK, body, expect=409))["found"] == 0


async def test_more_than_a_command_takes_is_refused_with_how_many_there_are(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "MOST_ITEMS", 3)
    items = [item for n in range(3) for item in await caller.sales(f"ap-{n}", "10.00")]
    refused = await caller.call("POST", MARK, ready(expect={"count": 6}), expect=409)
    assert (refused["code"], refused["found"]) == ("too_many_items", 6)
    wrong = ready(expect={"count": 6}, **{"except": [items[0], "PC-1~L-1~none"]})
    refused = await caller.call("POST", MARK, wrong, expect=409)
    assert (refused["code"], refused["found"]) == ("matching_changed", 5)
    answer = await caller.call("POST", MARK, ready(**{"except": items[:3]}))
    assert counts(answer) == (3, 0)


# --- what an answer lists ----------------------------------------------------------------------


async def test_an_answer_counts_all_and_lists_the_first_thousand(caller: Caller) -> None:
    await caller.line(splits={"A": "100"}, expect=200)
    hours = [approval(f"ap-{n:04}") for n in range(1_001)]
    made = [result["items"][0] for result in await caller.post(*hours)]
    answer = await caller.call("POST", MARK, ready(expect={"count": 1_001}))
    assert (counts(answer), len(answer["changed"])) == ((1_001, 0), 1_000)
    again = await caller.mark(made)
    assert (counts(again), len(again["skipped"])) == ((0, 1_001), 1_000)
    assert set((await statuses(caller)).values()) == {"ready"}


# --- drafts ------------------------------------------------------------------------------------


async def test_what_matches_is_drafted_across_contracts_one_invoice_a_customer_d40(
    caller: Caller,
) -> None:
    first = await caller.sales("ap-1", "10.00")
    second = await caller.sales("ap-2", "10.00", contract_id="PC-2")
    (unready, _) = await caller.sales("ap-3", "10.00")
    await caller.mark([*first, *second])
    body: Json = {"matching": {"view": TM, "customer_id": ["A"], "expect": {"count": 3}}}
    drafted = await caller.call("POST", "/invoices", body, expect=201)
    made = {(i["contract_id"], i["customer_id"]): i["amount"] for i in drafted["invoices"]}
    assert made == {("PC-1", "A"): "5.00", ("PC-2", "A"): "5.00"}
    assert counts(drafted) == (2, 1)
    skipped = [(s["item_id"], s["code"]) for s in drafted["skipped"]]
    assert skipped == [(unready, "item_not_ready")]
    body["matching"]["expect"] = {"count": 1}
    body["matching"]["billing_status"] = ["not_ready"]
    assert (await caller.call("POST", "/invoices", body, expect=409))["code"] == "nothing_ready"


async def test_a_contract_narrows_down_what_is_drafted_of_all_that_match(caller: Caller) -> None:
    items = await caller.sales("ap-1", "10.00")
    others = await caller.sales("ap-2", "10.00", contract_id="PC-2")
    await caller.mark([*items, *others])
    body = {"contract_id": "PC-1", "matching": {"view": TM, "expect": {"count": 2}}}
    drafted = await caller.call("POST", "/invoices", {**body, "customer_ids": ["B"]}, expect=201)
    assert [(i["contract_id"], i["customer_id"]) for i in drafted["invoices"]] == [("PC-1", "B")]
    assert [s["code"] for s in drafted["skipped"]] == ["not_selected"]
    elsewhere = {"contract_id": "PC-1", "matching": {"view": TM, "contract_id": ["PC-2"]}}
    assert (await caller.call("POST", "/invoices", elsewhere, expect=409))["errors"] == []
    unknown = {"contract_id": "PC-9", "matching": {"view": TM}}
    await caller.call("POST", "/invoices", unknown, expect=404)


# --- what is no selection ----------------------------------------------------------------------

WRONG: dict[str, tuple[Json, str]] = {
    "neither": ({}, "body"),
    "both": ({"items": ["a"], "matching": {"view": TM}}, "body"),
    "no view": ({"matching": {}}, "matching"),
    "another view": ({"matching": {"view": "retainers"}}, "matching"),
    "not of this view": (
        {"matching": {"view": FP, "resource": ["Ada"]}},
        "matching.fixed-price.resource",
    ),
    "no list": (
        {"matching": {"view": TM, "resource": "Ada"}},
        "matching.time-and-material.resource",
    ),
    "an empty list": ({"matching": {"view": TM, "resource": []}}, "matching.time-and-material"),
    "a NUL": (
        {"matching": {"view": TM, "resource": ["A\x00"]}},
        "matching.time-and-material.resource.0",
    ),
    "no number": (
        {"matching": {"view": TM, "expect": {"count": "2"}}},
        "matching.time-and-material.expect.count",
    ),
    "a page": ({"matching": {"view": TM, "limit": 5}}, "matching.time-and-material.limit"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_selects_nothing_clearly_is_refused_by_name(caller: Caller, name: str) -> None:
    body, field = WRONG[name]
    for path, more in ((MARK, {"status": "ready"}), (RESET, {}), (REEVALUATE, {})):
        refused = await caller.call("POST", path, {**body, **more}, expect=422)
        assert [error["field"] for error in refused["errors"]] == [field]


async def test_a_draft_is_of_a_contract_or_of_what_matches(caller: Caller) -> None:
    wrong: list[Json] = [
        {"items": ["a"]},
        {"items": ["a"], "contract_id": "PC-1", "matching": {"view": TM}},
        {"matching": {"view": TM}, "contract_ids": ["PC-1"]},
        {"matching": {"view": TM}, "line_ids": ["L-1"]},
        {"matching": {"view": TM}, "customer_ids": ["A"]},
    ]
    for body in wrong:
        refused = await caller.call("POST", "/invoices", body, expect=422)
        assert [error["field"] for error in refused["errors"]] == ["body"], body
