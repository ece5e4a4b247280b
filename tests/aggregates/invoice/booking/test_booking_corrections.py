"""What confirming a correction books and gives back, and the limits (D-77, D-78, D-80)."""

from decimal import Decimal

import pytest

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.invoice.events import (
    CorrectionWithdrawn,
    DetailsCorrected,
    InvoiceConfirmed,
)
from aggregates.statuses import (
    BillingStatus,
    BillingType,
    NTEStatus,
)
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_line,
    a_milestone,
    an_approval,
    committed,
    define_contract,
    define_line,
    draft,
    invoiced,
    ready,
    sale,
)
from tests.aggregates.invoice.booking.test_booking_edits import by_hand
from tests.aggregates.invoice.books import (
    FIRST,
    SECOND,
    TEN_HOURS,
    adjusted,
    amounts,
    billed,
    booked,
    confirmed,
    correct,
    ids,
    returned,
    rows,
)
from tests.aggregates.invoice.drafts import a_draft, edit, invoice, remove
from tests.spec import Outcome, given

GIFT, FREE = BillingType.COMPLIMENTARY, BillingType.NON_CHARGEABLE


def test_only_what_was_changed_is_booked_and_the_rest_stays_billed_d77() -> None:
    story = billed()
    of = invoice(story).invoice_id
    first, second = ids(story, "1", "2")
    drafted = edit(edit(correct(story), "1", quantity="4"), "2", quantity="1")
    assert amounts(drafted) == ("-220.00", "-41.80")
    done = confirmed(drafted)
    assert rows(done) == [
        "B -3 / -330.00 / -62.70",
        "U +1 / 110.00 / 20.90",
        "U -1 / -110.00 / -20.90",
        "B 1 / 110.00 / 20.90",
    ]
    assert returned(done) == ["U +2 / 220.00 / 41.80"]
    assert done.the(InvoiceConfirmed).number == "INV-000002"
    assert done.the(DetailsCorrected).details == (second,)
    assert done.the(CorrectionWithdrawn).details == (first,)
    after = done.after.invoices[of]
    assert after.has_corrections
    assert (after.details[first].corrected_by, after.details[first].in_correction) == (None, None)
    assert after.details[second].corrected_by == "K1"


def test_the_rows_of_a_correction_name_their_cause_what_they_reverse_and_replace_d78() -> None:
    story = billed(TEN_HOURS)
    old = next(a for a in booked(story) if a.type == "billed_sales")
    done = confirmed(edit(correct(story), quantity="7"))
    reversal, new, its_reversal, again = booked(done)
    assert {a.cause for a in booked(done)} == {"correction"}
    assert (reversal.reversal_of, reversal.replaces) == (old.actual_id, None)
    assert (new.replaces, again.replaces) == (old.actual_id, old.actual_id)
    assert (its_reversal.reversal_of, its_reversal.replaces) == (new.actual_id, None)
    assert adjusted(done) == [old.actual_id]
    assert {a.item_id for a in booked(done)} == {sale()}
    (item,) = done.after.lines["L1"].sales.values()
    assert (item.actual.cause, item.actual.replaces) == ("correction", old.actual_id)
    assert (item.actual.approval_id, item.actual.date, item.actual.kind) == (
        "1",
        TEN_HOURS.date,
        "time",
    )
    assert item.billing_status is BillingStatus.NOT_READY
    assert item.nte_status is NTEStatus.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("fields", "anew"),
    [
        ({"quantity": "10", "unit_price": "120"}, "10 / 1200.00 / 228.00"),
        ({"quantity": "12"}, "12 / 1560.00 / 296.40"),
        ({"quantity": "10", "tax": "200"}, "10 / 1300.00 / 200.00"),
        ({"quantity": "10", "unit_price": "0"}, "10 / 0.00 / 0.00"),
    ],
)
def test_what_stays_in_full_is_billed_as_edited_and_nothing_returns_d78(
    fields: dict[str, str], anew: str
) -> None:
    done = confirmed(edit(correct(billed(TEN_HOURS)), **fields))
    back = anew.replace(" / ", " / -").replace("/ -0.00", "/ 0.00")
    assert rows(done) == ["B -10 / -1300.00 / -247.00", f"U +{anew}", f"U -{back}", f"B {anew}"]
    assert returned(done) == []


def test_a_cut_at_another_price_leaves_the_rest_at_the_old_one_d78() -> None:
    done = confirmed(edit(correct(billed(TEN_HOURS)), quantity="6", unit_price="100"))
    assert rows(done)[-1] == "B 6 / 600.00 / 114.00"
    assert returned(done) == ["U +4 / 520.00 / 98.80"]


def test_a_negative_detail_is_corrected_mirrored_d78() -> None:
    discount = an_approval("1", quantity="-10", price="130", tax="-247.00")
    whole = confirmed(correct(billed(discount)))
    assert rows(whole) == ["B 10 / 1300.00 / 247.00"]
    assert [str(s.actual.amount) for s in whole.after.lines["L1"].sales.values()] == ["-1300.00"]
    cut = confirmed(edit(correct(billed(discount)), quantity="-7"))
    assert rows(cut)[-1] == "B -7 / -910.00 / -172.90"
    assert [s.actual.amount for s in cut.after.lines["L1"].sales.values()] == [Decimal("-390.00")]


def test_a_price_of_zero_is_no_obstacle_to_a_correction_d77() -> None:
    free = an_approval("1", quantity="4", price="0", tax="0")
    done = confirmed(correct(billed(free)))
    assert [int(a.quantity) for a in booked(done)] == [-4]
    (item,) = done.after.lines["L1"].sales.values()
    assert (item.actual.quantity, item.actual.amount) == (4, 0)


