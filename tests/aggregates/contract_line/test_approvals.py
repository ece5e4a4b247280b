"""Approvals become unbilled sales (D-1 to D-3, D-20 to D-22), held against the limits (D-31)."""

from decimal import Decimal

import pytest

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import (
    ApprovedWork,
    LineUsageChanged,
    NTEEvaluated,
    NTEResult,
    UnbilledSale,
    UnbilledSalesRecorded,
)
from aggregates.intake.events import ApprovalRecorded
from aggregates.refusals import Invalid
from aggregates.statuses import BillingStatus, BillingType, LimitLevel, NTEStatus, TransactionClass
from aggregates.terms import FailedLevel, LevelUsage
from tests.aggregates.examples import (
    CONTRACT,
    DAY,
    SOURCE,
    a_contract,
    a_fixed_price_line,
    a_line,
    an_approval,
    committed,
    sale,
    worth,
)
from tests.spec import Outcome, given

TIME, EXPENSE, MATERIAL, FEE = (
    TransactionClass.TIME,
    TransactionClass.EXPENSE,
    TransactionClass.MATERIAL,
    TransactionClass.FEE,
)
CHARGEABLE, NON_CHARGEABLE = BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE
COMPLIMENTARY, NOT_AVAILABLE = BillingType.COMPLIMENTARY, BillingType.NOT_AVAILABLE
PLAIN = given(a_contract(), a_line())
SHARED = given(a_contract(), a_line(splits={"A": "70", "B": "30"}))


def sales(outcome: Outcome) -> list[UnbilledSale]:
    recorded = outcome.all(UnbilledSalesRecorded)
    return [sale for event in recorded for work in event.approvals for sale in work.sales]


def parts(outcome: Outcome) -> list[tuple[str, str, BillingType]]:
    """Quantity, amount and billing type of what was recorded."""
    return [(str(s.quantity), str(s.amount), s.billing_type) for s in sales(outcome)]


# --- D-20 --------------------------------------------------------------------------------------


def test_an_approval_makes_one_unbilled_sale_a_customer_with_a_share_d20_d2() -> None:
    recorded = SHARED.when(an_approval(tax="0.01", description="Piles", role="Diver"))
    work = recorded.the(UnbilledSalesRecorded)
    assert (work.currency, work.line_id) == ("EUR", "L1")
    assert work.approvals == (
        ApprovedWork(
            approval_id="1",
            transaction_class=TIME,
            date=DAY,
            unit_price=Decimal(200),
            role="Diver",
            category=None,
            task_id=None,
            resource=None,
            description="Piles",
            sales=tuple(
                UnbilledSale(
                    item_id=sale("1", customer),
                    customer_id=customer,
                    quantity=Decimal(quantity),
                    amount=Decimal(amount),
                    tax=Decimal(tax),
                    billing_type=CHARGEABLE,
                    nte_status=NTEStatus.NOT_APPLICABLE,
                )
                for customer, quantity, amount, tax in (
                    ("A", "5.6", "1120", "0.01"),
                    ("B", "2.4", "480", "0"),
                )
            ),
        ),
    )


def test_a_sale_is_born_not_ready_d20() -> None:
    line = SHARED.when(an_approval()).after.lines["L1"]
    assert {s.billing_status for s in line.sales.values()} == {BillingStatus.NOT_READY}
    assert not line.ready


def test_an_approval_is_remembered_with_its_digest_and_its_items_d20() -> None:
    outcome = SHARED.when(an_approval("7"))
    remembered = outcome.the(ApprovalRecorded)
    assert remembered == ApprovalRecorded(
        source=SOURCE,
        contract_id=CONTRACT,
        line_id="L1",
        approval_id="7",
        digest="digest of 7",
        items=(sale("7", "A"), sale("7", "B")),
    )
    assert outcome.decided.done == (remembered.stream,)


def test_a_customer_at_0_percent_gets_no_sale_d3() -> None:
    line = a_line(splits={"A": "100", "B": "0"}, rounding="B")
    assert [s.customer_id for s in sales(given(a_contract(), line).when(an_approval()))] == ["A"]


