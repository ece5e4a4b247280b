"""What a command comes to is decided before it is done: several decisions make one (D-27)."""

import pytest

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.deal import closed, not_open
from aggregates.decision import NOTHING, together
from aggregates.refusals import ItemsRefused
from tests.aggregates.examples import a_contract, a_line, an_approval, sale
from tests.spec import given

ONE, UNKNOWN = sale("1"), "C1~L1~unknown"
BACKLOG = given(a_contract(), a_line()).when(an_approval("1"))


def test_deciding_changes_nothing() -> None:
    before = BACKLOG.after
    assert before.when(MarkReady(items=(ONE,))).decided.events
    assert before.lines["L1"] == BACKLOG.after.lines["L1"]


def test_a_refused_item_refuses_all_only_where_it_is_to_be_all_or_nothing_d27() -> None:
    decided = BACKLOG.when(MarkReady(items=(ONE, UNKNOWN))).decided
    assert decided.done == (ONE,)
    with pytest.raises(ItemsRefused) as refused:
        decided.all_or_nothing()
    assert refused.value.items == decided.refused
    BACKLOG.when(MarkReady(items=(ONE,))).decided.all_or_nothing()


def test_the_decisions_on_several_contracts_are_one_in_their_order() -> None:
    done = BACKLOG.when(MarkReady(items=(ONE,))).decided
    again = BACKLOG.when(MarkReady(items=(ONE,))).when(MarkReady(items=(ONE, UNKNOWN))).decided
    both = together([done, again])
    assert (both.events, both.done) == (done.events, (ONE,))
    assert (both.left, both.refused) == (again.left, again.refused)
    assert together([]) == NOTHING


def test_an_item_that_is_not_open_is_posted_or_unknown_d25() -> None:
    codes = [each.why.code for each in (not_open(ONE), closed(ONE, is_known=True))]
    assert codes == ["item_not_open", "item_posted"]
    assert closed(ONE, is_known=False).why.code == "item_not_found"
