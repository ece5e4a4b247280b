"""What rows the events of invoices change, in all views together, and the actuals they book."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aggregates.actuals import Actual
from aggregates.contract_line.events import CreditedPart, MilestonePart
from aggregates.events import Event
from aggregates.statuses import BillingType, Cause, MilestoneStatus
from aggregates.streams import billed_actual, detail_of_item
from projections import tables
from projections.projecting.changes import Drop, Put
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from tests.projections import story
from tests.projections.row_changes import POSITION, VERSION, changes, line_version, patch, put
from tests.projections.story import DAY, LATER, d

FIRST = POSITION * MOST_OF_AN_EVENT
NOT_APPROVED = {"approval_actor": None, "approval_at": None, "approval_version": None}
A_DRAFT = {"status": "draft", **NOT_APPROVED}
"""What any change of details makes of an invoice (D-73)."""


def of_source(prefix: str, values: tuple[int | None, ...]) -> dict[str, int | None]:
    names = ("quantity", "unit_price", "amount", "tax")
    return {f"{prefix}_{name}": value for name, value in zip(names, values, strict=True)}


NO_SOURCE = {**of_source("source", (None,) * 4), "source_billing_type": None}
NO_CORRECTION = {
    "corrects_detail": None,
    "corrected_by": None,
    **of_source("original", (None,) * 4),
}


def test_a_draft_created_is_an_invoice_without_number_and_amount_d40() -> None:
    row = {
        "invoice_id": "I1",
        "position": POSITION,
        "number": None,
        "status": "draft",
        "contract_id": "C1",
        "customer_id": "A",
        "currency": "EUR",
        "cutoff": LATER,
        "accounting_date": None,
        "corrects": None,
        "corrects_number": None,
        "has_corrections": False,
        "amount": 0,
        "tax": 0,
        **NOT_APPROVED,
        "version": VERSION,
    }
    assert changes(story.draft("I1", cutoff=LATER)) == [put(tables.invoices, row)]


def test_details_added_set_the_totals_of_the_invoice_and_its_lines_d43() -> None:
    group = {"billing_type": "non_chargeable", "count": 1, "amount": "100.00", "tax": "0.00"}
    detail = {
        "detail_id": "I2-2-free",
        "invoice_id": "I2",
        "line_id": "T",
        "item_id": "2-free",
        "kind": "time",
        "date": LATER,
        "description": "piling",
        "quantity": 4_000_000,
        "unit_price": 200_000_000,
        "amount": 10000,
        "tax": 0,
        "billing_type": "non_chargeable",
        "external_description": None,
        "edited": False,
        "recalled": False,
        **of_source("source", (4_000_000, 200_000_000, 10000, 0)),
        "source_billing_type": "non_chargeable",
        **NO_CORRECTION,
    }
    line = {
        "invoice_id": "I2",
        "line_id": "T",
        "ordinal": 0,
        "billing_method": "time_and_material",
        "amount": 0,
        "tax": 0,
        "groups": json.dumps([group]),
    }
    totals = {"invoice_id": "I2", "amount": 0, "tax": 0, "version": VERSION, **A_DRAFT}
    assert changes(story.FREE_DETAIL_ADDED) == [
        patch(tables.invoices, totals),
        put(tables.invoice_lines, line),
        put(tables.invoice_details, detail),
    ]


def test_a_draft_deleted_leaves_nothing_of_it_d42() -> None:
    of_invoice = {"invoice_id": "I2"}
    assert changes(story.DRAFT_DELETED) == [
        Drop(tables.invoices, of_invoice),
        Drop(tables.invoice_lines, of_invoice),
        Drop(tables.invoice_details, of_invoice),
    ]


def test_a_confirmed_invoice_gets_its_number_and_accounting_date_d44() -> None:
    row = {
        "invoice_id": "I1",
        "status": "confirmed",
        "number": "INV-000001",
        "accounting_date": story.CONFIRMED.accounting_date,
        "version": VERSION,
    }
    assert changes(story.CONFIRMED) == [patch(tables.invoices, row)]


def test_booked_actuals_are_rows_and_move_the_version_of_their_invoice_d45() -> None:
    shared = {
        "position": POSITION,
        "cause": "confirmation",
        "replaces": None,
        "contract_id": "C1",
        "customer_id": "A",
        "invoice_id": "I1",
        "accounting_date": story.CONFIRMED.accounting_date,
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "invoice_posted",
    }
    milestone = {
        "actual_id": "M1-A billed",
        "item_id": "M1-A",
        "type": "billed_sales",
        "reversal_of": None,
        "line_id": "F",
        "approval_id": None,
        "milestone_id": "M1",
        "class": None,
        "date": LATER,
        "quantity": 1_000_000,
        "unit_price": 1_200_000_000,
        "amount": 120000,
        "tax": 24000,
        "adjustment_status": "adjustable",
    }
    hours = {
        "item_id": "1-A",
        "line_id": "T",
        "approval_id": "1",
        "milestone_id": None,
        "class": "time",
        "date": DAY,
        "unit_price": 200_000_000,
        "tax": 0,
    }
    reversal = {
        "actual_id": "1-A reversed",
        "type": "unbilled_sales",
        "reversal_of": "1-A",
        "quantity": -4_000_000,
        "amount": -80000,
        "adjustment_status": "unadjustable",
    }
    billed = {
        "actual_id": "1-A billed",
        "type": "billed_sales",
        "reversal_of": None,
        "quantity": 4_000_000,
        "amount": 80000,
        "adjustment_status": "adjustable",
    }
    assert changes(story.ACTUALS_BOOKED) == [
        patch(tables.invoices, {"invoice_id": "I1", "version": VERSION}),
        put(
            tables.booked_actuals,
            {**shared, **milestone, "sequence": FIRST},
            {**shared, **hours, **reversal, "sequence": FIRST + 1},
            {**shared, **hours, **billed, "sequence": FIRST + 2},
        ),
    ]


# --- in full -------------------------------------------------------------------------------------


def line_t(invoice_id: str, amount: str, ordinal: int = 0) -> dict[str, Any]:
    group = {"billing_type": "chargeable", "count": 1, "amount": amount, "tax": "0.00"}
    return {
        "invoice_id": invoice_id,
        "line_id": "T",
        "ordinal": ordinal,
        "billing_method": "time_and_material",
        "amount": int(d(amount) * 100),
        "tax": 0,
        "groups": json.dumps([group]),
    }


def rows_of(event: Event, table: Any) -> tuple[Any, ...]:
    return next(
        change.rows
        for change in changes(event)
        if not isinstance(change, Drop) and change.table is table
    )


def test_a_detail_by_hand_has_neither_item_nor_source_d68() -> None:
    (row,) = rows_of(story.FEE_ADDED, tables.invoice_details)
    assert (row["item_id"], row["external_description"], row["edited"]) == (None, "Crane", False)
    assert row.items() >= NO_SOURCE.items()


def test_edited_details_keep_their_source_and_set_the_totals_d65_d67() -> None:
    edited = {
        "detail_id": "I3-3-A",
        "description": "piling, as agreed",
        "external_description": "Piles",
        "quantity": 8_000_000,
        "unit_price": 200_000_000,
        "amount": 160000,
        "tax": 0,
        "billing_type": "chargeable",
        "edited": True,
    }
    totals = {"invoice_id": "I3", "amount": 168000, "tax": 1520, "version": VERSION, **A_DRAFT}
    _, lines, _ = found = changes(story.EDITED)
    assert found == [
        patch(tables.invoices, totals),
        lines,
        patch(tables.invoice_details, edited),
    ]
    assert isinstance(lines, Put)
    assert [row["ordinal"] for row in lines.rows] == [0, 1]
    assert lines.rows[1] == line_t("I3", "1600.00", ordinal=1)


def test_removed_details_go_and_so_does_a_line_without_any_d69() -> None:
    totals = {"invoice_id": "I3", "amount": 160000, "tax": 0, "version": VERSION, **A_DRAFT}
    assert changes(story.REMOVED) == [
        patch(tables.invoices, totals),
        Drop(tables.invoice_lines, {"invoice_id": "I3"}),
        put(tables.invoice_lines, line_t("I3", "1600.00")),
        Drop(tables.invoice_details, {"detail_id": "I3-fee"}),
    ]


@pytest.mark.parametrize(
    ("event", "values"),
    [
        (story.SUBMITTED, {"status": "in_review"}),
        (story.RETURNED, A_DRAFT),
        (
            story.APPROVED,
            {
                "approval_actor": "amy",
                "approval_at": "2026-03-30T09:15:00+00:00",
                "approval_version": 5,
            },
        ),
    ],
    ids=["submitted", "returned", "approved"],
)
def test_a_review_says_where_the_invoice_is_and_who_approved_it_d73(
    event: Event, values: dict[str, Any]
) -> None:
    row = {"invoice_id": "I3", "version": VERSION, **values}
    assert changes(event) == [patch(tables.invoices, row)]


def test_details_whose_approval_was_recalled_say_so_d23() -> None:
    assert changes(story.RECALLED) == [
        patch(tables.invoices, {"invoice_id": "I3", "version": VERSION}),
        patch(tables.invoice_details, {"detail_id": "I3-3-A", "recalled": True}),
    ]


def test_a_corrective_draft_names_what_it_corrects_d76() -> None:
    (row,) = rows_of(story.CORRECTION_DRAFTED, tables.invoices)
    known = {"corrects": "I3", "corrects_number": "INV-000002", "cutoff": None, "status": "draft"}
    assert row.items() >= known.items()


def test_a_corrective_detail_shows_what_stays_billed_and_what_is_billed_now_d76() -> None:
    (row,) = rows_of(story.CORRECTIVE_ADDED, tables.invoice_details)
    stays = {"quantity": 0, "unit_price": 200_000_000, "amount": 0, "tax": 0, "edited": True}
    billed = (8_000_000, 200_000_000, 160000, 0)
    expected = {
        **stays,
        **of_source("source", billed),
        "source_billing_type": "chargeable",
        "corrects_detail": "I3-3-A",
        "corrected_by": None,
        **of_source("original", billed),
    }
    assert row.items() >= expected.items()


@pytest.mark.parametrize("event", [story.CORRECTION_OPENED, story.WITHDRAWN], ids=["open", "back"])
def test_a_correction_that_is_not_confirmed_changes_nothing_of_what_it_corrects_d76(
    event: Event,
) -> None:
    version = {"invoice_id": "I3", "version": VERSION}
    assert changes(event) == [patch(tables.invoices, version)]


def test_details_that_were_corrected_name_the_invoice_that_has_them_now_d79() -> None:
    row = {"invoice_id": "I3", "version": VERSION, "has_corrections": True}
    assert changes(story.CORRECTED) == [
        patch(tables.invoices, row),
        patch(tables.invoice_details, {"detail_id": "I3-3-A", "corrected_by": "I4"}),
    ]


def test_billed_actuals_that_are_superseded_are_adjusted_d78() -> None:
    by_actual = {"actual_id": story.B8, "adjustment_status": "adjusted"}
    assert patch(tables.booked_actuals, by_actual) in changes(story.I4_BOOKED)


def standing(**values: Any) -> dict[str, Any]:
    """What the posted item 3-A shows."""
    shown = {"unit_price": 200_000_000, "tax": 0, "billing_type": "chargeable"}
    return {"item_id": "3-A", **shown, "adjustment_status": "adjustable", **values}


NOTHING = {
    "item_id": "3-A",
    **dict.fromkeys(("quantity", "amount", "tax"), 0),
    "adjustment_status": "adjusted",
}


def test_a_posted_item_shows_what_an_edit_bills_of_it_and_not_the_rest_given_away_d45() -> None:
    eight = standing(quantity=8_000_000, amount=160000)
    assert patch(tables.time_and_material, eight) in changes(story.I3_BOOKED)


def test_a_rest_in_an_event_of_its_own_changes_no_item_d45() -> None:
    rest = replace(story.I3_BOOKED, actuals=story.I3_BOOKED.actuals[4:], adjusted=())
    assert [change.table for change in changes(rest)] == [tables.invoices, tables.booked_actuals]


def test_a_posted_item_shows_the_billing_type_and_price_that_it_is_billed_at_d66() -> None:
    *others, _ = story.I3_BOOKED.actuals[:5]
    free = replace(story.I3_BOOKED.actuals[3], billing_type=BillingType.COMPLIMENTARY)
    at_150 = replace(free, unit_price=d("150"), amount=d("1200.00"), tax=d("12.00"))
    row = standing(
        quantity=8_000_000,
        unit_price=150_000_000,
        amount=120000,
        tax=1200,
        billing_type="complimentary",
        nte_status="not_applicable",
    )
    event = replace(story.I3_BOOKED, actuals=(*others[:3], at_150))
    assert patch(tables.time_and_material, row) in changes(event)


def test_a_posted_item_shows_what_a_correction_leaves_billed_d78() -> None:
    five = standing(quantity=5_000_000, amount=100000)
    assert patch(tables.time_and_material, NOTHING, five) in changes(story.I4_BOOKED)


def test_an_item_of_which_nothing_stays_billed_is_listed_no_more_d78() -> None:
    credited = replace(story.I4_BOOKED, actuals=story.I4_BOOKED.actuals[:1])
    assert patch(tables.time_and_material, NOTHING) in changes(credited)


def test_what_was_billed_by_hand_is_no_item_s_d68() -> None:
    by_hand = replace(story.I3_BOOKED.actuals[3], cause=Cause.HAND, item_id=None)
    credited = replace(by_hand, cause=Cause.CORRECTION)
    event = replace(story.I3_BOOKED, actuals=(by_hand, credited), adjusted=())
    assert [change.table for change in changes(event)] == [tables.invoices, tables.booked_actuals]


@pytest.mark.parametrize(
    ("billed", "shown"),
    [
        (story.M1_KEPT, {"amount": 70000, "tax": 14000, "billing_type": "chargeable"}),
        (
            replace(
                story.M1_BILLED,
                actual_id=billed_actual(detail_of_item("I5", "M1-A")),
                cause=Cause.EDIT,
                tax=d("0"),
                billing_type=BillingType.NON_CHARGEABLE,
            ),
            {"amount": 120000, "tax": 0, "billing_type": "non_chargeable"},
        ),
    ],
    ids=["corrected", "edited"],
)
def test_a_posted_part_of_a_milestone_shows_what_is_billed_of_it_d66_d81(
    billed: Actual, shown: dict[str, Any]
) -> None:
    event = replace(story.I5_BOOKED, actuals=(story.I5_BOOKED.actuals[0], billed))
    assert patch(tables.fixed_price, {"item_id": "M1-A", **shown}) in changes(event)


def test_booked_actuals_say_why_and_whose_place_they_take_in_order_d110() -> None:
    rows = rows_of(story.I3_BOOKED, tables.booked_actuals)
    assert [row["sequence"] for row in rows] == list(range(FIRST, FIRST + 7))
    assert {row["cause"] for row in rows} == {"edit"}
    assert [row["replaces"] for row in rows] == [
        actual.replaces for actual in story.I3_BOOKED.actuals
    ]


def test_sales_that_a_correction_gives_back_are_in_the_backlog_and_say_why_d78() -> None:
    (row,) = rows_of(story.GIVEN_BACK, tables.time_and_material)
    known = {"item_id": "3-A back", "billing_status": "not_ready", "quantity": 3_000_000}
    assert row.items() >= known.items()
    assert rows_of(story.GIVEN_BACK, tables.booked_sales) == (
        {
            "item_id": "3-A back",
            "cause": "correction",
            "accounting_date": story.I4_CONFIRMED.accounting_date,
            "replaces": story.B8,
        },
    )
    assert (
        rows_of(replace(story.GIVEN_BACK, replaces={}), tables.booked_sales)[0]["replaces"] is None
    )


def test_sales_that_are_reversed_leave_the_backlog_for_good_d23() -> None:
    version, sales, _ = found = changes(story.REVERSED)
    assert (version, sales) == (
        line_version("T"),
        patch(
            tables.time_and_material,
            {
                "item_id": "1-B",
                "billing_status": "canceled",
                "adjustment_status": "adjusted",
                "invoice_id": None,
            },
        ),
    )
    assert isinstance(found[2], Put)
    (row,) = found[2].rows
    reversal = {
        "reversal_of": "1-B",
        "sequence": FIRST,
        "cause": "recall",
        "customer_id": "B",
        "invoice_id": None,
        "accounting_date": story.REVERSED.accounting_date,
        "billing_status": "canceled",
        "adjustment_status": "unadjustable",
    }
    assert row.items() >= reversal.items()


CREDITED = {"milestone_id": "M1", "contract_id": "C1", "line_id": "F", "customer_id": "A"}


def test_a_part_that_is_credited_in_part_is_ready_beside_what_stays_billed_d81() -> None:
    rest = {
        **CREDITED,
        "item_id": "M1-A rest",
        "ordinal": 1,
        "date": LATER,
        "amount": 50000,
        "tax": 10000,
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "ready",
        "invoice_id": None,
    }
    assert changes(story.M1_CREDITED) == [
        line_version("F"),
        put(tables.fixed_price, rest),
        patch(tables.milestones, {"milestone_id": "M1", "status": "in_progress"}),
    ]


def test_a_part_that_is_credited_whole_is_the_same_item_and_ready_d81() -> None:
    part = MilestonePart(item_id="M1-A", customer_id="A", amount=d("1200.00"), tax=d("240.00"))
    whole = replace(
        story.M1_CREDITED,
        parts=(
            CreditedPart(
                milestone_id="M1",
                date=LATER,
                kept=None,
                returned=part,
                place=0,
                billing_type=BillingType.COMPLIMENTARY,
            ),
        ),
        milestones=story.header("M1", MilestoneStatus.IN_PROGRESS),
    )
    (row,) = rows_of(whole, tables.fixed_price)
    assert (row["item_id"], row["billing_status"], row["invoice_id"]) == ("M1-A", "ready", None)
    assert row["billing_type"] == "complimentary"
