"""Ready and not ready: items one by one, or many in a call (D-11, D-25 to D-27)."""

from decimal import Decimal

import pytest

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.events import (
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    NTEEvaluated,
    NTEReset,
)
from aggregates.events import Event
from aggregates.statuses import BillingStatus, BillingType, LimitLevel, MilestoneStatus, NTEStatus
from aggregates.terms import FailedLevel
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    committed,
    draft,
    milestone,
    part,
    ready,
    reevaluate,
    reset,
    sale,
    statuses,
    verdicts,
    worth,
)
from tests.spec import given

NON_CHARGEABLE = BillingType.NON_CHARGEABLE
ONE, TWO, THREE = sale("1"), sale("2"), sale("3")
LIMITED = given(a_contract(), a_line(limit="100"))
"""A line with room for 100."""


def not_ready(*items: str) -> MarkNotReady:
    return MarkNotReady(items=items)


# --- ready and not ready -----------------------------------------------------------------------


def test_items_are_marked_ready_one_or_many_in_a_call_d25() -> None:
    story = given(a_contract(), a_line()).when(an_approval("1"), an_approval("2"))
    one = story.when(ready(ONE))
    assert one.the(MarkedReady).items == (ONE,)
    assert set(one.after.lines["L1"].ready) == {ONE}
    both = story.when(ready(TWO, ONE))
    assert both.the(MarkedReady).items == (TWO, ONE)
    assert both.decided.done == (TWO, ONE)


def test_marking_is_one_event_a_line_across_lines_and_kinds_d25() -> None:
    story = given(a_contract(), a_line("L1"), a_line("L2"), a_fixed_price_line("L3"))
    filled = story.when(an_approval("1"), an_approval("2", line_id="L2"), an_approval("3"))
    both = filled.when(a_milestone(line_id="L3"))
    items = (sale("3"), part(line_id="L3"), sale("2", line_id="L2"), sale("1"))
    marked = both.when(ready(*items))
    assert [(event.line_id, event.items) for event in marked.all(MarkedReady)] == [
        ("L1", (sale("3"), sale("1"))),
        ("L3", (part(line_id="L3"),)),
        ("L2", (sale("2", line_id="L2"),)),
    ]
    assert len(marked.events) == 3


def test_an_item_named_twice_is_marked_once() -> None:
    story = given(a_contract(), a_line()).when(an_approval())
    story.when(ready(ONE, ONE)).the(MarkedReady)
    assert story.when(ready(ONE, ONE)).decided.done == (ONE,)


def test_a_ready_item_is_taken_back_d25() -> None:
    story = given(a_contract(), a_line()).when(an_approval()).when(ready(ONE))
    back = story.when(not_ready(ONE))
    assert back.the(MarkedNotReady).items == (ONE,)
    assert statuses(back)[ONE][0] is BillingStatus.NOT_READY
    assert not back.after.lines["L1"].ready


def test_what_stands_so_already_is_left_and_refuses_nothing() -> None:
    story = given(a_contract(), a_line()).when(an_approval("1"), an_approval("2")).when(ready(ONE))
    again = story.when(ready(ONE, TWO)).then_left("already_ready", ONE)
    assert (again.decided.done, again.decided.refused) == ((TWO,), ())
    story.when(not_ready(TWO)).then().then_left("already_not_ready", TWO)


@pytest.mark.parametrize("billing_type", [NON_CHARGEABLE, BillingType.COMPLIMENTARY])
def test_items_at_no_charge_may_be_ready_d25(billing_type: BillingType) -> None:
    story = given(a_contract(limit="1"), a_line()).when(an_approval(billing_type=billing_type))
    item = sale(billing_type=billing_type)
    assert story.when(ready(item)).decided.done == (item,)


@pytest.mark.parametrize("command", [ready(ONE), not_ready(ONE)])
def test_an_item_on_a_draft_can_be_marked_neither_way_d25(
    command: MarkReady | MarkNotReady,
) -> None:
    story = given(a_contract(), a_line()).when(an_approval()).when(ready(ONE)).when(draft())
    story.when(command).then().then_refused("item_on_draft", id=ONE)


@pytest.mark.parametrize("command", [ready(ONE), not_ready(ONE), reset(ONE), reevaluate(ONE)])
def test_a_posted_sale_is_no_open_item_any_more_d25(
    command: MarkReady | MarkNotReady | ResetNTE | ReevaluateNTE,
) -> None:
    story = given(a_contract(), a_line()).when(an_approval()).when(ready(ONE))
    posted = story.when(draft()).when(CONFIRM)
    posted.when(command).then().then_refused("item_not_open", id=ONE)


