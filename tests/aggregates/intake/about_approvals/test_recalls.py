"""Recalled approvals, and what stays billed of them (D-23, D-82 to D-84)."""

from dataclasses import replace

import pytest

from aggregates.contract_line.events import UnbilledSalesBooked, UnbilledSalesRecorded
from aggregates.contract_line.recalled import obligations
from aggregates.contract_line.recalled.events import (
    AwaitedItem,
    ObligationsChanged,
    ObligationStatus,
    RecallAwaited,
)
from aggregates.contract_line.recalled.obligations import WaiveObligation
from aggregates.contract_line.recalled.state import NO_RECALLS, recalls_after
from aggregates.intake.about_approvals import approvals, recalls, waiting, whereabouts
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.recalls import RecallApproval
from aggregates.intake.about_approvals.whereabouts import NotLookedUp, Owed
from aggregates.intake.events import ApprovalAwaited, ApprovalRecalled, RecallWaived
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import RemoveDetails
from aggregates.invoice.draft.refreshing import AddItems, AddToNewest, RefreshDraft
from aggregates.refusals import NotFound, Refused
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    SOURCE,
    a_contract,
    a_fixed_price_line,
    a_line,
    an_approval,
    committed,
    draft,
    ready,
    sale,
)
from tests.aggregates.intake.about_approvals.recalling import (
    booked_rows,
    corrected,
    found,
    found_with,
    known,
    open_obligations,
    recall,
    reversed_rows,
)
from tests.aggregates.invoice.books import confirmed, correct, returned
from tests.aggregates.invoice.drafts import edit
from tests.spec import Outcome, Story, given

SIX_HOURS = an_approval("1", quantity="6", price="150", tax="171.00")
OF_A, OF_B = sale("1", "A"), sale("1", "B")


def approved() -> Outcome:
    """6 h at 150, A 60 / B 40, under a limit of 1,000."""
    office = given(a_contract(limit="1000"), a_line(splits={"A": "60", "B": "40"}))
    return office.when(SIX_HOURS)


def drafted() -> Outcome:
    """A's part on a draft."""
    return approved().when(ready(OF_A)).when(draft(OF_A))


def billed() -> Outcome:
    """A's part on a confirmed invoice."""
    return drafted().when(CONFIRM)


def recalled(story: Outcome) -> Story:
    return recall(story.after).after


def a_recall(**told: str) -> RecallApproval:
    place = {"contract_id": CONTRACT, "line_id": "L1", **told}
    return RecallApproval(source=SOURCE, approval_id="1", reason=None, **place)


def test_a_recall_reverses_what_is_unbilled_and_frees_what_it_committed_d23() -> None:
    outcome = recall(approved().after)
    assert reversed_rows(outcome) == ["U -3.6 / -540.00 / -102.60", "U -2.4 / -360.00 / -68.40"]
    assert set(map(str, committed(outcome.after).values())) == {"0.00"}
    assert not outcome.after.lines["L1"].sales
    assert outcome.decided.done == (OF_A, OF_B)
    assert recalls.is_over(known(outcome.after), [])


def test_an_approval_elsewhere_is_another_one_d20() -> None:
    of = known(approved().after)
    recalls.check_place(a_recall(), of)
    for elsewhere in ({"line_id": "L2"}, {"contract_id": "C2"}):
        with pytest.raises(Refused, match="is on line 'L1' of contract 'C1'") as refusal:
            recalls.check_place(a_recall(**elsewhere), of)
        assert refusal.value.code == "approval_changed"


def test_what_is_billed_opens_an_obligation_d83() -> None:
    outcome = recall(billed().after)
    assert reversed_rows(outcome) == ["U -2.4 / -360.00 / -68.40"]
    (owed,) = open_obligations(outcome.after)
    assert (str(owed.quantity), str(owed.amount), owed.reason) == ("3.600000", "540.00", "wrong")
    assert recalls.correction_required(1).detail.startswith("1 part of the approval stays billed")
    assert recalls.correction_required(2).detail.startswith("2 parts of the approval stay billed")
    line = outcome.after.lines["L1"]
    assert not recalls.is_over(known(outcome.after), [Owed(line=line, obligation=owed)])


