"""Drafts: made of what is ready, on at most one at a time, and deleted (D-13, D-40 to D-43)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.events import ItemsDrafted, ItemsReleased
from aggregates.invoice.draft.drafting import DeleteDraft, NothingReady
from aggregates.invoice.events import DetailsAdded, DraftCreated, DraftDeleted, InvoiceDetail
from aggregates.refusals import Invalid, NotFound
from aggregates.statuses import BillingStatus, BillingType, InvoiceStatus, TransactionClass
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    DAY,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    committed,
    draft,
    milestone,
    part,
    sale,
    usages,
    worth,
)
from tests.spec import Outcome, Story, given

SPLITS = {"A": "70", "B": "30"}
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


def ready(story: Story | Outcome, *items: str) -> Outcome:
    return story.when(MarkReady(items=items))


def shared() -> Outcome:
    """Line L1 by time, line L2 at a fixed price; an approval and a milestone, all four ready."""
    lines = (a_line("L1", splits=SPLITS), a_fixed_price_line("L2", splits=SPLITS))
    filled = given(a_contract(), *lines).when(an_approval(tax="100"))
    return ready(
        filled.when(a_milestone(line_id="L2", tax="10")),
        *(sale("1", customer) for customer in "AB"),
        *(part("M1", customer, "L2") for customer in "AB"),
    )


def items_of(outcome: Outcome) -> dict[str, list[str | None]]:
    """The items on each draft that was made, by customer."""
    customers = {event.invoice_id: event.customer_id for event in outcome.all(DraftCreated)}
    return {
        customers[event.invoice_id]: [detail.item_id for detail in event.details]
        for event in outcome.all(DetailsAdded)
    }


# --- what goes on a draft ----------------------------------------------------------------------


def test_a_draft_is_one_invoice_a_customer_and_one_invoice_line_a_contract_line_d40() -> None:
    drafted = shared().when(draft())
    assert items_of(drafted) == {
        "A": [sale("1", "A"), part("M1", "A", "L2")],
        "B": [sale("1", "B"), part("M1", "B", "L2")],
    }
    first = drafted.all(DetailsAdded)[0]
    assert [(line.line_id, line.amount, line.tax) for line in first.lines] == [
        ("L1", 1120, 70),
        ("L2", 700, 7),
    ]
    assert (first.amount, first.tax, first.currency) == (1820, 77, "EUR")
    assert drafted.decided.done == tuple(drafted.after.invoices)


def test_a_new_draft_knows_its_customer_currency_and_cutoff_d40() -> None:
    drafted = shared().when(draft(cutoff=MARCH, customers=("B",)))
    created = drafted.the(DraftCreated)
    assert (created.contract_id, created.customer_id) == (CONTRACT, "B")
    assert (created.currency, created.cutoff) == ("EUR", MARCH)
    (invoice,) = drafted.after.invoices.values()
    assert (invoice.status, invoice.number, invoice.deleted) == (InvoiceStatus.DRAFT, None, False)
    assert (invoice.amount, invoice.tax) == (780, 33)


def test_a_sale_on_a_draft_is_a_detail_of_its_class_d40() -> None:
    story = given(a_contract(), a_line()).when(
        an_approval(kind=TransactionClass.MATERIAL, tax="5", description="Sand")
    )
    added = ready(story, sale()).when(draft()).the(DetailsAdded)
    (detail,) = added.details
    assert detail == InvoiceDetail(
        detail_id=detail.detail_id,
        line_id="L1",
        item_id=sale(),
        kind="material",
        date=DAY,
        description="Sand",
        quantity=Decimal(8),
        unit_price=Decimal(200),
        amount=Decimal(1600),
        tax=Decimal(5),
        billing_type=BillingType.CHARGEABLE,
        approval_id="1",
        milestone_id=None,
    )


def test_a_customer_milestone_on_a_draft_is_a_detail_of_its_own_kind_d13() -> None:
    story = given(a_contract(), a_fixed_price_line(splits=SPLITS)).when(a_milestone(tax="10"))
    added = ready(story, part("M1", "B")).when(draft()).the(DetailsAdded)
    (detail,) = added.details
    assert detail == InvoiceDetail(
        detail_id=detail.detail_id,
        line_id="L1",
        item_id=part("M1", "B"),
        kind="milestone",
        date=DAY,
        description="M1",
        quantity=Decimal(1),
        unit_price=Decimal(300),
        amount=Decimal(300),
        tax=Decimal(3),
        billing_type=BillingType.CHARGEABLE,
        approval_id=None,
        milestone_id=milestone(),
    )


def test_items_on_a_draft_read_invoice_created_and_are_not_ready_any_more_d13() -> None:
    drafted = shared().when(draft(customers=("A",)))
    assert [(event.line_id, event.items) for event in drafted.all(ItemsDrafted)] == [
        ("L1", (sale("1", "A"),)),
        ("L2", (part("M1", "A", "L2"),)),
    ]
    lines = drafted.after.lines
    created = BillingStatus.INVOICE_CREATED
    assert lines["L1"].open_item(sale("1", "A")).billing_status is created
    assert lines["L2"].open_item(part("M1", "A", "L2")).billing_status is created
    assert set(lines["L1"].ready) == {sale("1", "B")}


def test_only_ready_items_go_on_a_draft_d13() -> None:
    lines = (a_line("L1"), a_fixed_price_line("L2", splits=SPLITS))
    story = given(a_contract(), *lines).when(an_approval("1"), an_approval("2"))
    both = ready(story.when(a_milestone(line_id="L2")), sale("2"), part("M1", "A", "L2"))
    assert items_of(both.when(draft())) == {"A": [sale("2"), part("M1", "A", "L2")]}


def test_items_dated_up_to_the_cutoff_are_taken_the_day_itself_included_d40() -> None:
    lines = (a_line("L1"), a_fixed_price_line("L2"))
    story = given(a_contract(), *lines).when(an_approval("1", on=MARCH), an_approval("2", on=APRIL))
    filled = story.when(a_milestone("M1", line_id="L2", on=MARCH))
    filled = filled.when(a_milestone("M2", line_id="L2", on=APRIL))
    bills = (part("M1", line_id="L2"), part("M2", line_id="L2"))
    both = ready(filled, sale("1"), sale("2"), *bills)
    assert items_of(both.when(draft(cutoff=MARCH))) == {"A": [sale("1"), bills[0]]}
    assert len(items_of(both.when(draft(cutoff=APRIL)))["A"]) == 4
    assert len(items_of(both.when(draft()))["A"]) == 4


def test_a_draft_takes_only_the_lines_customers_or_items_named_d40() -> None:
    story = shared()
    assert items_of(story.when(draft(lines=("L2",)))) == {
        "A": [part("M1", "A", "L2")],
        "B": [part("M1", "B", "L2")],
    }
    assert list(items_of(story.when(draft(customers=("B",))))) == ["B"]
    assert items_of(story.when(draft(sale("1", "B")))) == {"B": [sale("1", "B")]}
    assert items_of(story.when(draft(lines=("L1",), customers=("A",)))) == {"A": [sale("1", "A")]}


def test_details_are_in_the_order_of_line_date_and_item_d40() -> None:
    story = given(a_contract(), a_line("L2"), a_line("L1")).when(
        an_approval("3", on=APRIL),
        an_approval("1", on=MARCH),
        an_approval("2", on=MARCH, line_id="L2"),
        an_approval("4", on=MARCH),
    )
    items = (sale("3"), sale("1"), sale("2", line_id="L2"), sale("4"))
    assert items_of(ready(story, *items).when(draft()))["A"] == [
        *sorted([sale("1"), sale("4")]),
        sale("3"),
        sale("2", line_id="L2"),
    ]


def test_the_ids_of_a_draft_derive_from_its_key_so_that_a_repetition_gives_the_same_d40() -> None:
    story = shared()
    first, again = story.when(draft(key="k")), story.when(draft(key="k"))
    assert first.events == again.events
    assert not set(first.after.invoices) & set(story.when(draft(key="l")).after.invoices)
    details = [detail.detail_id for e in first.all(DetailsAdded) for detail in e.details]
    assert len(set(details)) == 4


def test_a_draft_leaves_committed_amounts_committed_d37() -> None:
    story = given(a_contract(), a_line(limit="100")).when(worth("60"))
    drafted = ready(story, sale()).when(draft())
    assert committed(drafted.after)["L1"] == 60
    assert usages(drafted.after) == usages(drafted.before)


# --- refusals ----------------------------------------------------------------------------------


def test_with_nothing_ready_nothing_is_drafted_d40() -> None:
    story = given(a_contract(), a_line()).when(an_approval())
    story.when(draft()).then_refused("nothing_ready").then_refused(NothingReady)
    ready(story, sale()).when(draft(cutoff=date(2026, 3, 1))).then_refused("nothing_ready")
    ready(story, sale()).when(draft(customers=("B",))).then_refused("nothing_ready")
    ready(story, sale()).when(draft(customers=("B",))).then_left("not_selected")


def test_an_item_is_on_at_most_one_open_draft_d41() -> None:
    drafted = shared().when(draft(sale("1", "A")))
    again = drafted.when(draft(sale("1", "A"), key="draft 2"))
    again.then_refused("nothing_ready").then_left("item_not_ready", sale("1", "A"))
    others = drafted.when(draft(key="draft 2"))
    assert items_of(others) == {
        "A": [part("M1", "A", "L2")],
        "B": [sale("1", "B"), part("M1", "B", "L2")],
    }


def test_named_items_that_were_not_taken_are_listed_with_the_reason_d40() -> None:
    story = given(a_contract(), a_line("L1", splits=SPLITS), a_line("L2"))
    filled = story.when(an_approval("1"), an_approval("2", on=APRIL), an_approval("3"))
    both = ready(filled, sale("1", "A"), sale("1", "B"), sale("2", "A"), sale("3", "B"))
    drafted = both.when(
        draft(
            sale("1", "A"),
            sale("2", "A"),
            sale("3", "A"),
            sale("3", "B"),
            "C1~L1~x",
            sale("1", "A"),
            cutoff=MARCH,
            customers=("A",),
        )
    )
    assert items_of(drafted) == {"A": [sale("1", "A")]}
    drafted.then_left("not_selected", sale("2", "A"), sale("3", "B"))
    drafted.then_left("item_not_ready", sale("3", "A")).then_left("item_not_open", "C1~L1~x")


def test_an_item_outside_the_lines_given_is_left_out_d40() -> None:
    drafted = shared().when(draft(sale("1", "A"), part("M1", "A", "L2"), lines=("L1",)))
    drafted.then_left("not_selected", part("M1", "A", "L2"))


def test_a_line_or_customer_that_the_contract_does_not_have_is_refused_d40() -> None:
    shared().when(draft(lines=("L1", "L9"))).then_refused(Invalid, field="line_ids.1")
    shared().when(draft(customers=("X",))).then_refused(Invalid, field="customer_ids.0")


# --- totals ------------------------------------------------------------------------------------


def test_a_line_is_the_sum_of_its_chargeable_details_and_the_types_are_grouped_d43() -> None:
    free, gift = BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY
    story = given(a_contract(), a_line()).when(
        an_approval("1", quantity="8", billable="6", tax="12"),
        an_approval("2", quantity="1", price="50", tax="3", billing_type=gift),
        an_approval("3", quantity="1", price="100", tax="1.50"),
    )
    items = (sale("1"), sale("1", billing_type=free), sale("2", billing_type=gift), sale("3"))
    added = ready(story, *items).when(draft()).the(DetailsAdded)
    (line,) = added.lines
    assert (line.amount, line.tax) == (1300, Decimal("13.50"))
    assert [(g.billing_type, g.count, g.amount, g.tax) for g in line.groups] == [
        (BillingType.CHARGEABLE, 2, 1300, Decimal("13.50")),
        (gift, 1, 50, 3),
        (free, 1, 400, 0),
    ]
    assert (added.amount, added.tax) == (1300, Decimal("13.50"))


def test_a_line_of_items_at_no_charge_totals_zero_d43_d25() -> None:
    gift = BillingType.COMPLIMENTARY
    story = given(a_contract(), a_line()).when(an_approval(tax="1", billing_type=gift))
    added = ready(story, sale(billing_type=gift)).when(draft()).the(DetailsAdded)
    assert (added.amount, added.tax, added.lines[0].amount, added.lines[0].tax) == (0, 0, 0, 0)
    assert [(g.billing_type, g.amount) for g in added.lines[0].groups] == [(gift, 1600)]


def test_debits_and_credits_net_in_the_totals_d43() -> None:
    story = given(a_contract(), a_line()).when(worth("100", "1"), worth("-30", "2"))
    added = ready(story, sale("1"), sale("2")).when(draft()).the(DetailsAdded)
    assert added.amount == 70


def test_very_many_details_are_cut_in_events_of_a_thousand_each_with_the_totals_so_far_d43() -> (
    None
):
    first, *rest = (worth("1", str(n)) for n in range(1001))
    story = given(a_contract(), a_line()).when(first, *rest)
    drafted = ready(story, *(sale(str(n)) for n in range(1001))).when(draft())
    assert [(len(e.details), e.amount) for e in drafted.all(DetailsAdded)] == [
        (1000, 1000),
        (1, 1001),
    ]
    assert [len(event.items) for event in drafted.all(ItemsDrafted)] == [1000, 1]
    (invoice,) = drafted.after.invoices.values()
    assert (len(invoice.details), invoice.amount) == (1001, 1001)


# --- deleting ----------------------------------------------------------------------------------


def test_a_deleted_draft_gives_its_items_back_ready_d42() -> None:
    drafted = shared().when(draft(customers=("A",)))
    deleted = drafted.when(DeleteDraft())
    invoice_id = deleted.the(DraftDeleted).invoice_id
    assert [(e.line_id, e.items, e.invoice_id) for e in deleted.all(ItemsReleased)] == [
        ("L1", (sale("1", "A"),), invoice_id),
        ("L2", (part("M1", "A", "L2"),), invoice_id),
    ]
    assert deleted.after.lines == shared().after.lines
    gone = deleted.after.invoices[invoice_id]
    assert (gone.deleted, gone.listed(), gone.lines) == (True, [], ())
    assert items_of(deleted.when(draft(key="draft 2"))).keys() == {"A", "B"}


def test_a_confirmed_invoice_cannot_be_deleted_d44() -> None:
    confirmed = shared().when(draft(customers=("A",))).when(CONFIRM)
    confirmed.when(DeleteDraft()).then_refused("invoice_confirmed")


def test_a_deleted_draft_is_gone_and_cannot_be_deleted_again_d42() -> None:
    deleted = shared().when(draft(customers=("A",))).when(DeleteDraft())
    deleted.when(DeleteDraft()).then_refused(NotFound, code="invoice_not_found")


@pytest.mark.parametrize("which", [0, 1])
def test_deleting_one_draft_leaves_the_others_alone_d42(which: int) -> None:
    drafted = shared().when(draft())
    invoice_id = list(drafted.after.invoices)[which]
    deleted = drafted.when(DeleteDraft(), invoice_id=invoice_id).after
    other = next(i for i in deleted.invoices.values() if i.invoice_id != invoice_id)
    assert not other.deleted
    assert len(other.details) == 2
    assert all(
        deleted.lines[line_id].open_item(item_id).billing_status is BillingStatus.INVOICE_CREATED
        for line_id, items in other.items_by_line().items()
        for item_id in items
    )


def test_a_draft_of_a_contract_looks_at_the_lines_it_is_given_only() -> None:
    story = shared().after
    known = replace(story, states={k: s for k, s in story.states.items() if k != "line/C1/L2"})
    drafted = known.when(draft(part("M1", "A", "L2"), sale("1", "A")))
    drafted.then_left("item_not_open", part("M1", "A", "L2"))
