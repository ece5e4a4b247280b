"""A mark is taken back by its position, for the items that nothing has changed since."""

from typing import Any

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of two customers and a line of time and material for A alone."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    return caller


async def undo(caller: Caller, position: int, expect: int = 200, **more: Any) -> Json:
    body = {"position": position, **more}
    return await caller.call("POST", "/backlog/undo", body, expect=expect)


def codes(answer: Json) -> dict[str, str]:
    return {skipped["item_id"]: skipped["code"] for skipped in answer["skipped"]}


async def picture(caller: Caller) -> Json:
    """All that callers see of the backlog and the limits."""
    return {
        "sales": await caller.rows(TM, billing_status=["not_ready", "ready"]),
        "parts": await caller.rows("/backlog/fixed-price"),
        "limits": await caller.limits(),
    }


# --- what it takes back ------------------------------------------------------------------------


async def test_all_is_as_before_once_a_mark_is_taken_back(caller: Caller) -> None:
    """Of several contracts and lines, evaluated by the mark or not, by items or by a filter."""
    await caller.contract("PC-2", ("A",), limit="500.00")
    await caller.line(contract_id="PC-2")
    await caller.line("FP", method="fixed_price")
    milestone = await caller.milestone("100.00", line_id="FP")
    reset = await caller.sales("ap-1", "70.00", contract_id="PC-2")
    kept = await caller.sales("ap-2", "80.00", contract_id="PC-2")
    limited_later = await caller.sales("ap-3", "90.00")
    await caller.nte("reset", reset)
    await caller.line(limit="1000.00", expect=200)
    before = await picture(caller)
    items = [*reset, *kept, *limited_later, milestone["parts"][0]["item_id"]]
    marked = await caller.mark(items)
    nte = {item["item_id"]: item["nte_status"] for item in marked["changed"]}
    assert [nte[item] for item in items] == ["committed", "committed", "committed", None]
    answer = await undo(caller, marked["position"])
    assert (answer["changed_count"], answer["skipped"]) == (4, [])
    assert {item["billing_status"] for item in answer["changed"]} == {"not_ready"}
    assert await picture(caller) == before


async def test_a_mark_that_took_items_back_makes_them_ready_again(caller: Caller) -> None:
    items = [*await caller.sales("ap-1", "10.00"), *await caller.sales("ap-2", "10.00")]
    await caller.mark(items)
    before = await picture(caller)
    back = await caller.mark(items, "not_ready")
    answer = await undo(caller, back["position"])
    assert [item["item_id"] for item in answer["changed"]] == items
    assert await picture(caller) == before


async def test_the_mark_of_all_that_match_is_taken_back_whole(caller: Caller) -> None:
    made = await caller.post(*(approval(f"ap-{n:04}") for n in range(1_001)))
    body = {"status": "ready", "matching": {"view": "time-and-material"}}
    headers = {"Idempotency-Key": "all of them"}
    marked = await caller.call("POST", "/backlog/mark", body, headers=headers)
    answer = await undo(caller, marked["position"])
    assert (answer["changed_count"], len(answer["changed"])) == (len(made), 1_000)
    rows = await caller.rows(TM)
    assert {row["billing_status"] for row in rows} == {"not_ready"}


async def test_the_history_says_what_was_undone_and_why(caller: Caller) -> None:
    marked = await caller.mark(await caller.sales("ap-1", "10.00"))
    position = marked["position"]
    await undo(caller, position)
    again = await caller.mark([item["item_id"] for item in marked["changed"]])
    await undo(caller, again["position"], reason="a mistake")
    said = [
        (event["type"], event["reason"])
        for event in await caller.history()
        if event["position"] > position
    ]
    assert said == [
        ("MarkedNotReady.v1", f"undo of position {position}"),
        ("MarkedReady.v1", None),
        ("MarkedNotReady.v1", f"undo of position {again['position']}: a mistake"),
    ]


async def test_an_undo_is_a_mark_that_can_be_taken_back(caller: Caller) -> None:
    items = await caller.sales("ap-1", "10.00")
    marked = await caller.mark(items)
    undone = await undo(caller, marked["position"])
    answer = await undo(caller, undone["position"])
    assert [item["billing_status"] for item in answer["changed"]] == ["ready"]


async def test_only_the_items_of_that_mark_are_taken_back(caller: Caller) -> None:
    one, other = [(await caller.sales(f"ap-{n}", "10.00"))[0] for n in range(2)]
    first, second = [await caller.mark([item]) for item in (one, other)]
    assert first["position"] + 1 == second["position"]
    for marked, item in ((second, other), (first, one)):
        answer = await undo(caller, marked["position"])
        assert [changed["item_id"] for changed in answer["changed"]] == [item]