def test_what_a_correction_gives_back_is_reversed_until_nothing_stays_billed_d83() -> None:
    story = Outcome(recalled(billed()))
    first = confirmed(edit(correct(story), quantity="1.6"))
    assert returned(first) == ["U +2 / 300.00 / 57.00"]
    assert reversed_rows(first) == ["U -2 / -300.00 / -57.00"]
    (owed,) = open_obligations(first.after)
    assert (str(owed.amount), owed.invoice_id) == ("240.00", "K1")
    second = confirmed(correct(first, key="K2", invoice_id="K1"))
    assert reversed_rows(second) == ["U -1.6 / -240.00 / -45.60"]
    (change,) = second.the(ObligationsChanged).obligations
    assert change.status is ObligationStatus.CLOSED
    assert open_obligations(second.after) == []
    assert not second.after.lines["L1"].sales
    assert recalls.is_over(known(second.after), [])


def test_a_correction_that_gives_nothing_back_moves_the_obligation_d83() -> None:
    done = confirmed(edit(correct(Outcome(recalled(billed()))), quantity="3.6", unit_price="140"))
    assert reversed_rows(done) == []
    (owed,) = open_obligations(done.after)
    assert (str(owed.amount), owed.invoice_id) == ("504.00", "K1")


def test_nothing_follows_from_a_correction_of_what_was_not_recalled_d83() -> None:
    done = confirmed(correct(billed()))
    assert returned(done) == ["U +3.6 / 540.00 / 102.60"]
    assert done.all(ObligationsChanged) == []
    assert reversed_rows(done) == []


def test_a_recall_finds_what_corrections_from_before_left_and_gave_back_d79() -> None:
    corrected = confirmed(edit(correct(billed()), quantity="1.6"))
    outcome = recall(corrected.after)
    assert sorted(reversed_rows(outcome)) == [
        "U -2 / -300.00 / -57.00",
        "U -2.4 / -360.00 / -68.40",
    ]
    (owed,) = open_obligations(outcome.after)
    assert (str(owed.amount), owed.invoice_id) == ("240.00", "K1")
    whole = confirmed(correct(corrected, key="K2", invoice_id="K1"))
    assert open_obligations(recalled(whole)) == []


def test_a_recall_finds_what_a_correction_of_the_price_left_d79() -> None:
    corrected = confirmed(edit(correct(billed()), quantity="3.6", unit_price="140"))
    after = recalled(corrected)
    assert [str(each.amount) for each in open_obligations(after)] == ["504.00"]
    line, of = corrected.after.lines["L1"], known(corrected.after)
    (made,) = [each for each in corrected.after.invoices.values() if not each.corrects]
    lost = whereabouts.find(
        of.items[:1], line, {OF_A: made.invoice_id}, {made.invoice_id: made}.get
    )
    assert (lost.billed, lost.unbilled) == ([], [])


def test_what_is_not_open_has_to_be_looked_up_d83() -> None:
    story = billed().after
    with pytest.raises(NotLookedUp) as missing:
        found_with({}, story)
    assert missing.value.items == [OF_A]
    there = found_with({OF_A: None}, story)
    assert ([s.item_id for s in there.unbilled], there.billed) == ([OF_B], [])
    assert found_with({OF_A: "no such invoice"}, story).billed == []


def test_a_waived_obligation_ends_the_recall_and_what_is_billed_stays_d83() -> None:
    story = recalled(billed())
    (owed,) = open_obligations(story)
    command = WaiveObligation(obligation_id=owed.obligation_id, reason="agreed")
    decided = obligations.waive(command, story.lines["L1"])
    after = story.happened(*decided.events)
    assert open_obligations(after) == []
    assert known(after).recall is None
    with pytest.raises(NotFound):
        obligations.waive(command, None)
    done = confirmed(correct(Outcome(after)))
    assert reversed_rows(done) == []
    again = recall(after)
    assert [each.obligation_id for each in open_obligations(again.after)] == [owed.obligation_id]


def test_a_second_recall_takes_over_what_is_still_owed_d83() -> None:
    both = approved().when(ready(OF_A, OF_B)).when(draft()).when(CONFIRM)
    both = both.when(CONFIRM, invoice_id=next(iter(both.after.invoices)))
    story = recalled(both)
    first, second = open_obligations(story)
    command = WaiveObligation(obligation_id=first.obligation_id, reason="agreed")
    after = story.happened(*obligations.waive(command, story.lines["L1"]).events)
    again = recall(after, reason="still wrong").after
    assert {each.obligation_id for each in open_obligations(again)} == {
        first.obligation_id,
        second.obligation_id,
    }
    assert {each.reason for each in open_obligations(again)} == {"still wrong"}


# --- what waits ----------------------------------------------------------------------------------


