"""Invoices that were edited, reviewed, recalled and corrected, as callers get them, and drafts."""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from aggregates.events import Event
from aggregates.invoice import state as invoice_state
from aggregates.invoice.events import InvoiceEvent
from aggregates.invoice.state import Invoice
from aggregates.statuses import LimitLevel, NTEStatus
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import find_items, list_time_and_material
from projections.views.invoice import invoices as invoice_views
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from service.wire import from_states
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.story import EVENTS, IN_FULL, d, recorded

ALL = PageRequest(limit=1000)
FIRST = EVENTS.index(IN_FULL[0])
"""How many events were there before invoices could be edited."""


def until(views: Engine, last: Event, times: int = 1) -> Connection:
    """A connection to views that show the story up to so many events like `last` in full."""
    ends = [n for n, each in enumerate(IN_FULL, 1) if each == last]
    feed(views, recorded(EVENTS[: FIRST + ends[times - 1]]))
    return views.connect()


def find(connection: Connection, invoice_id: str, **asked: bool) -> dict[str, Any]:
    found = invoice_views.find_invoice(connection, UNRESTRICTED, invoice_id, **asked)
    assert found
    return shown(found[0])


def details(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    return [detail for line in invoice["lines"] for detail in line["details"]]


# --- invoices ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", range(FIRST + 1, FIRST + len(IN_FULL) + 1), ids=str)
def test_views_show_after_every_event_what_the_state_says(shared_views: Engine, end: int) -> None:
    events = EVENTS[:end]
    feed(shared_views, recorded(events))
    states: dict[str, Invoice | None] = {}
    for each in events:
        if isinstance(each, InvoiceEvent):
            known = states.get(each.invoice_id)
            states[each.invoice_id] = invoice_state.evolve(known, each)
    with shared_views.connect() as connection:
        for invoice_id, state in states.items():
            found = invoice_views.find_invoice(connection, UNRESTRICTED, invoice_id)
            if state is None or state.deleted:
                assert found is None
                continue
            assert found
            viewed = shown(found[0])
            assert ("pending" in viewed, "figures" in viewed) == (state.is_open, state.is_open)
            beside = {"pending": None, "figures": None}
            assert {**viewed, **beside} == {**shown(from_states.invoice(state)), **beside}
            brief = from_states.invoice(state, with_details=False)
            without = find(connection, invoice_id, details=False)
            assert {**without, **beside} == {**shown(brief), **beside}


def test_an_edited_detail_shows_what_it_was_drafted_from_d67(shared_views: Engine) -> None:
    with until(shared_views, story.EDITED) as connection:
        by_hand, edited = details(find(connection, "I3"))
    assert (by_hand["item_id"], by_hand["source"], by_hand["edited"]) == (None, None, False)
    assert edited["edited"]
    assert (edited["quantity"], edited["amount"]) == ("8", "1600.00")
    assert (edited["description"], edited["external_description"]) == ("piling, as agreed", "Piles")
    assert edited["source"] == {
        "quantity": "10",
        "unit_price": "200.00",
        "amount": "2000.00",
        "tax": "0.00",
        "billing_type": "chargeable",
    }


def test_a_change_voids_the_approval_and_takes_it_out_of_review_d73(shared_views: Engine) -> None:
    stamp = {"actor": "amy", "at": "2026-03-30T09:15:00+00:00", "version": 5}
    for last, times, status, approval in (
        (story.SUBMITTED, 1, "in_review", None),
        (story.APPROVED, 1, "in_review", stamp),
        (story.EDITED, 1, "draft", None),
        (story.SUBMITTED, 2, "in_review", None),
        (story.RETURNED, 1, "draft", None),
    ):
        with until(shared_views, last, times) as connection:
            found = find(connection, "I3")
        assert (found["status"], found["approval"]) == (status, approval)


def test_a_line_whose_last_detail_is_gone_disappears_d69(shared_views: Engine) -> None:
    with until(shared_views, story.FEE_ADDED) as connection:
        assert [line["line_id"] for line in find(connection, "I3")["lines"]] == ["F", "T"]
    with until(shared_views, story.REMOVED) as connection:
        found = find(connection, "I3")
    assert [line["line_id"] for line in found["lines"]] == ["T"]
    assert found["total"] == "1600.00"


def test_a_correction_and_what_it_corrects_name_each_other_d76(shared_views: Engine) -> None:
    with until(shared_views, story.FIVE_STAY) as connection:
        draft = find(connection, "I4")
        (open_correction,) = details(draft)
        billed = find(connection, "I3")
        assert (billed["has_corrections"], details(billed)[0]["corrected_by"]) == (False, None)
    assert (draft["corrects"], draft["corrects_number"]) == ("I3", "INV-000002")
    assert (draft["amount"], draft["total"]) == ("-600.00", "-600.00")
    shown_of_it = ("quantity", "amount", "original_quantity", "original_unit_price")
    assert [open_correction[name] for name in shown_of_it] == ["5", "1000.00", "8", "200.00"]
    assert open_correction["original_amount"] == "1600.00"
    assert open_correction["corrects_detail"] == "I3-3-A"
    with until(shared_views, story.CORRECTED) as connection:
        billed = find(connection, "I3")
        corrections = invoice_views.list_invoices(
            connection, UNRESTRICTED, {"corrects": ["I3"]}, ALL
        ).items
        kinds = {
            corrective: [
                invoice.invoice_id
                for invoice in invoice_views.list_invoices(
                    connection, UNRESTRICTED, wanted, ALL
                ).items
            ]
            for corrective, wanted in {
                True: {"corrective": ["true"]},
                False: {"corrective": ["false"]},
                None: {},
            }.items()
        }
    assert (billed["has_corrections"], details(billed)[0]["corrected_by"]) == (True, "I4")
    assert details(billed)[0]["recalled"]
    assert [invoice.invoice_id for invoice in corrections] == ["I4"]
    assert kinds[True] == ["I4"]
    assert "I3" in kinds[False]
    assert sorted(kinds[True] + kinds[False]) == sorted(kinds[None])


def test_an_invoice_without_its_details_is_read_without_a_look_at_them(
    shared_views: Engine,
) -> None:
    asked: list[str] = []

    def note(*said: Any) -> None:
        asked.append(said[2])

    with until(shared_views, story.EDITED) as connection:
        event.listen(connection, "before_cursor_execute", note)
        lines = find(connection, "I3", details=False)["lines"]
    assert lines
    assert all("details" not in line for line in lines)
    assert asked
    assert not [statement for statement in asked if "invoice_details" in statement]


# --- what a draft stands beside ----------------------------------------------------------------


def events_of_d72() -> Sequence[Event]:
    """Value 5,000.00, billed 1,200.00, a draft of 465.00 for A; A and B have more to bill."""
    line = story.TIME_LINE_DEFINED
    worth = replace(line, terms=replace(line.terms, contract_amount=d("3500.00")))
    of_a = ("d", "465.00"), ("r", "45.00"), ("s", "30.00"), ("n", "70.00")
    approvals = [story.work(name, story.sale(name, "A", amount)) for name, amount in of_a]
    free = story.sale("f", "A", "99.00", billing_type=story.FREE, nte_status=NTEStatus.COMMITTED)
    approvals += [story.work("f", free), story.work("b", story.sale("b", "B", "1000.00"))]
    invoiced = replace(
        story.CONTRACT_USAGE,
        usages=(
            story.used(LimitLevel.CONTRACT_CUSTOMER, "A", "465.00", "1200.00"),
            story.used(LimitLevel.CONTRACT, None, "465.00", "1200.00"),
        ),
    )
    added = replace(
        story.TEN_HOURS_ADDED,
        details=(replace(story.HOURS, detail_id="I3-d", item_id="d", amount=d("465.00")),),
        **story.totals(story.total("T", "465.00", "0.00", story.CHARGEABLE)),
    )
    return (
        story.CONTRACT_DEFINED,
        worth,
        story.FIXED_LINE_DEFINED,
        story.split("M1", "250.00", total="250.00"),
        replace(story.SALES_RECORDED, approvals=tuple(approvals)),
        story.ready("d", "r", "s", "f", "b"),
        invoiced,
        story.draft("I3"),
        added,
        story.drafted("I3", "d"),
    )


def test_a_draft_shows_what_else_is_to_be_billed_and_how_its_contract_is_d72(
    shared_views: Engine,
) -> None:
    feed(shared_views, recorded(events_of_d72()))
    with shared_views.connect() as connection:
        found = find(connection, "I3", details=False)
        listed = shown(invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL).items)
    assert found["pending"] == {
        "ready": {"count": 3, "amount": "75.00"},  # the free one is worth nothing
        "not_ready": {"count": 2, "amount": "320.00"},
    }
    limits = found["figures"].pop("limits")
    assert found["figures"] == {
        "contract_value": "5000.00",
        "billed": "1200.00",
        "this": "465.00",
        "remaining": "3800.00",
        "remaining_after": "3335.00",
    }
    assert [(level["level"], level["limit"]) for level in limits] == [
        ("line", "3000.00"),
        ("contract", "5000.00"),
    ]
    assert "pending" not in listed[0]


