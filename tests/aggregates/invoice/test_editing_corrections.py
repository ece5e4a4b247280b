"""Corrective drafts are worked on: what stays billed of each detail (D-76, D-77, D-81)."""

from decimal import Decimal
from typing import Any

import pytest

from aggregates.invoice.events import DetailsEdited
from aggregates.statuses import BillingType
from tests.aggregates.examples import CONFIRM, a_milestone, an_approval
from tests.aggregates.invoice.drafts import (
    a_correction,
    a_draft,
    detail,
    edit,
    figures,
    money,
    totals,
)
from tests.spec import Outcome

FIRST = an_approval("1", quantity="4", price="90", tax="68.40")
SECOND = an_approval("2", quantity="3", price="110", tax="62.70")


def corrected(*work: Any) -> Outcome:
    """A correction of an invoice of this work."""
    return a_correction(a_draft(*(work or (FIRST, SECOND))).when(CONFIRM))


def test_at_first_nothing_stays_billed_and_what_stays_is_edited_d76_d77() -> None:
    story = corrected()
    assert totals(story) == money("-690.00", "-131.10")
    story = edit(story, "1", quantity="4")
    assert (figures(story, "1"), detail(story, "1").edited) == (money("360", "68.40"), False)
    story = edit(story, "2", quantity="1")
    assert figures(story, "2") == money("110.00", "20.90")
    assert totals(story) == money("-220.00", "-41.80")


def test_what_stays_can_be_nothing_again_and_more_than_was_billed_d77() -> None:
    story = edit(corrected(), quantity="6")
    assert figures(story) == money("540", "102.60")
    assert totals(story) == money("-150", "-28.50")
    assert figures(edit(story, quantity="0")) == money("0", "0")
    assert figures(edit(edit(story, quantity="0"), unit_price="95")) == money("0", "0")


def test_the_tax_given_is_what_stays_not_the_credit_d77() -> None:
    story = edit(corrected(FIRST), quantity="2", tax="30")
    assert (figures(story), totals(story)) == (money("180", "30"), money("-180", "-38.40"))
    story = edit(corrected(FIRST), quantity="4", tax="60")
    assert (totals(story), detail(story).edited) == (money("0", "-8.40"), True)


def test_a_price_of_zero_is_no_obstacle_d77() -> None:
    story = edit(corrected(FIRST), quantity="4", unit_price="0")
    assert (figures(story), totals(story)) == (money("0", "0"), money("-360", "-68.40"))
    free = corrected(an_approval("1", quantity="4", price="0"))
    assert totals(free) == money("0", "0")
    assert figures(edit(free, quantity="4", unit_price="10")) == money("40", "0")
    assert figures(edit(free, quantity="4")) == money("0", "0")


def test_what_was_edited_before_it_was_billed_is_edited_as_it_was_billed_d77() -> None:
    billed = edit(a_draft(FIRST), quantity="3", tax="50").when(CONFIRM)
    assert figures(edit(a_correction(billed), quantity="3")) == money("270", "50")
    assert figures(edit(a_correction(billed), quantity="1.5")) == money("135", "25")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity": "-1"}, "wrong_sign"),
        ({"tax": "1"}, "tax_without_amount"),
        ({"quantity": "1", "tax": "-1"}, "tax_without_amount"),
        ({"quantity": "1", "unit_price": "-1"}, "invalid_field"),
        ({"amount": "1"}, "field_not_editable"),
        ({"billing_type": BillingType.COMPLIMENTARY}, "billing_type_locked"),
    ],
)
def test_what_a_corrective_detail_cannot_be_is_refused_d77(
    fields: dict[str, Any], code: str
) -> None:
    edit(corrected(), **fields).then_refused(code)


def test_the_billing_type_that_it_has_may_be_repeated_d77() -> None:
    edit(corrected(), billing_type=BillingType.CHARGEABLE).then()


def test_a_credited_discount_stays_negative_d77() -> None:
    story = corrected(an_approval(quantity="-4", price="25", tax="-19"))
    assert totals(story) == money("100", "19")
    assert totals(edit(story, quantity="-1")) == money("75", "14.25")
    edit(story, quantity="1").then_refused("wrong_sign")


# --- milestones --------------------------------------------------------------------------------

MILESTONE = a_milestone("M1", "4000", line_id="F1", tax="760")


def test_of_a_milestone_any_amount_up_to_what_was_billed_stays_d81() -> None:
    story = edit(corrected(MILESTONE), "M1", amount="2500")
    stands = detail(story, "M1").stands
    assert (stands.quantity, stands.unit_price) == (1, 2500)
    assert figures(story, "M1") == money("2500", "475")
    assert totals(story) == money("-1500", "-285")
    edited = edit(story, "M1", amount="2500", tax="400")
    assert totals(edited) == money("-1500", "-360")
    assert figures(edit(edited, "M1", amount="1000"), "M1") == money("1000", "190")


def test_of_a_milestone_all_or_nothing_can_stay_d81() -> None:
    story = edit(corrected(MILESTONE), "M1", amount="4000")
    stands, source = detail(story, "M1").stands, detail(story, "M1").source
    assert source is not None
    assert (stands.quantity, stands.unit_price, stands.amount, stands.tax) == (
        source.quantity,
        source.unit_price,
        source.amount,
        source.tax,
    )
    assert story.the(DetailsEdited).details[0].edited is False
    none = edit(story, "M1", amount="0")
    stands = detail(none, "M1").stands
    assert (stands.quantity, stands.unit_price, stands.amount, stands.tax) == (0, 4000, 0, 0)
    edit(none, "M1", amount="0.00").then()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": "4000.01"}, "exceeds_original"),
        ({"amount": "-0.01"}, "wrong_sign"),
        ({"amount": "0.001"}, "invalid_field"),
        ({"amount": "0", "tax": "1"}, "tax_without_amount"),
        ({"quantity": "1"}, "field_not_editable"),
        ({"unit_price": "1"}, "field_not_editable"),
        ({"billing_type": BillingType.NON_CHARGEABLE}, "billing_type_locked"),
    ],
)
def test_what_cannot_stay_of_a_milestone_is_refused_d81(fields: dict[str, Any], code: str) -> None:
    edit(corrected(MILESTONE), "M1", **fields).then_refused(code)


def test_of_a_negative_milestone_no_more_than_was_billed_stays_d81() -> None:
    story = corrected(a_milestone("M1", "-100", line_id="F1", tax="-19"))
    assert totals(edit(story, "M1", amount="-40")) == money("60", "11.40")
    edit(story, "M1", amount="-100.01").then_refused("exceeds_original")
    edit(story, "M1", amount="1").then_refused("wrong_sign")


def test_descriptions_of_a_correction_are_edited_and_book_nothing_d77() -> None:
    story = edit(corrected(), quantity="4", description="As agreed", external_description="Credit")
    stands = detail(story, "1").stands
    assert (stands.description, stands.external_description) == ("As agreed", "Credit")
    assert detail(story, "1").edited is False
    assert detail(story, "1").change == (Decimal(0), Decimal(0))
