"""Not-to-exceed limits over HTTP, at all four levels and across lines (D-30 to D-38)."""

import asyncio
from decimal import Decimal

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"
LEVELS = ("line_customer", "line", "contract_customer", "contract")


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller who has no contract yet."""
    return Caller(http)


async def limited(caller: Caller, level: str, limit: str = "100.00") -> None:
    """A contract with two lines for A, and one limit."""
    at = {name: limit if name == level else None for name in LEVELS}
    customer = {"A": limit} if level == "contract_customer" else None
    payer = {"A": limit} if level == "line_customer" else None
    await caller.contract(limit=at["contract"], limits=customer)
    await caller.line(limits=payer, limit=at["line"])
    await caller.line("L-2")


def figures(level: Json) -> tuple[str | None, str, str, str | None]:
    return (level["limit"], level["committed"], level["invoiced"], level["remaining"])


@pytest.mark.parametrize("level", LEVELS)
async def test_each_level_commits_up_to_its_limit_and_fails_beyond_d30_d31(
    caller: Caller, level: str
) -> None:
    await limited(caller, level)
    (fits,) = await caller.sales("ap-1", "100.00")
    (over,) = await caller.sales("ap-2", "0.01")
    (elsewhere,) = await caller.sales("ap-3", "0.01", line_id="L-2")
    assert (await caller.item(fits))["nte_status"] == "committed"
    failed = await caller.item(over)
    assert failed["nte_status"] == "failed"
    assert failed["nte_detail"] == [
        {"level": level, "limit": "100.00", "used": "100.00", "shortfall": "0.01"}
    ]
    across = level.startswith("contract")
    assert (await caller.item(elsewhere))["nte_status"] == (
        "failed" if across else "not_applicable"
    )
    refused = await caller.mark([fits, over], expect=409)
    (error,) = refused["errors"]
    assert (error["item_id"], error["code"], error["level"]) == (over, "nte_failed", level)
    assert (error["shortfall"], error["levels"]) == ("0.01", failed["nte_detail"])
    assert (await caller.item(fits))["billing_status"] == "not_ready"


async def test_the_detail_names_every_failing_level_in_order_d30_d31(caller: Caller) -> None:
    await caller.contract(limit="40.00", limits={"A": "30.00"})
    await caller.line(limits={"A": "10.00"}, limit="20.00")
    (item,) = await caller.sales("ap-1", "50.00")
    detail = (await caller.item(item))["nte_detail"]
    assert [(d["level"], d["limit"], d["used"], d["shortfall"]) for d in detail] == [
        ("line_customer", "10.00", "0.00", "40.00"),
        ("line", "20.00", "0.00", "30.00"),
        ("contract_customer", "30.00", "0.00", "20.00"),
        ("contract", "40.00", "0.00", "10.00"),
    ]


async def test_levels_without_a_limit_are_listed_with_null(caller: Caller) -> None:
    await caller.contract(customers=("A", "B"), limit="1000.00")
    await caller.line(splits={"A": "60", "B": "40"})
    await caller.line("FP", method="fixed_price", splits={"A": "100"})
    await caller.sales("ap-1", "100.00")
    found = await caller.get("/contracts/PC-1/limits")
    assert set(found["levels"][0]) == {
        "level",
        "line_id",
        "customer_id",
        "limit",
        "committed",
        "invoiced",
        "remaining",
    }
    shown = {(x["level"], x["line_id"], x["customer_id"]): figures(x) for x in found["levels"]}
    assert shown == {
        ("line_customer", "L-1", "A"): (None, "60.00", "0.00", None),
        ("line_customer", "L-1", "B"): (None, "40.00", "0.00", None),
        ("line_customer", "FP", "A"): (None, "0.00", "0.00", None),
        ("line", "L-1", None): (None, "100.00", "0.00", None),
        ("line", "FP", None): (None, "0.00", "0.00", None),
        ("contract_customer", None, "A"): (None, "60.00", "0.00", None),
        ("contract_customer", None, "B"): (None, "40.00", "0.00", None),
        ("contract", None, None): ("1000.00", "100.00", "0.00", "900.00"),
    }
    await caller.get("/contracts/none/limits", expect=404)


async def test_what_is_not_charged_or_not_limited_is_not_applicable_d32(caller: Caller) -> None:
    await limited(caller, "line", "1.00")
    (gift,) = await caller.sales("ap-1", "50.00", billing_type="complimentary")
    (free,) = await caller.sales("ap-2", "50.00", billing_type="non_chargeable")
    (other,) = await caller.sales("ap-3", "50.00", line_id="L-2")
    for item in (gift, free, other):
        assert (await caller.item(item))["nte_status"] == "not_applicable"
    await caller.mark([gift, free, other])


async def test_a_negative_amount_passes_and_gives_room_back_d31(caller: Caller) -> None:
    await limited(caller, "line")
    await caller.sales("ap-1", "100.00")
    (credit,) = await caller.sales("ap-2", "-30.00")
    (later,) = await caller.sales("ap-3", "30.00")
    assert (await caller.item(credit))["nte_status"] == "committed"
    assert (await caller.item(later))["nte_status"] == "committed"
    level = (await caller.limits())["line", "L-1"]
    assert figures(level) == ("100.00", "100.00", "0.00", "0.00")


async def test_a_reset_frees_room_and_takes_ready_back_d33(caller: Caller) -> None:
    await limited(caller, "contract")
    (item,) = await caller.sales("ap-1", "80.00")
    (failed,) = await caller.sales("ap-2", "50.00", line_id="L-2")
    await caller.mark([item])
    before = caller.position
    answer = await caller.nte("reset", [item])
    assert answer["changed"] == [
        {
            "item_id": item,
            "billing_status": "not_ready",
            "nte_status": "not_evaluated",
            "nte_detail": None,
        }
    ]
    assert figures((await caller.limits())["contract", None]) == (
        "100.00",
        "0.00",
        "0.00",
        "100.00",
    )
    names = await caller.happened(before)
    assert {"NTEReset", "MarkedNotReady", "ContractUsageChanged"} <= set(names)
    again = await caller.nte("reevaluate", [failed])
    assert [c["nte_status"] for c in again["changed"]] == ["committed"]


async def test_items_outside_the_selection_are_left_alone_with_why_d33_d34(
    caller: Caller,
) -> None:
    await limited(caller, "line")
    await caller.line("FP", method="fixed_price")
    (posted,) = await caller.sales("ap-0", "5.00")
    await caller.billed(posted)
    (drafted,) = await caller.sales("ap-1", "10.00")
    (free,) = await caller.sales("ap-2", "1.00", billing_type="non_chargeable")
    (part,) = (await caller.milestone("5.00", line_id="FP"))["parts"]
    await caller.mark([drafted])
    await caller.draft(items=[drafted])
    before = caller.position
    named = [drafted, free, part["item_id"], posted, "none"]
    for what in ("reset", "reevaluate"):
        answer = await caller.nte(what, named)
        assert answer["changed"] == []
        assert {s["item_id"]: s["code"] for s in answer["skipped"]} == {
            drafted: "item_on_draft",
            free: "not_chargeable",
            part["item_id"]: "milestone",
            posted: "item_posted",
            "none": "item_not_found",
        }
    await caller.nothing_happened(before)


async def test_reevaluation_goes_in_the_order_given_d34(caller: Caller) -> None:
    await limited(caller, "line")
    (a,) = await caller.sales("ap-1", "60.00")
    (b,) = await caller.sales("ap-2", "70.00")
    await caller.nte("reset", [a, b])
    answer = await caller.nte("reevaluate", [b, a])
    assert [(c["item_id"], c["nte_status"]) for c in answer["changed"]] == [
        (b, "committed"),
        (a, "failed"),
    ]
    assert answer["changed"][1]["nte_detail"] == [
        {"level": "line", "limit": "100.00", "used": "70.00", "shortfall": "30.00"}
    ]


async def test_what_is_not_evaluated_is_evaluated_when_marked_d26(caller: Caller) -> None:
    await limited(caller, "line")
    (a,) = await caller.sales("ap-1", "60.00")
    (b,) = await caller.sales("ap-2", "70.00")
    await caller.nte("reset", [a, b])
    answer = await caller.mark([a, b], mode="best_effort")
    assert [(c["item_id"], c["nte_status"]) for c in answer["changed"]] == [(a, "committed")]
    (skipped,) = answer["skipped"]
    assert (skipped["item_id"], skipped["code"], skipped["level"], skipped["shortfall"]) == (
        b,
        "nte_failed",
        "line",
        "30.00",
    )


async def test_a_changed_limit_reevaluates_nothing_and_says_what_should_be_d36(
    caller: Caller,
) -> None:
    await limited(caller, "contract")
    (held,) = await caller.sales("ap-1", "80.00")
    (failed,) = await caller.sales("ap-2", "50.00")
    await caller.contract(limit="60.00", expect=200)
    assert (await caller.item(held))["nte_status"] == "committed"
    found = await caller.get("/contracts/PC-1/limits")
    assert figures(found["levels"][-1]) == ("60.00", "80.00", "0.00", "-20.00")
    assert found["reevaluate"] == [held]
    await caller.contract(limit="130.00", expect=200)
    assert (await caller.get("/contracts/PC-1/limits"))["reevaluate"] == [failed]
    assert (await caller.item(failed))["nte_status"] == "failed"
    answer = await caller.nte("reevaluate", [failed])
    assert [c["nte_status"] for c in answer["changed"]] == ["committed"]


async def test_a_limit_that_came_later_is_asked_when_an_item_is_marked_d26_d36(
    caller: Caller,
) -> None:
    await caller.contract()
    await caller.line()
    (fits,) = await caller.sales("ap-1", "80.00")
    (not_any_more,) = await caller.sales("ap-2", "50.00")
    (free,) = await caller.sales("ap-3", "50.00", billing_type="complimentary")
    (nothing,) = await caller.sales("ap-4", "0.00")
    await caller.contract(limit="100.00", expect=200)
    found = (await caller.get("/contracts/PC-1/limits"))["reevaluate"]
    assert set(found) == {fits, not_any_more, nothing}
    answer = await caller.mark([fits, not_any_more, free, nothing], mode="best_effort")
    assert {c["item_id"]: c["nte_status"] for c in answer["changed"]} == {
        fits: "committed",
        free: "not_applicable",
        nothing: "committed",
    }
    (skipped,) = answer["skipped"]
    assert (skipped["item_id"], skipped["code"]) == (not_any_more, "nte_failed")
    assert (skipped["level"], skipped["shortfall"]) == ("contract", "30.00")
    found = await caller.get("/contracts/PC-1/limits")
    assert figures(found["levels"][-1]) == ("100.00", "80.00", "0.00", "20.00")
    assert (await caller.get("/contracts/PC-1/limits"))["reevaluate"] == []


async def test_an_item_worth_zero_need_not_be_evaluated_again_under_a_lower_limit_d31_d36(
    caller: Caller,
) -> None:
    await limited(caller, "contract")
    (held,) = await caller.sales("ap-1", "80.00")
    (nothing,) = await caller.sales("ap-2", "0.00")
    assert (await caller.item(nothing))["nte_status"] == "committed"
    await caller.contract(limit="60.00", expect=200)
    assert (await caller.get("/contracts/PC-1/limits"))["reevaluate"] == [held]
    answer = await caller.nte("reevaluate", [nothing])
    assert [c["nte_status"] for c in answer["changed"]] == ["committed"]


async def test_milestones_are_held_against_the_limits_at_confirmation_d17_d35(
    caller: Caller,
) -> None:
    await caller.contract(limit="100.00")
    await caller.line("FP", method="fixed_price")
    for amount in ("70.00", "40.00"):
        made = await caller.milestone(amount, line_id="FP")
        await caller.mark([part["item_id"] for part in made["parts"]])
    parts = await caller.rows("/backlog/fixed-price", sort="-amount")
    invoices = [
        (await caller.draft(items=[part["item_id"]]))["invoices"][0]["invoice_id"] for part in parts
    ]
    await caller.confirm(invoices[0])
    before = caller.position
    refused = await caller.confirm(invoices[1], expect=409)
    assert refused["code"] == "limit_exceeded"
    (error,) = refused["errors"]
    assert (error["level"], error["limit"], error["used"], error["shortfall"]) == (
        "contract",
        "100.00",
        "70.00",
        "10.00",
    )
    await caller.nothing_happened(before)
    stays = await caller.get(f"/invoices/{invoices[1]}")
    assert (stays["status"], stays["number"]) == ("draft", None)
    await caller.contract(limit="110.00", expect=200)
    assert (await caller.confirm(invoices[1]))["status"] == "confirmed"
    assert figures((await caller.limits())["contract", None]) == (
        "110.00",
        "0.00",
        "110.00",
        "0.00",
    )


async def test_posting_moves_committed_to_invoiced_at_every_level_d37(caller: Caller) -> None:
    await caller.contract(customers=("A", "B"), limit="500.00", limits={"A": "300.00"})
    await caller.line(splits={"A": "60", "B": "40"}, limits={"B": "90.00"}, limit="400")
    first = await caller.sales("ap-1", "100.00")
    await caller.sales("ap-2", "50.00")
    await caller.mark(first)
    for invoice in (await caller.draft())["invoices"]:
        await caller.confirm(invoice["invoice_id"])
    levels = await caller.limits()
    assert figures(levels["contract", None]) == ("500.00", "50.00", "100.00", "350.00")
    assert figures(levels["line", "L-1"]) == ("400.00", "50.00", "100.00", "250.00")
    assert figures(levels["contract_customer", "A"]) == ("300.00", "30.00", "60.00", "210.00")
    assert figures(levels["line_customer", "B"]) == ("90.00", "20.00", "40.00", "30.00")
    billed = await caller.rows("/actuals", type="billed_sales")
    assert sum(Decimal(row["amount"]) for row in billed) == Decimal("100.00")


async def test_two_approvals_racing_for_the_last_room_never_both_get_it_d38(
    caller: Caller,
) -> None:
    await limited(caller, "contract")
    await asyncio.gather(
        *(
            caller.post(approval(f"ap-{n}", line_id=f"L-{n % 2 + 1}", unit_price="60.00"))
            for n in range(8)
        )
    )
    rows = await caller.rows(TM)
    assert sorted(row["nte_status"] for row in rows) == ["committed", *["failed"] * 7]
    assert (await caller.limits())["contract", None]["committed"] == "60.00"


async def test_a_line_limit_is_for_time_and_material_only_d30(caller: Caller) -> None:
    await caller.contract()
    refused = await caller.line(method="fixed_price", limit="5.00", expect=422)
    assert refused["errors"][0]["field"] == "nte_limit"


async def test_limits_speak_the_currency_of_the_contract_d1(caller: Caller) -> None:
    await caller.contract(currency="JPY", limit="100")
    await caller.line(contract_amount="1000")
    await caller.post(approval("ap-1", currency="JPY", unit_price="51"))
    assert figures((await caller.limits())["contract", None]) == ("100", "51", "0", "49")
    (row,) = await caller.rows(TM)
    assert (row["amount"], row["unit_price"], row["tax"]) == ("51", "51", "0")