def test_quantity_amount_and_tax_are_split_alike_and_the_rest_is_rounded_d2() -> None:
    line = a_line(splits={"A": "33.33", "B": "33.33", "C": "33.34"}, rounding="C")
    outcome = given(a_contract("A", "B", "C"), line).when(
        an_approval(quantity="1", price="100", tax="10.01")
    )
    assert [(str(s.quantity), str(s.amount), str(s.tax)) for s in sales(outcome)] == [
        ("0.333300", "33.33", "3.34"),
        ("0.333300", "33.33", "3.34"),
        ("0.333400", "33.34", "3.33"),
    ]


def test_a_credit_is_split_like_a_debit_d2() -> None:
    outcome = SHARED.when(an_approval(quantity="-8", tax="-10"))
    assert [(s.quantity, s.amount, s.tax) for s in sales(outcome)] == [
        (Decimal("-5.6"), -1120, -7),
        (Decimal("-2.4"), -480, -3),
    ]


@pytest.mark.parametrize(
    ("currency", "price", "amount"), [("JPY", "33", "50"), ("KWD", "33.333", "50.000")]
)
def test_quantity_times_price_is_rounded_to_the_minor_unit_d1(
    currency: str, price: str, amount: str
) -> None:
    story = given(a_contract(currency=currency), a_line(currency=currency))
    outcome = story.when(an_approval(quantity="1.5", price=price, currency=currency))
    assert [str(s.amount) for s in sales(outcome)] == [amount]


def test_an_approval_on_a_fixed_price_line_makes_no_sale_and_says_why_d20() -> None:
    outcome = given(a_contract(), a_fixed_price_line()).when(an_approval())
    outcome.then_not_billable("fixed_price_line")


# --- D-21 --------------------------------------------------------------------------------------


def test_less_billable_than_submitted_is_a_chargeable_and_a_non_chargeable_part_d21() -> None:
    outcome = PLAIN.when(an_approval(quantity="8", billable="6", price="200", tax="10"))
    assert parts(outcome) == [
        ("6.000000", "1200.00", CHARGEABLE),
        ("2.000000", "400.00", NON_CHARGEABLE),
    ]
    assert [s.tax for s in sales(outcome)] == [10, 0]
    assert outcome.the(ApprovalRecorded).items == (
        sale("1"),
        sale("1", billing_type=NON_CHARGEABLE),
    )


def test_both_parts_are_split_among_the_customers_d21_d2() -> None:
    outcome = SHARED.when(an_approval(quantity="8", billable="6", price="200"))
    assert [(s.customer_id, s.amount, s.billing_type) for s in sales(outcome)] == [
        ("A", 840, CHARGEABLE),
        ("B", 360, CHARGEABLE),
        ("A", 280, NON_CHARGEABLE),
        ("B", 120, NON_CHARGEABLE),
    ]


@pytest.mark.parametrize(
    ("submitted", "billable", "expected"),
    [
        ("8", "8", [("8.000000", "1600.00", CHARGEABLE)]),
        ("8", "10", [("10.000000", "2000.00", CHARGEABLE)]),
        ("0", "5", [("5.000000", "1000.00", CHARGEABLE)]),
        ("0", "0", [("0.000000", "0.00", CHARGEABLE)]),
        ("8", None, [("8.000000", "1600.00", CHARGEABLE)]),
        ("8", "0", [("8.000000", "1600.00", NON_CHARGEABLE)]),
        ("-8", "-10", [("-10.000000", "-2000.00", CHARGEABLE)]),
        (
            "-8",
            "-6",
            [("-6.000000", "-1200.00", CHARGEABLE), ("-2.000000", "-400.00", NON_CHARGEABLE)],
        ),
    ],
)
def test_the_billable_quantity_says_what_is_charged_d21(
    submitted: str, billable: str | None, expected: list[tuple[str, str, BillingType]]
) -> None:
    outcome = PLAIN.when(an_approval(quantity=submitted, billable=billable))
    assert parts(outcome) == expected


def test_of_a_non_chargeable_approval_all_that_was_submitted_is_non_chargeable_d21_d22() -> None:
    outcome = PLAIN.when(an_approval(billable="6", tax="3", billing_type=NON_CHARGEABLE))
    assert parts(outcome) == [("8.000000", "1600.00", NON_CHARGEABLE)]
    assert [s.tax for s in sales(outcome)] == [3]


