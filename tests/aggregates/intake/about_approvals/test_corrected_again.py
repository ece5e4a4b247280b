"""Entries that were corrected, and are recalled or corrected again (D-82 to D-85)."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from aggregates.contract_line.recalled import obligations
from aggregates.contract_line.recalled.events import ObligationsChanged, ObligationWaived
from aggregates.contract_line.recalled.obligations import WaiveObligation
from aggregates.intake.about_approvals import what_entries_say
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import BillingType
from tests.aggregates.examples import (
    CONTRACT,
)
from tests.aggregates.intake.about_approvals.recalling import (
    approved,
    billed,
    booked_rows,
    corrected,
    found,
    found_with,
    known,
    open_obligations,
    recall,
    reversed_rows,
)
from tests.aggregates.invoice.books import confirmed, correct
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome, Story


def test_what_is_to_come_of_a_corrected_entry_has_not_to_be_looked_up_d82() -> None:
    story = corrected(billed().after, quantity=Decimal(6)).after
    there = found_with({}, story)
    assert (there.billed, [str(each.obligation.amount) for each in there.owed]) == ([], ["760.00"])
    assert [str(origin.sale.quantity) for origin in there.origins] == ["6.000000"]


def waived() -> Outcome:
    """8 h are billed, the entry is 6 h, and that was accepted."""
    owing = corrected(billed().after, quantity=Decimal(6)).after
    (owed,) = open_obligations(owing)
    command = WaiveObligation(obligation_id=owed.obligation_id, reason="fine")
    return Outcome(owing, obligations.waive(command, owing.lines["L1"]))


def kept(quantity: str = "6", unit_price: str = "95") -> Outcome:
    """8 h are billed, the entry becomes this, and the invoice is corrected to just that."""
    new: dict[str, Any] = {"quantity": Decimal(quantity), "unit_price": Decimal(unit_price)}
    owing = corrected(billed().after, **new).after
    done = confirmed(edit(correct(Outcome(owing)), quantity=quantity, unit_price=unit_price))
    assert open_obligations(done.after) == []
    return done


@pytest.mark.parametrize(
    ("before", "amount"),
    [
        (waived, "760.00"),
        (kept, "570.00"),
        (partial(kept, "8", "90"), "720.00"),
        (partial(kept, "10"), "950.00"),
    ],
)
def test_what_stays_billed_of_a_corrected_entry_is_owed_when_it_is_recalled_d83(
    before: Callable[[], Outcome], amount: str
) -> None:
    outcome = recall(before().after)
    (owed,) = open_obligations(outcome.after)
    assert (owed.cause, str(owed.amount), owed.instead) == ("recall", amount, None)
    assert len(known(outcome.after).obligations) == 2
    (invoice_id,) = {owed.invoice_id}
    done = confirmed(correct(Outcome(outcome.after), key="K9", invoice_id=invoice_id))
    assert open_obligations(done.after) == []
    assert not done.after.lines["L1"].sales


@pytest.mark.parametrize(
    ("before", "new", "comes"),
    [
        (waived, {"quantity": Decimal(7)}, "A U +7 / 665.00 / 126.35"),
        (kept, {"quantity": Decimal(5)}, "A U +5 / 475.00 / 90.25"),
        (partial(kept, "8", "90"), {"unit_price": Decimal(80)}, "A U +8 / 640.00 / 121.60"),
    ],
)
def test_what_stays_billed_of_a_corrected_entry_can_be_corrected_again_d85(
    before: Callable[[], Outcome], new: dict[str, Any], comes: str
) -> None:
    again = corrected(before().after, **new).after
    (owed,) = open_obligations(again)
    assert owed.cause == "entry_correction"
    done = confirmed(correct(Outcome(again), key="K9", invoice_id=owed.invoice_id))
    assert booked_rows(done)[-1] == comes
    assert open_obligations(done.after) == []


def test_an_entry_that_was_not_available_can_be_charged_again_d85() -> None:
    gone = corrected(approved().after, billing_type=BillingType.NOT_AVAILABLE)
    still = corrected(gone.after, quantity=Decimal(6))
    assert [left.why.code for left in still.decided.left] == ["not_available"]
    back = corrected(still.after, billing_type=BillingType.CHARGEABLE)
    assert booked_rows(back) == ["A U +6 / 570.00 / 108.30"]
    with pytest.raises(Refused, match="nothing is left"):
        what_entries_say.entry_of(known(approved().after), (), approved().after.deal)


@pytest.mark.parametrize(
    ("keeps", "gone", "amounts"),
    [("4", ["U -2 / -190.00 / -36.10"], ["380.00"]), ("0", ["U -6 / -570.00 / -108.30"], [])],
)
def test_what_was_given_back_of_it_since_is_recalled_with_it_d83(
    keeps: str, gone: list[str], amounts: list[str]
) -> None:
    less = confirmed(edit(correct(kept(), key="K8"), quantity=keeps))
    assert found(less.after).origins
    outcome = recall(less.after)
    assert reversed_rows(outcome) == gone
    assert [str(owed.amount) for owed in open_obligations(outcome.after)] == amounts


def test_what_stays_billed_on_the_line_of_before_is_owed_there_d83_d85() -> None:
    owing = corrected(billed().after, line_id="L2").after
    (owed,) = open_obligations(owing)
    command = WaiveObligation(obligation_id=owed.obligation_id, reason="fine")
    story = Outcome(owing, obligations.waive(command, owing.lines["L1"])).after
    waived_again = story.happened(
        ObligationWaived(
            contract_id=CONTRACT, line_id="L1", obligation_id="none", detail_id="none", reason=""
        )
    )
    outcome = recall(waived_again)
    (owed,) = outcome.after.lines["L1"].recalls.obligations.values()
    assert (owed.cause, str(owed.amount)) == ("recall", "760.00")
    assert not outcome.after.lines["L1"].recalls.settled


def waive_of(story: Story, obligation_id: str) -> Outcome:
    command = WaiveObligation(obligation_id=obligation_id, reason="once more")
    return Outcome(story, obligations.waive(command, story.lines["L1"]))


def test_an_obligation_is_waived_once_and_a_closed_one_not_at_all_d83() -> None:
    outcome = waived()
    obligation_id = outcome.the(ObligationWaived).obligation_id
    assert waive_of(outcome.after, obligation_id).events == ()
    owing = recall(outcome.after).after
    assert waive_of(owing, obligation_id).the(ObligationWaived).reason == "once more"
    closed = confirmed(correct(Outcome(owing))).after
    with pytest.raises(Refused) as refusal:
        waive_of(closed, obligation_id)
    assert (refusal.value.code, refusal.value.rule) == ("obligation_closed", "D-83")
    with pytest.raises(NotFound):
        waive_of(closed, "none")


def test_a_description_changes_nothing_of_what_was_waived_or_recalled_d85_d83() -> None:
    described = corrected(waived().after, description="Piling")
    assert described.all(ObligationsChanged) == []
    assert open_obligations(described.after) == []
