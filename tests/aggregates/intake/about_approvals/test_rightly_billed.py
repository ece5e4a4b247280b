"""An entry that is corrected to just what is billed of it owes nothing (D-85)."""

from decimal import Decimal

from aggregates.contract_line.recalled.events import ObligationsChanged, ObligationsOpened
from aggregates.intake.events import ApprovalCorrected
from tests.aggregates.examples import CONFIRM, a_contract, a_line, draft, ready, sale
from tests.aggregates.intake.about_approvals.recalling import (
    EIGHT_HOURS,
    ITEM,
    billed,
    booked_rows,
    corrected,
    known,
    open_obligations,
    recall,
    reversed_rows,
)
from tests.aggregates.invoice.books import confirmed, correct
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome, Story, given


def amounts_owed(story: Story) -> list[str]:
    return sorted(str(each.amount) for each in open_obligations(story))


def test_what_the_money_does_not_change_by_owes_nothing_d85() -> None:
    outcome = corrected(billed().after, role="junior")
    assert outcome.all(ObligationsOpened) == []
    assert (outcome.decided.done, known(outcome.after).items) == ((), (ITEM,))
    assert outcome.the(ApprovalCorrected).entry.role == "junior"
    fewer = corrected(outcome.after, quantity=Decimal(6))
    assert amounts_owed(fewer.after) == ["760.00"]
    whole = confirmed(correct(Outcome(fewer.after)))
    (item,) = whole.after.lines["L1"].sales.values()
    assert (item.role, str(item.actual.amount)) == ("junior", "570.00")


def test_what_is_billed_rightly_is_found_by_a_recall_d85_d83() -> None:
    outcome = corrected(billed().after, role="junior")
    assert amounts_owed(recall(outcome.after).after) == ["760.00"]


def test_a_tax_that_is_billed_otherwise_is_owed_d85() -> None:
    assert amounts_owed(corrected(billed().after, tax=Decimal(100)).after) == ["760.00"]


def test_an_entry_that_is_corrected_back_to_what_is_billed_closes_what_was_owed_d85() -> None:
    fewer = corrected(billed().after, quantity=Decimal(6))
    back = corrected(fewer.after, quantity=Decimal(8))
    assert open_obligations(back.after) == []
    (change,) = back.the(ObligationsChanged).obligations
    assert (change.status, str(change.amount)) == ("closed", "760.00")
    credited = confirmed(correct(Outcome(back.after)))
    (item,) = credited.after.lines["L1"].sales.values()
    assert str(item.actual.amount) == "760.00"
    same = corrected(back.after, role="junior")
    assert (same.all(ObligationsChanged), open_obligations(same.after)) == ([], [])
    assert amounts_owed(recall(back.after).after) == ["760.00"]
    assert amounts_owed(recall(same.after).after) == ["760.00"]


def test_an_entry_that_went_to_another_line_and_back_owes_nothing_d85() -> None:
    moved = corrected(billed().after, line_id="L2")
    assert amounts_owed(moved.after) == ["760.00"]
    assert amounts_owed(corrected(moved.after, role="junior").after) == ["760.00"]
    assert open_obligations(corrected(moved.after, line_id="L1").after) == []


def test_what_an_invoice_was_corrected_to_before_its_entry_owes_nothing_d85() -> None:
    seven = confirmed(edit(correct(billed()), quantity="7"))
    outcome = corrected(seven.after, quantity=Decimal(7))
    assert reversed_rows(outcome) == ["U -1 / -95.00 / -18.05"]
    assert booked_rows(outcome) == []
    assert open_obligations(outcome.after) == []


def in_two() -> Story:
    """The 8 hours on two invoices: 5 and 3."""
    five = confirmed(edit(correct(billed()), quantity="5"))
    (back,) = five.after.lines["L1"].sales
    return five.when(ready(back)).when(draft(back, key="K3")).when(CONFIRM).after


def test_several_invoices_that_bill_it_together_are_right_d85() -> None:
    outcome = corrected(in_two(), role="junior")
    assert (open_obligations(outcome.after), len(known(outcome.after).items)) == ([], 2)
    once_more = corrected(outcome.after, quantity=Decimal(9))
    assert amounts_owed(once_more.after) == ["285.00", "475.00"]
    back = corrected(once_more.after, quantity=Decimal(8))
    assert open_obligations(back.after) == []
    changes = [each for event in back.all(ObligationsChanged) for each in event.obligations]
    assert sorted(each.instead is None for each in changes) == [False, True]


def test_of_several_invoices_the_one_that_bills_just_this_is_right_d85() -> None:
    outcome = corrected(in_two(), quantity=Decimal(3))
    assert amounts_owed(outcome.after) == ["475.00"]
    (owed,) = open_obligations(outcome.after)
    assert owed.instead is None
    ended = recall(outcome.after)
    assert amounts_owed(ended.after) == ["285.00", "475.00"]


def test_each_customer_of_a_split_is_looked_at_apart_d85() -> None:
    split = given(a_contract(), a_line(splits={"A": "60", "B": "40"})).when(EIGHT_HOURS)
    of_a = sale("1", "A")
    story = split.when(ready(of_a)).when(draft(of_a)).when(CONFIRM).after
    outcome = corrected(story, role="junior")
    assert open_obligations(outcome.after) == []
    assert booked_rows(outcome) == ["B U +3.2 / 304.00 / 57.76"]
    (new,) = outcome.decided.done
    assert known(outcome.after).items == (of_a, new)
