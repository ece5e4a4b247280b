"""All that match, in one command: mark, reset, re-evaluate and draft what a view lists."""

import json
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


# --- more than one transaction takes -----------------------------------------------------------


@pytest.fixture
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction takes three items, and a job five."""
    monkeypatch.setattr(handlers, "MOST_ITEMS", 3)
    monkeypatch.setattr(handlers, "MOST_OF_A_JOB", 5)


async def many(caller: Caller, number: int = 5, limit: str = "35.00") -> list[str]:
    """The items of so many hours at 10.00 that A pays alone, a day each."""
    await caller.line(splits={"A": "100"}, limit=limit, expect=200)
    dates = [f"2026-10-{n + 1:02}" for n in range(number)]
    return [(await caller.sales(f"ap-{date}", "10.00", date=date))[0] for date in dates]


@pytest.mark.usefixtures("three_at_once")
async def test_more_than_a_transaction_takes_are_marked_by_a_job_in_parts(caller: Caller) -> None:
    items = await many(caller)
    body = ready(mode="best_effort", contract_id=["PC-1"], expect={"count": 5})
    headers = {"Idempotency-Key": "all"}
    asked = await caller.call("POST", MARK, body, headers=headers, expect=202)
    job = await caller.over(asked["job_id"])
    assert (job["kind"], job["status"], job["total"]) == ("mark_ready", "complete", 2)
    assert job["request"]["matching"]["contract_id"] == ["PC-1"]
    told = [(r["item_count"], r["changed_count"], r["skipped_count"]) for r in job["results"]]
    assert told == [(3, 3, 0), (2, 0, 2)]
    assert {s["rule"] for s in job["results"][1]["skipped"]} == {"D-26"}
    failed = [(s["item_id"], s["code"]) for s in job["results"][1]["skipped"]]
    assert failed == [(item, "nte_failed") for item in items[3:]]
    ready_now = {item for item, status in (await statuses(caller)).items() if status == "ready"}
    assert ready_now == set(items[:3])
    again = await caller.call("POST", MARK, body, headers=headers, expect=202)
    assert again["job_id"] == asked["job_id"]


@pytest.mark.usefixtures("three_at_once")
async def test_a_refused_item_refuses_its_part_of_a_job_unless_told_otherwise_d27(
    caller: Caller,
) -> None:
    await many(caller)
    asked = await caller.call("POST", MARK, ready(), expect=202)
    job = await caller.over(asked["job_id"])
    told = [(r["status"], r["changed_count"], r["skipped_count"]) for r in job["results"]]
    assert told == [("complete", 3, 0), ("failed", 0, 2)]
    assert job["results"][1]["problem"]["code"] == "items_refused"


@pytest.mark.usefixtures("three_at_once")
async def test_verdicts_of_more_than_a_transaction_takes_are_given_anew_by_a_job(
    caller: Caller,
) -> None:
    await many(caller)
    body = {"matching": {"view": TM}}
    for path, kind in ((RESET, "reset_nte"), (REEVALUATE, "reevaluate_nte")):
        job = await caller.over((await caller.call("POST", path, body, expect=202))["job_id"])
        assert (job["kind"], [r["changed_count"] for r in job["results"]]) == (kind, [3, 2])
    rows = await caller.rows(f"/backlog/{TM}")
    assert [row["nte_status"] for row in rows] == ["committed"] * 3 + ["failed"] * 2


@pytest.mark.usefixtures("three_at_once")
async def test_more_than_a_transaction_takes_are_drafted_by_a_job_a_contract_a_step(
    caller: Caller,
) -> None:
    items = await many(caller, 3)
    others = await caller.sales("ap-other", "10.00", contract_id="PC-2")
    await caller.mark(items[1:])
    body: Json = {"matching": {"view": TM, "expect": {"count": 5}}, "cutoff": "2026-10-02"}
    job = await caller.over((await caller.call("POST", "/invoices", body, expect=202))["job_id"])
    told = [(r["contract_id"], r["status"], r["changed_count"]) for r in job["results"]]
    assert told == [("PC-1", "complete", 1), ("PC-2", "skipped", 0)]
    skips = [[(s["item_id"], s["code"]) for s in r["skipped"]] for r in job["results"]]
    assert skips[0] == [(items[0], "item_not_ready"), (items[2], "not_selected")]
    assert {item for item, _ in skips[1]} == set(others)
    (draft,) = await caller.rows("/invoices")
    assert draft["invoice_id"] == job["results"][0]["invoices"][0]["invoice_id"]


@pytest.mark.usefixtures("three_at_once")
async def test_the_step_of_a_job_is_taken_back_by_its_position(caller: Caller) -> None:
    items = await many(caller, 4, "40.00")
    await caller.over((await caller.call("POST", MARK, ready(), expect=202))["job_id"])
    marked = [e for e in await caller.history() if e["type"].startswith("MarkedReady")]
    for event, some in zip(marked, (items[:3], items[3:]), strict=True):
        body = {"position": event["position"]}
        undone = await caller.call("POST", "/backlog/undo", body)
        assert [item["item_id"] for item in undone["changed"]] == some


@pytest.mark.usefixtures("three_at_once")
async def test_a_job_tells_of_each_step_that_changed_something_by_which_position_it_is_taken_back(
    caller: Caller,
) -> None:
    items = await many(caller)
    asked = await caller.call("POST", MARK, ready(), expect=202)
    assert [result["position"] for result in asked["results"]] == [None, None]
    job = await caller.over(asked["job_id"])
    position, refused = (result["position"] for result in job["results"])
    assert refused is None
    undone = await caller.call("POST", "/backlog/undo", {"position": position})
    assert [item["item_id"] for item in undone["changed"]] == items[:3]
    assert set((await statuses(caller)).values()) == {"not_ready"}


@pytest.mark.usefixtures("three_at_once")
async def test_each_step_of_a_job_is_taken_back_by_itself(caller: Caller) -> None:
    items = await many(caller, 5, "50.00")
    job = await caller.over((await caller.call("POST", MARK, ready(), expect=202))["job_id"])
    for result, some in reversed(list(zip(job["results"], (items[:3], items[3:]), strict=True))):
        body = {"position": result["position"]}
        undone = await caller.call("POST", "/backlog/undo", body)
        assert [item["item_id"] for item in undone["changed"]] == some


@pytest.mark.usefixtures("three_at_once")
async def test_a_job_and_its_history_say_what_was_asked_in_the_words_of_the_request(
    caller: Caller,
) -> None:
    items = await many(caller, 5)
    body = ready(**{"except": items[:1]}, expect={"count": 4}, mode="best_effort")
    job = await caller.over((await caller.call("POST", MARK, body, expect=202))["job_id"])
    assert job["request"] == body
    body = {"matching": {"view": TM, "customer_id": ["A"]}}
    reset = await caller.over((await caller.call("POST", RESET, body, expect=202))["job_id"])
    assert reset["request"] == body
    events = await caller.history(type="JobRequested.v1")
    asked = [json.loads(event["data"]["request"]) for event in events]
    assert asked == [job["request"], reset["request"]]
    assert [each["request"] for each in await caller.rows("/jobs")] == asked


@pytest.mark.usefixtures("three_at_once")
async def test_a_job_drafts_of_what_matches_only_what_the_request_names(caller: Caller) -> None:
    await caller.line("L-2", splits={"A": "50", "B": "50"})
    for n in range(2):
        await caller.mark(await caller.sales(f"ap-{n}", "10.00"))
    (other, _) = await caller.sales("ap-2", "10.00", line_id="L-2")
    await caller.mark([other])
    body: Json = {
        "contract_id": "PC-1",
        "customer_ids": ["A"],
        "line_ids": ["L-1"],
        "matching": {"view": TM, "billing_status": ["ready"]},
    }
    job = await caller.over((await caller.call("POST", "/invoices", body, expect=202))["job_id"])
    assert job["request"] == body
    made = [invoice["customer_id"] for r in job["results"] for invoice in r["invoices"]]
    assert set(made) == {"A"}
    assert (await caller.item(other))["billing_status"] == "ready"


@pytest.mark.usefixtures("three_at_once")
async def test_a_job_of_which_every_step_is_refused_has_failed(caller: Caller) -> None:
    await many(caller, limit="0.00")
    job = await caller.over((await caller.call("POST", MARK, ready(), expect=202))["job_id"])
    assert (job["status"], job["done"]) == ("failed", 2)
    assert job["problem"]["code"] == "items_refused"
    assert [result["status"] for result in job["results"]] == ["failed", "failed"]


@pytest.mark.usefixtures("three_at_once")
async def test_what_is_too_much_even_for_a_job_is_refused_with_how_many_there_are(
    caller: Caller,
) -> None:
    items = await many(caller, 6)
    before = caller.position
    refused = await caller.call("POST", MARK, ready(expect={"count": 6}), expect=409)
    assert (refused["code"], refused["found"]) == ("too_many_items", 6)
    wrong = ready(expect={"count": 6}, **{"except": [items[0], "PC-1~L-1~none"]})
    for dry_run in (None, "true"):
        refused = await caller.call("POST", MARK, wrong, expect=409, dry_run=dry_run)
        assert (refused["code"], refused["found"]) == ("matching_changed", 5)
    fitting = ready(**{"except": items[:1]}, expect={"count": 5})
    refused = await caller.call("POST", MARK, fitting, expect=409, dry_run="true")
    assert refused["code"] == "too_many_items"
    await caller.nothing_happened(before)
    await caller.call("POST", MARK, ready(**{"except": items[:3]}, mode="best_effort"))


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
