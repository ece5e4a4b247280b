"""What confirmation books of an edited detail, and of one by hand (D-45, D-66 to D-68)."""

from decimal import Decimal
from typing import Any

import pytest

from aggregates.actuals import Actual
from aggregates.invoice.booking.rows import rest_of
from aggregates.invoice.draft.by_hand import AddByHand
from aggregates.invoice.events import InvoiceConfirmed, InvoiceDetail
from aggregates.money import unit_of
from aggregates.statuses import AdjustmentStatus, BillingType, Cause, TransactionClass
from aggregates.streams import billed_actual
from tests.aggregates.examples import (
    CONFIRM,
    DAY,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    committed,
    draft,
    invoiced,
    part,
    ready,
    sale,
)
from tests.aggregates.invoice.books import adjusted, booked, confirmed, row, rows
from tests.aggregates.invoice.drafts import a_draft, detail, edit, totals
from tests.spec import Outcome, given

TEN_HOURS = an_approval("1", quantity="10", price="130", tax="247.00")
FREE, GIFT = BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY


def by_hand(story: Outcome, line_id: str = "L1", quantity: str = "1", price: str = "80") -> Outcome:
    """A fee by hand, with 19 % of tax."""
    tax = (Decimal(quantity) * Decimal(price) * Decimal("0.19")).quantize(Decimal("0.01"))
    return story.when(
        AddByHand(
            seed="by hand",
            actor="jo",
            line_id=line_id,
            transaction_class=TransactionClass.FEE,
            date=DAY,
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            tax=tax,
            description="Courier",
        )
    )


def chain(actual: Actual) -> tuple[Cause, str | None, str | None, str | None]:
    return actual.cause, actual.reversal_of, actual.replaces, actual.approval_id


# --- D-45 --------------------------------------------------------------------------------------


def test_a_cut_quantity_bills_what_is_left_and_shows_the_rest_at_no_charge_d45() -> None:
    done = confirmed(edit(a_draft(TEN_HOURS), quantity="8"))
    assert rows(done) == [
        "U -10 / -1300.00 / -247.00",
        "U +8 / 1040.00 / 197.60",
        "U -8 / -1040.00 / -197.60",
        "B 8 / 1040.00 / 197.60",
        "U +2 / 260.00 / 49.40 nc",
        "U -2 / -260.00 / -49.40 nc",
        "B 2 / 260.00 / 49.40 nc",
    ]
    assert (done.the(InvoiceConfirmed).amount, done.the(InvoiceConfirmed).tax) == (
        Decimal("1040.00"),
        Decimal("197.60"),
    )
    assert adjusted(done) == [sale()]


def test_the_rows_of_an_edit_name_their_cause_what_they_reverse_and_replace_d45_d110() -> None:
    done = confirmed(edit(a_draft(TEN_HOURS), quantity="8"))
    reversal, new, its_reversal, billed, rest, its_own, free = booked(done)
    assert chain(reversal) == (Cause.EDIT, sale(), None, "1")
    assert chain(new) == (Cause.EDIT, None, sale(), "1")
    assert chain(its_reversal) == (Cause.EDIT, new.actual_id, None, "1")
    assert chain(billed) == (Cause.EDIT, None, sale(), "1")
    assert chain(rest) == (Cause.EDIT, None, sale(), "1")
    assert chain(its_own) == (Cause.EDIT, rest.actual_id, None, "1")
    assert chain(free) == (Cause.EDIT, None, sale(), "1")
    assert billed.actual_id == billed_actual(detail(done).stands.detail_id)
    assert len({actual.actual_id for actual in booked(done)}) == 7
    unadjustable = [a.adjustment_status is AdjustmentStatus.UNADJUSTABLE for a in booked(done)]
    assert unadjustable == [True, False, True, False, False, True, False]
    assert {a.item_id for a in booked(done)} == {sale()}


