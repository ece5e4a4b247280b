"""Corrected entries through intake (D-24, D-85)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller
from tests.service.recalling import (
    backlog,
    committed,
    correct,
    credited,
    eight_hours,
    owed,
    recall,
    rows_of,
)

TM = "/backlog/time-and-material"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract that A pays alone, limited to 1,000."""
    caller = Caller(http)
    await caller.contract(limit="1000.00")
    await caller.line()
    return caller


async def test_a_corrected_entry_is_reversed_and_recorded_anew_d85(caller: Caller) -> None:
    (recorded,) = await caller.post(eight_hours())
    assert await committed(caller) == {"760.00"}
    before = caller.position
    (result,) = await caller.post(correct(quantity="6"))
    assert (result["outcome"], result["problem"]) == ("recorded", None)
    assert await rows_of(caller, before) == ["U -8 / -760.00 / -144.40", "U 6 / 570.00 / 108.30"]
    assert await committed(caller) == {"570.00"}
    assert set(recorded["items"]).isdisjoint(result["items"])
    (row,) = await caller.rows(TM)
    assert (row["item_id"], row["role"], row["nte_status"]) == (
        *result["items"],
        "senior",
        "committed",
    )
    rows = await caller.rows("/actuals", approval_id="ap-1")
    assert [(r["cause"], r["adjustment_status"], r["billing_status"]) for r in rows] == [
        ("approval", "adjusted", "canceled"),
        ("entry_correction", "unadjustable", "canceled"),
        ("entry_correction", "adjustable", "not_ready"),
    ]
    assert rows[2]["replaces"] == rows[0]["actual_id"]


async def test_an_entry_is_corrected_again_and_again_d85(caller: Caller) -> None:
    await caller.post(eight_hours())
    seen: set[str] = set()
    for n, quantity in enumerate(("6", "6.5", "8")):
        (result,) = await caller.post(correct(event_id=f"c-{n}", quantity=quantity))
        assert result["outcome"] == "recorded"
        assert seen.isdisjoint(result["items"])
        seen.update(result["items"])
    assert await backlog(caller) == [("A", "8", "760.00", "not_ready")]
    assert await committed(caller) == {"760.00"}


@pytest.mark.parametrize(
    ("new", "quantity", "amount", "tax"),
    [
        ({"unit_price": "100.00"}, "8", "800.00", "152.00"),
        ({"quantity": "6", "tax": "100.00"}, "6", "570.00", "100.00"),
        ({"tax": "100.00"}, "8", "760.00", "100.00"),
        ({"date": "2026-10-11"}, "8", "760.00", "144.40"),
        ({"role": None}, "8", "760.00", "144.40"),
        ({"quantity": "8.000", "date": "2026-10-12"}, "8", "760.00", "144.40"),
        ({"unit_price": "33.3333"}, "8", "266.67", "50.67"),
    ],
)
async def test_what_is_left_out_stays_and_tax_follows_d85_d65(
    caller: Caller, new: Json, quantity: str, amount: str, tax: str
) -> None:
    await caller.post(eight_hours())
    await caller.post(correct(**new))
    (row,) = await caller.rows(TM)
    assert (row["quantity"], row["amount"], row["tax"]) == (quantity, amount, tax)
    assert (row["date"], row["role"]) == (
        new.get("date", "2026-10-10"),
        None if "role" in new else "senior",
    )


async def test_a_part_that_is_not_billable_comes_and_goes_d85_d21(caller: Caller) -> None:
    await caller.post(eight_hours(billable_quantity="6", tax="108.30"))
    before = caller.position
    await caller.post(correct(billable_quantity="7"))
    assert await rows_of(caller, before) == [
        "U -6 / -570.00 / -108.30",
        "U -2 / -190.00 / 0.00",
        "U 7 / 665.00 / 126.35",
        "U 1 / 95.00 / 0.00",
    ]
    before = caller.position
    await caller.post(correct(event_id="c-2", billing_type="non_chargeable"))
    assert (await rows_of(caller, before))[2:] == ["U 8 / 760.00 / 126.35"]
    assert await committed(caller) == {"0.00"}


async def test_descriptions_alone_change_in_place_d85(caller: Caller) -> None:
    (recorded,) = await caller.post(eight_hours(description="Piling"))
    await caller.mark(recorded["items"])
    before = caller.position
    (result,) = await caller.post(correct(description="Sheet piling"))
    assert (result["outcome"], result["items"]) == ("recorded", recorded["items"])
    assert await rows_of(caller, before) == []
    (row,) = await caller.rows(TM, q="sheet")
    assert (row["description"], row["billing_status"]) == ("Sheet piling", "ready")
    (draft,) = (await caller.draft())["invoices"]
    assert draft["lines"][0]["details"][0]["description"] == "Sheet piling"


