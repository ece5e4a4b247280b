"""Recalls of approvals through intake (D-23, D-82 to D-84)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller
from tests.service.recalling import (
    backlog,
    committed,
    correct,
    credited,
    owed,
    recall,
    rows_of,
    six_hours,
)

RECALLED = ["U -3.6 / -540.00 / -102.60", "U -2.4 / -360.00 / -68.40"]
PARKED = "/intake/parked"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with the contract of D-23: A 60 / B 40, limited to 1,000."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"), limit="1000.00")
    await caller.line(splits={"A": "60", "B": "40"})
    return caller


async def approved(caller: Caller) -> list[str]:
    """The items of A and B, of 6 hours."""
    (recorded,) = await caller.post(six_hours())
    assert recorded["outcome"] == "recorded"
    return recorded["items"]


async def drafts_of(caller: Caller, items: list[str]) -> list[Json]:
    """The drafts of these items, one a customer."""
    await caller.mark(items)
    return (await caller.draft(items=items))["invoices"]


async def test_a_recall_takes_all_actuals_of_every_customer_at_once_d23(caller: Caller) -> None:
    items = await approved(caller)
    assert (await caller.limits())["contract", None]["committed"] == "900.00"
    before = caller.position
    (result,) = await caller.post(recall())
    assert (result["outcome"], result["items"], result["problem"]) == ("recorded", items, None)
    assert await rows_of(caller, before) == RECALLED
    assert await committed(caller) == {"0.00"}
    assert await backlog(caller) == []
    rows = await caller.rows("/actuals", approval_id="ap-1")
    assert [(r["cause"], r["adjustment_status"], r["billing_status"]) for r in rows] == [
        *[("approval", "adjusted", "canceled")] * 2,
        *[("recall", "unadjustable", "canceled")] * 2,
    ]
    assert [row["reversal_of"] for row in rows[2:]] == [row["actual_id"] for row in rows[:2]]


async def test_a_second_recall_is_a_duplicate_and_nothing_happens_d23(caller: Caller) -> None:
    items = await approved(caller)
    await caller.post(recall())
    before = caller.position
    (again,) = await caller.post(recall())
    await caller.nothing_happened(before)
    (other,) = await caller.post(recall(event_id="another"))
    assert (again["outcome"], again["items"]) == (other["outcome"], other["items"])
    assert (other["outcome"], other["items"]) == ("duplicate", items)
    assert await rows_of(caller, before) == []


async def test_a_recall_that_comes_first_waits_and_acts_in_the_transaction_of_its_approval_d82(
    caller: Caller,
) -> None:
    (waits,) = await caller.post(recall())
    assert (waits["outcome"], waits["problem"]["code"]) == ("parked", "approval_not_found")
    before = caller.position
    items = await approved(caller)
    assert await caller.rows(PARKED) == []
    assert await rows_of(caller) == [*(row.replace("-", "") for row in RECALLED), *RECALLED]
    assert await backlog(caller) == []
    assert await committed(caller) == {"0.00"}
    events = [each for each in await caller.history() if each["position"] > before]
    assert len({each["correlation_id"] for each in events}) == 1
    outcomes = [e["data"]["outcome"] for e in events if e["type"].startswith("EventReceived")]
    assert outcomes == ["recorded", "recorded"]
    (again,) = await caller.post(recall())
    assert (again["outcome"], again["items"]) == ("duplicate", items)


@pytest.mark.parametrize("order", ["approval first", "recall first"])
async def test_in_one_batch_events_about_an_approval_act_in_their_order_d82(
    caller: Caller, order: str
) -> None:
    events = [six_hours(), recall()]
    results = await caller.post(*(events if order == "approval first" else reversed(events)))
    expected = ["recorded", "recorded"] if order == "approval first" else ["parked", "recorded"]
    assert [result["outcome"] for result in results] == expected
    assert await backlog(caller) == []
    assert (await rows_of(caller))[2:] == RECALLED


async def test_a_recall_that_comes_before_its_contract_acts_after_all_is_there_d82(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    results = await caller.post(recall(), six_hours())
    assert [result["outcome"] for result in results] == ["parked", "parked"]
    await caller.contract(customers=("A", "B"))
    await caller.line(splits={"A": "60", "B": "40"})
    assert await caller.rows(PARKED) == []
    assert (await rows_of(caller))[2:] == RECALLED


async def test_a_recall_of_another_source_or_place_does_not_touch_the_approval(
    caller: Caller,
) -> None:
    items = await approved(caller)
    (other,) = await caller.post({**recall(), "source": "urn:elsewhere"})
    assert (other["outcome"], other["problem"]["code"]) == ("parked", "approval_not_found")
    (result,) = await caller.post(recall(event_id="r-2", line_id="L-9"))
    assert (result["outcome"], result["problem"]["code"]) == ("refused", "approval_changed")
    assert [row["item_id"] for row in await caller.rows("/backlog/time-and-material")] == items


async def test_what_a_recall_does_not_know_is_ignored_and_named(caller: Caller) -> None:
    await approved(caller)
    (result,) = await caller.post(recall(mood="sad"))
    assert (result["outcome"], result["ignored"]) == ("recorded", ["mood"])
    (bad,) = await caller.post(recall(event_id="r-2", approval_id=""))
    assert (bad["outcome"], bad["problem"]["code"]) == ("refused", "invalid_fields")


# --- on drafts -----------------------------------------------------------------------------------


async def test_a_recall_waits_for_all_drafts_that_have_its_items_d23(caller: Caller) -> None:
    first, second = await drafts_of(caller, await approved(caller))
    before = caller.position
    (waits,) = await caller.post(recall())
    assert (waits["outcome"], waits["problem"]["code"]) == ("parked", "item_on_draft")
    for draft in (first, second):
        assert draft["invoice_id"] in waits["problem"]["detail"]
        shown = await caller.get(f"/invoices/{draft['invoice_id']}")
        assert [each["recalled"] for each in shown["lines"][0]["details"]] == [True]
    await caller.call("DELETE", f"/invoices/{first['invoice_id']}")
    (parked,) = await caller.rows(PARKED)
    assert second["invoice_id"] in parked["problem"]["detail"]
    assert first["invoice_id"] not in parked["problem"]["detail"]
    assert await rows_of(caller, before) == []
    await caller.call("DELETE", f"/invoices/{second['invoice_id']}")
    assert await caller.rows(PARKED) == []
    assert await rows_of(caller, before) == RECALLED
    assert await committed(caller) == {"0.00"}
    assert await backlog(caller) == []


@pytest.mark.parametrize("status", ["ready", "not_ready"])
async def test_a_recall_goes_on_as_its_detail_is_taken_off_d23(caller: Caller, status: str) -> None:
    items = await approved(caller)
    (draft,) = await drafts_of(caller, items[:1])
    await caller.post(recall())
    before = caller.position
    ((detail,),) = (line["details"] for line in draft["lines"])
    path = f"/invoices/{draft['invoice_id']}/details/{detail['detail_id']}"
    await caller.call("DELETE", path, status=status)
    assert sorted(await rows_of(caller, before)) == sorted(RECALLED)
    assert await caller.rows(PARKED) == []
    events = [each for each in await caller.history() if each["position"] > before]
    assert len({each["correlation_id"] for each in events}) == 1


async def test_a_recall_goes_on_as_its_draft_is_confirmed_and_opens_an_obligation_d83(
    caller: Caller,
) -> None:
    items = await approved(caller)
    (draft,) = await drafts_of(caller, items[:1])
    await caller.post(recall())
    before = caller.position
    await caller.confirm(draft["invoice_id"])
    assert await rows_of(caller, before) == [
        "U -3.6 / -540.00 / -102.60",
        "B 3.6 / 540.00 / 102.60",
        "U -2.4 / -360.00 / -68.40",
    ]
    assert await owed(caller) == [("open", "3.6", "540.00")]
    (again,) = await caller.post(recall())
    assert (again["outcome"], again["problem"]["code"]) == ("duplicate", "correction_required")


async def test_work_goes_on_no_other_draft_while_its_recall_waits_d23(caller: Caller) -> None:
    items = await approved(caller)
    first, second = await drafts_of(caller, items)
    (other,) = await caller.post(six_hours("ap-2", quantity="0.5", tax="0.00"))
    await caller.post(recall())
    await caller.call("DELETE", f"/invoices/{first['invoice_id']}")
    assert len(await caller.rows(PARKED)) == 1
    problem = await caller.call("POST", "/invoices", {"contract_id": "PC-1"}, expect=409)
    assert (problem["code"], [each["code"] for each in problem["errors"]]) == (
        "nothing_ready",
        ["recall_waits"],
    )
    added = await caller.call("POST", "/invoices/items", {"items": items[:1]}, expect=409)
    assert [(each["code"], each["rule"]) for each in added["errors"]] == [("recall_waits", "D-23")]
    await caller.mark(other["items"])
    made = await caller.draft()
    assert [each["code"] for each in made["skipped"]] == ["recall_waits"]
    of_b = f"/invoices/{second['invoice_id']}"
    drafted = [each["item_id"] for each in (await caller.get(of_b))["lines"][0]["details"]]
    assert drafted == items[1:]
    await caller.call("DELETE", of_b)
    assert await caller.rows(PARKED) == []
    assert not {row["item_id"] for row in await caller.rows("/backlog/time-and-material")} & {
        *items
    }


async def test_work_may_be_drafted_again_once_its_recall_is_dismissed_d23(caller: Caller) -> None:
    first, _ = await drafts_of(caller, await approved(caller))
    await caller.post(recall())
    await caller.call("DELETE", f"/invoices/{first['invoice_id']}")
    await caller.call("DELETE", f"{PARKED}/r-ap-1", reason="it was right")
    assert len((await caller.draft())["invoices"]) == 1


async def test_two_recalls_that_wait_act_in_their_order_d82(caller: Caller) -> None:
    items = await approved(caller)
    (draft,) = await drafts_of(caller, items[:1])
    await caller.post(recall())
    (second,) = await caller.post(recall(event_id="r-2"))
    assert (second["outcome"], second["problem"]["code"]) == ("parked", "item_on_draft")
    retried = await caller.call("POST", f"{PARKED}/r-2/retry")
    assert retried["outcome"] == "parked"
    await caller.call("DELETE", f"/invoices/{draft['invoice_id']}")
    assert await caller.rows(PARKED) == []
    assert len(await rows_of(caller)) == 4


async def test_a_dismissed_recall_does_not_go_on(caller: Caller) -> None:
    items = await approved(caller)
    (draft,) = await drafts_of(caller, items[:1])
    await caller.post(recall())
    await caller.call("DELETE", f"{PARKED}/r-ap-1", reason="it was right")
    shown = await caller.get(f"/invoices/{draft['invoice_id']}")
    assert [each["recalled"] for each in shown["lines"][0]["details"]] == [False]
    await caller.call("DELETE", f"/invoices/{draft['invoice_id']}")
    assert len(await backlog(caller)) == 2


# --- after billing -------------------------------------------------------------------------------


async def test_what_is_billed_of_a_recall_closes_by_corrections_d83(caller: Caller) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    await caller.mark(items[1:])
    before = caller.position
    (result,) = await caller.post(recall())
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    assert (result["items"], result["problem"]["rule"]) == (items[1:], "D-83")
    assert await rows_of(caller, before) == ["U -2.4 / -360.00 / -68.40"]
    (row,) = await caller.rows("/intake/obligations", status="open")
    assert (row["approval_id"], row["item_id"], row["reason"]) == ("ap-1", items[0], "wrong")
    assert (row["invoice_id"], row["amount"]) == (invoice["invoice_id"], "540.00")

    before = caller.position
    first = await credited(caller, invoice["invoice_id"], quantity="1.6")
    assert await rows_of(caller, before) == [
        "B -3.6 / -540.00 / -102.60",
        "U 1.6 / 240.00 / 45.60",
        "U -1.6 / -240.00 / -45.60",
        "B 1.6 / 240.00 / 45.60",
        "U 2 / 300.00 / 57.00",
        "U -2 / -300.00 / -57.00",
    ]
    assert await owed(caller) == [("open", "1.6", "240.00")]
    (row,) = await caller.rows("/intake/obligations", invoice_id=first["invoice_id"])
    assert row["amount"] == "240.00"

    await credited(caller, first["invoice_id"])
    assert await owed(caller) == [("closed", "0", "0.00")]
    assert await owed(caller, status="open") == []
    assert await backlog(caller) == []
    rows = await caller.rows("/actuals", approval_id="ap-1")
    for kind in ("unbilled_sales", "billed_sales"):
        some = [row for row in rows if row["type"] == kind]
        assert sum(float(row["amount"]) for row in some) == 0
    returned = [row for row in rows if row["type"] == "unbilled_sales"][-2:]
    assert {row["billing_status"] for row in returned} == {"canceled"}, rows
    assert await committed(caller) == {"0.00"}


async def test_a_correction_from_before_is_seen_by_the_recall_d79_d83(caller: Caller) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    corrected = await credited(caller, invoice["invoice_id"], quantity="1.6")
    before = caller.position
    await caller.post(recall())
    assert sorted(await rows_of(caller, before)) == [
        "U -2 / -300.00 / -57.00",
        "U -2.4 / -360.00 / -68.40",
    ]
    (row,) = await caller.rows("/intake/obligations")
    assert (row["invoice_id"], row["amount"]) == (corrected["invoice_id"], "240.00")


async def test_what_a_correction_gave_back_and_was_billed_again_is_owed_too_d83(
    caller: Caller,
) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    await credited(caller, invoice["invoice_id"], quantity="1.6")
    (returned,) = [
        row["item_id"] for row in await caller.rows("/backlog/time-and-material", customer_id="A")
    ]
    await caller.billed(returned)
    await caller.post(recall())
    assert sorted(await owed(caller)) == [("open", "1.6", "240.00"), ("open", "2", "300.00")]


async def test_a_waived_obligation_leaves_what_is_billed_and_ends_the_recall_d83(
    caller: Caller,
) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    await caller.post(recall())
    (row,) = await caller.rows("/intake/obligations")
    waive = f"/intake/obligations/{row['obligation_id']}/waive"
    await caller.call("POST", waive, {"reason": ""}, expect=422)
    await caller.call("POST", waive, {"reason": "the customer agreed"})
    (row,) = await caller.rows("/intake/obligations")
    assert (row["status"], row["waived_for"]) == ("waived", "the customer agreed")
    before = caller.position
    again = await caller.call("POST", waive, {"reason": "again"})
    assert again == {"position": before}
    (row,) = await caller.rows("/intake/obligations")
    assert row["waived_for"] == "the customer agreed"
    (same,) = await caller.post(six_hours(event_id="e-2"))
    assert (same["outcome"], same["items"]) == ("duplicate", items)
    before = caller.position
    await credited(caller, invoice["invoice_id"], quantity="3")
    assert await backlog(caller) == [("A", "0.6", "90.00", "not_ready")]
    (again,) = await caller.post(recall(event_id="r-2"))
    assert (again["outcome"], again["problem"]["code"]) == ("recorded", "correction_required")
    assert (await rows_of(caller, before))[-1] == "U -0.6 / -90.00 / -17.10"
    assert await owed(caller, status="open") == [("open", "3", "450.00")]


async def test_a_closed_obligation_can_not_be_waived_d83(caller: Caller) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    await caller.post(recall())
    (row,) = await caller.rows("/intake/obligations")
    await credited(caller, invoice["invoice_id"])
    waive = f"/intake/obligations/{row['obligation_id']}/waive"
    problem = await caller.call("POST", waive, {"reason": "late"}, expect=409)
    assert (problem["code"], problem["rule"]) == ("obligation_closed", "D-83")


@pytest.mark.parametrize("unknown", ["x", "PC-1~L-1~x", "PC-9~L-1~x", "%00"])
async def test_an_unknown_obligation_is_not_found(caller: Caller, unknown: str) -> None:
    path = f"/intake/obligations/{unknown}/waive"
    await caller.call("POST", path, {"reason": "why"}, expect=404)


# --- approved again ------------------------------------------------------------------------------


async def test_after_a_recall_the_approval_is_new_work_d84(caller: Caller) -> None:
    first = await approved(caller)
    await caller.post(recall())
    (second,) = await caller.post(six_hours(event_id="e-2", quantity="5"))
    assert second["outcome"] == "recorded"
    assert set(first).isdisjoint(second["items"])
    assert await backlog(caller) == [
        ("A", "3", "450.00", "not_ready"),
        ("B", "2", "300.00", "not_ready"),
    ]
    (same,) = await caller.post(six_hours(event_id="e-3", quantity="5"))
    assert (same["outcome"], same["items"]) == ("duplicate", second["items"])
    await caller.post(recall(event_id="r-2"))
    (third,) = await caller.post(six_hours(event_id="e-4"))
    assert third["outcome"] == "recorded"
    assert set(third["items"]).isdisjoint(first + second["items"])
    assert await committed(caller) == {"900.00", "540.00", "360.00"}


async def test_before_its_obligations_are_closed_an_approval_is_not_new_d84(
    caller: Caller,
) -> None:
    items = await approved(caller)
    invoice = await caller.billed(items[0])
    await caller.post(recall())
    (same,) = await caller.post(six_hours(event_id="e-2"))
    assert (same["outcome"], same["items"]) == ("duplicate", items)
    (other,) = await caller.post(six_hours(event_id="e-3", quantity="5"))
    assert (other["outcome"], other["problem"]["code"]) == ("refused", "approval_changed")
    await credited(caller, invoice["invoice_id"])
    (new,) = await caller.post(six_hours(event_id="e-4", quantity="5"))
    assert new["outcome"] == "recorded"
    assert await backlog(caller) == [
        ("A", "3", "450.00", "not_ready"),
        ("B", "2", "300.00", "not_ready"),
    ]


async def test_what_is_owed_goes_on_when_the_rest_was_waived_and_it_is_recalled_again_d83(
    caller: Caller,
) -> None:
    items = await approved(caller)
    of_a, of_b = [each["invoice_id"] for each in await drafts_of(caller, items)]
    for invoice_id in (of_a, of_b):
        await caller.confirm(invoice_id)
    await caller.post(recall())
    rows = await caller.rows("/intake/obligations")
    (waived,) = (row["obligation_id"] for row in rows if row["invoice_id"] == of_a)
    path = f"/intake/obligations/{waived}/waive"
    await caller.call("POST", path, {"reason": "agreed"})
    second = await credited(caller, of_b, quantity="1")
    await caller.post(recall(event_id="once more"))
    assert sorted(await owed(caller)) == [("open", "1", "150.00"), ("open", "3.6", "540.00")]
    await credited(caller, second["invoice_id"])
    assert sorted(await owed(caller)) == [("closed", "0", "0.00"), ("open", "3.6", "540.00")]


# --- what was not billable -----------------------------------------------------------------------


async def on_fixed_price(caller: Caller, **told: str) -> Json:
    """What an approval on a fixed-price line is answered."""
    (result,) = await caller.post(six_hours(line_id="FP", **told))
    return result


async def test_an_approval_that_was_not_billable_is_recalled_once_d23_d20(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price")
    (waits,) = await caller.post(recall("ap-2", line_id="FP"))
    assert waits["outcome"] == "parked"
    for approval_id in ("ap-1", "ap-2"):
        told = await on_fixed_price(caller, approval_id=approval_id)
        assert told["outcome"] == "not_billable"
    assert await caller.rows(PARKED) == []
    (result,) = await caller.post(recall(line_id="FP"))
    assert (result["outcome"], result["items"], result["problem"]) == ("recorded", [], None)
    (again,) = await caller.post(recall(event_id="r-2", line_id="FP"))
    assert again["outcome"] == "duplicate"
    anew = await on_fixed_price(caller, event_id="e-9")
    assert (anew["outcome"], anew["problem"]["code"]) == ("not_billable", "fixed_price_line")


async def test_an_approval_that_was_not_billable_is_corrected_and_known_d85_d20(
    caller: Caller,
) -> None:
    await caller.line("FP", method="fixed_price")
    await on_fixed_price(caller)
    (result,) = await caller.post(correct(on=("PC-1", "FP"), line_id="L-1"))
    assert result["outcome"] == "recorded"
    assert await backlog(caller) == [
        ("A", "3.6", "540.00", "not_ready"),
        ("B", "2.4", "360.00", "not_ready"),
    ]
    same = await on_fixed_price(caller, event_id="e-9")
    assert (same["outcome"], same["items"]) == ("duplicate", result["items"])
    other = await on_fixed_price(caller, event_id="e-10", quantity="5")
    assert (other["outcome"], other["problem"]["code"]) == ("refused", "approval_changed")
    await caller.post(recall())
    assert await backlog(caller) == []
    (new,) = await caller.post(six_hours(event_id="e-11"))
    assert new["outcome"] == "recorded"
    await caller.post(correct(event_id="c-2", quantity="3"))
    assert len(await backlog(caller)) == 2