# --- what it leaves ----------------------------------------------------------------------------


async def test_items_that_something_has_changed_since_are_left_and_the_answer_says_why(
    caller: Caller,
) -> None:
    await caller.line(limit="1000.00", expect=200)
    await caller.line("FP", method="fixed_price")
    milestone = await caller.milestone("100.00", line_id="FP")
    part = milestone["parts"][0]["item_id"]
    sales = [(await caller.sales(f"ap-{n}", "10.00"))[0] for n in range(6)]
    untouched, marked_again, judged_again, drafted, posted, released = sales
    marked = await caller.mark([*sales, part])
    await caller.mark([marked_again], "not_ready")
    await caller.mark([marked_again])
    await caller.nte("reevaluate", [judged_again])
    path = f"/milestones/{milestone['milestone_id']}"
    await caller.call("PATCH", path, {"name": "Another name"})
    await caller.draft(items=[drafted])
    await caller.confirm((await caller.draft(items=[posted]))["invoices"][0]["invoice_id"])
    invoice = (await caller.draft(items=[released]))["invoices"][0]["invoice_id"]
    await caller.call("DELETE", f"/invoices/{invoice}")
    answer = await undo(caller, marked["position"])
    assert [item["item_id"] for item in answer["changed"]] == [untouched]
    assert codes(answer) == {
        marked_again: "changed_since",
        judged_again: "changed_since",
        drafted: "item_on_draft",
        posted: "item_posted",
        released: "changed_since",
        part: "changed_since",
    }
    assert answer["skipped_count"] == 6


async def test_what_is_undone_already_is_left_the_second_time(caller: Caller) -> None:
    items = await caller.sales("ap-1", "10.00")
    marked = await caller.mark(items)
    await undo(caller, marked["position"])
    before = caller.position
    again = await undo(caller, marked["position"])
    assert (again["changed"], codes(again)) == ([], {items[0]: "changed_since"})
    await caller.nothing_happened(before)


async def test_a_milestone_deleted_since_is_no_item_any_more(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price")
    milestone = await caller.milestone("100.00", line_id="FP")
    marked = await caller.mark([milestone["parts"][0]["item_id"]])
    await caller.call("DELETE", f"/milestones/{milestone['milestone_id']}")
    answer = await undo(caller, marked["position"])
    assert list(codes(answer).values()) == ["item_not_found"]


async def test_a_limit_that_came_after_is_asked_before_an_item_is_ready_again_d26(
    caller: Caller,
) -> None:
    items = await caller.sales("ap-1", "100.00")
    await caller.mark(items)
    back = await caller.mark(items, "not_ready")
    await caller.line(limit="50.00", expect=200)
    answer = await undo(caller, back["position"])
    assert (answer["changed"], codes(answer)) == ([], {items[0]: "nte_failed"})


# --- what is no mark ---------------------------------------------------------------------------


async def test_what_is_no_mark_is_refused_by_name(caller: Caller) -> None:
    await caller.line(limit="100.00", expect=200)
    (good,) = await caller.sales("ap-1", "60.00")
    defined = caller.position
    await caller.mark([good])
    limited = await caller.line(limit="50.00", expect=200)
    judged = await caller.nte("reevaluate", [good])
    assert judged["changed"][0]["billing_status"] == "not_ready"
    await caller.line(limit="100.00", expect=200)
    reset = await caller.nte("reset", [good])
    drafted = await caller.draft(items=[await _ready(caller)])
    for position in (1, defined, limited["position"] or 1, judged["position"], reset["position"]):
        assert (await undo(caller, position, expect=409))["code"] == "not_a_mark"
    assert (await undo(caller, drafted["position"], expect=409))["code"] == "not_a_mark"
    ahead = await undo(caller, caller.position + 1_000, expect=422)
    assert ahead["code"] == "position_ahead"
    for wrong in (0, -1, "7", None, 2**63):
        refused = await caller.call("POST", "/backlog/undo", {"position": wrong}, expect=422)
        assert [error["field"] for error in refused["errors"]] == ["position"]


async def _ready(caller: Caller) -> str:
    """An item that is ready."""
    (item,) = await caller.sales("ap-ready", "10.00")
    await caller.mark([item])
    return item


async def test_an_undo_that_comes_again_under_its_key_is_answered_alike(caller: Caller) -> None:
    marked = await caller.mark(await caller.sales("ap-1", "10.00"))
    body, headers = {"position": marked["position"]}, {"Idempotency-Key": "undo"}
    first = await caller.call("POST", "/backlog/undo", body, headers=headers)
    assert await caller.call("POST", "/backlog/undo", body, headers=headers) == first
