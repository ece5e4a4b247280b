"""Corrected entries that several parts bill one customer for: nothing is there twice (D-85)."""

from decimal import Decimal

from aggregates.contract_line.recalled.events import Obligation
from aggregates.contract_line.recalled.obligations import WaiveObligation, waive
from tests.aggregates.examples import CONFIRM, a_contract, a_line, an_approval, draft, ready
from tests.aggregates.intake.about_approvals.recalling import (
    billed,
    booked_rows,
    corrected,
    known,
    open_obligations,
)
from tests.aggregates.invoice.books import confirmed, correct
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome, given


def five_and_three() -> Outcome:
    """8 hours billed, 3 of them credited and billed again by another invoice."""
    kept = confirmed(edit(correct(billed()), quantity="5"))
    (back,) = kept.after.lines["L1"].sales
    return confirmed(kept.when(ready(back)).when(draft(back, key="again")))


def owed(outcome: Outcome) -> dict[str, Obligation]:
    """The open obligations by the quantity that stays billed."""
    return {f"{each.quantity.normalize():f}": each for each in open_obligations(outcome.after)}


def credited(outcome: Outcome, part: Obligation, key: str, quantity: str | None = None) -> Outcome:
    """Confirmed: a correction of what stays billed there, whole or down to a quantity."""
    begun = correct(outcome, part.detail_id, key=key, invoice_id=part.invoice_id)
    return confirmed(edit(begun, quantity=quantity) if quantity else begun)


def test_corrected_values_come_with_the_last_part_whichever_it_is_d85() -> None:
    outcome = corrected(five_and_three().after, quantity=Decimal(6))
    assert owed(outcome).keys() == {"5", "3"}
    for first, last in (("5", "3"), ("3", "5")):
        some = credited(Outcome(outcome.after), owed(outcome)[first], "K2")
        assert not any("+6" in row for row in booked_rows(some)), "6 hours while others are billed"
        (rest,) = owed(some).values()
        assert rest.instead is not None
        whole = credited(some, rest, "K3")
        assert booked_rows(whole)[-1] == "A U +6 / 570.00 / 108.30", last
        assert open_obligations(whole.after) == []
        assert set(known(whole.after).items) == set(whole.after.lines["L1"].sales)


def test_a_part_that_is_right_without_the_other_is_closed_with_it_d85() -> None:
    for quantity, wrong in (("5", "3"), ("3", "5")):
        outcome = corrected(five_and_three().after, quantity=Decimal(quantity))
        done = credited(Outcome(outcome.after), owed(outcome)[wrong], "K2")
        assert open_obligations(done.after) == []
        assert not done.after.lines["L1"].sales


def test_a_part_made_right_leaves_the_other_to_be_credited_alone_d85() -> None:
    outcome = corrected(five_and_three().after, quantity=Decimal(4))
    right = credited(Outcome(outcome.after), owed(outcome)["5"], "K2", "4")
    (rest,) = owed(right).values()
    assert (str(rest.quantity), rest.instead) == ("3.000000", None)
    done = credited(right, rest, "K3")
    assert open_obligations(done.after) == []
    assert not done.after.lines["L1"].sales


def six_and_two_free() -> Outcome:
    """8 hours of which 6 are billable: both parts are billed."""
    charged = an_approval("1", quantity="8", billable="6", price="100", tax="114.00", role="senior")
    story = given(a_contract(), a_line()).when(charged)
    parts = tuple(story.after.lines["L1"].sales)
    return story.when(ready(*parts)).when(draft(*parts)).when(CONFIRM)


def to_four() -> Outcome:
    """The same with 4 hours billable."""
    outcome = corrected(six_and_two_free().after, billable_quantity=Decimal(4))
    assert owed(outcome).keys() == {"6", "2"}
    return Outcome(outcome.after)


def came(outcome: Outcome) -> set[tuple[str, str]]:
    """What is in the backlog: quantity and billing type."""
    sales = outcome.after.lines["L1"].sales.values()
    return {(f"{s.actual.quantity.normalize():f}", s.actual.billing_type.value) for s in sales}


CHARGED_4, FREE_4 = ("4", "chargeable"), ("4", "non_chargeable")


def test_what_is_charged_and_what_is_free_come_apart_from_each_other_d85() -> None:
    begun = to_four()
    charged = credited(begun, owed(begun)["6"], "K2")
    assert came(charged) == {CHARGED_4}
    assert came(credited(charged, owed(charged)["2"], "K3", "4")) == {CHARGED_4}
    assert came(credited(charged, owed(charged)["2"], "K3")) == {CHARGED_4, FREE_4}
    free = credited(begun, owed(begun)["2"], "K2", "4")
    assert owed(free).keys() == {"6"}, "a free part that is right is not owed any more"
    assert came(credited(free, owed(free)["6"], "K3")) == {CHARGED_4}
    right = credited(begun, owed(begun)["6"], "K2", "4")
    assert came(credited(right, owed(right)["2"], "K3")) == {FREE_4}


def test_a_waiver_of_one_part_takes_nothing_from_the_other_d83_d85() -> None:
    begun = to_four()
    for first in ("waived", "credited"):
        outcome = begun
        for step in (first, "credited" if first == "waived" else "waived"):
            parts = owed(outcome)
            if step == "credited":
                outcome = Outcome(credited(outcome, parts["6"], "K2").after)
            else:
                command = WaiveObligation(obligation_id=parts["2"].obligation_id, reason="fine")
                line = outcome.after.lines["L1"]
                outcome = Outcome(Outcome(outcome.after, waive(command, line)).after)
        assert came(outcome) == {CHARGED_4}, first
        assert not owed(outcome)


def test_what_was_not_billed_before_comes_with_the_part_that_is_right_d85() -> None:
    outcome = corrected(billed().after, billable_quantity=Decimal(6))
    right = credited(Outcome(outcome.after), owed(outcome)["8"], "K2", "6")
    assert came(right) == {("2", "non_chargeable")}
    assert not owed(right)