def test_a_tax_is_kept_where_nothing_is_billable_d21() -> None:
    outcome = PLAIN.when(an_approval(billable="0", tax="3"))
    assert [s.tax for s in sales(outcome)] == [3]


@pytest.mark.parametrize(("submitted", "billable"), [("8", "-6"), ("-8", "6")])
def test_a_billable_quantity_of_the_opposite_sign_is_refused_d21(
    submitted: str, billable: str
) -> None:
    outcome = PLAIN.when(an_approval(quantity=submitted, billable=billable)).then()
    outcome.then_refused(Invalid, field="billable_quantity")


# --- D-22 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(TransactionClass))
def test_a_class_that_the_line_includes_is_charged_d22(kind: TransactionClass) -> None:
    outcome = given(a_contract(), a_line(includes=(kind,))).when(an_approval(kind=kind))
    assert [s.billing_type for s in sales(outcome)] == [CHARGEABLE]
    assert outcome.the(UnbilledSalesRecorded).approvals[0].transaction_class is kind


@pytest.mark.parametrize("kind", list(TransactionClass))
def test_a_class_that_the_line_excludes_makes_no_actual_and_says_so_d22(
    kind: TransactionClass,
) -> None:
    others = tuple(other for other in TransactionClass if other is not kind)
    outcome = given(a_contract(), a_line(includes=others)).when(an_approval(kind=kind))
    outcome.then_not_billable("class_not_included")


@pytest.mark.parametrize(
    ("approval", "expected"),
    [
        (an_approval(role="Diver"), CHARGEABLE),
        (an_approval(role="Cook"), NON_CHARGEABLE),
        # The terms only take away: what the approval says itself stays.
        (an_approval(role="Cook", billing_type=COMPLIMENTARY), COMPLIMENTARY),
        (an_approval(role="Diver", billing_type=COMPLIMENTARY), COMPLIMENTARY),
        (an_approval(role="Diver", billing_type=NON_CHARGEABLE), NON_CHARGEABLE),
        # An expense looks at its category, time does not; and the other way round.
        (an_approval(category="Meals"), CHARGEABLE),
        (an_approval(kind=EXPENSE, category="Meals"), NON_CHARGEABLE),
        (an_approval(kind=EXPENSE, category="Fuel"), CHARGEABLE),
        (an_approval(kind=EXPENSE, category="Fuel", billing_type=NON_CHARGEABLE), NON_CHARGEABLE),
        (an_approval(kind=EXPENSE, category="Meals", billing_type=COMPLIMENTARY), COMPLIMENTARY),
        (an_approval(kind=EXPENSE, role="Cook"), CHARGEABLE),
        # Material and fees look at neither.
        (an_approval(kind=MATERIAL, role="Cook", category="Meals"), CHARGEABLE),
        (an_approval(kind=FEE, role="Cook", category="Meals"), CHARGEABLE),
    ],
)
def test_time_looks_at_the_role_and_expense_at_the_category_d22(
    approval: Approval, expected: BillingType
) -> None:
    line = a_line(roles={"Diver": True, "Cook": False}, categories={"Fuel": True, "Meals": False})
    outcome = given(a_contract(), line).when(approval)
    assert [s.billing_type for s in sales(outcome)] == [expected]


@pytest.mark.parametrize("default", [CHARGEABLE, NON_CHARGEABLE, COMPLIMENTARY])
@pytest.mark.parametrize(
    ("kind", "role", "category"),
    [
        (TIME, "Welder", None),
        (TIME, None, None),
        (EXPENSE, None, "Hotel"),
        (EXPENSE, None, None),
        (MATERIAL, None, None),
        (FEE, None, None),
    ],
)
def test_what_the_line_does_not_name_takes_the_default_of_the_caller_d22(
    kind: TransactionClass, role: str | None, category: str | None, default: BillingType
) -> None:
    line = a_line(roles={"Cook": False}, categories={"Meals": False})
    approval = an_approval(kind=kind, role=role, category=category, billing_type=default)
    outcome = given(a_contract(), line).when(approval)
    assert [s.billing_type for s in sales(outcome)] == [default]


def test_a_default_of_not_available_makes_no_actual_d22() -> None:
    PLAIN.when(an_approval(billing_type=NOT_AVAILABLE)).then_not_billable("not_available")


