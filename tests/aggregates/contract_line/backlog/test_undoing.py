"""A mark taken back: what it did, what has touched its items since, and what they are again."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line import state
from aggregates.contract_line.backlog.readiness import MarkNotReady
from aggregates.contract_line.backlog.undoing import (
    UndoMark,
    marked_by,
    may_be_of_a_mark,
    touched_by,
    verdicts_of,
)
from aggregates.contract_line.events import (
    LineUsageChanged,
    MarkedNotReady,
    MarkedReady,
    NTEReset,
)
from aggregates.events import Event, RequestAnswered
from aggregates.job.events import JobClosed
from aggregates.statuses import BillingStatus, NTEStatus
from tests.aggregates.any_events import an_event
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    committed,
    draft,
    part,
    ready,
    reevaluate,
    reset,
    sale,
    statuses,
    worth,
)
from tests.spec import Story, given

ONE, TWO = sale("1"), sale("2")
LIMITED = given(a_contract(), a_line(limit="100")).when(worth("40", "1"), worth("50", "2")).after


def undo(
    *items: str,
    made_ready: bool = True,
    verdicts: Mapping[str, NTEStatus] | None = None,
    changed: frozenset[str] = frozenset(),
) -> UndoMark:
    return UndoMark(
        items=items, made_ready=made_ready, verdicts=verdicts or {}, changed_since=changed
    )


# --- what items are again ----------------------------------------------------------------------


def test_items_that_a_mark_made_ready_are_not_ready_again_and_keep_their_verdicts() -> None:
    marked = LIMITED.when(ready(ONE, TWO))
    undone = marked.when(undo(ONE, TWO))
    assert undone.decided.done == (ONE, TWO)
    assert [type(event) for event in undone.events] == [MarkedNotReady]
    assert undone.after.states == LIMITED.states


def test_items_that_a_mark_made_not_ready_are_ready_again() -> None:
    before = LIMITED.when(ready(ONE)).after
    marked = before.when(MarkNotReady(items=(ONE,)))
    undone = marked.when(undo(ONE, made_ready=False))
    assert [type(event) for event in undone.events] == [MarkedReady]
    assert undone.after.states == before.states


def test_an_item_that_the_mark_evaluated_is_not_evaluated_again_and_its_room_is_free_d26() -> None:
    before = LIMITED.when(reset(ONE)).after
    marked = before.when(ready(ONE))
    undone = marked.when(undo(ONE, verdicts={ONE: NTEStatus.NOT_EVALUATED}))
    assert [type(event) for event in undone.events] == [
        NTEReset,
        MarkedNotReady,
        LineUsageChanged,
        ContractUsageChanged,
    ]
    assert committed(undone.after)["L1"] == 50
    assert undone.after.states == before.states


def test_an_item_that_no_limit_stood_against_before_is_not_applicable_again_d26() -> None:
    story = given(a_contract(), a_line()).when(worth("80"))
    limited = story.after.happened(*a_line(limit="100"))
    marked = limited.when(ready(ONE))
    undone = marked.when(undo(ONE, verdicts={ONE: NTEStatus.NOT_APPLICABLE}))
    assert statuses(undone)[ONE] == (BillingStatus.NOT_READY, NTEStatus.NOT_APPLICABLE)
    assert committed(undone.after)["L1"] == 0


def test_parts_of_milestones_go_back_with_their_headers_d12() -> None:
    before = given(a_contract(), a_fixed_price_line()).when(a_milestone()).after
    undone = before.when(ready(part())).when(undo(part(), verdicts={part(): NTEStatus.COMMITTED}))
    assert undone.after.states == before.states


# --- what is left ------------------------------------------------------------------------------


def test_an_item_that_was_touched_since_is_left() -> None:
    undone = LIMITED.when(ready(ONE, TWO)).when(undo(ONE, TWO, changed=frozenset({ONE})))
    undone.then_left("changed_since", ONE)
    assert undone.decided.done == (TWO,)


def test_an_item_on_a_draft_or_posted_is_refused_d25() -> None:
    drafted = LIMITED.when(ready(ONE)).when(draft())
    changed = frozenset({ONE})
    drafted.when(undo(ONE, changed=changed)).then().then_refused("item_on_draft", id=ONE)
    posted = drafted.when(CONFIRM)
    posted.when(undo(ONE, changed=changed)).then().then_refused("item_not_open", id=ONE)


def test_an_item_that_a_later_limit_forbids_is_not_made_ready_again_d26() -> None:
    story = given(a_contract(), a_line()).when(worth("80")).when(ready(ONE))
    limited = story.when(MarkNotReady(items=(ONE,))).after.happened(*a_line(limit="50"))
    limited.when(undo(ONE, made_ready=False)).then_refused("nte_failed", id=ONE)


# --- what the events say -----------------------------------------------------------------------


def events_of(story: Story, *items: str) -> tuple[Event, ...]:
    return story.when(ready(*items)).events


def test_a_mark_is_told_from_other_commands_by_its_events() -> None:
    marked = events_of(LIMITED, ONE)
    assert marked_by(marked) == list(marked)
    evaluated = events_of(LIMITED.when(reset(ONE)).after, ONE)
    assert [type(event) for event in marked_by(evaluated)] == [MarkedReady]
    is_ready = LIMITED.when(ready(ONE)).after
    back = is_ready.when(MarkNotReady(items=(ONE,))).events
    assert marked_by(back) == list(back)
    assert marked_by(is_ready.when(reset(ONE)).events) == []
    fallen = is_ready.happened(*a_line(limit="10")).when(reevaluate(ONE))
    assert MarkedNotReady in {type(event) for event in fallen.events}
    assert marked_by(fallen.events) == []


def test_only_what_marks_record_may_be_of_a_mark() -> None:
    for story in (LIMITED, LIMITED.when(reset(ONE)).after):
        assert all(may_be_of_a_mark(event) for event in events_of(story, ONE))
    assert may_be_of_a_mark(RequestAnswered(key="k", digest="d", body="{}"))
    assert may_be_of_a_mark(JobClosed(job_id="J1"))
    assert not any(may_be_of_a_mark(event) for event in LIMITED.when(reset(ONE)).all(NTEReset))
    assert not any(may_be_of_a_mark(event) for event in [a_contract(), *a_line()])


def test_events_tell_the_status_that_they_give_items() -> None:
    verdicts: dict[str, NTEStatus] = {}
    for event in LIMITED.history:
        verdicts |= verdicts_of(event)
    assert verdicts == {ONE: NTEStatus.COMMITTED, TWO: NTEStatus.COMMITTED}
    (withdrawn, *_) = LIMITED.when(reset(ONE)).events
    assert verdicts_of(withdrawn) == {ONE: NTEStatus.NOT_EVALUATED}


FILLED = given(a_contract(), a_line(), a_fixed_price_line("L2"))


@settings(derandomize=True, deadline=None, max_examples=300)
@given_any(st.lists(an_event(), min_size=1, max_size=12))
def test_whatever_changes_an_item_says_so(events: list[Event]) -> None:
    """An undo relies on it: what is not named as touched is as the mark left it."""
    line = FILLED.lines["L1"]
    for event in events:
        after = state.evolve(line, event)
        assert after
        before = {**dict(line.sales.items()), **dict(line.parts.items())}
        now = {**dict(after.sales.items()), **dict(after.parts.items())}
        changed = {
            item_id
            for item_id in before.keys() | now.keys()
            if before.get(item_id) != now.get(item_id)
        }
        assert changed <= {*touched_by(event), *_of_its_milestones(line, event)}, event
        line = after


def _of_its_milestones(line: state.ContractLine, event: Event) -> set[str]:
    """Parts that go with a whole milestone: completed ones, and those of another split of it."""
    headers = [header.milestone_id for header in getattr(event, "milestones", ())]
    named = [*headers, getattr(event, "milestone_id", "")]
    return {item_id for milestone_id in named for item_id in line.parts_of(milestone_id)}


@pytest.mark.parametrize("made_ready", [True, False])
def test_a_command_that_names_no_item_does_nothing(made_ready: bool) -> None:
    LIMITED.when(replace(undo(), made_ready=made_ready)).then()
