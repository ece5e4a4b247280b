"""The terms of a line: splits, limits, what stands against a change (D-1 to D-3, D-5, D-30)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aggregates.backlog import MarkReady
from aggregates.events import (
    ContractLineDefined,
    ContractLineListed,
    MilestoneSplit,
    UnbilledSalesRecorded,
)
from aggregates.milestones import ChangeMilestone, DeleteMilestone
from aggregates.refusals import Invalid
from aggregates.statuses import BillingMethod
from tests.aggregates.examples import (
    CONFIRM,
    Terms,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    define_line,
    draft,
    milestone,
    part,
    sale,
)
from tests.spec import given

FIXED = BillingMethod.FIXED_PRICE


def test_a_line_is_put_on_the_books_and_the_contract_takes_note_of_it() -> None:
    told = Terms(splits={"A": "70", "B": "30"}, limit="2000", limits={"B": "500"}, amount="3000")
    given(a_contract()).when(define_line(**told)).then(*a_line(**told))


def test_terms_that_stand_already_change_nothing() -> None:
    given(a_contract(), a_line(limit="10")).when(define_line(limit="10.00")).then()


def test_the_contract_is_told_again_only_of_another_billing_method_or_other_customers() -> None:
    story = given(a_contract(), a_line())
    story.when(define_line(limit="10")).the(ContractLineDefined)
    assert not story.when(define_line(limit="10")).all(ContractLineListed)
    assert story.when(define_line(splits={"A": "100", "B": "0"})).the(
        ContractLineListed
    ).customers == ("A", "B")
    assert story.when(define_line(method=FIXED)).the(ContractLineListed).billing_method is FIXED


@pytest.mark.parametrize(
    "percents", [("70", "29.99"), ("70", "30.01"), ("99.99", "0"), ("0", "0"), ("100", "0.000001")]
)
def test_percentages_that_do_not_total_100_exactly_are_refused_d2(
    percents: tuple[str, str],
) -> None:
    splits = dict(zip("AB", percents, strict=True))
    given(a_contract()).when(define_line(splits=splits)).then_refused(Invalid, field="customers")


def test_a_negative_percentage_is_refused_d2() -> None:
    given(a_contract()).when(define_line(splits={"A": "110", "B": "-10"})).then_refused(
        Invalid, field="customers.1.split_percent"
    )


def test_a_line_without_customers_is_refused_d2() -> None:
    command = define_line()
    nobody = replace(command, terms=replace(command.terms, customers=()))
    given(a_contract()).when(nobody).then_refused(Invalid, field="customers")


def test_thirds_that_total_100_are_accepted_d2() -> None:
    splits = {"A": "33.33", "B": "33.33", "C": "33.34"}
    story = given(a_contract("A", "B", "C")).when(define_line(splits=splits)).after
    assert [share.percent for share in story.lines["L1"].shares] == list(
        map(Decimal, splits.values())
    )


@pytest.mark.parametrize("rounding", ["AB", ""])
def test_exactly_one_customer_is_the_rounding_customer_d2(rounding: str) -> None:
    command = define_line(splits={"A": "50", "B": "50"})
    customers = tuple(
        replace(customer, rounding=customer.customer_id in rounding)
        for customer in command.terms.customers
    )
    given(a_contract()).when(
        replace(command, terms=replace(command.terms, customers=customers))
    ).then_refused(Invalid, field="customers")


def test_the_rounding_customer_may_stand_at_0_percent_d3() -> None:
    splits = {"A": "100", "B": "0"}
    story = given(a_contract()).when(define_line(splits=splits, rounding="B")).after
    assert story.lines["L1"].shares[1].rounding


def test_a_customer_is_named_once_on_a_line() -> None:
    command = define_line(splits={"A": "50", "B": "50"})
    twice = tuple(replace(customer, customer_id="A") for customer in command.terms.customers)
    given(a_contract()).when(
        replace(command, terms=replace(command.terms, customers=twice))
    ).then_refused(Invalid, field="customers")


def test_only_customers_of_the_contract_can_be_on_its_lines() -> None:
    given(a_contract("A")).when(define_line(splits={"A": "50", "X": "50"})).then_refused(
        Invalid, field="customers.1.customer_id"
    )


def test_a_fixed_price_line_has_no_limit_of_its_own_d30() -> None:
    story = given(a_contract())
    story.when(define_line(method=FIXED, limit="100")).then_refused(Invalid, field="nte_limit")
    after = story.when(define_line(method=FIXED, limits={"A": "100"})).after
    assert after.lines["L1"].terms.customers[0].nte_limit == 100


@pytest.mark.parametrize("limit", ["-1", "0.001"])
def test_a_limit_is_an_amount_that_is_not_negative_d30(limit: str) -> None:
    story = given(a_contract())
    story.when(define_line(limit=limit)).then_refused(Invalid, field="nte_limit")
    story.when(define_line(splits={"A": "50", "B": "50"}, limits={"B": limit})).then_refused(
        Invalid, field="customers.1.nte_limit"
    )


def test_a_contract_amount_is_in_the_currency_of_the_contract_d1() -> None:
    story = given(a_contract(currency="JPY"))
    story.when(define_line(amount="100.5")).then_refused(Invalid, field="contract_amount")
    assert story.when(define_line(amount="100")).the(ContractLineDefined).currency == "JPY"


def test_a_line_with_recorded_items_keeps_its_billing_method() -> None:
    time = given(a_contract(), a_line()).when(an_approval())
    time.when(define_line(method=FIXED)).then_refused("billing_method_fixed")
    price = given(a_contract(), a_fixed_price_line()).when(a_milestone())
    price.when(define_line()).then_refused("billing_method_fixed")


def test_a_customer_with_recorded_items_cannot_be_removed_only_set_to_0_percent_d3() -> None:
    story = given(a_contract(), a_line(splits={"A": "70", "B": "30"})).when(an_approval())
    story.when(define_line(splits={"A": "100"})).then_refused("customer_has_items")
    after = story.when(define_line(splits={"A": "100", "B": "0"})).when(an_approval("2"))
    assert [s.customer_id for s in after.the(UnbilledSalesRecorded).approvals[0].sales] == ["A"]


def test_a_customer_with_posted_items_cannot_be_removed_either_d3() -> None:
    story = given(a_contract(), a_line(splits={"A": "70", "B": "30"})).when(an_approval())
    items = (sale("1", "A"), sale("1", "B"))
    posted = story.when(MarkReady(items=items)).when(draft(customers=("B",))).when(CONFIRM)
    assert list(posted.after.lines["L1"].sales) == [sale("1", "A")]
    posted.when(define_line(splits={"A": "100"})).then_refused("customer_has_items")


def test_a_customer_without_recorded_items_can_be_removed_d3() -> None:
    story = given(a_contract(), a_line(splits={"A": "100", "B": "0"})).when(an_approval())
    assert story.when(define_line(splits={"A": "100"})).the(ContractLineListed).customers == ("A",)


def test_changed_splits_act_on_what_comes_after_d5() -> None:
    story = given(a_contract(), a_line(splits={"A": "70", "B": "30"})).when(an_approval())
    changed = story.when(define_line(splits={"A": "50", "B": "50"})).when(an_approval("2"))
    sales = changed.after.lines["L1"].sales
    assert [sales[sale("1", c)].amount for c in "AB"] == [1120, 480]
    assert [sales[sale("2", c)].amount for c in "AB"] == [800, 800]


def test_a_milestone_keeps_the_shares_it_was_split_by_d5() -> None:
    line = a_fixed_price_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), line).when(a_milestone(amount="500", tax="125"))
    after = story.when(define_line(method=FIXED, splits={"A": "50", "B": "50"})).when(
        ChangeMilestone(milestone_id=milestone(), amount=Decimal(1000))
    )
    parts = after.after.lines["L1"].parts
    assert [parts[part("M1", c)].amount for c in "AB"] == [700, 300]
    assert [p.amount for p in after.when(a_milestone("M2")).the(MilestoneSplit).parts] == [500, 500]


def test_changed_terms_keep_the_total_of_the_milestones_d15() -> None:
    story = given(a_contract(), a_fixed_price_line(amount="1500")).when(a_milestone())
    changed = story.when(define_line(method=FIXED, amount="2000"))
    assert changed.the(ContractLineDefined).milestones_total == 1000
    assert changed.after.lines["L1"].milestones_total == 1000


def test_a_line_whose_only_milestone_was_deleted_still_keeps_its_customers_d3() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone())
    gone = story.when(DeleteMilestone(milestone_id=milestone()))
    gone.when(define_line(method=FIXED, splits={"B": "100"})).then_refused("customer_has_items")
