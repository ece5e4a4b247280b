"""What stays billed of recalled work, as rows and as callers get it (D-83)."""

from typing import Any

from sqlalchemy import Engine

from projections import tables
from projections.projecting.changes import Patch
from projections.views import obligations as obligation_views
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.row_changes import POSITION, changes, patch, put
from tests.projections.story import EVENTS, recorded


def opened(number: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "obligation_id": f"C1~T~{number}",
        "position": POSITION,
        "status": "open",
        "source": "urn:test",
        "approval_id": number,
        "cause": "recall",
        "contract_id": "C1",
        "line_id": "T",
        "customer_id": "A",
        "item_id": f"{number}-A",
        "invoice_id": "I1",
        "detail_id": f"detail {number}",
        "quantity": 4_000_000,
        "amount": 80_000,
        "currency": "EUR",
        "reason": reason,
        "waived_for": None,
    }


def of_obligations(event: story.Event) -> list[Any]:
    """What the event changes, but for the version of its line."""
    return [each for each in changes(event) if each.table is tables.obligations]


def test_an_obligation_has_a_row_from_the_recall_on() -> None:
    rows = opened("1", "the wrong week"), opened("2"), opened("3")
    assert of_obligations(story.OBLIGATIONS_OPENED) == [put(tables.obligations, *rows)]


def test_a_correction_leaves_what_still_stays_billed_and_where() -> None:
    on = {"invoice_id": "I3"}
    assert of_obligations(story.OBLIGATIONS_CHANGED) == [
        patch(
            tables.obligations,
            {
                "obligation_id": "C1~T~1",
                "status": "open",
                **on,
                "detail_id": "detail 4",
                "quantity": 1_500_000,
                "amount": 30_000,
            },
            {
                "obligation_id": "C1~T~2",
                "status": "closed",
                **on,
                "detail_id": "detail 5",
                "quantity": 0,
                "amount": 0,
            },
        )
    ]


def test_a_waiver_says_why() -> None:
    row = {
        "obligation_id": "C1~T~3",
        "status": "waived",
        "waived_for": "agreed with the customer",
    }
    assert of_obligations(story.OBLIGATION_WAIVED) == [patch(tables.obligations, row)]


def test_a_corrected_description_is_found_by_its_words() -> None:
    text, sales = changes(story.SALES_DESCRIBED)[-2:]
    assert text.table is tables.search_texts
    assert isinstance(sales, Patch)
    assert [(row["item_id"], row["description"]) for row in sales.rows] == [
        ("2-A", "Sheet piling"),
        ("2-free", "Sheet piling"),
    ]
    (said,) = text.rows  # type: ignore[union-attr]
    assert "sheet piling" in said["text"]
    assert {row["text_id"] for row in sales.rows} == {said["text_id"]}


def test_obligations_are_listed_in_the_order_they_were_opened(shared_views: Engine) -> None:
    feed(shared_views, recorded(EVENTS))
    with shared_views.connect() as connection:
        every = shown(
            obligation_views.list_obligations(connection, UNRESTRICTED, {}, PageRequest()).items
        )
        still = obligation_views.list_obligations(
            connection, UNRESTRICTED, {"status": ["open"]}, PageRequest()
        )
    assert [(each["approval_id"], each["status"], each["amount"]) for each in every] == [
        ("1", "open", "300.00"),
        ("2", "closed", "0.00"),
        ("3", "waived", "800.00"),
    ]
    assert [(each.quantity, each.detail_id, each.reason) for each in still.items] == [
        ("1.5", "detail 4", "the wrong week")
    ]