@pytest.mark.parametrize(
    ("fields", "billed"),
    [
        ({"quantity": "12"}, "12 / 1560.00 / 296.40"),
        ({"unit_price": "120"}, "10 / 1200.00 / 228.00"),
        ({"unit_price": "0"}, "10 / 0.00 / 0.00"),
        ({"tax": "200"}, "10 / 1300.00 / 200.00"),
        ({"billing_type": FREE}, "10 / 1300.00 / 247.00 nc"),
        ({"billing_type": GIFT}, "10 / 1300.00 / 247.00 complimentary"),
        ({"quantity": "12", "unit_price": "120"}, "12 / 1440.00 / 273.60"),
    ],
)
def test_what_is_changed_but_not_cut_is_booked_as_edited_d45(
    fields: dict[str, Any], billed: str
) -> None:
    done = confirmed(edit(a_draft(TEN_HOURS), **fields))
    back = billed.replace(" / ", " / -").replace("/ -0.00", "/ 0.00")
    assert rows(done) == [
        "U -10 / -1300.00 / -247.00",
        f"U +{billed}",
        f"U -{back}",
        f"B {billed}",
    ]
    assert adjusted(done) == [sale()]


def test_price_and_quantity_changed_bill_the_new_price_and_leave_the_rest_at_the_old_d45() -> None:
    done = confirmed(edit(a_draft(TEN_HOURS), quantity="8", unit_price="140"))
    assert rows(done) == [
        "U -10 / -1300.00 / -247.00",
        "U +8 / 1120.00 / 212.80",
        "U -8 / -1120.00 / -212.80",
        "B 8 / 1120.00 / 212.80",
        "U +2 / 260.00 / 49.40 nc",
        "U -2 / -260.00 / -49.40 nc",
        "B 2 / 260.00 / 49.40 nc",
    ]
    assert booked(done)[4].unit_price == 130


def test_a_cut_and_a_new_tax_leave_the_rest_the_tax_of_its_share_d45() -> None:
    """The tax is not lost in the split: the rest has its own by the source, whatever was given."""
    done = confirmed(edit(a_draft(TEN_HOURS), quantity="8", tax="150"))
    assert rows(done)[3] == "B 8 / 1040.00 / 150.00"
    assert rows(done)[6] == "B 2 / 260.00 / 49.40 nc"


def test_a_negative_detail_is_cut_and_raised_mirrored_d45() -> None:
    credit = an_approval("1", quantity="-10", price="130", tax="-247.00")
    cut = confirmed(edit(a_draft(credit), quantity="-8"))
    assert rows(cut) == [
        "U +10 / 1300.00 / 247.00",
        "U -8 / -1040.00 / -197.60",
        "U +8 / 1040.00 / 197.60",
        "B -8 / -1040.00 / -197.60",
        "U -2 / -260.00 / -49.40 nc",
        "U +2 / 260.00 / 49.40 nc",
        "B -2 / -260.00 / -49.40 nc",
    ]
    raised = confirmed(edit(a_draft(credit), quantity="-12"))
    assert rows(raised)[-1] == "B -12 / -1560.00 / -296.40"
    assert len(rows(raised)) == 4


def test_a_price_of_zero_is_booked_like_any_other_d45() -> None:
    free = an_approval("1", quantity="10", price="0")
    done = booked(confirmed(edit(a_draft(free), quantity="8")))
    assert [int(a.quantity) for a in done] == [-10, 8, -8, 8, 2, -2, 2]
    assert {(a.amount, a.tax) for a in done} == {(0, 0)}
    assert not any(a.amount.is_signed() or a.tax.is_signed() for a in done)


@pytest.mark.parametrize(
    ("currency", "price", "rest"),
    [
        ("EUR", "33.335", ("10.00", "1.90")),
        ("JPY", "33.335", ("10", "2")),
        ("KWD", "33.335", ("10.001", "1.900")),
    ],
)
def test_the_rest_is_what_the_cut_leaves_to_the_smallest_unit_d45_d1(
    currency: str, price: str, rest: tuple[str, str]
) -> None:
    """1.3 at 33.335 cut to 1: the parts add up to the whole, whatever each rounds to."""
    unit = unit_of(currency)
    whole = (Decimal("1.3") * Decimal(price)).quantize(unit)
    tax = (whole * Decimal("0.19")).quantize(unit)
    work = an_approval("1", quantity="1.3", price=price, tax=str(tax), currency=currency)
    done = confirmed(edit(a_draft(work, currency=currency), quantity="1"))
    of_rest = booked(done)[-1]
    assert (str(of_rest.amount), str(of_rest.tax)) == rest
    billed = booked(done)[3]
    assert billed.amount + of_rest.amount == -booked(done)[0].amount
    assert billed.tax + of_rest.tax == -booked(done)[0].tax