async def test_a_description_that_is_corrected_after_billing_is_not_lost_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours(description="Piling"))
    invoice = await caller.billed(*recorded["items"])
    (result,) = await caller.post(correct(description="Sheet piling"))
    assert (result["outcome"], result["items"], result["problem"]) == ("recorded", [], None)
    await caller.post(correct(event_id="c-2", quantity="6"))
    await credited(caller, invoice["invoice_id"])
    (row,) = await caller.rows(TM)
    assert (row["description"], row["quantity"]) == ("Sheet piling", "6")


async def test_an_entry_moves_to_another_line_by_its_terms_and_splits_d85(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    await caller.contract(customers=("A", "B"), limit="1000.00")
    await caller.line()
    await caller.line("L-2", splits={"A": "25", "B": "75"})
    await caller.post(eight_hours())
    before = caller.position
    (result,) = await caller.post(correct(line_id="L-2"))
    assert await rows_of(caller, before) == [
        "U -8 / -760.00 / -144.40",
        "U 2 / 190.00 / 36.10",
        "U 6 / 570.00 / 108.30",
    ]
    assert {row["line_id"] for row in await caller.rows(TM)} == {"L-2"}
    levels = await caller.limits()
    assert levels["contract", None]["committed"] == "760.00"
    (gone,) = await caller.post(recall())
    assert gone["problem"]["code"] == "approval_changed"
    (recalled,) = await caller.post(recall(event_id="r-2", line_id="L-2"))
    assert (recalled["outcome"], recalled["items"]) == ("recorded", result["items"])
    assert await backlog(caller) == []
    assert await committed(caller) == {"0.00"}


async def test_an_entry_moves_to_another_contract_of_the_same_currency_d85(caller: Caller) -> None:
    await caller.contract("PC-2", ("C",), limit="500.00")
    await caller.line("L-7", contract_id="PC-2", splits={"C": "100"})
    await caller.contract("PC-3", currency="USD")
    await caller.line("L-8", contract_id="PC-3")
    await caller.post(eight_hours())
    (usd,) = await caller.post(correct(event_id="c-1", contract_id="PC-3", line_id="L-8"))
    assert (usd["outcome"], usd["problem"]["code"]) == ("refused", "currency")
    (result,) = await caller.post(correct(event_id="c-3", contract_id="PC-2", line_id="L-7"))
    assert result["outcome"] == "recorded"
    (row,) = await caller.rows(TM)
    assert (row["contract_id"], row["customer_id"], row["nte_status"]) == ("PC-2", "C", "failed")
    assert await committed(caller) == {"0.00"}
    (back,) = await caller.post(
        correct(event_id="c-4", on=("PC-2", "L-7"), contract_id="PC-1", line_id="L-1")
    )
    assert back["outcome"] == "recorded"
    assert await committed(caller) == {"760.00"}


async def test_an_entry_that_is_not_billable_there_is_kept_and_makes_none_d85(
    caller: Caller,
) -> None:
    await caller.line("FP", method="fixed_price")
    await caller.post(eight_hours())
    (result,) = await caller.post(correct(line_id="FP"))
    assert (result["outcome"], result["problem"]["code"]) == ("not_billable", "fixed_price_line")
    assert await backlog(caller) == []
    assert await committed(caller) == {"0.00"}
    (back,) = await caller.post(correct(event_id="c-2", on=("PC-1", "FP"), line_id="L-1"))
    assert (back["outcome"], back["problem"]) == ("recorded", None)
    assert await backlog(caller) == [("A", "8", "760.00", "not_ready")]


async def test_a_correction_of_a_recalled_approval_is_refused_d82(caller: Caller) -> None:
    await caller.post(eight_hours(), recall())
    (result,) = await caller.post(correct(quantity="6"))
    assert (result["outcome"], result["problem"]["code"]) == ("refused", "approval_canceled")
    assert result["problem"]["rule"] == "D-82"


async def test_events_that_come_before_their_approval_act_in_their_order_d82(
    caller: Caller,
) -> None:
    results = await caller.post(correct(quantity="6"), recall(), correct(event_id="c-2", tax="1"))
    assert {result["problem"]["code"] for result in results} == {"approval_not_found"}
    await caller.post(eight_hours())
    assert await rows_of(caller) == [
        "U 8 / 760.00 / 144.40",
        "U -8 / -760.00 / -144.40",
        "U 6 / 570.00 / 108.30",
        "U -6 / -570.00 / -108.30",
    ]
    (parked,) = await caller.rows("/intake/parked")
    assert (parked["id"], parked["problem"]["code"]) == ("c-2", "approval_canceled")


@pytest.mark.parametrize(
    "new",
    [{}, {"quantity": None}, {"quantity": 6}, {"date": "x"}, {"unit_price": "1.1234567"}],
)
async def test_values_that_are_none_are_refused(caller: Caller, new: Json) -> None:
    await caller.post(eight_hours())
    before = caller.position
    (result,) = await caller.post(correct(**new))
    assert (result["outcome"], result["problem"]["code"]) == ("refused", "invalid_fields")
    await caller.nothing_happened(before)


async def test_what_a_correction_does_not_know_is_ignored_and_named(caller: Caller) -> None:
    await caller.post(eight_hours())
    (result,) = await caller.post(correct(quantity="6", mood="sad"))
    assert (result["outcome"], result["ignored"]) == ("recorded", ["new.mood"])


# --- on drafts and posted ------------------------------------------------------------------------


async def test_a_correction_waits_for_the_draft_of_its_entry_d85(caller: Caller) -> None:
    (recorded,) = await caller.post(eight_hours())
    await caller.mark(recorded["items"])
    (draft,) = (await caller.draft())["invoices"]
    (waits,) = await caller.post(correct(quantity="6"))
    assert (waits["outcome"], waits["problem"]["code"]) == ("parked", "item_on_draft")
    await caller.call("DELETE", f"/invoices/{draft['invoice_id']}")
    assert await backlog(caller) == [("A", "6", "570.00", "not_ready")]
    assert await caller.rows("/intake/parked") == []


async def test_what_follows_a_correction_that_waits_names_the_line_where_it_will_be_d82(
    caller: Caller,
) -> None:
    await caller.line("L-2")
    (recorded,) = await caller.post(eight_hours())
    await caller.mark(recorded["items"])
    (draft,) = (await caller.draft())["invoices"]
    waits = await caller.post(correct(line_id="L-2"), recall(line_id="L-2"))
    assert [result["problem"]["code"] for result in waits] == ["item_on_draft"] * 2
    await caller.call("DELETE", f"/invoices/{draft['invoice_id']}")
    assert await backlog(caller) == []
    assert await caller.rows("/intake/parked") == []


async def test_what_returns_of_a_billed_entry_is_superseded_by_the_corrected_values_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    before = caller.position
    (result,) = await caller.post(correct(quantity="6"))
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    assert await rows_of(caller, before) == []
    assert await owed(caller) == [("open", "8", "760.00")]
    (row,) = await caller.rows("/intake/obligations")
    assert row["cause"] == "entry_correction"
    await credited(caller, invoice["invoice_id"])
    assert await rows_of(caller, before) == [
        "B -8 / -760.00 / -144.40",
        "U 8 / 760.00 / 144.40",
        "U -8 / -760.00 / -144.40",
        "U 6 / 570.00 / 108.30",
    ]
    assert await owed(caller) == [("closed", "0", "0.00")]
    (row,) = await caller.rows(TM)
    assert (row["amount"], row["billing_status"], row["approval_id"]) == (
        "570.00",
        "not_ready",
        "ap-1",
    )
    await caller.mark([row["item_id"]])
    (recalled,) = await caller.post(recall())
    assert recalled["items"] == [row["item_id"]]
    assert await backlog(caller) == []
    assert await committed(caller) == {"0.00"}


async def test_an_invoice_that_is_corrected_to_the_new_values_owes_nothing_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await caller.post(correct(quantity="6"))
    before = caller.position
    await credited(caller, invoice["invoice_id"], quantity="6")
    assert (await rows_of(caller, before))[4:] == [
        "U 2 / 190.00 / 36.10",
        "U -2 / -190.00 / -36.10",
    ]
    assert await owed(caller) == [("closed", "6", "570.00")]
    assert await backlog(caller) == []


async def test_an_entry_that_is_corrected_to_what_is_billed_owes_nothing_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    await caller.billed(*recorded["items"])
    before = caller.position
    (result,) = await caller.post(correct(role="junior", date="2026-10-11"))
    assert (result["outcome"], result["items"], result["problem"]) == ("recorded", [], None)
    assert await owed(caller) == []
    (fewer,) = await caller.post(correct(event_id="c-2", quantity="6"))
    assert fewer["problem"]["code"] == "correction_required"
    (back,) = await caller.post(correct(event_id="c-3", quantity="8"))
    assert (back["outcome"], back["problem"]) == ("recorded", None)
    assert await owed(caller) == [("closed", "8", "760.00")]
    assert await rows_of(caller, before) == []
    (recalled,) = await caller.post(recall())
    assert recalled["problem"]["code"] == "correction_required"
    assert await owed(caller) == [("open", "8", "760.00")]


async def test_a_line_that_corrected_work_will_come_to_stays_time_and_material_d85_d3(
    caller: Caller,
) -> None:
    await caller.line("L-2")
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await caller.post(correct(line_id="L-2"))
    refused = await caller.line("L-2", method="fixed_price", expect=409)
    assert refused["code"] == "billing_method_fixed"
    await credited(caller, invoice["invoice_id"])
    (row,) = await caller.rows(TM)
    assert (row["line_id"], row["amount"]) == ("L-2", "760.00")


async def test_only_customers_that_are_billed_wait_for_a_correction_d85(
    http: httpx.AsyncClient,
) -> None:
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line(splits={"A": "60", "B": "40"})
    (recorded,) = await caller.post(eight_hours(quantity="10"))
    invoice = await caller.billed(recorded["items"][0])
    await caller.post(correct(quantity="5"))
    assert await backlog(caller) == [("B", "2", "190.00", "not_ready")]
    await caller.post(correct(event_id="c-2", quantity="4"))
    assert await backlog(caller) == [("B", "1.6", "152.00", "not_ready")]
    await credited(caller, invoice["invoice_id"])
    assert await backlog(caller) == [
        ("A", "2.4", "228.00", "not_ready"),
        ("B", "1.6", "152.00", "not_ready"),
    ]


async def test_a_recall_of_a_billed_entry_that_was_corrected_leaves_nothing_to_come_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await caller.post(correct(quantity="6"), recall())
    (row,) = await caller.rows("/intake/obligations", status="open")
    assert (row["cause"], row["amount"]) == ("recall", "760.00")
    await credited(caller, invoice["invoice_id"])
    assert await backlog(caller) == []
    (again,) = await caller.post(eight_hours(event_id="e-2"))
    assert again["outcome"] == "recorded"


async def test_what_takes_the_place_of_credited_work_names_what_came_back_d85_d78(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await credited(caller, invoice["invoice_id"])
    (result,) = await caller.post(correct(quantity="6"))
    assert (result["outcome"], result["problem"]) == ("recorded", None)
    *_, back, gone, new = await caller.rows("/actuals", approval_id="ap-1")
    assert (gone["reversal_of"], gone["cause"]) == (back["actual_id"], "entry_correction")
    assert (new["quantity"], new["replaces"]) == ("6", back["actual_id"])


# --- what was approved stays, whatever the rows say of it --------------------------------------


async def kinds(caller: Caller) -> list[tuple[str, str, str, str]]:
    """What the backlog has: quantity, amount, tax, billing type."""
    rows = await caller.rows(TM, sort="-amount")
    shown = ("quantity", "amount", "tax", "billing_type")
    return [(row[shown[0]], row[shown[1]], row[shown[2]], row[shown[3]]) for row in rows]


async def two_lines(caller: Caller) -> None:
    """Seniors are not charged on L-1, and are on L-2."""
    await caller.line(expect=200, chargeable={"roles": {"senior": False}})
    await caller.line("L-2")


async def test_what_was_approved_free_is_free_on_another_line_too_d85_d22(caller: Caller) -> None:
    await two_lines(caller)
    await caller.post(eight_hours(billing_type="non_chargeable"))
    await caller.post(correct(line_id="L-2"))
    assert await kinds(caller) == [("8", "760.00", "144.40", "non_chargeable")]
    await caller.post(correct(event_id="c-2", on=("PC-1", "L-2"), billing_type="chargeable"))
    assert await kinds(caller) == [("8", "760.00", "144.40", "chargeable")]


async def test_a_gift_stays_one_through_all_corrections_d85_d22(caller: Caller) -> None:
    await two_lines(caller)
    await caller.post(eight_hours(billing_type="complimentary"))
    await caller.post(correct(quantity="6"))
    assert await kinds(caller) == [("6", "570.00", "108.30", "complimentary")]
    await caller.post(correct(event_id="c-2", line_id="L-2"))
    assert await kinds(caller) == [("6", "570.00", "108.30", "complimentary")]


async def test_what_terms_took_away_stays_chargeable_when_they_change_d85_d22(
    caller: Caller,
) -> None:
    await two_lines(caller)
    await caller.post(eight_hours())
    await caller.line(expect=200, chargeable={"roles": {"senior": True}})
    await caller.post(correct(quantity="6"))
    assert await kinds(caller) == [("6", "570.00", "108.30", "chargeable")]


@pytest.mark.parametrize(
    ("billable", "new", "comes_to"),
    [
        ("10", "6", [("6", "570.00", "86.64"), ("2", "190.00", "0.00")]),
        ("0", "4", [("4", "380.00", "72.20"), ("4", "380.00", "0.00")]),
        ("6", "0", [("8", "760.00", "0.00")]),
        ("6", "8", [("8", "760.00", "192.53")]),
    ],
)
async def test_the_quantity_submitted_stays_when_the_billable_one_changes_d85_d21(
    caller: Caller, billable: str, new: str, comes_to: list[tuple[str, str, str]]
) -> None:
    await caller.post(eight_hours(billable_quantity=billable))
    await caller.post(correct(billable_quantity=new))
    assert sorted(row[:3] for row in await kinds(caller)) == sorted(comes_to)


async def test_the_billable_quantity_stays_where_terms_took_all_away_d85_d21(
    caller: Caller,
) -> None:
    await two_lines(caller)
    await caller.post(eight_hours(billable_quantity="6"))
    assert await kinds(caller) == [("8", "760.00", "144.40", "non_chargeable")]
    await caller.post(correct(line_id="L-2"))
    assert await kinds(caller) == [
        ("6", "570.00", "144.40", "chargeable"),
        ("2", "190.00", "0.00", "non_chargeable"),
    ]


async def test_what_was_approved_stays_also_when_it_was_billed_d85(caller: Caller) -> None:
    await two_lines(caller)
    (recorded,) = await caller.post(eight_hours(billing_type="complimentary"))
    await caller.mark(recorded["items"])
    (invoice,) = (await caller.draft())["invoices"]
    await caller.confirm(invoice["invoice_id"])
    await caller.post(correct(line_id="L-2"))
    await credited(caller, invoice["invoice_id"])
    assert await kinds(caller) == [("8", "760.00", "144.40", "complimentary")]


# --- to a line that is not there yet -----------------------------------------------------------


async def test_a_correction_to_an_unknown_line_waits_until_it_is_there_d85(caller: Caller) -> None:
    await caller.post(eight_hours())
    (result,) = await caller.post(correct(line_id="L-2"))
    problem = result["problem"]
    assert (result["outcome"], problem["code"]) == ("parked", "contract_line_not_found")
    (later,) = await caller.post(correct(event_id="later", on=("PC-1", "L-1"), quantity="6"))
    assert (later["outcome"], later["problem"]["rule"]) == ("parked", "D-82")
    assert len(await caller.rows("/intake/parked")) == 2
    (again,) = await caller.post(correct(line_id="L-2"))
    assert again["outcome"] == "duplicate"
    await caller.line("L-2")
    (row,) = await caller.rows(TM)
    assert (row["line_id"], row["quantity"]) == ("L-2", "8")


async def test_a_correction_to_an_unknown_contract_waits_until_its_line_is_there_d85(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    await caller.mark(recorded["items"])
    (invoice,) = (await caller.draft())["invoices"]
    await caller.confirm(invoice["invoice_id"])
    (result,) = await caller.post(correct(contract_id="PC-2", line_id="L-9"))
    assert (result["outcome"], result["problem"]["code"]) == ("parked", "contract_not_found")
    await caller.contract("PC-2")
    (waits,) = await caller.rows("/intake/parked")
    assert waits["problem"]["code"] == "contract_line_not_found"
    await caller.line("L-9", contract_id="PC-2")
    assert await caller.rows("/intake/parked") == []
    assert await owed(caller) == [("open", "8", "760.00")]
    await credited(caller, invoice["invoice_id"])
    (row,) = await caller.rows(TM)
    assert (row["contract_id"], row["line_id"], row["quantity"]) == ("PC-2", "L-9", "8")


async def test_what_came_after_a_correction_goes_on_when_that_is_refused_d82(
    caller: Caller,
) -> None:
    await caller.post(eight_hours())
    await caller.post(correct(contract_id="PC-3", line_id="L-8"))
    (later,) = await caller.post(correct(event_id="later", quantity="6"))
    assert later["outcome"] == "parked"
    await caller.contract("PC-3", currency="USD")
    await caller.line("L-8", contract_id="PC-3")
    (waits,) = await caller.rows("/intake/parked")
    assert waits["problem"]["code"] == "currency"
    (row,) = await caller.rows(TM)
    assert (row["line_id"], row["quantity"]) == ("L-1", "6")