def test_a_posted_part_of_an_open_milestone_can_be_marked_neither_way_d25() -> None:
    line = a_fixed_price_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), line).when(a_milestone()).when(ready(part()))
    posted = story.when(draft()).when(CONFIRM)
    posted.when(ready(part())).then().then_refused("item_posted", id=part())
    posted.when(not_ready(part())).then().then_refused("item_posted", id=part())


@pytest.mark.parametrize(
    "item_id", ["nonsense", "C2~L1~x", "C1~L9~x", "C1~L1~x", "C1~L1~", "~L1~x", "a~b~c~d"]
)
def test_an_id_that_is_no_open_item_of_the_contract_is_refused_d25(item_id: str) -> None:
    story = given(a_contract(), a_line()).when(an_approval())
    marked = story.when(ready(item_id, ONE)).then_refused("item_not_open", id=item_id)
    assert marked.decided.done == (ONE,)


# --- milestones --------------------------------------------------------------------------------


def test_each_customer_milestone_is_marked_on_its_own_d11() -> None:
    line = a_fixed_price_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), line).when(a_milestone("M1")).when(a_milestone("M2"))
    marked = story.when(ready(part("M1", "B"), part("M2", "A")))
    assert set(marked.after.lines["L1"].ready) == {part("M1", "B"), part("M2", "A")}
    back = marked.when(not_ready(part("M1", "B")))
    assert set(back.after.lines["L1"].ready) == {part("M2", "A")}


def test_the_event_carries_the_headers_that_follow_d12() -> None:
    line = a_fixed_price_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), line).when(a_milestone("M1")).when(a_milestone("M2"))
    marked = story.when(ready(part("M2", "A"), part("M1", "B"), part("M1", "A")))
    assert [(h.milestone_id, h.status) for h in marked.the(MarkedReady).milestones] == [
        (milestone("M1"), MilestoneStatus.IN_PROGRESS),
        (milestone("M2"), MilestoneStatus.IN_PROGRESS),
    ]
    back = marked.when(not_ready(part("M1", "A"), part("M2", "A")))
    assert [(h.milestone_id, h.status) for h in back.the(MarkedNotReady).milestones] == [
        (milestone("M1"), MilestoneStatus.IN_PROGRESS),
        (milestone("M2"), MilestoneStatus.NOT_STARTED),
    ]


def test_a_milestone_has_no_verdict_and_is_ready_above_any_limit_d17() -> None:
    story = given(a_contract(limit="1"), a_fixed_price_line(limits={"A": "1"}))
    marked = story.when(a_milestone()).when(ready(part()))
    assert [type(event) for event in marked.events] == [MarkedReady]
    marked.when(reset(part())).then().then_left("milestone", part())
    marked.when(reevaluate(part())).then().then_left("milestone", part())


# --- failed and not evaluated ------------------------------------------------------------------


def test_a_failed_item_cannot_be_marked_ready_and_the_answer_says_by_how_much_d26() -> None:
    story = given(a_contract(), a_line(limit="1000")).when(an_approval())
    failed = FailedLevel(
        level=LimitLevel.LINE, limit=Decimal(1000), used=Decimal(0), shortfall=Decimal(600)
    )
    refused = story.when(ready(ONE)).then()
    refused.then_refused(
        "nte_failed", id=ONE, level=LimitLevel.LINE, shortfall=600, levels=(failed,)
    )
    why = refused.refusals[0]
    assert (why.detail, why.rule) == ("exceeds the line limit of 1000 by 600.00", "D-26")


def test_the_refusal_names_the_first_failing_level_and_lists_them_all_d26_d30() -> None:
    story = given(
        a_contract(limit="400", limits={"A": "300"}), a_line(limit="200", limits={"A": "100"})
    )
    refused = story.when(worth("500")).when(ready(ONE))
    refused.then_refused("nte_failed", level=LimitLevel.LINE_CUSTOMER, shortfall=400)
    assert [
        (failed.level, failed.limit, failed.used, failed.shortfall)
        for failed in refused.before.lines["L1"].sales[ONE].failed
    ] == [
        (LimitLevel.LINE_CUSTOMER, 100, 0, 400),
        (LimitLevel.LINE, 200, 0, 300),
        (LimitLevel.CONTRACT_CUSTOMER, 300, 0, 200),
        (LimitLevel.CONTRACT, 400, 0, 100),
    ]


def test_an_item_not_evaluated_is_evaluated_first_and_marked_if_it_fits_d26() -> None:
    story = LIMITED.when(worth("80")).when(reset(ONE))
    marked = story.when(ready(ONE))
    assert [type(event) for event in marked.events] == [
        NTEEvaluated,
        MarkedReady,
        LineUsageChanged,
        ContractUsageChanged,
    ]
    assert statuses(marked)[ONE] == (BillingStatus.READY, NTEStatus.COMMITTED)
    assert committed(marked.after)["L1"] == 80


