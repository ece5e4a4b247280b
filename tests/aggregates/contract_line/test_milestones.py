"""Milestones of a fixed-price line: created, changed, deleted (D-10 to D-15)."""

from datetime import date
from decimal import Decimal

import pytest

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.events import (
    MilestoneChanged,
    MilestoneDeleted,
    MilestonePart,
    MilestoneSplit,
)
from aggregates.contract_line.milestones import ChangeMilestone, DeleteMilestone
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import EditDetails
from aggregates.invoice.draft.edits import DetailEdit
from aggregates.refusals import Invalid
from aggregates.statuses import BillingStatus, MilestoneStatus
from tests.aggregates.examples import (
    CONFIRM,
    DAY,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    draft,
    milestone,
    part,
)
from tests.spec import Outcome, Story, given

LATER = date(2026, 6, 1)


def shared() -> Story:
    """A fixed-price line, A 70 % and B 30 %."""
    return given(a_contract(), a_fixed_price_line(splits={"A": "70", "B": "30"}, amount="1500"))


def change(
    *,
    amount: str | None = None,
    tax: str | None = None,
    name: str | None = None,
    on: date | None = None,
    task: str | None = None,
) -> ChangeMilestone:
    return ChangeMilestone(
        milestone_id=milestone(),
        name=name,
        amount=None if amount is None else Decimal(amount),
        tax=None if tax is None else Decimal(tax),
        date=on,
        task_id=task,
    )


DELETE = DeleteMilestone(milestone_id=milestone())


def part_of(customer: str, amount: str, tax: str) -> MilestonePart:
    return MilestonePart(
        item_id=part("M1", customer),
        customer_id=customer,
        amount=Decimal(amount),
        tax=Decimal(tax),
    )


# --- create ------------------------------------------------------------------------------------


def test_a_milestone_is_split_at_once_tax_included_d10() -> None:
    split = shared().when(a_milestone(amount="500.00", tax="125.00")).the(MilestoneSplit)
    assert split.parts == (part_of("A", "350.00", "87.50"), part_of("B", "150.00", "37.50"))
    assert (split.amount, split.tax, split.currency) == (500, 125, "EUR")
    assert [(s.customer_id, s.percent, s.rounding) for s in split.shares] == [
        ("A", 70, True),
        ("B", 30, False),
    ]


def test_the_parts_of_a_new_milestone_are_not_ready_and_it_is_not_started_d10_d12() -> None:
    line = shared().when(a_milestone()).after.lines["L1"]
    assert {p.billing_status for p in line.parts.values()} == {BillingStatus.NOT_READY}
    assert line.milestones[milestone()].status is MilestoneStatus.NOT_STARTED


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("EUR", ["33.33", "33.33", "33.34"]),
        ("JPY", ["33", "33", "34"]),
        ("KWD", ["33.333", "33.333", "33.334"]),
    ],
)
def test_the_rounding_rest_of_a_milestone_goes_to_the_rounding_customer_d2(
    currency: str, amounts: list[str]
) -> None:
    splits = {"A": "33.3333", "B": "33.3333", "C": "33.3334"}
    line = a_fixed_price_line(currency=currency, splits=splits, rounding="C")
    story = given(a_contract("A", "B", "C", currency=currency), line)
    split = story.when(a_milestone(amount="100", tax="100")).the(MilestoneSplit)
    assert [str(p.amount) for p in split.parts] == amounts
    assert [str(p.tax) for p in split.parts] == amounts


def test_a_negative_milestone_is_split_like_a_positive_one_d2() -> None:
    split = shared().when(a_milestone(amount="-500.00", tax="-125.00")).the(MilestoneSplit)
    assert split.parts == (part_of("A", "-350.00", "-87.50"), part_of("B", "-150.00", "-37.50"))


def test_a_customer_at_0_percent_gets_no_part_d3() -> None:
    line = a_fixed_price_line(splits={"A": "100", "B": "0"}, rounding="B")
    split = given(a_contract(), line).when(a_milestone(amount="0.01")).the(MilestoneSplit)
    assert [p.customer_id for p in split.parts] == ["A"]
    assert [s.customer_id for s in split.shares] == ["A"]


def test_a_time_and_material_line_has_no_milestones_d10() -> None:
    given(a_contract(), a_line()).when(a_milestone()).then_refused("not_fixed_price")


def test_a_milestone_is_in_the_currency_of_the_line_d1() -> None:
    story = given(a_contract(currency="JPY"), a_fixed_price_line(currency="JPY"))
    story.when(a_milestone(amount="10.5")).then_refused(Invalid, field="amount")
    story.when(a_milestone(amount="10", tax="0.5")).then_refused(Invalid, field="tax")


# --- the line's total --------------------------------------------------------------------------


def test_the_line_knows_what_its_milestones_total_d15() -> None:
    story = shared().when(a_milestone(amount="1000"))
    assert story.the(MilestoneSplit).milestones_total == 1000
    two = story.when(a_milestone("M2", "400"))
    assert two.the(MilestoneSplit).milestones_total == 1400
    changed = two.when(change(amount="900"))
    assert changed.the(MilestoneChanged).milestones_total == 1300
    deleted = changed.when(DELETE)
    assert deleted.the(MilestoneDeleted).milestones_total == 400
    assert deleted.after.lines["L1"].milestones_total == 400