def shared_cent(**told: str) -> InvoiceDetail:
    """A share of a split: its amount may be a unit off its quantity times its price (D-2)."""
    figures = {"quantity": "0.5", "price": "0.01", "amount": "0.00", "tax": "0.00"} | told
    return InvoiceDetail(
        detail_id="d",
        line_id="L1",
        item_id="i",
        kind="time",
        date=DAY,
        description="",
        quantity=Decimal(figures["quantity"]),
        unit_price=Decimal(figures["price"]),
        amount=Decimal(figures["amount"]),
        tax=Decimal(figures["tax"]),
        billing_type=BillingType.CHARGEABLE,
        approval_id="1",
        milestone_id=None,
    )


@pytest.mark.parametrize(
    ("told", "quantity"),
    [
        ({}, "0.49"),
        ({"quantity": "5", "amount": "0.04", "tax": "0.02"}, "4.99"),
        ({"quantity": "-5", "amount": "-0.04", "tax": "-0.02"}, "-4.99"),
        ({"quantity": "3", "price": "0", "amount": "0.00", "tax": "0.02"}, "1"),
        ({"quantity": "0.6", "amount": "0.00", "tax": "0.01"}, "0.59"),
    ],
)
def test_the_rest_is_never_of_the_opposite_sign_d45(told: dict[str, str], quantity: str) -> None:
    source = shared_cent(**told)
    rest = rest_of(source, Decimal(quantity), "EUR")
    assert rest.amount * source.quantity >= 0
    assert rest.tax * source.quantity >= 0
    assert (rest.amount, rest.tax) == (0, 0)
    assert rest.quantity == source.quantity - Decimal(quantity)


def test_a_milestone_with_other_tax_or_type_is_billed_alone_d45_d42() -> None:
    done = confirmed(edit(a_draft(a_milestone(tax="190.00", line_id="F1")), "M1", tax="180"))
    assert rows(done) == ["B 1 / 1000.00 / 180.00"]
    assert booked(done)[0].cause is Cause.EDIT
    assert adjusted(done) == []
    gift = confirmed(
        edit(a_draft(a_milestone(tax="190.00", line_id="F1")), "M1", billing_type=GIFT)
    )
    assert rows(gift) == ["B 1 / 1000.00 / 190.00 complimentary"]
    assert gift.the(InvoiceConfirmed).amount == 0


def test_editing_one_detail_leaves_what_its_neighbours_book_d45() -> None:
    others = [an_approval("2", quantity="3", price="33.33", tax="19.00")]
    others += [an_approval("3", quantity="1.5", price="0.01", tax="0.00")]
    plain = confirmed(a_draft(TEN_HOURS, *others))
    done = confirmed(edit(a_draft(TEN_HOURS, *others), quantity="8"))
    of_others = [a for a in booked(done) if a.approval_id != "1"]
    assert of_others == [a for a in booked(plain) if a.approval_id != "1"]


# --- D-66, D-67 --------------------------------------------------------------------------------


def test_what_is_made_complimentary_frees_what_it_committed_and_is_not_invoiced_d66() -> None:
    story = a_draft(an_approval("1", quantity="5", price="80", tax="76.00"), limit="1000")
    given_away = edit(story, billing_type=GIFT)
    assert totals(given_away) == (0, 0)
    assert committed(given_away.after)["contract"] == 400
    done = confirmed(given_away)
    assert rows(done) == [
        "U -5 / -400.00 / -76.00",
        "U +5 / 400.00 / 76.00 complimentary",
        "U -5 / -400.00 / -76.00 complimentary",
        "B 5 / 400.00 / 76.00 complimentary",
    ]
    assert committed(done.after)["contract"] == 0
    assert invoiced(done.after)["contract"] == 0


