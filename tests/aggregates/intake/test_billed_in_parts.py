"""Corrected entries that several parts bill one customer for: nothing is there twice (D-85)."""

from decimal import Decimal

from aggregates.contract_line.recall_events import Obligation
from tests.aggregates.examples import draft, ready
from tests.aggregates.intake.recalling import (
    billed,
    booked_rows,
    corrected,
    known,
    open_obligations,
)
from tests.aggregates.invoice.books import confirmed, correct
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome


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