@pytest.mark.parametrize("kind", list(TransactionClass))
@pytest.mark.parametrize("said", [NON_CHARGEABLE, COMPLIMENTARY])
@pytest.mark.parametrize("task", ["T1", "T2", None])
def test_what_an_approval_says_is_not_charged_stays_so_whatever_the_terms_say_d22(
    kind: TransactionClass, said: BillingType, task: str | None
) -> None:
    line = a_line(roles={"Diver": True}, categories={"Fuel": True}, tasks={"T1": True})
    approval = an_approval(
        kind=kind, role="Diver", category="Fuel", task=task, billing_type=said, billable="4"
    )
    outcome = given(a_contract(), line).when(approval)
    assert {s.billing_type for s in sales(outcome)} <= {said, NON_CHARGEABLE}
    assert said in {s.billing_type for s in sales(outcome)}


def test_terms_never_make_a_not_available_approval_chargeable_d22() -> None:
    story = given(a_contract(), a_line(roles={"Diver": True}))
    outcome = story.when(an_approval(role="Diver", billing_type=NOT_AVAILABLE))
    outcome.then_not_billable("not_available")


@pytest.mark.parametrize("kind", list(TransactionClass))
@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("T1", CHARGEABLE),
        ("T2", NON_CHARGEABLE),
        ("T3", NON_CHARGEABLE),
        (None, NON_CHARGEABLE),
    ],
)
def test_with_selected_tasks_only_the_task_must_be_chargeable_too_for_all_classes_d22(
    kind: TransactionClass, task: str | None, expected: BillingType
) -> None:
    line = a_line(tasks={"T1": True, "T2": False})
    outcome = given(a_contract(), line).when(an_approval(kind=kind, task=task))
    assert [s.billing_type for s in sales(outcome)] == [expected]


def test_a_chargeable_role_on_a_task_not_selected_is_not_charged_d22() -> None:
    line = a_line(roles={"Diver": True, "Cook": False}, tasks={"T1": True})
    story = given(a_contract(), line)
    outcome = story.when(
        an_approval("1", role="Diver", task="T1"),
        an_approval("2", role="Diver", task="T2"),
        an_approval("3", role="Cook", task="T1"),
    )
    assert [s.billing_type for s in sales(outcome)] == [CHARGEABLE, NON_CHARGEABLE, NON_CHARGEABLE]


def test_a_complimentary_approval_stays_so_on_a_task_not_selected_d22() -> None:
    outcome = given(a_contract(), a_line(tasks={})).when(an_approval(billing_type=COMPLIMENTARY))
    assert [s.billing_type for s in sales(outcome)] == [COMPLIMENTARY]


# --- unit prices (D-1), small amounts (D-2), zero (D-31) ------------------------------------------


def test_a_unit_price_of_six_decimals_is_kept_and_the_amount_rounded_once_d1() -> None:
    outcome = PLAIN.when(an_approval(quantity="7.5", price="83.333333"))
    (work,) = outcome.the(UnbilledSalesRecorded).approvals
    assert str(work.unit_price) == "83.333333"
    assert [s.amount for s in work.sales] == [Decimal("625.00")]


def test_shares_are_of_the_whole_amount_not_of_each_quantity_times_the_price_d1_d2() -> None:
    line = a_line(splits={"A": "50", "B": "50"})
    outcome = given(a_contract(), line).when(an_approval(quantity="1", price="0.0299"))
    assert [s.amount for s in sales(outcome)] == [Decimal("0.01"), Decimal("0.02")]


@pytest.mark.parametrize("sign", ["", "-"])
def test_no_customer_gets_quantity_amount_or_tax_of_the_wrong_sign_d2(sign: str) -> None:
    eight = [f"K{n}" for n in range(8)]
    story = given(a_contract(*eight), a_line(splits=dict.fromkeys(eight, "12.5")))
    approval = an_approval(quantity=f"{sign}0.000005", price="10000", tax=f"{sign}0.05")
    found = sales(story.when(approval))
    for name, unit in (("quantity", "0.000001"), ("amount", "0.01"), ("tax", "0.01")):
        values = [abs(getattr(s, name)) for s in found]
        assert values == [Decimal(0)] * 3 + [Decimal(unit)] * 5, name
        assert all(getattr(s, name) * Decimal(f"{sign}1") >= 0 for s in found)