def test_an_edit_and_back_is_booked_as_if_nothing_had_been_d67() -> None:
    work = an_approval("1", quantity="7.5", price="120", tax="171.00")
    back = edit(edit(a_draft(work), quantity="5"), quantity="7.5")
    assert rows(confirmed(back)) == ["U -7.5 / -900.00 / -171.00", "B 7.5 / 900.00 / 171.00"]
    assert {a.cause for a in booked(confirmed(back))} == {Cause.CONFIRMATION}
    assert adjusted(confirmed(back)) == []


def test_another_description_alone_is_booked_as_if_nothing_had_been_d67() -> None:
    work = an_approval("1", quantity="7.5", price="120", tax="171.00")
    done = confirmed(edit(a_draft(work), description="Piling, north quay"))
    assert rows(done) == ["U -7.5 / -900.00 / -171.00", "B 7.5 / 900.00 / 171.00"]
    assert adjusted(done) == []


def test_an_edit_frees_what_was_committed_and_invoices_what_is_billed_d37() -> None:
    story = a_draft(TEN_HOURS, limit="2000")
    assert committed(story.after)["contract"] == 1300
    done = confirmed(edit(story, quantity="8"))
    assert (committed(done.after)["contract"], invoiced(done.after)["contract"]) == (0, 1040)
    raised = confirmed(edit(story, quantity="12"))
    assert (committed(raised.after)["contract"], invoiced(raised.after)["contract"]) == (0, 1560)


def test_what_an_edit_raises_above_a_limit_is_refused_d35() -> None:
    refused = confirmed(edit(a_draft(TEN_HOURS, limit="1500"), quantity="12"))
    refused.then_refused("limit_exceeded")
    assert confirmed(edit(a_draft(TEN_HOURS, limit="1560"), quantity="12")).refusal is None


def test_a_milestone_given_away_counts_at_no_limit_d32_d35() -> None:
    story = given(a_contract(limit="500"), a_fixed_price_line()).when(a_milestone())
    drafted = story.when(ready(part())).when(draft())
    drafted.when(CONFIRM).then_refused("limit_exceeded")
    done = confirmed(edit(drafted, "M1", billing_type=GIFT))
    assert done.the(InvoiceConfirmed).amount == 0


# --- D-68 --------------------------------------------------------------------------------------


def test_a_detail_by_hand_on_time_and_material_is_unbilled_reversed_and_billed_d68() -> None:
    done = confirmed(by_hand(a_draft(TEN_HOURS)))
    own = [a for a in booked(done) if a.kind == TransactionClass.FEE]
    assert [row(a) for a in own] == [
        "U +1 / 80.00 / 15.20",
        "U -1 / -80.00 / -15.20",
        "B 1 / 80.00 / 15.20",
    ]
    assert {(a.cause, a.item_id, a.approval_id, a.replaces) for a in own} == {
        (Cause.HAND, None, None, None)
    }
    assert done.the(InvoiceConfirmed).amount == 1380


def test_a_detail_by_hand_on_a_fixed_price_line_is_billed_alone_d68() -> None:
    done = confirmed(by_hand(a_draft(a_milestone(line_id="F1")), "F1"))
    own = [a for a in booked(done) if a.kind == TransactionClass.FEE]
    assert [(a.cause, a.amount, a.tax, a.quantity) for a in own] == [
        (Cause.HAND, Decimal("80.00"), Decimal("15.20"), 1)
    ]


def test_a_discount_by_hand_counts_at_the_limits_d68_d35() -> None:
    story = a_draft(TEN_HOURS, limit="1300")
    raised = edit(story, quantity="11")
    confirmed(raised).then_refused("limit_exceeded")
    done = confirmed(by_hand(raised, quantity="-1", price="130"))
    assert done.the(InvoiceConfirmed).amount == 1300
    assert invoiced(done.after)["contract"] == 1300


def test_a_detail_by_hand_alone_can_be_confirmed_d68() -> None:
    story = given(a_contract(), a_line()).when(an_approval()).when(ready(sale())).when(draft())
    assert len(booked(confirmed(by_hand(story)))) == 5
