"""The chain of an approval in the actuals: recorded, unbilled, reversed, billed, corrected."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from projections.views.actuals import Accounted, list_actuals
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.story import EVENTS, recorded

ALL = PageRequest(limit=1000)
CHAIN = [
    ("3-A", "unbilled_sales", "approval", "10", None, "invoice_posted", "adjusted"),
    ("3 -10", "unbilled_sales", "edit", "-10", None, "invoice_posted", "unadjustable"),
    ("3 +8", "unbilled_sales", "edit", "8", "3-A", "invoice_posted", "adjustable"),
    ("3 -8", "unbilled_sales", "edit", "-8", None, "invoice_posted", "unadjustable"),
    (story.B8, "billed_sales", "edit", "8", "3-A", "invoice_posted", "adjusted"),
    ("3 +2", "unbilled_sales", "edit", "2", "3-A", "invoice_posted", "adjustable"),
    ("3 -2", "unbilled_sales", "edit", "-2", None, "invoice_posted", "unadjustable"),
    ("3 B2", "billed_sales", "edit", "2", "3-A", "invoice_posted", "adjustable"),
    ("3 B-8", "billed_sales", "correction", "-8", None, "invoice_posted", "unadjustable"),
    ("3 +5", "unbilled_sales", "correction", "5", story.B8, "invoice_posted", "adjustable"),
    ("3 -5", "unbilled_sales", "correction", "-5", None, "invoice_posted", "unadjustable"),
    ("3 B5", "billed_sales", "correction", "5", story.B8, "invoice_posted", "adjustable"),
    ("3-A back", "unbilled_sales", "correction", "3", story.B8, "not_ready", "adjustable"),
]
"""What approval 3 has become: id, type, cause, quantity, whose place it takes, statuses."""
OF_M1 = ["M1-A credited", "M1-A kept"]


@pytest.fixture(scope="module")
def told(shared_views: Engine) -> Engine:
    """Views that show the whole story."""
    feed(shared_views, recorded(EVENTS))
    return shared_views


def actuals(views: Engine, accounted: Accounted | None = None, **wanted: list[str]) -> list[Any]:
    with views.connect() as connection:
        return shown(
            list_actuals(connection, UNRESTRICTED, wanted, ALL, accounted or Accounted()).items
        )


def ids(views: Engine, accounted: Accounted | None = None, **wanted: list[str]) -> list[str]:
    return [row["actual_id"] for row in actuals(views, accounted, **wanted)]


def test_what_an_approval_has_become_reads_in_the_order_it_was_booked_d45_d78(
    told: Engine,
) -> None:
    names = ("actual_id", "type", "cause", "quantity", "replaces")
    statuses = ("billing_status", "adjustment_status")
    found = actuals(told, approval_id=["3"])
    assert [tuple(row[name] for name in (*names, *statuses)) for row in found] == CHAIN
    unbilled = [row for row in found if row["type"] == "unbilled_sales"]
    assert sum(int(row["quantity"]) for row in unbilled) == 3  # what is in the backlog again
    assert [row["reversal_of"] for row in found[:2]] == [None, "3-A"]
    with told.connect() as connection:
        backwards = list_actuals(
            connection, UNRESTRICTED, {"approval_id": ["3"]}, PageRequest(sort="-position")
        )
    assert [row.actual_id for row in backwards.items] == [row[0] for row in reversed(CHAIN)]


@pytest.mark.parametrize("sort", ["quantity", "-amount", "adjustment_status,tax", "-unit_price"])
def test_actuals_are_sorted_by_what_they_were_booked_with_d45(told: Engine, sort: str) -> None:
    """Not by what is billed of the item that one of them is."""
    with told.connect() as connection:
        rows = shown(
            list_actuals(connection, UNRESTRICTED, {}, PageRequest(sort=sort, limit=1000)).items
        )
    by, descending = sort.strip("-").split(",")[0], sort.startswith("-")
    keys = [row[by] if by == "adjustment_status" else float(row[by]) for row in rows]
    assert keys == sorted(keys, reverse=descending)
    assert {row["actual_id"]: row for row in rows}["3-A"]["quantity"] == "10"


def test_pages_of_what_one_event_has_booked_go_on_where_the_last_one_ended_d45(
    told: Engine,
) -> None:
    found: list[str] = []
    request = PageRequest(limit=2)
    with told.connect() as connection:
        while True:
            page = list_actuals(connection, UNRESTRICTED, {"approval_id": ["3"]}, request)
            found += [row.actual_id for row in page.items]
            if page.next is None:
                break
            request = PageRequest(limit=2, cursor=page.next)
    assert found == [row[0] for row in CHAIN]


def test_a_sale_that_was_recalled_is_canceled_with_its_reversal_d23(told: Engine) -> None:
    unbilled, reversal = actuals(told, approval_id=["1"], customer_id=["B"])
    assert (unbilled["actual_id"], unbilled["adjustment_status"]) == ("1-B", "adjusted")
    assert (reversal["reversal_of"], reversal["cause"], reversal["invoice_id"]) == (
        "1-B",
        "recall",
        None,
    )
    assert {row["billing_status"] for row in (unbilled, reversal)} == {"canceled"}
    assert reversal["accounting_date"] == "2026-05-04"


@pytest.mark.parametrize(
    ("causes", "found"),
    [
        (["recall"], ["1-B reversed"]),
        (["correction"], ["3 B-8", "3 +5", "3 -5", "3 B5", "3-A back", *OF_M1]),
        (["approval"], ["1-A", "1-B", "2-A", "2-free", "3-A"]),
        (["approval", "recall"], ["1-A", "1-B", "2-A", "2-free", "3-A", "1-B reversed"]),
        (["hand"], []),
    ],
    ids="+".join,
)
def test_actuals_are_found_by_why_they_were_booked_d110(
    told: Engine, causes: list[str], found: list[str]
) -> None:
    assert ids(told, cause=causes) == found


@pytest.mark.parametrize(
    ("accounted", "found"),
    [
        (Accounted(first=date(2026, 4, 30)), ["3 B-8", "3 +5", "3 -5", "3 B5", "3-A back"]),
        (Accounted(last=date(2026, 3, 2)), ["3-A"]),
        (Accounted(date(2026, 4, 1), date(2026, 4, 1)), [row[0] for row in CHAIN[1:8]]),
        (Accounted(date(2026, 6, 1), date(2026, 5, 1)), []),
    ],
    ids=["from", "to", "a day", "never"],
)
def test_actuals_are_found_by_the_day_they_are_accounted_on_d44(
    told: Engine, accounted: Accounted, found: list[str]
) -> None:
    assert ids(told, accounted, approval_id=["3"]) == found


def test_actuals_are_found_by_item_and_by_invoice_d45(told: Engine) -> None:
    assert ids(told, item_id=["3-A back"]) == ["3-A back"]
    assert ids(told, invoice_id=["I4"]) == [row[0] for row in CHAIN[8:12]]
    assert ids(told, contract_id=["C1"], type=["billed_sales"], cause=["edit"]) == [
        story.B8,
        "3 B2",
    ]


def test_older_actuals_are_accounted_on_the_day_of_their_invoice_d44(
    shared_views: Engine,
) -> None:
    older = replace(story.ACTUALS_BOOKED, accounting_date=None)
    feed(shared_views, recorded(older if e is story.ACTUALS_BOOKED else e for e in EVENTS))
    assert {row["accounting_date"] for row in actuals(shared_views, cause=["confirmation"])} == {
        "2026-03-31"
    }
    march = Accounted(date(2026, 3, 31), date(2026, 3, 31))
    assert len(ids(shared_views, march)) == len(older.actuals)
