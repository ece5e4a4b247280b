"""What confirming books: reversals of the unbilled, and the billed (D-45, D-46)."""

from dataclasses import replace
from decimal import Decimal

from aggregates.actuals import Actual, reversal
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.invoice.events import ActualsBooked, InvoiceConfirmed
from aggregates.statuses import ActualType, AdjustmentStatus, BillingType, Cause
from tests.aggregates.examples import (
    CONFIRM,
    DAY,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    draft,
    milestone,
    part,
    sale,
)
from tests.spec import Outcome, Story, given

UNBILLED, BILLED = ActualType.UNBILLED_SALES, ActualType.BILLED_SALES


def booked(story: Story | Outcome, *items: str) -> Outcome:
    """These items marked ready, drafted and confirmed."""
    return story.when(MarkReady(items=items)).when(draft()).when(CONFIRM)


def test_unchanged_time_is_a_reversal_of_the_unbilled_and_the_billed_d45() -> None:
    story = given(a_contract(), a_line()).when(an_approval(tax="20"))
    event = booked(story, sale()).the(ActualsBooked)
    reversal, billed = event.actuals
    assert (event.customer_id, event.currency) == ("A", "EUR")
    assert reversal == Actual(
        actual_id=reversal.actual_id,
        type=UNBILLED,
        cause=Cause.CONFIRMATION,
        reversal_of=sale(),
        replaces=None,
        item_id=sale(),
        line_id="L1",
        approval_id="1",
        milestone_id=None,
        kind="time",
        date=DAY,
        quantity=Decimal(-8),
        unit_price=Decimal(200),
        amount=Decimal(-1600),
        tax=Decimal(-20),
        billing_type=BillingType.CHARGEABLE,
        adjustment_status=AdjustmentStatus.UNADJUSTABLE,
    )
    assert billed == Actual(
        actual_id=billed.actual_id,
        type=BILLED,
        cause=Cause.CONFIRMATION,
        reversal_of=None,
        replaces=None,
        item_id=sale(),
        line_id="L1",
        approval_id="1",
        milestone_id=None,
        kind="time",
        date=DAY,
        quantity=Decimal(8),
        unit_price=Decimal(200),
        amount=Decimal(1600),
        tax=Decimal(20),
        billing_type=BillingType.CHARGEABLE,
        adjustment_status=AdjustmentStatus.ADJUSTABLE,
    )
    assert reversal.actual_id != billed.actual_id


def test_a_milestone_is_billed_for_its_amount_and_nothing_else_d45() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone(amount="500", tax="125"))
    (billed,) = booked(story, part()).the(ActualsBooked).actuals
    assert (billed.type, billed.kind, billed.reversal_of) == (BILLED, "milestone", None)
    assert (billed.quantity, billed.amount, billed.tax) == (1, 500, 125)
    assert (billed.milestone_id, billed.approval_id) == (milestone(), None)
    assert billed.adjustment_status is AdjustmentStatus.ADJUSTABLE


def test_a_credit_is_reversed_upwards_d45() -> None:
    story = given(a_contract(), a_line()).when(an_approval(quantity="-8"))
    reversal, billed = booked(story, sale()).the(ActualsBooked).actuals
    assert (reversal.quantity, reversal.amount) == (8, 1600)
    assert (billed.quantity, billed.amount) == (-8, -1600)


def test_a_reversal_has_no_negative_zeros_d45() -> None:
    story = given(a_contract(), a_line()).when(an_approval(quantity="0", tax="0"))
    reversal, _ = booked(story, sale()).the(ActualsBooked).actuals
    assert not any(x.is_signed() for x in (reversal.quantity, reversal.amount, reversal.tax))


def test_unbilled_and_reversals_net_to_zero_and_the_billed_add_up_to_the_invoice_d46() -> None:
    free, gift = BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY
    lines = (a_line("L1"), a_fixed_price_line("L2"))
    story = given(a_contract(), *lines).when(
        an_approval("1", billable="6", tax="3.33"),
        an_approval("2", quantity="0.333333", price="99.99"),
        an_approval("3", billing_type=gift),
        an_approval("4", quantity="-1", price="0.01"),
    )
    items = [sale("1"), sale("1", billing_type=free), sale("2"), sale("4")]
    items += [sale("3", billing_type=gift), part(line_id="L2")]
    filled = story.when(a_milestone(line_id="L2", tax="10"))
    unbilled = filled.after.lines["L1"].sales
    confirmed = booked(filled, *items)
    actuals = confirmed.the(ActualsBooked).actuals
    for item_id in unbilled:
        (reversal,) = [a for a in actuals if a.item_id == item_id and a.type is UNBILLED]
        open_sale = unbilled[item_id].actual
        assert reversal.amount + open_sale.amount == 0
        assert reversal.quantity + open_sale.quantity == 0
        assert reversal.tax + open_sale.tax == 0
    charged = [a for a in actuals if a.type is BILLED and a.billing_type is BillingType.CHARGEABLE]
    invoice = confirmed.the(InvoiceConfirmed)
    assert sum(a.amount for a in charged) == invoice.amount
    assert sum(a.tax for a in charged) == invoice.tax
    assert len({a.actual_id for a in actuals}) == len(actuals) == 11


def test_a_sale_that_is_not_open_any_more_is_not_reversed_again_d46() -> None:
    """A history that two processes have damaged can have one sale on two invoices."""
    story = given(a_contract(), a_line()).when(an_approval()).when(MarkReady(items=(sale(),)))
    drafted = story.when(draft(key="draft 1"))
    twice = drafted.after.happened(*story.when(draft(key="draft 2")).events)
    first, second = twice.invoices
    confirmed = twice.when(CONFIRM, invoice_id=first)
    assert [a.type for a in confirmed.the(ActualsBooked).actuals] == [UNBILLED, BILLED]
    again = confirmed.when(CONFIRM, invoice_id=second)
    assert [a.type for a in again.the(ActualsBooked).actuals] == [BILLED]


def test_an_actual_and_its_reversal_sum_to_zero_and_differ_in_nothing_else_d46() -> None:
    original = given(a_contract(), a_line()).when(an_approval(tax="20")).after.lines["L1"]
    actual = original.sales[sale()].actual
    reversed_by = reversal(actual, "another id", Cause.RECALL)
    assert (reversed_by.actual_id, reversed_by.reversal_of) == ("another id", actual.actual_id)
    assert actual.quantity + reversed_by.quantity == 0
    assert (actual.amount + reversed_by.amount, actual.tax + reversed_by.tax) == (0, 0)
    assert reversal(reversed_by, actual.actual_id, Cause.APPROVAL) == replace(
        actual,
        reversal_of="another id",
        adjustment_status=AdjustmentStatus.UNADJUSTABLE,
    )