def test_an_item_not_evaluated_is_evaluated_first_and_refused_if_it_does_not_fit_d26() -> None:
    story = LIMITED.when(worth("80")).when(reset(ONE)).when(worth("30", "2"))
    refused = story.when(ready(ONE)).then_refused(
        "nte_failed", id=ONE, level=LimitLevel.LINE, shortfall=10
    )
    assert [type(event) for event in refused.events] == [NTEEvaluated]
    assert statuses(refused)[ONE] == (BillingStatus.NOT_READY, NTEStatus.FAILED)


def test_an_item_not_evaluated_without_a_limit_is_not_applicable_and_ready_d26_d32() -> None:
    story = given(a_contract(), a_line()).when(worth("80")).when(reset(ONE))
    marked = story.when(ready(ONE))
    assert statuses(marked)[ONE] == (BillingStatus.READY, NTEStatus.NOT_APPLICABLE)


@pytest.mark.parametrize(
    "limit",
    [
        [*a_line(limit="100")],
        [*a_line(limits={"A": "100"})],
        [a_contract(limit="100")],
        [a_contract(limits={"A": "100"})],
    ],
)
def test_a_limit_that_came_later_is_asked_when_an_item_is_marked_d26(limit: list[Event]) -> None:
    story = given(a_contract(), a_line()).when(worth("80", "1"), worth("30", "2"))
    assert set(verdicts(story).values()) == {NTEStatus.NOT_APPLICABLE}
    limited = story.after.happened(*limit)
    marked = limited.when(ready(ONE, TWO))
    assert statuses(marked)[ONE] == (BillingStatus.READY, NTEStatus.COMMITTED)
    assert statuses(marked)[TWO] == (BillingStatus.NOT_READY, NTEStatus.FAILED)
    marked.then_refused("nte_failed", id=TWO, shortfall=10)
    assert committed(marked.after)["contract"] == 80


@pytest.mark.parametrize("billing_type", [NON_CHARGEABLE, BillingType.COMPLIMENTARY])
def test_items_at_no_charge_are_asked_no_limit_that_came_later_d26_d32(
    billing_type: BillingType,
) -> None:
    free = an_approval(price="80", billing_type=billing_type)
    story = given(a_contract(), a_line()).when(free).after.happened(*a_line(limit="1"))
    item = sale("1", billing_type=billing_type)
    marked = story.when(ready(item))
    assert statuses(marked)[item] == (BillingStatus.READY, NTEStatus.NOT_APPLICABLE)
    assert not marked.all(NTEEvaluated)


def test_a_limit_of_another_customer_is_not_asked_when_an_item_is_marked_d26() -> None:
    story = given(a_contract(), a_line()).when(worth("80"))
    marked = story.after.happened(a_contract(limits={"B": "1"})).when(ready(ONE))
    assert statuses(marked)[ONE] == (BillingStatus.READY, NTEStatus.NOT_APPLICABLE)


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_an_item_worth_zero_or_less_is_marked_above_a_limit_that_came_later_d26_d31(
    amount: str,
) -> None:
    story = given(a_contract(), a_line()).when(worth("80", "1"), worth(amount, "2"))
    marked = story.after.happened(*a_line(limit="1")).when(reevaluate(ONE)).when(ready(TWO))
    assert statuses(marked)[TWO] == (BillingStatus.READY, NTEStatus.COMMITTED)


def test_of_many_items_what_can_be_marked_is_and_the_rest_is_listed_d27() -> None:
    story = LIMITED.when(worth("80", "1"), worth("90", "2"), worth("20", "3"))
    marked = story.when(ready(ONE, TWO, "C1~L1~x", THREE))
    marked.then_refused("nte_failed", id=TWO).then_refused("item_not_open", id="C1~L1~x")
    assert [refusal.code for refusal in marked.refusals] == ["nte_failed", "item_not_open"]
    assert marked.decided.done == (ONE, THREE)
    assert marked.the(MarkedReady).items == (ONE, THREE)


# --- very many ---------------------------------------------------------------------------------


def test_very_many_items_are_cut_in_events_of_a_thousand() -> None:
    first, *rest = (worth("1", str(n)) for n in range(1001))
    items = tuple(sale(str(n)) for n in range(1001))
    story = given(a_contract(), a_line(limit="2000")).when(first, *rest)
    marked = story.when(ready(*items))
    assert [len(event.items) for event in marked.all(MarkedReady)] == [1000, 1]
    after = marked.when(reset(*items))
    assert [len(event.items) for event in after.all(NTEReset)] == [1000, 1]
    assert [len(event.items) for event in after.all(MarkedNotReady)] == [1000, 1]
    again = after.when(reevaluate(*items))
    assert [len(event.results) for event in again.all(NTEEvaluated)] == [1000, 1]
    assert committed(again.after)["L1"] == 1001
