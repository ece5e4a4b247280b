"""The contract: one currency, its customers, its limits (D-1, D-3, D-30, D-36)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aggregates.contract import state as contract
from aggregates.contract.events import ContractDefined, ContractUsageChanged
from aggregates.limits import Usage
from aggregates.refusals import Invalid, Refused
from aggregates.statuses import ApprovalRule, BillingMethod, LimitLevel
from aggregates.terms import LeftOut, LevelUsage
from tests.aggregates.examples import CONTRACT, a_contract, a_line, define_contract
from tests.spec import given


def test_a_contract_is_put_on_the_books_with_its_customers_and_limits() -> None:
    given().when(define_contract("A", "B", limit="1000", limits={"B": "600.50"})).then(
        a_contract("A", "B", limit="1000.00", limits={"B": "600.50"})
    )


def test_terms_that_stand_already_change_nothing() -> None:
    given(a_contract("A", limit="1000")).when(define_contract("A", limit="1000.00")).then()


def test_changed_terms_are_the_terms_as_they_stand_then() -> None:
    outcome = given(a_contract("A"), a_line()).when(define_contract("A", "B", limit="5"))
    assert outcome.the(ContractDefined).nte_limit == 5
    assert list(outcome.after.contract.customers) == ["A", "B"]
    assert list(outcome.after.contract.lines) == ["L1"]


def test_a_changed_limit_may_lie_below_what_is_used_and_changes_no_usage_d36() -> None:
    used = LevelUsage(
        level=LimitLevel.CONTRACT,
        customer_id=None,
        committed=Decimal(900),
        invoiced=Decimal(50),
    )
    changed = ContractUsageChanged(contract_id=CONTRACT, currency="EUR", usages=(used,))
    outcome = given(a_contract(limit="1000"), a_line(), changed).when(
        define_contract("A", "B", limit="10")
    )
    assert [type(event) for event in outcome.events] == [ContractDefined]
    assert outcome.after.contract.usage[""] == Usage(committed=Decimal(900), invoiced=Decimal(50))


def test_a_contract_has_a_customer() -> None:
    given().when(define_contract()).then_refused(Invalid, field="customers")


def test_a_customer_is_named_once_on_a_contract() -> None:
    given().when(define_contract("A", "B", "A")).then_refused(Invalid, field="customers")


def test_an_unknown_currency_is_refused_d1() -> None:
    given().when(define_contract("A", currency="EURO")).then_refused(Invalid, field="currency")


@pytest.mark.parametrize("limit", ["-0.01", "0.001", "1000000000000"])
def test_a_limit_is_an_amount_that_is_not_negative_d30(limit: str) -> None:
    given().when(define_contract("A", limit=limit)).then_refused(Invalid, field="nte_limit")
    given().when(define_contract("A", "B", limits={"B": limit})).then_refused(
        Invalid, field="customers.1.nte_limit"
    )


def test_a_limit_of_nothing_is_a_limit_d30() -> None:
    outcome = given().when(define_contract("A", limit="0", limits={"A": "0"}))
    assert outcome.after.contract.nte_limit == 0
    assert outcome.after.contract.customer_limit("A") == 0
    assert outcome.after.contract.customer_limit("somebody else") is None


def test_a_contract_without_lines_may_change_its_currency_d1() -> None:
    outcome = given(a_contract("A", limit="10")).when(
        define_contract("A", currency="JPY", limit="10")
    )
    assert outcome.after.contract.currency == "JPY"


def test_a_contract_with_lines_keeps_its_one_currency_d1() -> None:
    given(a_contract(), a_line()).when(define_contract("A", "B", currency="USD")).then_refused(
        "currency_fixed"
    )


def test_a_customer_on_a_line_cannot_be_removed_from_the_contract_d3() -> None:
    story = given(a_contract("A", "B", "X"), a_line(splits={"A": "100", "B": "0"}))
    story.when(define_contract("A", "X")).then_refused("customer_on_line")
    after = story.when(define_contract("A", "B")).after
    assert list(after.contract.customers) == ["A", "B"]


def test_events_of_other_streams_leave_the_contract_as_it_is() -> None:
    line, listed = a_line()
    before = given(a_contract()).contract
    assert contract.evolve(before, line) is before
    assert contract.evolve(None, listed) is None
    assert (
        contract.evolve(None, ContractUsageChanged(contract_id=CONTRACT, currency="EUR", usages=()))
        is None
    )


def test_the_contract_takes_note_of_its_lines() -> None:
    fixed = a_line("L2", method=BillingMethod.FIXED_PRICE, splits={"A": "50", "B": "50"})
    lines = given(a_contract(), a_line(), fixed).contract.lines
    assert lines["L1"].billing_method is BillingMethod.TIME_AND_MATERIAL
    assert (lines["L2"].billing_method, lines["L2"].customers) == (
        BillingMethod.FIXED_PRICE,
        ("A", "B"),
    )


def test_a_renamed_customer_is_a_change_of_terms() -> None:
    command = define_contract("A")
    renamed = replace(command, customers=(replace(command.customers[0], name="Anna"),))
    outcome = given(a_contract("A")).when(renamed)
    assert outcome.after.contract.customers["A"].name == "Anna"


def test_refusals_speak_in_business_words() -> None:
    outcome = given(a_contract(), a_line()).when(define_contract("A", "B", currency="USD"))
    with pytest.raises(Refused, match=r"lines in EUR.*one currency"):
        _ = outcome.after


def test_a_limit_that_is_left_out_stays_and_null_takes_it_away() -> None:
    left_out = LeftOut(fields=frozenset({"nte_limit"}), limits=frozenset("AB"))
    story = given(a_contract("A", "B", limit="1000", limits={"B": "600"}))
    renamed = replace(define_contract("A", "B"), name="Renamed", left_out=left_out)
    after = story.when(renamed).after.contract
    assert (after.name, after.nte_limit) == ("Renamed", 1000)
    assert [c.nte_limit for c in after.customers.values()] == [None, Decimal(600)]
    taken = story.when(define_contract("A", "B")).after.contract
    assert taken.nte_limit is None
    assert [c.nte_limit for c in taken.customers.values()] == [None, None]


def test_a_limit_that_is_left_out_of_a_new_contract_or_customer_is_none() -> None:
    left_out = LeftOut(fields=frozenset({"nte_limit"}), limits=frozenset("AB"))
    given().when(replace(define_contract("A", "B"), left_out=left_out)).then(a_contract("A", "B"))
    story = given(a_contract("A", limit="5"))
    added = story.when(replace(define_contract("A", "B"), left_out=left_out))
    added.then(a_contract("A", "B", limit="5"))


def test_the_rule_of_approval_stays_when_it_is_left_out_and_is_none_of_a_new_contract_d73() -> None:
    left_out = LeftOut(fields=frozenset({"approval"}))
    four_eyes = replace(define_contract("A"), approval=ApprovalRule.FOUR_EYES)
    put = given().when(four_eyes)
    assert put.the(ContractDefined).approval is ApprovalRule.FOUR_EYES
    put.when(replace(define_contract("A"), left_out=left_out)).then()
    assert put.when(define_contract("A")).the(ContractDefined).approval is ApprovalRule.NONE
    given().when(replace(define_contract("A"), left_out=left_out)).then(a_contract("A"))


@pytest.mark.parametrize(
    ("contract", "field"),
    [
        (a_contract("A", limit="1000"), "nte_limit"),
        (a_contract("A", limits={"A": "1000"}), "customers.0.nte_limit"),
    ],
)
def test_a_limit_is_not_taken_over_into_another_currency_in_silence_d1(
    contract: ContractDefined, field: str
) -> None:
    left_out = LeftOut(fields=frozenset({"nte_limit"}), limits=frozenset("A"))
    command = replace(define_contract("A", currency="JPY"), left_out=left_out)
    given(contract).when(command).then_refused(Invalid, field=field)
    given(contract).when(define_contract("A", currency="JPY")).the(ContractDefined)
    given(a_contract("A")).when(command).the(ContractDefined)