def test_an_amount_of_zero_passes_any_limit_d31() -> None:
    story = given(a_contract(), a_line(limit="10")).when(worth("10", "1"))
    free = story.when(worth("0", "2"))
    assert free.the(NTEEvaluated).results[0].nte_status is NTEStatus.COMMITTED
    over = free.after.happened(*a_line(limit="5")).when(worth("0", "3"))
    assert over.the(NTEEvaluated).results[0].nte_status is NTEStatus.COMMITTED


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("approval", "field"),
    [
        (an_approval(currency="USD"), "currency"),
        (an_approval(price="0.0000001"), "unit_price"),
        (an_approval(price="1000000000000"), "unit_price"),
        (an_approval(tax="0.001"), "tax"),
        (an_approval(quantity="0.0000001"), "quantity"),
        (an_approval(billable="0.0000001"), "billable_quantity"),
        (an_approval(quantity="99999999999", price="99999999999"), "quantity"),
        (an_approval(quantity="1000000000000"), "quantity"),
    ],
)
def test_an_approval_with_an_unacceptable_value_is_refused_with_the_field_d1(
    approval: Approval, field: str
) -> None:
    outcome = PLAIN.when(approval).then().then_refused(Invalid, field=field, id=approval.stream)
    assert (outcome.decided.done, outcome.decided.left) == ((), ())


def test_one_bad_approval_never_hurts_the_others() -> None:
    line = a_line(limit="100", roles={"Cook": True}, includes=(TIME,))
    wrong, excluded = an_approval("2", currency="USD"), an_approval("3", kind=EXPENSE)
    outcome = given(a_contract(), line).when(worth("60", "1"), wrong, excluded, worth("40", "4"))
    recorded = outcome.all(ApprovalRecorded)
    assert [event.items for event in recorded] == [(sale("1"),), (sale("4"),)]
    assert outcome.decided.done == tuple(event.stream for event in recorded)
    outcome.then_refused(Invalid, id=wrong.stream).then_left("class_not_included", excluded.stream)
    assert committed(outcome.after)["L1"] == 100


# --- limits ------------------------------------------------------------------------------------


def test_a_sale_under_a_limit_is_evaluated_when_it_is_recorded_d31() -> None:
    story = given(a_contract(), a_line(limit="2000"))
    outcome = story.when(an_approval())
    assert sales(outcome)[0].nte_status is NTEStatus.NOT_EVALUATED
    assert outcome.events[1:] == (
        NTEEvaluated(
            contract_id=CONTRACT,
            line_id="L1",
            results=(NTEResult(item_id=sale(), nte_status=NTEStatus.COMMITTED),),
        ),
        LineUsageChanged(
            contract_id=CONTRACT,
            line_id="L1",
            currency="EUR",
            usages=(usage(LimitLevel.LINE_CUSTOMER, "A"), usage(LimitLevel.LINE, None)),
        ),
        ContractUsageChanged(
            contract_id=CONTRACT,
            currency="EUR",
            usages=(usage(LimitLevel.CONTRACT_CUSTOMER, "A"), usage(LimitLevel.CONTRACT, None)),
        ),
        outcome.the(ApprovalRecorded),
    )
    assert outcome.after.lines["L1"].sales[sale()].nte_status is NTEStatus.COMMITTED


def usage(level: LimitLevel, customer: str | None) -> LevelUsage:
    return LevelUsage(
        level=level, customer_id=customer, committed=Decimal(1600), invoiced=Decimal(0)
    )


def test_a_sale_that_does_not_fit_fails_and_commits_nothing_d31() -> None:
    outcome = given(a_contract(), a_line(limit="1000")).when(an_approval())
    failed = FailedLevel(
        level=LimitLevel.LINE, limit=Decimal(1000), used=Decimal(0), shortfall=Decimal(600)
    )
    assert outcome.the(NTEEvaluated).results == (
        NTEResult(item_id=sale(), nte_status=NTEStatus.FAILED, failed=(failed,)),
    )
    assert not outcome.all(LineUsageChanged)
    assert not outcome.all(ContractUsageChanged)
    assert outcome.after.lines["L1"].sales[sale()].failed == (failed,)


