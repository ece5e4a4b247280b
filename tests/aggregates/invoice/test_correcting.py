"""Which details can be corrected, and what a corrective draft is (D-47, D-76, D-79)."""

from decimal import Decimal

from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import DetailsRefused
from aggregates.invoice.events import (
    ActualsBooked,
    CorrectionDrafted,
    CorrectionOpened,
    CorrectiveDetailsAdded,
    DetailsCorrected,
)
from aggregates.statuses import (
    BillingType,
    InvoiceStatus,
)
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_line,
    an_approval,
    draft,
    invoiced,
    ready,
    sale,
    worth,
)
from tests.aggregates.invoice.books import (
    FIRST,
    TEN_HOURS,
    amounts,
    billed,
    confirmed,
    correct,
    ids,
    returned,
    rows,
)
from tests.aggregates.invoice.drafts import a_draft, codes, edit, invoice, remove
from tests.spec import Outcome, given

GIFT, FREE = BillingType.COMPLIMENTARY, BillingType.NON_CHARGEABLE


def chain_of_three() -> tuple[Outcome, Outcome, Outcome, Outcome]:
    """10 h at 130 billed; then 7 h stay; then at 120; then nothing (D-79)."""
    first = billed(TEN_HOURS)
    c1 = confirmed(edit(correct(first, key="C1"), quantity="7"))
    c2 = confirmed(edit(correct(c1, key="C2"), quantity="7", unit_price="120"))
    c3 = confirmed(correct(c2, key="C3"))
    return first, c1, c2, c3


# --- the corrective draft, D-47, D-76 ----------------------------------------------------------


def test_a_correction_is_a_draft_of_the_same_customer_in_which_nothing_stays_billed_d76() -> None:
    story = billed()
    of = invoice(story)
    drafted = correct(story)
    assert [type(event) for event in drafted.events] == [
        CorrectionDrafted,
        CorrectiveDetailsAdded,
        CorrectionOpened,
    ]
    made = drafted.after.invoices["K1"]
    assert (made.corrects, made.corrects_number) == (of.invoice_id, "INV-000001")
    assert (made.customer_id, made.currency, made.cutoff) == ("A", "EUR", None)
    assert made.status is InvoiceStatus.DRAFT
    assert (made.amount, made.tax) == (Decimal("-690.00"), Decimal("-131.10"))
    for each in made.listed():
        assert (each.stands.quantity, each.stands.amount, each.stands.tax) == (0, 0, 0)
        assert each.source
        assert each.stands.unit_price == each.source.unit_price
        assert each.source == of.details[str(each.corrects)].stands
    opened = drafted.after.invoices[of.invoice_id]
    assert {each.in_correction for each in opened.listed()} == {"K1"}
    assert not opened.has_corrections
    assert drafted.decided.done == ("K1",)


def test_only_selected_details_go_on_the_draft_each_once_d47() -> None:
    story = billed()
    (second,) = ids(story, "2")
    drafted = correct(story, second, second)
    assert amounts(drafted) == ("-330.00", "-62.70")
    assert len(invoice(drafted).details) == 1


def test_details_at_no_charge_are_corrected_too_and_count_in_no_total_d76_d43() -> None:
    gift = an_approval("2", quantity="1", price="50", tax="9.50", billing_type=GIFT)
    drafted = correct(billed(TEN_HOURS, gift))
    assert amounts(drafted) == ("-1300.00", "-247.00")
    done = confirmed(drafted)
    assert sorted(returned(done)) == ["U +1 / 50.00 / 9.50", "U +10 / 1300.00 / 247.00"]
    sales = done.after.lines["L1"].sales.values()
    assert sorted(s.actual.billing_type for s in sales) == [BillingType.CHARGEABLE, GIFT]


def test_a_correction_is_about_the_lines_of_what_it_corrects_though_it_holds_no_item_d76() -> None:
    made = invoice(correct(billed()))
    assert (made.items_by_line(), made.line_ids_billed()) == ({}, ["L1"])


def test_a_draft_is_not_corrected_but_edited_d47() -> None:
    correct(a_draft(FIRST)).then_refused("invoice_not_confirmed")


def test_an_unknown_detail_is_not_found_d47() -> None:
    refused = correct(billed(), "nobody")
    refused.then_refused("detail_not_found")
    assert codes(refused) == {"nobody": "detail_not_found"}


def test_a_detail_is_on_one_open_correction_at_most_d49() -> None:
    story = billed()
    first, second = ids(story, "1", "2")
    of = invoice(story).invoice_id
    one = correct(story, first)
    again = correct(one, first, key="K2", invoice_id=of)
    again.then_refused("in_correction", rule="D-49")
    assert codes(again) == {first: "in_correction"}
    correct(one, key="K2", invoice_id=of).then_refused("in_correction")
    assert correct(one, second, key="K2", invoice_id=of).refusal is None


def test_what_leaves_a_correction_can_go_on_another_d77() -> None:
    story = billed()
    of = invoice(story).invoice_id
    one = remove(correct(story), "1")
    (first,) = ids(story, "1")
    assert correct(one, first, key="K2", invoice_id=of).refusal is None
    deleted = correct(story).when(DeleteDraft(), invoice_id="K1")
    assert correct(deleted, key="K2", invoice_id=of).refusal is None