def test_a_completed_milestone_still_counts_in_the_total_d15() -> None:
    posted = posted_in_full(shared().when(a_milestone()))
    assert not posted.after.lines["L1"].milestones
    assert posted.when(a_milestone("M2", "1")).the(MilestoneSplit).milestones_total == 1001


# --- change and delete -------------------------------------------------------------------------


def test_name_date_amount_tax_and_task_can_change_and_the_parts_follow_d14() -> None:
    story = shared().when(a_milestone(amount="500", tax="125"))
    everything = change(amount="100", tax="0.01", name="Keys", on=LATER, task="T1")
    changed = story.when(everything).the(MilestoneChanged)
    assert (changed.name, changed.amount, changed.tax) == ("Keys", 100, Decimal("0.01"))
    assert (changed.date, changed.task_id, changed.currency) == (LATER, "T1", "EUR")
    assert changed.parts == (part_of("A", "70", "0.01"), part_of("B", "30", "0"))
    line = story.when(everything).after.lines["L1"]
    assert line.parts[part("M1", "B")].amount == 30
    assert (line.milestones[milestone()].name, line.milestones[milestone()].date) == ("Keys", LATER)


def test_what_is_not_given_stays_as_it_is_d14() -> None:
    story = shared().when(a_milestone(amount="500", tax="125"))
    changed = story.when(change(name="Keys")).the(MilestoneChanged)
    assert (changed.amount, changed.tax, changed.date) == (500, 125, DAY)
    assert changed.parts == (part_of("A", "350.00", "87.50"), part_of("B", "150.00", "37.50"))


def test_an_empty_task_takes_the_task_away_d14() -> None:
    story = shared().when(a_milestone()).when(change(task="T1"))
    assert story.after.lines["L1"].milestones[milestone()].task_id == "T1"
    assert story.when(change(task="")).the(MilestoneChanged).task_id is None


def test_a_change_that_changes_nothing_is_no_event_d14() -> None:
    story = shared().when(a_milestone(amount="500"))
    story.when(change()).then()
    story.when(change(amount="500.00", name="M1", on=DAY, task="")).then()


def test_a_changed_amount_is_in_the_currency_of_the_line_d1() -> None:
    story = shared().when(a_milestone())
    story.when(change(amount="0.001")).then_refused(Invalid, field="amount")
    story.when(change(tax="0.001")).then_refused(Invalid, field="tax")


def test_a_change_leaves_ready_parts_ready_d14() -> None:
    ready = shared().when(a_milestone()).when(MarkReady(items=(part("M1", "A"),)))
    line = ready.when(change(amount="100")).after.lines["L1"]
    assert line.parts[part("M1", "A")].billing_status is BillingStatus.READY
    assert line.parts[part("M1", "B")].billing_status is BillingStatus.NOT_READY
    assert line.milestones[milestone()].status is MilestoneStatus.IN_PROGRESS
    drafted = ready.when(change(amount="100")).when(draft())
    assert next(iter(drafted.after.invoices.values())).amount == 70


def test_a_deleted_milestone_takes_its_parts_along_no_orphans_d14() -> None:
    story = shared().when(a_milestone()).when(a_milestone("M2"))
    ready = story.when(MarkReady(items=(part("M1", "A"), part("M2", "A"))))
    deleted = ready.when(DELETE)
    assert deleted.the(MilestoneDeleted).items == (part("M1", "A"), part("M1", "B"))
    line = deleted.after.lines["L1"]
    assert set(line.milestones) == {milestone("M2")}
    assert set(line.parts) == {part("M2", "A"), part("M2", "B")}
    assert set(line.ready) == {part("M2", "A")}


def one_part_posted() -> Outcome:
    both = shared().when(a_milestone()).when(MarkReady(items=(part("M1", "A"), part("M1", "B"))))
    return both.when(draft(customers=("A",))).when(CONFIRM)


def posted_in_full(story: Outcome) -> Outcome:
    items = (part("M1", "A"), part("M1", "B"))
    drafted = story.when(MarkReady(items=items)).when(draft())
    first, second = drafted.after.invoices
    return drafted.when(CONFIRM, invoice_id=first).when(CONFIRM, invoice_id=second)


@pytest.mark.parametrize("command", [change(name="Keys"), DELETE])
def test_a_milestone_with_a_part_on_a_draft_is_neither_changed_nor_deleted_d14(
    command: ChangeMilestone | DeleteMilestone,
) -> None:
    ready = shared().when(a_milestone()).when(MarkReady(items=(part("M1", "B"),)))
    drafted = ready.when(draft())
    drafted.when(command).then_refused("milestone_in_billing")
    freed = drafted.when(DeleteDraft()).when(MarkNotReady(items=(part("M1", "B"),)))
    assert len(freed.when(command).events) == 1


