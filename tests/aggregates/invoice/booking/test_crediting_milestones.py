"""Milestones that a correction takes back, whole or in part (D-81)."""

from decimal import Decimal

from aggregates.contract_line.milestones import ChangeMilestone
from aggregates.invoice.events import (
    InvoiceConfirmed,
)
from aggregates.statuses import (
    BillingStatus,
    BillingType,
    MilestoneStatus,
)
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_milestone,
    draft,
    invoiced,
    milestone,
    part,
    ready,
)
from tests.aggregates.invoice.books import (
    amounts,
    billed,
    booked,
    confirmed,
    correct,
    rows,
)
from tests.aggregates.invoice.drafts import a_draft, edit, invoice
from tests.spec import Outcome, given

GIFT, FREE = BillingType.COMPLIMENTARY, BillingType.NON_CHARGEABLE


PIER = a_milestone("M1", "4000.00", tax="760.00", line_id="F1")


def kept(amount: str, tax: str | None = None) -> Outcome:
    told = {"amount": amount} | ({"tax": tax} if tax else {})
    return edit(correct(billed(PIER)), "M1", **told)


def test_a_part_of_a_milestone_is_credited_and_ready_beside_what_stays_d81() -> None:
    drafted = kept("2500")
    assert amounts(drafted) == ("-1500.00", "-285.00")
    done = confirmed(drafted)
    assert [(a.quantity, a.amount, a.tax) for a in booked(done)] == [
        (-1, -4000, -760),
        (1, 2500, 475),
    ]
    line = done.after.lines["F1"]
    header = line.milestones[milestone("M1", "F1")]
    assert header.status is MilestoneStatus.IN_PROGRESS
    posted, new = (line.parts[item_id] for item_id in header.parts)
    assert (posted.item_id, posted.amount, posted.tax) == (part(line_id="F1"), 2500, 475)
    assert posted.billing_status is BillingStatus.INVOICE_POSTED
    assert (new.amount, new.tax, new.customer_id) == (1500, 285, "A")
    assert new.billing_status is BillingStatus.READY
    assert set(line.ready) == {new.item_id}
    assert not line.completed


def test_the_tax_that_stays_does_not_move_the_tax_that_returns_d81() -> None:
    done = confirmed(kept("2500", "400"))
    assert done.the(InvoiceConfirmed).amount == -1500
    assert done.the(InvoiceConfirmed).tax == -360
    line = done.after.lines["F1"]
    (new,) = (line.parts[item_id] for item_id in line.ready)
    assert (new.amount, new.tax) == (1500, 285)


def test_a_milestone_credited_whole_is_the_same_item_ready_again_d81() -> None:
    done = confirmed(correct(billed(PIER)))
    assert rows(done) == ["B -1 / -4000.00 / -760.00"]
    line = done.after.lines["F1"]
    item = line.parts[part(line_id="F1")]
    assert (item.amount, item.tax, item.billing_status) == (4000, 760, BillingStatus.READY)
    assert line.milestones[milestone("M1", "F1")].parts == (item.item_id,)
    again = done.when(draft(key="again")).when(CONFIRM)
    assert again.the(InvoiceConfirmed).amount == 4000
    assert again.after.lines["F1"].completed


def test_a_milestone_whose_tax_alone_is_corrected_returns_nothing_d81() -> None:
    done = confirmed(kept("4000", "700"))
    assert [(str(a.quantity), a.amount, a.tax) for a in booked(done)] == [
        ("-1", -4000, -760),
        ("1", 4000, 700),
    ]
    assert done.after.lines["F1"].completed
    assert not done.after.lines["F1"].ready


def test_what_stays_of_a_milestone_is_corrected_in_turn_d81_d79() -> None:
    c1 = confirmed(kept("2500"))
    c2 = confirmed(edit(correct(c1, key="C2"), "M1", amount="1000"))
    assert [a.amount for a in booked(c2)] == [-2500, 1000]
    c3 = confirmed(correct(c2, key="C3"))
    line = c3.after.lines["F1"]
    assert sorted(p.amount for p in line.parts.values()) == [1000, 1500, 1500]
    assert {p.billing_status for p in line.parts.values()} == {BillingStatus.READY}
    assert invoiced(c3.after)["contract"] == 0
    assert sum(p.tax for p in line.parts.values()) == 760
    correct(c3, key="C4", invoice_id="C3").then_refused("already_corrected")


def test_more_than_was_billed_of_a_milestone_does_not_stay_d81() -> None:
    kept("4000.01").then_refused("exceeds_original")


