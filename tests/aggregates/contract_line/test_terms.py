"""The terms of a line: splits, limits, what stands against a change (D-1 to D-3, D-5, D-30)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aggregates.contract.events import ContractLineListed
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.events import (
    ContractLineDefined,
    MilestoneSplit,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.milestones import ChangeMilestone, DeleteMilestone
from aggregates.contract_line.terms import DefineLine, percentages
from aggregates.refusals import Invalid
from aggregates.statuses import BillingMethod, Schedule, TransactionClass
from aggregates.terms import LeftOut, rounding_customer
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
    worth,
)
from tests.spec import given

FIXED, TIME = BillingMethod.FIXED_PRICE, BillingMethod.TIME_AND_MATERIAL


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


def rounded_by(rounding: str, **splits: str) -> DefineLine:
    """A line with these customers as its rounding customers."""
    command = define_line(splits=splits)
    customers = tuple(
        replace(customer, rounding=customer.customer_id in rounding)
        for customer in command.terms.customers
    )
    return replace(command, terms=replace(command.terms, customers=customers))


def test_at_most_one_customer_is_the_rounding_customer_d2() -> None:
    given(a_contract()).when(rounded_by("AB", A="50", B="50")).then_refused(
        Invalid, field="customers"
    )


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ({"A": "100"}, {"A": "10.01"}),
        ({"A": "50", "B": "50"}, {"A": "5.00", "B": "5.01"}),
        ({"A": "25", "B": "75"}, {"A": "2.50", "B": "7.51"}),
    ],
)
def test_without_a_rounding_customer_the_largest_share_takes_the_rest_d2(
    splits: dict[str, str], expected: dict[str, str]
) -> None:
    story = given(a_contract()).when(rounded_by("", **splits)).when(worth("10.01"))
    sales = story.the(UnbilledSalesRecorded).approvals[0].sales
    assert {s.customer_id: str(s.amount) for s in sales} == expected


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
    assert [sales[sale("1", c)].actual.amount for c in "AB"] == [1120, 480]
    assert [sales[sale("2", c)].actual.amount for c in "AB"] == [800, 800]


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


def test_a_line_whose_only_milestone_was_deleted_is_without_recorded_items_again_d3() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone())
    story.when(define_line(method=FIXED, splits={"B": "100"})).then_refused("customer_has_items")
    gone = story.when(DeleteMilestone(milestone_id=milestone()))
    gone.when(define_line(method=FIXED, splits={"B": "100"})).the(ContractLineDefined)
    gone.when(define_line(method=TIME)).the(ContractLineDefined)


def test_of_two_milestones_one_deleted_frees_only_the_customers_that_only_it_had_d3() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone("M1"))
    both = story.when(define_line(method=FIXED, splits={"A": "50", "B": "50"})).when(
        a_milestone("M2")
    )
    gone = both.when(DeleteMilestone(milestone_id=milestone("M2")))
    assert gone.after.lines["L1"].recorded_for == {"A"}
    gone.when(define_line(method=FIXED)).the(ContractLineListed)
    gone.when(define_line(method=FIXED, splits={"B": "100"})).then_refused("customer_has_items")
    other = both.when(DeleteMilestone(milestone_id=milestone("M1")))
    assert other.after.lines["L1"].recorded_for == {"A", "B"}
    other.when(define_line(method=FIXED)).then_refused("customer_has_items")
    other.when(define_line()).then_refused("billing_method_fixed")


def test_a_completed_milestone_stays_on_record_when_others_are_deleted_d3() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone("M1"))
    posted = story.when(MarkReady(items=(part("M1"),))).when(draft()).when(CONFIRM)
    gone = posted.when(a_milestone("M2")).when(DeleteMilestone(milestone_id=milestone("M2")))
    assert gone.after.lines["L1"].recorded_for == {"A"}
    gone.when(define_line(method=FIXED, splits={"B": "100"})).then_refused("customer_has_items")
    gone.when(define_line()).then_refused("billing_method_fixed")


def test_a_milestone_changed_and_deleted_is_counted_once_d14_d3() -> None:
    story = given(a_contract(), a_fixed_price_line()).when(a_milestone())
    changed = story.when(ChangeMilestone(milestone_id=milestone(), amount=Decimal(7)))
    gone = changed.when(DeleteMilestone(milestone_id=milestone()))
    assert gone.after.lines["L1"].recorded_for == frozenset()


# --- what is left out, and progress --------------------------------------------------------------

EVERYTHING = LeftOut(
    fields=frozenset({"contract_amount", "nte_limit", "schedule", "includes"}),
    chargeable=frozenset({"roles", "categories", "tasks"}),
    limits=frozenset({"A", "B"}),
)
AGREED = Terms(
    splits={"A": "70", "B": "30"},
    limit="2000",
    limits={"A": "900", "B": "500"},
    amount="3000",
    includes=(TransactionClass.TIME,),
    roles={"Cook": False},
    categories={"Meals": False},
    tasks={"T1": True},
)


def test_what_is_left_out_of_a_line_stays_as_it_is() -> None:
    bare = define_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), a_line(**AGREED))
    story.when(replace(bare, left_out=EVERYTHING)).then()
    renamed = replace(bare, terms=replace(bare.terms, name="Renamed"), left_out=EVERYTHING)
    terms = story.when(renamed).the(ContractLineDefined).terms
    assert terms == replace(define_line(**AGREED).terms, name="Renamed")


def test_what_is_left_out_of_a_new_line_is_the_default() -> None:
    bare = define_line(splits={"A": "70", "B": "30"})
    outcome = given(a_contract()).when(replace(bare, left_out=EVERYTHING))
    assert outcome.the(ContractLineDefined).terms == bare.terms


def test_a_customer_new_on_a_line_has_no_limit_that_was_left_out() -> None:
    story = given(a_contract("A", "B", "C"), a_line(**AGREED))
    command = define_line(splits={"A": "50", "C": "50"})
    command = replace(command, left_out=LeftOut(limits=frozenset("AC")))
    customers = story.when(command).the(ContractLineDefined).terms.customers
    assert [c.nte_limit for c in customers] == [Decimal(900), None]


def test_a_limit_kept_on_a_line_that_becomes_fixed_price_is_refused_d30() -> None:
    story = given(a_contract(), a_line(limit="2000"))
    command = replace(define_line(method=FIXED), left_out=EVERYTHING)
    story.when(command).then_refused(Invalid, field="nte_limit")


def progress(amount: str = "100") -> DefineLine:
    command = define_line(method=FIXED, amount=amount)
    return replace(command, terms=replace(command.terms, schedule=Schedule.PROGRESS))


def test_a_progress_schedule_is_refused_until_it_is_built_d16() -> None:
    given(a_contract()).when(progress()).then_refused(Invalid, field="schedule")
    given(a_contract(), a_fixed_price_line()).when(progress()).then_refused(
        Invalid, field="schedule"
    )


def test_a_line_that_has_a_progress_schedule_stays_usable_d16() -> None:
    defined, listed = a_fixed_price_line()
    assert isinstance(defined, ContractLineDefined)
    old = given(a_contract(), replace(defined, terms=progress().terms), listed)
    changed = old.when(progress(amount="500")).the(ContractLineDefined)
    assert changed.terms.schedule is Schedule.PROGRESS
    kept = replace(define_line(method=FIXED, amount="500"), left_out=EVERYTHING)
    old.when(kept).then()
    back = old.when(define_line(method=FIXED)).after
    back.when(progress()).then_refused(Invalid, field="schedule")
    assert old.when(a_milestone()).all(MilestoneSplit)


# --- percentages -------------------------------------------------------------------------------


def test_percentages_are_given_all_or_distributed_evenly_d4() -> None:
    assert percentages([("A", Decimal(60), False), ("B", Decimal(40), True)]) == [60, 40]
    assert percentages([(customer, None, customer == "B") for customer in "ABC"]) == [
        Decimal("33.33"),
        Decimal("33.34"),
        Decimal("33.33"),
    ]
    assert percentages([(customer, None, False) for customer in "ABC"])[0] == Decimal("33.34")
    with pytest.raises(Invalid) as refused:
        percentages([("A", Decimal(60), False), ("B", None, False)])
    assert refused.value.field == "customers"


def test_rounding_goes_to_who_is_named_for_it_else_to_the_largest_share_d104() -> None:
    named = define_line(splits={"A": "70", "B": "30"}, rounding="B").terms.customers
    assert rounding_customer(named) == "B"
    assert rounding_customer([replace(each, rounding=False) for each in named]) == "A"