@pytest.mark.parametrize("command", [change(name="Keys"), DELETE])
def test_a_milestone_with_a_part_posted_is_neither_changed_nor_deleted_d14(
    command: ChangeMilestone | DeleteMilestone,
) -> None:
    one_part_posted().when(command).then_refused("milestone_in_billing")


@pytest.mark.parametrize("command", [change(name="Keys"), DELETE])
def test_a_completed_milestone_is_neither_changed_nor_deleted_d14(
    command: ChangeMilestone | DeleteMilestone,
) -> None:
    posted = posted_in_full(shared().when(a_milestone()))
    posted.when(command).then_refused("milestone_completed")


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_part_credited_in_pieces_is_one_again_once_its_milestone_is_changed_d14_d81(
    is_ready: bool,
) -> None:
    story = posted_in_full(shared().when(a_milestone())).after
    of_a, of_b = (invoice.invoice_id for invoice in story.invoices.values())
    for invoice_id, key, keeps in ((of_a, "1", "20"), ("1", "2", None), (of_b, "3", None)):
        command = CorrectInvoice(correction_id=key, actor="jo", details=None)
        story = story.when(command, invoice_id=invoice_id).after
        (detail,) = story.invoices[key].details
        if keeps:
            kept = (DetailEdit(detail_id=detail, amount=Decimal(keeps)),)
            story = story.when(EditDetails(actor="jo", edits=kept), invoice_id=key).after
        story = story.when(CONFIRM, invoice_id=key).after
    (piece,) = set(story.lines["L1"].parts) - {part("M1", "A"), part("M1", "B")}
    if not is_ready:
        story = story.when(MarkNotReady(items=(piece, part("M1", "B")))).after
    changed = story.when(change(name="Keys"))
    assert changed.the(MilestoneDeleted).items == (part("M1", "A"), part("M1", "B"), piece)
    line = changed.after.lines["L1"]
    header = line.milestones[milestone()]
    assert (header.name, header.parts) == ("Keys", (part("M1", "A"), part("M1", "B")))
    assert (header.amount, header.shares) == (
        story.lines["L1"].milestones[milestone()].amount,
        story.lines["L1"].milestones[milestone()].shares,
    )
    assert set(line.parts) == set(header.parts)
    assert set(line.ready) == (set(header.parts) if is_ready else set())
    status = MilestoneStatus.IN_PROGRESS if is_ready else MilestoneStatus.NOT_STARTED
    assert header.status is status


# --- header status -----------------------------------------------------------------------------


def header(story: Outcome) -> MilestoneStatus:
    return story.after.lines["L1"].milestones[milestone()].status


def test_the_header_says_what_its_parts_say_d12() -> None:
    story = shared().when(a_milestone())
    assert header(story) is MilestoneStatus.NOT_STARTED
    ready = story.when(MarkReady(items=(part("M1", "A"),)))
    assert header(ready) is MilestoneStatus.IN_PROGRESS
    assert header(ready.when(MarkNotReady(items=(part("M1", "A"),)))) is MilestoneStatus.NOT_STARTED
    drafted = ready.when(draft())
    assert header(drafted) is MilestoneStatus.IN_PROGRESS
    back = drafted.when(DeleteDraft()).when(MarkNotReady(items=(part("M1", "A"),)))
    assert header(back) is MilestoneStatus.NOT_STARTED


def test_a_header_with_a_part_posted_and_a_part_not_ready_is_in_progress_d12() -> None:
    story = one_part_posted()
    assert header(story) is MilestoneStatus.IN_PROGRESS
    not_ready = story.when(MarkNotReady(items=(part("M1", "B"),)))
    assert header(not_ready) is MilestoneStatus.IN_PROGRESS


def test_a_milestone_is_completed_with_its_last_part_and_leaves_the_state_d12() -> None:
    last = one_part_posted().when(draft(key="draft 2")).when(CONFIRM)
    headers = [header for event in last.events for header in getattr(event, "milestones", ())]
    assert [(h.milestone_id, h.status) for h in headers] == [
        (milestone(), MilestoneStatus.COMPLETED)
    ]
    line = last.after.lines["L1"]
    assert (len(line.milestones), len(line.parts), len(line.ready)) == (0, 0, 0)


@pytest.mark.parametrize("tax", ["0.01", "-19.00", "5"])
def test_a_milestone_of_amount_0_carries_no_tax_d10(tax: str) -> None:
    shared().when(a_milestone(amount="0", tax=tax)).then_refused(Invalid, field="tax")
    assert shared().when(a_milestone(amount="0.00", tax="0.00")).the(MilestoneSplit).tax == 0


def test_what_a_change_comes_to_carries_no_tax_on_amount_0_d10_d14() -> None:
    story = shared().when(a_milestone(amount="100", tax="19"))
    story.when(change(amount="0")).then_refused(Invalid, field="tax")
    story.when(change(amount="0", tax="1")).then_refused(Invalid, field="tax")
    zero = story.when(change(amount="0", tax="0"))
    assert zero.the(MilestoneChanged).amount == 0
    zero.when(change(tax="19")).then_refused(Invalid, field="tax")
    assert zero.when(change(amount="1", tax="19")).the(MilestoneChanged).tax == 19