def waits(story: Story, parked_id: str = "p1") -> Story:
    """A recall waits for the drafts."""
    there = found(story)
    return story.happened(
        *waiting.await_approval(known(story), parked_id, a_recall()),
        *waiting.await_drafts(story.lines["L1"], there, parked_id, ()),
    )


def test_a_recall_tells_the_drafts_that_it_waits_for_once_d23() -> None:
    story = drafted().after
    (made,) = story.invoices.values()
    why = waiting.on_drafts(found(story))
    assert (why.code, made.invoice_id in why.detail) == ("item_on_draft", True)
    after = waits(story)
    (detail,) = after.invoices[made.invoice_id].details.values()
    assert detail.recalled_by == "p1"
    assert after.invoices[made.invoice_id].recalled_by() == ["p1"]
    assert list(waiting.await_approval(known(after), "p1", a_recall())) == []
    told = {detail.stands.detail_id}
    assert list(waiting.await_drafts(after.lines["L1"], found(after), "p1", told)) == []
    assert [each.parked_id for each in known(after).waiting] == ["p1"]


def test_what_is_posted_while_a_recall_waits_is_not_looked_up_d23() -> None:
    both = drafted().when(ready(OF_B)).when(draft(OF_B, key="draft 2"))
    first, second = both.after.invoices
    posted = Outcome(waits(both.after)).when(CONFIRM, invoice_id=second).after
    assert posted.lines["L1"].recalls.awaited[OF_B].invoice_id == second
    freed = Outcome(posted).when(DeleteDraft(), invoice_id=first).after
    there = found_with({}, freed)
    assert [part.item_id for part in there.billed] == [OF_B]
    assert [each.item_id for each in there.unbilled] == [OF_A]
    after = recall(freed).after
    assert not after.lines["L1"].recalls.awaited


def test_what_waits_to_be_recalled_goes_on_no_draft_d23() -> None:
    story = waits(drafted().after)
    marked = Outcome(story).when(ready(OF_B))
    marked.when(draft(key="draft 2")).then_left("recall_waits", OF_B)
    marked.when(draft(OF_B, key="draft 2")).then_left("recall_waits", OF_B)
    marked.when(AddItems(actor="jo", items=(OF_B,))).then_refused("other_customer")
    newest = AddToNewest(draft_key="k", actor="jo", items=(OF_B,))
    marked.when(newest).then_refused("recall_waits", id=OF_B)
    freed = marked.when(DeleteDraft())
    freed.when(draft(key="draft 2")).then_left("recall_waits", OF_A, OF_B)


def test_a_refresh_leaves_what_waits_to_be_recalled_d23() -> None:
    both = approved().when(ready(OF_A, OF_B)).when(draft())
    of_a, _ = both.after.invoices
    (detail_id,) = both.after.invoices[of_a].details
    remove = RemoveDetails(actor="jo", details=(detail_id,), ready=True)
    freed = Outcome(waits(both.after)).when(remove, invoice_id=of_a)
    assert set(freed.after.lines["L1"].ready) == {OF_A}
    freed.when(RefreshDraft(actor="jo"), invoice_id=of_a).then()


def test_what_comes_back_of_what_waits_to_be_recalled_is_waited_for_too_d23_d78() -> None:
    both = billed().when(ready(OF_B)).when(draft(OF_B, key="draft 2"))
    first, _ = both.after.invoices
    story = waits(both.after)
    corrected = confirmed(edit(correct(Outcome(story), key="K1", invoice_id=first), quantity="1"))
    (back,) = (i for i in corrected.after.lines["L1"].sales if i != OF_B)
    assert corrected.after.lines["L1"].recalls.awaited[back].parked_id == "p1"
    corrected.when(ready(back)).when(draft(key="draft 3")).then_left("recall_waits", back)


def test_nothing_waits_any_more_for_a_dismissed_recall_d23() -> None:
    story = waits(drafted().after)
    (made,) = story.invoices.values()
    assert list(waiting.no_longer(story.lines["L1"], [made], "another")) == []
    after = story.happened(*waiting.no_longer(story.lines["L1"], [made], "p1"))
    assert not after.lines["L1"].recalls.awaited
    assert after.invoices[made.invoice_id].recalled_by() == []