def test_without_a_limit_at_any_level_nothing_is_evaluated_d32() -> None:
    outcome = SHARED.when(an_approval())
    assert {s.nte_status for s in sales(outcome)} == {NTEStatus.NOT_APPLICABLE}
    assert not outcome.all(NTEEvaluated)


@pytest.mark.parametrize("billing_type", [NON_CHARGEABLE, COMPLIMENTARY])
def test_what_is_not_charged_has_no_verdict_under_any_limit_d32(billing_type: BillingType) -> None:
    story = given(a_contract(limit="1"), a_line(limit="1"))
    outcome = story.when(an_approval(billing_type=billing_type))
    assert sales(outcome)[0].nte_status is NTEStatus.NOT_APPLICABLE
    assert not outcome.all(NTEEvaluated)
    assert usages_changed(outcome) == 0


def usages_changed(outcome: Outcome) -> int:
    return len([*outcome.all(LineUsageChanged), *outcome.all(ContractUsageChanged)])


def test_of_a_partly_billable_approval_only_the_chargeable_part_is_evaluated_d21_d32() -> None:
    outcome = given(a_contract(), a_line(limit="1200")).when(an_approval(billable="6"))
    assert [(r.item_id, r.nte_status) for r in outcome.the(NTEEvaluated).results] == [
        (sale("1"), NTEStatus.COMMITTED)
    ]
    assert committed(outcome.after)["contract"] == 1200


def test_only_customers_under_a_limit_are_evaluated_d32() -> None:
    line = a_line(splits={"A": "70", "B": "30"}, limits={"B": "100"})
    outcome = given(a_contract(), line).when(an_approval())
    assert [s.nte_status for s in sales(outcome)] == [
        NTEStatus.NOT_APPLICABLE,
        NTEStatus.NOT_EVALUATED,
    ]
    assert [r.item_id for r in outcome.the(NTEEvaluated).results] == [sale("1", "B")]


def test_of_two_approvals_for_the_last_room_the_first_commits_and_the_second_fails_d38() -> None:
    story = given(a_contract(limit="100"), a_line("L1"), a_line("L2"))
    outcome = story.when(worth("60", "1", "L1"), worth("60", "2", "L2"))
    assert [r.nte_status for event in outcome.all(NTEEvaluated) for r in event.results] == [
        NTEStatus.COMMITTED,
        NTEStatus.FAILED,
    ]
    apart = story.when(worth("60", "2", "L2")).when(worth("60", "1", "L1"))
    assert apart.the(NTEEvaluated).results[0].nte_status is NTEStatus.FAILED


def test_a_credit_gives_room_to_what_follows_it_d31() -> None:
    story = given(a_contract(), a_line(limit="100"))
    outcome = story.when(worth("100", "1"), worth("-30", "2"), worth("31", "3"), worth("30", "4"))
    assert [r.nte_status for r in outcome.the(NTEEvaluated).results] == [
        NTEStatus.COMMITTED,
        NTEStatus.COMMITTED,
        NTEStatus.FAILED,
        NTEStatus.COMMITTED,
    ]


# --- many --------------------------------------------------------------------------------------


def test_approvals_of_several_lines_make_one_event_a_line_and_kind() -> None:
    story = given(a_contract(), a_line("L1", limit="100"), a_line("L2", limit="100"))
    outcome = story.when(worth("1", "1", "L1"), worth("2", "2", "L2"), worth("3", "3", "L1"))
    assert [
        (event.line_id, [work.approval_id for work in event.approvals])
        for event in outcome.all(UnbilledSalesRecorded)
    ] == [("L1", ["1", "3"]), ("L2", ["2"])]
    assert [event.line_id for event in outcome.all(NTEEvaluated)] == ["L1", "L2"]
    assert committed(outcome.after)["contract"] == 6


def test_very_many_approvals_are_cut_in_events_of_a_thousand() -> None:
    story = given(a_contract(), a_line(limit="2000"))
    first, *rest = (worth("1", str(n)) for n in range(1001))
    outcome = story.when(first, *rest)
    assert [len(event.approvals) for event in outcome.all(UnbilledSalesRecorded)] == [1000, 1]
    assert [len(event.results) for event in outcome.all(NTEEvaluated)] == [1000, 1]
    assert len(outcome.after.lines["L1"].sales) == 1001