def test_very_many_details_are_cut_in_events_of_a_thousand() -> None:
    story = billed(*(worth("1", str(n)) for n in range(1001)))
    drafted = correct(story)
    assert [(len(e.details), e.amount) for e in drafted.all(CorrectiveDetailsAdded)] == [
        (1000, -1000),
        (1, -1001),
    ]
    assert [len(e.details) for e in drafted.all(CorrectionOpened)] == [1000, 1]
    done = confirmed(drafted)
    assert [len(e.details) for e in done.all(DetailsCorrected)] == [1000, 1]
    assert [len(e.adjusted) for e in done.all(ActualsBooked)] == [1000, 1]
    assert len(returned(done)) == len(done.after.lines["L1"].sales) == 1001


# --- a chain, D-79 -----------------------------------------------------------------------------


def test_corrections_of_corrections_are_a_chain_that_ends_at_nothing_billed_d79() -> None:
    first, c1, c2, c3 = chain_of_three()
    assert [amounts(each) for each in (c1, c2, c3)] == [
        ("-390.00", "-74.10"),
        ("-70.00", "-13.30"),
        ("-840.00", "-159.60"),
    ]
    assert [returned(each) for each in (c1, c2, c3)] == [
        ["U +3 / 390.00 / 74.10"],
        [],
        ["U +7 / 840.00 / 159.60"],
    ]
    backlog = [s.actual for s in c3.after.lines["L1"].sales.values()]
    assert sum(a.amount for a in backlog) == 1230
    assert sum(a.tax for a in backlog) == Decimal("233.70")
    assert invoiced(c3.after)["contract"] == 0
    for invoice_id in (invoice(first).invoice_id, "C1", "C2", "C3"):
        again = correct(c3, key="again", invoice_id=invoice_id)
        again.then_refused("already_corrected", rule="D-49")


def test_an_earlier_detail_is_refused_with_the_invoice_that_has_it_now_d79() -> None:
    first, c1, c2, c3 = chain_of_three()
    (original,) = ids(first, "1")
    of = invoice(first).invoice_id
    for story, holder, number in ((c1, "C1", 2), (c2, "C2", 3), (c3, "C3", 4)):
        refused = correct(story, original, key="again", invoice_id=of)
        refused.then_refused("detail_superseded", rule="D-79")
        assert isinstance(refused.refusal, DetailsRefused)
        (why,) = refused.refusal.details
        assert (why.id, why.why.facts["invoice_id"]) == (original, holder)
        assert f"INV-{number:06d}" in why.why.detail


def test_a_detail_that_was_credited_whole_is_corrected_already_d49() -> None:
    _, _, _, c3 = chain_of_three()
    (last,) = ids(c3, "1")
    correct(c3, last, key="again", invoice_id="C3").then_refused("already_corrected")


def test_a_whole_correction_takes_what_is_still_billed_there_d47_d79() -> None:
    story = billed()
    of = invoice(story).invoice_id
    (first,) = ids(story, "1")
    one = confirmed(correct(story, first))
    rest = correct(one, key="K2", invoice_id=of)
    assert amounts(rest) == ("-330.00", "-62.70")
    correct(confirmed(rest), key="K3", invoice_id=of).then_refused("already_corrected")


def test_what_a_correction_left_as_it_was_is_corrected_where_it_is_billed_d77_d79() -> None:
    story = billed()
    of = invoice(story).invoice_id
    done = confirmed(edit(edit(correct(story), "1", quantity="4"), "2", quantity="1"))
    (left, changed) = ids(done, "1", "2")
    refused = correct(done, left, key="K2", invoice_id="K1")
    refused.then_refused("detail_superseded")
    assert isinstance(refused.refusal, DetailsRefused)
    assert refused.refusal.details[0].why.facts["invoice_id"] == of
    whole = correct(done, key="K2", invoice_id="K1")
    assert [each.corrects for each in invoice(whole).listed()] == [changed]
    assert amounts(whole) == ("-110.00", "-20.90")
    assert amounts(correct(done, key="K3", invoice_id=of)) == ("-360.00", "-68.40")


def test_customers_of_a_split_are_corrected_apart_d79() -> None:
    story = given(a_contract(), a_line(splits={"A": "60", "B": "40"})).when(TEN_HOURS)
    drafted = story.when(ready(sale("1", "A"), sale("1", "B"))).when(draft())
    of_a, of_b = drafted.after.invoices
    both = drafted.when(CONFIRM, invoice_id=of_a).when(CONFIRM, invoice_id=of_b)
    done = correct(both, invoice_id=of_a).when(CONFIRM, invoice_id="K1")
    assert rows(done) == ["B -6 / -780.00 / -148.20"]
    assert {s.customer_id for s in done.after.lines["L1"].sales.values()} == {"A"}
    assert done.after.invoices[of_b] == both.after.invoices[of_b]
    assert (invoiced(done.after)["A"], invoiced(done.after)["B"]) == (0, 520)
