"""Folding never raises, whatever a history holds, and commands after it do no more than refuse.

Histories were damaged once by two processes that decided on stale states: a milestone was deleted
twice, and every command on its line failed from then on.
"""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.head import LineHead, evolve_head
from aggregates.contract_line.milestones import ChangeMilestone, DeleteMilestone
from aggregates.events import Event
from aggregates.intake import state as intake
from aggregates.intake.state import Parking
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.statuses import BillingMethod
from tests.aggregates.any_events import an_event
from tests.aggregates.examples import (
    CONFIRM,
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
from tests.spec import Command, Outcome, Story, given

FIXED = "F1"
BEGAN = given(
    a_contract(limit="500"),
    a_line(splits={"A": "50", "B": "50"}),
    a_fixed_price_line(FIXED, splits={"A": "50", "B": "50"}),
)
ITEMS = (
    *(sale(name, customer) for name in "12" for customer in "AB"),
    *(part(name, customer, FIXED) for name in ("M1", "M2") for customer in "AB"),
)
DELETE = DeleteMilestone(milestone_id=milestone("M1", FIXED))
CHANGE = ChangeMilestone(milestone_id=milestone("M1", FIXED), amount=Decimal(70))
COMMANDS: tuple[Command, ...] = (
    a_milestone("M1", "100", line_id=FIXED),
    a_milestone("M2", "60", line_id=FIXED),
    worth("200", "1"),
    worth("400", "2"),
    ReevaluateNTE(items=ITEMS),
    ResetNTE(items=ITEMS[:2]),
    *(MarkReady(items=(item,)) for item in ITEMS),
    draft(),
    MarkNotReady(items=ITEMS),
    CHANGE,
    DELETE,
)


def told(*commands: Command) -> Story:
    """The story of the commands, without those that are refused."""
    story = BEGAN
    for command in commands:
        outcome = story.when(command)
        story = story if outcome.refusal else outcome.after
    return story


HISTORIES = [
    told(*COMMANDS).history,
    told(*COMMANDS[:-3], DeleteDraft(), DELETE).history,
    told(*COMMANDS[:-3], CONFIRM, *COMMANDS[-3:]).history,
]
"""Three ways that a backlog can go: nothing drafted for long, a draft deleted, one confirmed."""


def every_command_on(story: Story) -> list[Outcome]:
    """What each command comes to: `when` raises all that is no refusal."""
    on_drafts = [
        story.when(command, invoice_id=invoice_id)
        for invoice_id in story.invoices
        for command in (CONFIRM, DeleteDraft())
    ]
    others = (*COMMANDS, an_approval("3"), define_line(splits={"A": "100"}))
    return [*on_drafts, *(story.when(command) for command in others)]


@settings(derandomize=True, deadline=None, max_examples=300)
@given_any(events=st.lists(an_event(), max_size=25), method=st.sampled_from(BillingMethod))
def test_any_events_of_the_catalogue_fold_in_any_order(
    events: Sequence[Event], method: BillingMethod
) -> None:
    began = (a_contract(), *a_line(method=method), *a_line("L2", method=method))
    head: LineHead | None = None
    parking: Parking | None = None
    for event in (*began, *events):
        head = evolve_head(head, event)
        parking = intake.evolve(parking, event)
    assert given(*began).happened(*events).contract
    assert head


@settings(derandomize=True, deadline=None, max_examples=300)
@given_any(data=st.data(), history=st.sampled_from(HISTORIES))
def test_after_events_lost_doubled_and_out_of_order_commands_are_done_or_refused(
    data: st.DataObject, history: Sequence[Event]
) -> None:
    """What two writers with stale states would make: right events, each of another history."""
    damaged = data.draw(st.lists(st.sampled_from(history), max_size=40))
    assert every_command_on(BEGAN.happened(*damaged))


def test_a_milestone_deleted_twice_is_gone_and_its_line_goes_on() -> None:
    story = told(a_milestone("M1", "100", line_id=FIXED), a_milestone("M2", "60", line_id=FIXED))
    deleted = story.when(DELETE).events
    line = story.happened(*deleted, *deleted).lines[FIXED]
    assert [*line.milestones] == [milestone("M2", FIXED)]
    story.happened(*deleted, *deleted).when(DELETE).then_refused("milestone_completed")


def test_a_milestone_changed_after_it_was_deleted_stays_deleted() -> None:
    story = told(a_milestone("M1", "100", line_id=FIXED))
    changed, deleted = story.when(CHANGE).events, story.when(DELETE).events
    line = story.happened(*deleted, *changed).lines[FIXED]
    assert not line.milestones
    assert not line.parts


def test_an_invoice_confirmed_for_a_deleted_milestone_leaves_its_line_in_order() -> None:
    ready = told(
        a_milestone("M1", "100", line_id=FIXED),
        MarkReady(items=(part("M1", "A", FIXED), part("M1", "B", FIXED))),
    )
    drafted = ready.when(draft()).after
    damaged = drafted.happened(*ready.when(DELETE).events).when(CONFIRM).after
    assert not damaged.lines[FIXED].milestones
    assert every_command_on(damaged)