def test_a_milestone_with_a_part_taken_back_can_be_changed_once_nothing_is_posted_d14_d81() -> None:
    change = ChangeMilestone(milestone_id=milestone("M1", "F1"), amount=Decimal(3000))
    billed(PIER).when(change).then_refused("milestone_completed")
    part_way = confirmed(kept("2500"))
    part_way.when(change).then_refused("milestone_in_billing")
    whole = confirmed(correct(part_way, key="C2"))
    line = whole.when(change).after.lines["F1"]
    assert [p.amount for p in line.parts.values()] == [3000]
    assert line.recorded_for == {"A"}


def test_a_milestone_of_two_customers_is_credited_for_one_and_completed_again_d81_d12() -> None:
    line = a_fixed_price_line(splits={"A": "75", "B": "25"})
    story = given(a_contract(), line).when(a_milestone())
    drafted = story.when(ready(part("M1", "A"), part("M1", "B"))).when(draft())
    of_a, of_b = drafted.after.invoices
    both = drafted.when(CONFIRM, invoice_id=of_a).when(CONFIRM, invoice_id=of_b)
    assert both.after.lines["L1"].completed
    done = edit(correct(both, invoice_id=of_a), "M1", amount="500").when(CONFIRM, invoice_id="K1")
    after = done.after.lines["L1"]
    assert {
        p.customer_id: p.amount for p in after.parts.values() if p.item_id not in after.ready
    } == {
        "A": 500,
        "B": 250,
    }
    again = done.when(draft(key="again")).when(CONFIRM)
    assert again.the(InvoiceConfirmed).amount == 250
    assert len(again.after.lines["L1"].completed) == 1
    assert not again.after.lines["L1"].parts


def test_two_parts_of_one_milestone_on_one_invoice_are_credited_together_d81() -> None:
    """What was taken back before can be billed beside what is new: each keeps its place."""
    part_way = confirmed(kept("2500"))
    again = part_way.when(draft(key="again")).when(CONFIRM)
    of = invoice(again).invoice_id
    both = edit(correct(again, key="C2", invoice_id=of), "M1", amount="500")
    done = confirmed(both)
    header = done.after.lines["F1"].milestones[milestone("M1", "F1")]
    amounts_now = [done.after.lines["F1"].parts[item].amount for item in header.parts]
    assert amounts_now == [2500, 500, 1000]
    assert sum(amounts_now) == header.amount


def test_a_milestone_given_away_comes_back_whole_d81_d66() -> None:
    gift = confirmed(edit(a_draft(PIER), "M1", billing_type=GIFT))
    done = confirmed(correct(gift))
    assert rows(done) == ["B -1 / -4000.00 / -760.00 complimentary"]
    assert done.the(InvoiceConfirmed).amount == 0
    assert set(done.after.lines["F1"].ready) == {part(line_id="F1")}


def test_a_milestone_of_amount_zero_comes_back_d81() -> None:
    nothing = a_milestone("M1", "0", line_id="F1")
    done = confirmed(correct(billed(nothing)))
    assert set(done.after.lines["F1"].ready) == {part(line_id="F1")}


def test_a_milestone_that_was_given_away_comes_back_so_d81_d66() -> None:
    given_away = edit(a_draft(PIER), "M1", billing_type=GIFT)
    credited = edit(correct(given_away.when(CONFIRM)), "M1", amount="2500")
    part_way = confirmed(credited)
    line = part_way.after.lines["F1"]
    (new,) = line.ready
    assert line.parts[new].billing_type is GIFT
    again = part_way.when(draft(key="again"))
    (detail,) = invoice(again).details.values()
    assert (detail.stands.billing_type, detail.edited) == (GIFT, False)
    assert invoice(again).amount == 0
    whole = confirmed(correct(part_way, key="C2"))
    assert {part.billing_type for part in whole.after.lines["F1"].parts.values()} == {GIFT}
    rename = ChangeMilestone(milestone_id=milestone("M1", "F1"), name="Pier")
    renamed = whole.when(rename).after.lines["F1"]
    assert [part.billing_type for part in renamed.parts.values()] == [BillingType.CHARGEABLE]


def test_a_milestone_credited_whole_stays_what_it_was_billed_as_when_it_is_renamed_d81() -> None:
    given_away = edit(a_draft(PIER), "M1", billing_type=GIFT).when(CONFIRM)
    whole = confirmed(correct(given_away))
    rename = ChangeMilestone(milestone_id=milestone("M1", "F1"), name="Pier")
    (part_of_it,) = whole.when(rename).after.lines["F1"].parts.values()
    assert part_of_it.billing_type is GIFT
