"""More goes on a draft: refreshed, added to by name, or the newest is taken (D-41, D-70, D-71)."""

from datetime import date
from decimal import Decimal

import pytest

from aggregates.contract_line.backlog.readiness import MarkNotReady
from aggregates.contract_line.events import ItemsDrafted
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.refreshing import AddItems, AddToNewest, RefreshDraft
from aggregates.invoice.events import CorrectionDrafted, DetailsAdded, DraftCreated
from aggregates.refusals import NotFound
from aggregates.statuses import BillingStatus, InvoiceStatus
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    draft,
    part,
    ready,
    sale,
    worth,
)
from tests.spec import Outcome, Story, given

OCTOBER, NOVEMBER = date(2026, 10, 30), date(2026, 11, 2)
CUTOFF = date(2026, 10, 31)
REFRESH = RefreshDraft(actor="mo")


def add(*items: str) -> AddItems:
    return AddItems(actor="mo", items=items)


def newest(*items: str, key: str = "new") -> AddToNewest:
    return AddToNewest(draft_key=key, actor="mo", items=items)


def approved(before: Story | Outcome, approval_id: str, amount: str, on: date = OCTOBER) -> Outcome:
    """Work of this amount on line L1, which is ready."""
    work = an_approval(approval_id, on=on, quantity="1", price=amount)
    return before.when(work).when(ready(sale(approval_id)))


def a_draft_of_405() -> Outcome:
    """The draft of D-70: cutoff 31 October, 310.00 and 95.00; then 60.00 and 45.00 are ready."""
    work = approved(given(a_contract(), a_line()), "1", "310")
    drafted = approved(work, "2", "95").when(draft(cutoff=CUTOFF))
    assert amount(drafted) == 405
    return approved(approved(drafted, "3", "60"), "4", "45", NOVEMBER)


def amount(outcome: Outcome) -> Decimal:
    """What the newest draft comes to."""
    return list(outcome.after.invoices.values())[-1].amount


# --- refresh -----------------------------------------------------------------------------------


def test_a_refresh_takes_in_what_became_ready_up_to_the_cutoff_d70() -> None:
    refreshed = a_draft_of_405().when(REFRESH)
    assert amount(refreshed) == 465
    added = refreshed.the(DetailsAdded)
    assert [detail.item_id for detail in added.details] == [sale("3")]
    assert added.actor == "mo"
    assert refreshed.the(ItemsDrafted).items == (sale("3"),)
    assert refreshed.after.lines["L1"].open_item(sale("4")).billing_status is BillingStatus.READY


def test_a_refresh_with_nothing_to_take_does_nothing_and_leaves_a_review_as_it_is_d70() -> None:
    refreshed = a_draft_of_405().when(REFRESH)
    refreshed.when(REFRESH).then()


def test_a_refresh_of_a_draft_without_a_cutoff_takes_any_date_d70() -> None:
    work = approved(given(a_contract(), a_line()), "1", "310").when(draft())
    assert amount(approved(work, "2", "45", NOVEMBER).when(REFRESH)) == 355


def test_a_refresh_keeps_to_the_lines_that_were_named_but_not_to_the_items_d70() -> None:
    lines = (a_line("L1"), a_line("L2"))
    work = given(a_contract(), *lines).when(worth("10")).when(worth("20", "2", "L2"))
    work = work.when(worth("30", "3")).when(worth("40", "4", "L2"))
    first = work.when(ready(sale("1"), sale("2", line_id="L2")))
    marked = ready(sale("3"), sale("4", line_id="L2"))
    of_line = first.when(draft(lines=("L1",))).when(marked).when(REFRESH)
    assert amount(of_line) == 40
    of_items = first.when(draft(sale("1"))).when(marked).when(REFRESH)
    assert amount(of_items) == 100
    assert [line.line_id for line in of_items.the(DetailsAdded).lines] == ["L1", "L2"]


def test_a_refresh_takes_what_is_the_customers_alone_milestones_too_d70() -> None:
    splits = {"A": "70", "B": "30"}
    lines = (a_line("L1", splits=splits), a_fixed_price_line("L2", splits=splits))
    work = given(a_contract(), *lines).when(worth("100")).when(a_milestone(line_id="L2"))
    drafted = work.when(ready(sale("1"))).when(draft())
    parts = [part("M1", customer, "L2") for customer in "AB"]
    refreshed = drafted.when(ready(sale("1", "B"), *parts)).when(REFRESH)
    assert [detail.item_id for detail in refreshed.the(DetailsAdded).details] == [parts[0]]
    assert amount(refreshed) == 770


# --- adding to a named draft -------------------------------------------------------------------


def test_ready_items_go_on_a_draft_whatever_their_date_d71() -> None:
    added = a_draft_of_405().when(REFRESH).when(add(sale("4"), sale("4")))
    assert amount(added) == 510
    assert [detail.item_id for detail in added.the(DetailsAdded).details] == [sale("4")]


def test_one_that_is_not_ready_refuses_all_d71() -> None:
    drafted = a_draft_of_405().when(REFRESH).when(add(sale("4")))
    more = approved(drafted, "5", "30").when(worth("1", "6"))
    refused = more.when(add(sale("5"), sale("6")))
    refused.then_refused("item_not_ready", id=sale("6")).then()
    assert len(refused.refusals) == 1
    assert amount(refused) == 510