def test_an_event_waits_for_an_approval_that_is_not_there_d82() -> None:
    (awaited,) = waiting.await_approval(None, "p1", a_recall())
    assert isinstance(awaited, ApprovalAwaited)
    assert (awaited.source, awaited.parked_id) == (SOURCE, "p1")
    of = approvals.evolve(None, awaited)
    assert of
    assert of.recorded is None
    with pytest.raises(LookupError):
        _ = of.place
    assert [*waiting.await_approval(of, "p2", a_recall())] != []


# --- what is remembered --------------------------------------------------------------------------


def test_each_round_of_an_approval_has_items_of_its_own_d84() -> None:
    story = recalled(approved())
    of = known(story)
    assert (of.rounds, of.generation, of.next_generation) == (1, (), ("again 1",))
    again = Outcome(story).when(replace(SIX_HOURS, generation=of.next_generation))
    now = known(again.after)
    assert (now.rounds, now.recall, now.generation) == (2, None, ("again 1",))
    assert set(now.items).isdisjoint({OF_A, OF_B})


def test_an_approval_may_be_remembered_in_two_places() -> None:
    of = known(approved().after)
    assert approvals.merged([]) is None
    assert approvals.merged([of]) is of
    both = approvals.merged([KnownApproval(), of])
    assert both
    assert (both.recorded, both.rounds) == (of.recorded, 1)
    neither = approvals.merged([KnownApproval(), KnownApproval()])
    assert neither == KnownApproval()


def test_events_of_others_leave_what_is_remembered_as_it_is() -> None:
    awaited = RecallAwaited(
        contract_id="C1",
        line_id="L1",
        parked_id="p1",
        items=(AwaitedItem(item_id="x", invoice_id=None),),
    )
    assert approvals.evolve(None, awaited) is None
    waived = RecallWaived(
        source=SOURCE, contract_id="C1", line_id="L1", approval_id="1", obligation_id="o"
    )
    assert approvals.evolve(None, waived) == KnownApproval()
    assert recalls_after(NO_RECALLS, waived) is NO_RECALLS
    late = ObligationsChanged(
        contract_id="C1",
        line_id="L1",
        currency="EUR",
        obligations=(
            obligations.ObligationChange(
                obligation_id="o",
                corrected_detail_id="d1",
                invoice_id="I",
                detail_id="d2",
                quantity=SIX_HOURS.quantity,
                amount=SIX_HOURS.tax,
                status=ObligationStatus.OPEN,
                instead=None,
            ),
        ),
    )
    assert recalls_after(NO_RECALLS, late) == NO_RECALLS
    office = approved().after
    assert whereabouts.find((), office.lines["L1"], {}, office.invoices.get).unbilled == []
    assert recall(approved().after).the(ApprovalRecalled).obligations == ()


# --- what was not billable -----------------------------------------------------------------------


def not_billable() -> Story:
    """An approval on a fixed-price line, which makes no actual."""
    office = given(a_contract(limit="1000"), a_line(), a_fixed_price_line("FP"))
    return office.when(replace(SIX_HOURS, line_id="FP")).after


def test_an_approval_that_was_not_billable_is_recalled_as_any_other_d23_d20() -> None:
    story = not_billable()
    of = known(story)
    assert (of.place.line_id, of.items, of.counts) == ("FP", (), False)
    outcome = recall(story)
    assert outcome.the(ApprovalRecalled).items == ()
    assert outcome.decided.done == ()
    assert known(outcome.after).recall
    again = outcome.when(replace(SIX_HOURS, line_id="FP"))
    assert (known(again.after).recall, known(again.after).rounds) == (None, 2)


def test_an_approval_that_was_not_billable_is_corrected_to_a_line_that_charges_it_d85() -> None:
    outcome = corrected(not_billable(), line_id="L1")
    assert booked_rows(outcome) == ["A U +6 / 900.00 / 171.00"]
    of = known(outcome.after)
    assert (of.counts, of.said, len(of.items)) == (True, None, 1)
    assert recall(outcome.after).decided.done == of.items


def test_items_of_an_approval_that_was_not_billable_have_ids_of_their_own_d84() -> None:
    story = recall(corrected(not_billable(), line_id="L1").after).after
    again = replace(SIX_HOURS, generation=known(story).next_generation)
    second = Outcome(story).when(again)
    third = corrected(second.after, quantity=SIX_HOURS.quantity / 2)
    booked_ids = [
        sale.item_id
        for event in third.after.history
        if isinstance(event, UnbilledSalesBooked | UnbilledSalesRecorded)
        for work in event.approvals
        for sale in work.sales
    ]
    assert len(booked_ids) == len({*booked_ids}) == 3
