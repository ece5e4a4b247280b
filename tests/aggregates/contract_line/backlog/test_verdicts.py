"""Verdicts withdrawn and given anew, one or many in a call (D-33, D-34)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.events import (
    MarkedNotReady,
    NTEEvaluated,
    NTEReset,
    NTEResult,
)
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.statuses import BillingStatus, BillingType, LimitLevel, NTEStatus
from aggregates.terms import FailedLevel
from tests.aggregates.examples import (
    a_contract,
    a_line,
    an_approval,
    committed,
    define_contract,
    define_line,
    draft,
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


# --- reset -------------------------------------------------------------------------------------


def test_reset_withdraws_the_verdict_and_frees_the_room_d33() -> None:
    story = LIMITED.when(worth("80"))
    assert committed(story.after)["L1"] == 80
    after = story.when(reset(ONE))
    assert after.the(NTEReset).items == (ONE,)
    assert statuses(after)[ONE] == (BillingStatus.NOT_READY, NTEStatus.NOT_EVALUATED)
    assert set(committed(after.after).values()) == {Decimal(0)}
    assert not after.all(MarkedNotReady)


def test_reset_of_a_failed_item_frees_nothing_and_forgets_why_it_failed_d33() -> None:
    story = LIMITED.when(worth("80", "1"), worth("90", "2"))
    after = story.when(reset(TWO))
    assert [type(event) for event in after.events] == [NTEReset]
    assert after.after.lines["L1"].sales[TWO].failed == ()
    assert committed(after.after)["L1"] == 80


def test_reset_takes_a_ready_item_back_to_not_ready_d33() -> None:
    story = LIMITED.when(worth("80")).when(ready(ONE))
    after = story.when(reset(ONE))
    assert after.the(MarkedNotReady).items == (ONE,)
    assert statuses(after)[ONE] == (BillingStatus.NOT_READY, NTEStatus.NOT_EVALUATED)
    assert not after.after.lines["L1"].ready


def test_reset_of_a_credit_takes_its_room_away_again_d33_d31() -> None:
    story = LIMITED.when(worth("-50", "1"), worth("120", "2"))
    assert committed(story.after)["L1"] == 70
    assert committed(story.when(reset(ONE)).after)["L1"] == 120


@pytest.mark.parametrize("command", [reset, reevaluate])
def test_items_on_a_draft_or_not_chargeable_are_left_alone_with_the_reason_d33_d34(
    command: Callable[..., ResetNTE | ReevaluateNTE],
) -> None:
    free = sale("2", billing_type=NON_CHARGEABLE)
    story = LIMITED.when(worth("80"), an_approval("2", billing_type=NON_CHARGEABLE))
    drafted = story.when(ready(ONE)).when(draft()).when(worth("10", "3"))
    after = drafted.when(command(ONE, free, THREE))
    after.then_left("item_on_draft", ONE).then_left("not_chargeable", free)
    assert (after.decided.done, after.decided.refused) == ((THREE,), ())
    assert statuses(after)[ONE] == (BillingStatus.INVOICE_CREATED, NTEStatus.COMMITTED)


def test_reset_of_what_is_not_evaluated_changes_nothing_d33() -> None:
    story = LIMITED.when(worth("80")).when(reset(ONE))
    story.when(reset(ONE)).then().then_left("already_not_evaluated", ONE)


def test_reset_of_many_is_one_event_a_line_d33() -> None:
    story = given(a_contract(limit="100"), a_line("L1"), a_line("L2"))
    two = sale("2", line_id="L2")
    full = story.when(worth("30", "1"), worth("30", "2", "L2"), worth("30", "3"))
    after = full.when(ready(ONE, two)).when(reset(ONE, two, THREE))
    assert [(event.line_id, event.items) for event in after.all(NTEReset)] == [
        ("L1", (ONE, THREE)),
        ("L2", (two,)),
    ]
    assert [event.items for event in after.all(MarkedNotReady)] == [(ONE,), (two,)]
    assert set(committed(after.after).values()) == {Decimal(0)}


# --- re-evaluate -------------------------------------------------------------------------------


def test_reset_a_then_reevaluate_b_gives_b_the_room_of_a_d34() -> None:
    story = LIMITED.when(worth("80", "1"), worth("90", "2"))
    assert verdicts(story) == {ONE: NTEStatus.COMMITTED, TWO: NTEStatus.FAILED}
    still = story.when(reevaluate(TWO))
    assert verdicts(still)[TWO] is NTEStatus.FAILED
    after = story.when(reset(ONE)).when(reevaluate(TWO))
    assert verdicts(after) == {ONE: NTEStatus.NOT_EVALUATED, TWO: NTEStatus.COMMITTED}
    assert committed(after.after)["L1"] == 90
    assert after.after.lines["L1"].sales[TWO].failed == ()


def test_reevaluation_goes_in_the_order_given_each_seeing_those_before_it_d34() -> None:
    story = LIMITED.when(worth("60", "1"), worth("70", "2"), worth("40", "3"))
    freed = story.when(reset(ONE, TWO, THREE))
    forward = freed.when(reevaluate(ONE, TWO, THREE))
    assert forward.the(NTEEvaluated).results == (
        NTEResult(item_id=ONE, nte_status=NTEStatus.COMMITTED),
        NTEResult(
            item_id=TWO,
            nte_status=NTEStatus.FAILED,
            failed=(
                FailedLevel(
                    level=LimitLevel.LINE,
                    limit=Decimal(100),
                    used=Decimal(60),
                    shortfall=Decimal(30),
                ),
            ),
        ),
        NTEResult(item_id=THREE, nte_status=NTEStatus.COMMITTED),
    )
    backward = freed.when(reevaluate(THREE, TWO, ONE))
    assert [r.nte_status for r in backward.the(NTEEvaluated).results] == [
        NTEStatus.COMMITTED,
        NTEStatus.FAILED,
        NTEStatus.COMMITTED,
    ]
    assert freed.when(reevaluate(TWO, ONE, THREE)).the(NTEEvaluated).results[0] == NTEResult(
        item_id=TWO, nte_status=NTEStatus.COMMITTED
    )


def test_a_committed_item_does_not_stand_in_its_own_way_d34() -> None:
    story = LIMITED.when(worth("80"))
    after = story.when(reevaluate(ONE))
    assert [type(event) for event in after.events] == [NTEEvaluated]
    assert verdicts(after)[ONE] is NTEStatus.COMMITTED
    assert committed(after.after)["L1"] == 80


def test_under_a_lowered_limit_reevaluation_fails_and_a_ready_item_falls_back_d34_d36() -> None:
    story = LIMITED.when(worth("80")).when(ready(ONE)).when(define_line(limit="50"))
    assert statuses(story)[ONE] == (BillingStatus.READY, NTEStatus.COMMITTED)
    after = story.when(reevaluate(ONE))
    assert after.the(MarkedNotReady).items == (ONE,)
    assert statuses(after)[ONE] == (BillingStatus.NOT_READY, NTEStatus.FAILED)
    assert committed(after.after)["L1"] == 0


def test_a_raised_limit_changes_no_verdict_until_reevaluation_d36() -> None:
    story = LIMITED.when(worth("150")).when(define_line(limit="150"))
    assert verdicts(story)[ONE] is NTEStatus.FAILED
    story.when(ready(ONE)).then_refused("nte_failed", id=ONE)
    assert verdicts(story.when(reevaluate(ONE)))[ONE] is NTEStatus.COMMITTED


def test_a_ready_item_that_passes_again_stays_ready_d34() -> None:
    story = LIMITED.when(worth("80")).when(ready(ONE))
    after = story.when(reevaluate(ONE))
    assert statuses(after)[ONE] == (BillingStatus.READY, NTEStatus.COMMITTED)


def test_when_the_last_limit_is_gone_reevaluation_frees_what_was_committed_d32() -> None:
    story = LIMITED.when(worth("80")).when(define_line())
    after = story.when(reevaluate(ONE))
    assert verdicts(after)[ONE] is NTEStatus.NOT_APPLICABLE
    assert set(committed(after.after).values()) == {Decimal(0)}


def test_when_the_first_limit_comes_reevaluation_commits_what_had_no_verdict_d36() -> None:
    story = given(a_contract("A"), a_line()).when(worth("80", "1"), worth("30", "2"))
    limited = story.when(define_contract("A", limit="100"))
    assert set(verdicts(limited).values()) == {NTEStatus.NOT_APPLICABLE}
    after = limited.when(reevaluate(ONE, TWO))
    assert verdicts(after) == {ONE: NTEStatus.COMMITTED, TWO: NTEStatus.FAILED}


def test_after_its_draft_was_deleted_an_item_can_be_reset_again_d33_d42() -> None:
    story = LIMITED.when(worth("80")).when(ready(ONE)).when(draft()).when(DeleteDraft())
    assert story.when(reset(ONE)).decided.done == (ONE,)