def test_a_draft_of_a_contract_that_the_views_do_not_know_yet_is_shown(
    shared_views: Engine,
) -> None:
    feed(shared_views, recorded([story.draft("I3")]))
    with shared_views.connect() as connection:
        figures = find(connection, "I3")["figures"]
    assert (figures["contract_value"], figures["remaining_after"], figures["limits"]) == (
        "0.00",
        "0.00",
        [],
    )


# --- what becomes of items ---------------------------------------------------------------------


def test_what_was_canceled_or_superseded_counts_nowhere_in_the_open_backlog_d20_d23(
    shared_views: Engine,
) -> None:
    with until(shared_views, story.M1_CREDITED) as connection:
        page = list_time_and_material(connection, BacklogFilter(), ALL, totals=True)
        items = {row.item_id for row in page.items}
        counted = sum(total.count for total in page.totals or ())
        (canceled,) = shown(find_items(connection, UNRESTRICTED, ["1-B"]))
    assert items == {"2-A", "2-free", "3-A back"}
    assert counted == len(items)
    assert (canceled["billing_status"], canceled["invoice_id"]) == ("canceled", None)


def test_what_a_correction_takes_back_of_a_milestone_can_be_billed_again_d81(
    shared_views: Engine,
) -> None:
    with until(shared_views, story.M1_CREDITED) as connection:
        found = shown(find_items(connection, UNRESTRICTED, ["M1-A", "M1-A rest"]))
    kept, rest = sorted(found, key=itemgetter("item_id"))
    assert (kept["amount"], kept["billing_status"], kept["invoice_id"]) == (
        "700.00",
        "invoice_posted",
        "I1",
    )
    assert (rest["amount"], rest["billing_status"], rest["milestone_status"]) == (
        "500.00",
        "ready",
        "in_progress",
    )
