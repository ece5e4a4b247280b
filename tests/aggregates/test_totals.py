"""Sums that nothing could hold are refused before they are recorded."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aggregates import money
from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.events import LineUsageChanged, MilestoneSplit, UnbilledSalesRecorded
from aggregates.contract_line.milestones import ChangeMilestone
from aggregates.events import Event
from aggregates.intake.events import ApprovalRecorded
from aggregates.refusals import Refused
from aggregates.statuses import LimitLevel
from aggregates.terms import LevelUsage
from tests.aggregates.examples import (
    CONTRACT,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    draft,
    milestone,
)
from tests.spec import given

NEARLY = Decimal("99999999999999.9999")
"""The largest total of CLF, which has four decimals: one unit below 10**18 of them."""


def used(level: LimitLevel, customer_id: str | None) -> Event:
    usage = LevelUsage(level=level, customer_id=customer_id, committed=NEARLY, invoiced=Decimal(0))
    return ContractUsageChanged(contract_id=CONTRACT, currency="CLF", usages=(usage,))


@pytest.mark.parametrize(("currency", "unit"), [("JPY", "1"), ("EUR", "0.01"), ("CLF", "0.0001")])
def test_a_total_of_10_to_the_18_minor_units_is_refused(currency: str, unit: str) -> None:
    bound = Decimal(10) ** 18 * Decimal(unit)
    below = bound - Decimal(unit)
    assert money.total(below, currency) == below
    assert money.total(-below, currency) == -below
    for beyond in (bound, -bound):
        with pytest.raises(Refused, match="more than can be kept"):
            money.total(beyond, currency)


def test_an_approval_whose_usage_no_level_could_hold_is_refused_and_commits_nothing_d37() -> None:
    line = a_line(currency="CLF", splits={"A": "50", "B": "50"}, limit="5000")
    story = given(a_contract(currency="CLF"), line, used(LimitLevel.CONTRACT_CUSTOMER, "B"))
    outcome = story.when(an_approval(currency="CLF"))
    outcome.then_refused("total_too_large")
    assert outcome.all(UnbilledSalesRecorded) == []
    assert outcome.all(LineUsageChanged) == []
    assert outcome.all(ContractUsageChanged) == []


def test_a_failed_part_before_the_refusal_frees_nothing_d31() -> None:
    line = a_line(currency="CLF", splits={"A": "50", "B": "50"}, limits={"A": "1", "B": "5000"})
    story = given(a_contract(currency="CLF"), line, used(LimitLevel.CONTRACT_CUSTOMER, "B"))
    outcome = story.when(an_approval(currency="CLF"))
    outcome.then_refused("total_too_large")
    assert outcome.all(ContractUsageChanged) == []


def test_a_milestone_beyond_the_largest_total_of_the_line_is_refused_d15() -> None:
    deal = [a_contract(currency="CLF"), *a_fixed_price_line(currency="CLF")]
    first = given(*deal).when(a_milestone()).the(MilestoneSplit)
    full = given(*deal, replace(first, milestones_total=NEARLY))
    full.when(a_milestone("M2")).then_refused("total_too_large")
    full.when(ChangeMilestone(milestone_id=milestone(), amount=Decimal(1001))).then_refused(
        "total_too_large"
    )


def test_a_draft_beyond_the_largest_total_is_refused_d43() -> None:
    works = [
        an_approval(str(n), quantity="1", price="999999999999", currency="CLF") for n in range(101)
    ]
    story = given(a_contract(currency="CLF"), a_line(currency="CLF")).when(works[0], *works[1:])
    items = tuple(item for each in story.all(ApprovalRecorded) for item in each.items)
    story.when(MarkReady(items=items)).when(draft()).then_refused("total_too_large")