def test_each_item_that_can_not_go_there_says_why_d71() -> None:
    splits = {"A": "50", "B": "50"}
    story = given(a_contract(), a_line(splits=splits), a_fixed_price_line("L2", splits=splits))
    work = story.when(worth("100")).when(worth("200", "2")).when(a_milestone(line_id="L2"))
    posted = work.when(ready(part("M1", "A", "L2"))).when(draft(key="first")).when(CONFIRM)
    marked = posted.when(ready(sale("1"), sale("2"), sale("2", "B")))
    drafted = marked.when(draft(sale("1")))
    refused = drafted.when(
        add(
            sale("1"),
            sale("2", "B"),
            part("M1", "A", "L2"),
            f"{CONTRACT}-2~L1~1",
            f"{CONTRACT}~L1~none",
            "nonsense",
        )
    )
    refused.then_refused("item_on_draft", id=sale("1"), rule="D-71")
    refused.then_refused("other_customer", id=sale("2", "B"))
    refused.then_refused("item_posted", id=part("M1", "A", "L2"))
    refused.then_refused("other_contract", id=f"{CONTRACT}-2~L1~1")
    refused.then_refused("item_not_open", id=f"{CONTRACT}~L1~none")
    refused.then_refused("item_not_open", id="nonsense").then()


@pytest.mark.parametrize("command", [REFRESH, add(sale("4"))])
def test_nothing_goes_on_a_deleted_confirmed_or_corrective_draft_d70_d71(
    command: RefreshDraft | AddItems,
) -> None:
    drafted = a_draft_of_405()
    drafted.when(DeleteDraft()).when(command).then_refused(NotFound)
    drafted.when(CONFIRM).when(command).then_refused("invoice_confirmed")
    correction = CorrectionDrafted(
        invoice_id="I2",
        contract_id=CONTRACT,
        customer_id="A",
        currency="EUR",
        corrects="I1",
        corrects_number="1",
    )
    corrective = drafted.after.happened(correction)
    corrective.when(command, invoice_id="I2").then_refused("corrective_draft")


def test_what_the_sum_of_a_draft_can_not_hold_is_refused_d71() -> None:
    works = [
        an_approval(str(n), quantity="1", price="999999999999", currency="CLF") for n in range(101)
    ]
    story = given(a_contract(currency="CLF"), a_line(currency="CLF")).when(works[0], *works[1:])
    items = [sale(str(n)) for n in range(101)]
    drafted = story.when(ready(*items)).when(draft(*items[1:]))
    drafted.when(add(items[0])).then_refused("total_too_large")


# --- adding to the newest ----------------------------------------------------------------------


def two_drafts_of_a() -> Outcome:
    """An older and a newer draft of A, and work of A and B that is ready."""
    story = given(a_contract(), a_line(splits={"A": "50", "B": "50"}))
    work = story.when(worth("100")).when(worth("200", "2")).when(worth("300", "3"))
    older = work.when(ready(sale("1"))).when(draft(key="older"))
    newer = older.when(ready(sale("2"))).when(draft(key="newer"))
    return newer.when(ready(sale("3"), sale("3", "B"), sale("1", "B")))


def test_the_newest_draft_of_each_customer_takes_the_items_else_a_new_one_d41() -> None:
    before = two_drafts_of_a()
    added = before.when(newest(sale("3", "B"), sale("3"), sale("1", "B")))
    assert [event.customer_id for event in added.all(DraftCreated)] == ["B"]
    created = added.the(DraftCreated)
    assert (created.cutoff, created.line_ids) == (None, None)
    _, newer = before.after.invoices.values()
    assert added.decided.done == (newer.invoice_id, created.invoice_id)
    amounts = [invoice.amount for invoice in added.after.invoices.values()]
    assert amounts == [50, 250, 200]
    assert all(event.actor == "mo" for event in added.all(DetailsAdded))


def test_a_newest_draft_that_is_confirmed_or_deleted_is_none_d41() -> None:
    before = two_drafts_of_a()
    older, newer = before.after.invoices
    deleted = before.when(DeleteDraft(), invoice_id=newer).when(newest(sale("3")))
    assert deleted.decided.done == (older,)
    confirmed = before.when(CONFIRM, invoice_id=newer).when(newest(sale("3")))
    assert confirmed.decided.done == (older,)
    neither = before.when(CONFIRM, invoice_id=newer).when(CONFIRM, invoice_id=older)
    assert neither.when(newest(sale("3"))).the(DraftCreated).customer_id == "A"


def test_one_item_that_can_not_go_on_a_newest_draft_refuses_all_d41() -> None:
    refused = two_drafts_of_a().when(MarkNotReady(items=(sale("3"),)))
    refused = refused.when(newest(sale("3"), sale("3", "B"), sale("2")))
    refused.then_refused("item_not_ready", id=sale("3"))
    refused.then_refused("item_on_draft", id=sale("2")).then()


def test_a_draft_that_takes_more_is_no_longer_in_review_d73() -> None:
    assert all(
        invoice.status is InvoiceStatus.DRAFT
        for invoice in two_drafts_of_a().when(newest(sale("3"))).after.invoices.values()
    )