def test_the_rest_that_an_edit_gave_away_stays_given_away_d78() -> None:
    """Only what was charged comes back: 8 of 10 were, 2 stand at no charge."""
    story = confirmed(edit(a_draft(TEN_HOURS), quantity="8"))
    done = confirmed(correct(story))
    assert rows(done) == ["B -8 / -1040.00 / -197.60"]
    assert returned(done) == ["U +8 / 1040.00 / 197.60"]


def test_what_is_by_hand_returns_on_time_and_material_and_not_on_fixed_price_d78() -> None:
    story = confirmed(by_hand(a_draft(FIRST)))
    (fee,) = ids(story, "Courier")
    done = confirmed(correct(story, fee))
    assert rows(done) == ["B -1 / -80.00 / -15.20"]
    assert returned(done) == ["U +1 / 80.00 / 15.20"]
    (item,) = done.after.lines["L1"].sales.values()
    assert (item.actual.approval_id, item.actual.kind) == (None, "fee")
    again = done.when(MarkReady(items=(item.item_id,))).when(draft(key="again")).when(CONFIRM)
    assert again.the(InvoiceConfirmed).amount == 80

    fixed = confirmed(by_hand(a_draft(a_milestone(line_id="F1")), "F1"))
    (fee,) = ids(fixed, "Courier")
    gone = confirmed(correct(fixed, fee))
    assert (rows(gone), returned(gone)) == (["B -1 / -80.00 / -15.20"], [])
    less = confirmed(edit(correct(fixed, fee), "Courier", quantity="0.5"))
    assert rows(less) == ["B -1 / -80.00 / -15.20", "B 0.5 / 40.00 / 7.60"]
    assert returned(less) == []


def test_what_returns_is_the_same_work_and_can_be_billed_again_d78() -> None:
    work = an_approval("1", role="Architect", category="c", task="t", description="Sand")
    done = confirmed(edit(correct(billed(work)), quantity="3"))
    (item,) = done.after.lines["L1"].sales.values()
    assert (item.role, item.category, item.task_id, item.description) == (
        "Architect",
        "c",
        "t",
        "Sand",
    )
    assert item.item_id != sale()
    again = done.when(MarkReady(items=(item.item_id,))).when(draft(key="again"))
    assert invoice(again).amount == 1000


def test_a_correction_that_changes_nothing_is_refused_d77_d74() -> None:
    drafted = edit(edit(correct(billed()), "1", quantity="4"), "2", quantity="3")
    assert amounts(drafted) == ("0.00", "0.00")
    drafted.when(CONFIRM).then_refused("nothing_corrected", rule="D-77")
    remove(drafted, "1", "2").when(CONFIRM).then_refused("invoice_empty")


# --- limits, D-80 ------------------------------------------------------------------------------


def limited(line_limit: str) -> Outcome:
    story = given(a_contract(), a_line(limit=line_limit)).when(TEN_HOURS)
    return confirmed(story.when(ready(sale())).when(draft()))


def test_a_correction_that_bills_more_must_fit_under_the_limit_d80() -> None:
    refused = edit(correct(limited("1400")), quantity="12").when(CONFIRM)
    refused.then_refused("limit_exceeded")
    assert refused.refusal
    assert [f.shortfall for f in refused.refusal.facts["levels"]] == [160]
    assert edit(correct(limited("1560")), quantity="12").when(CONFIRM).refusal is None


def test_a_correction_that_bills_less_passes_any_limit_and_what_returns_is_evaluated_d80() -> None:
    story = limited("1400").when(define_line(limit="1000"))
    done = confirmed(edit(correct(story), quantity="9"))
    assert done.the(InvoiceConfirmed).amount == -130
    assert invoiced(done.after)["L1"] == 1170
    (item,) = done.after.lines["L1"].sales.values()
    assert item.nte_status is NTEStatus.NOT_EVALUATED
    assert committed(done.after)["L1"] == 0
    refused = done.when(MarkReady(items=(item.item_id,)))
    refused.then_refused("nte_failed", shortfall=300)


def test_the_whole_of_a_correction_is_held_against_the_limits_d80() -> None:
    story = billed(limit="690")
    more = edit(edit(correct(story), "1", quantity="5"), "2", quantity="3")
    more.when(CONFIRM).then_refused("limit_exceeded")
    less = edit(edit(correct(story), "1", quantity="5"), "2", quantity="2")
    assert confirmed(less).the(InvoiceConfirmed).amount == -20


def test_other_drafts_and_commitments_have_no_say_in_a_correction_d35_d80() -> None:
    """One unevaluated or committed item on another draft blocks nothing."""
    story = billed(FIRST, limit="1000").when(SECOND).when(ready(sale("2"))).when(draft(key="other"))
    of = next(iter(story.after.invoices))
    more = correct(story, invoice_id=of)
    raised = edit(more, "1", quantity="11").when(CONFIRM, invoice_id="K1")
    assert invoiced(raised.after)["contract"] == 990


def test_a_limit_that_came_after_the_invoice_stands_against_what_returns_d78() -> None:
    story = billed(TEN_HOURS).when(define_contract("A", "B", limit="1"))
    done = confirmed(edit(correct(story), quantity="9"))
    (item,) = done.after.lines["L1"].sales.values()
    assert item.nte_status is NTEStatus.NOT_EVALUATED
    free = confirmed(edit(a_draft(TEN_HOURS), billing_type=FREE)).when(
        define_contract("A", "B", limit="1")
    )
    at_no_charge = confirmed(edit(correct(free), quantity="9"))
    (item,) = at_no_charge.after.lines["L1"].sales.values()
    assert item.nte_status is NTEStatus.NOT_APPLICABLE
    assert item.actual.billing_type is FREE
