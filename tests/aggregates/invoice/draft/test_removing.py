"""Details taken off a draft, and drafts deleted, in review and corrective ones, too (D-69)."""

from aggregates.contract_line.events import ItemsReleased, MarkedNotReady
from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.editing import RemoveDetails
from aggregates.invoice.draft.refreshing import RefreshDraft
from aggregates.invoice.events import (
    CorrectionWithdrawn,
    DetailsRemoved,
    DraftDeleted,
    InvoiceSubmitted,
)
from aggregates.refusals import NotFound
from aggregates.statuses import BillingStatus, MilestoneStatus, NTEStatus
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    a_milestone,
    an_approval,
    committed,
    draft,
    milestone,
    part,
    ready,
    sale,
    worth,
)
from tests.aggregates.invoice.drafts import (
    a_correction,
    a_draft,
    detail,
    edit,
    invoice,
    money,
    remove,
    status_of,
    totals,
)
from tests.spec import Outcome

READY, NOT_READY = BillingStatus.READY, BillingStatus.NOT_READY


def two() -> Outcome:
    """A draft of 310.00 and 95.00."""
    return a_draft(worth("310"), worth("95", "2"))


def test_a_removed_item_is_ready_again_and_can_be_drafted_again_d69() -> None:
    story = two()
    removed = remove(story, "2")
    assert (totals(story), totals(removed)) == (money("405", "0"), money("310", "0"))
    assert status_of(removed, sale("2")) is READY
    assert [type(event) for event in removed.events] == [DetailsRemoved, ItemsReleased]
    released = removed.the(ItemsReleased)
    assert (released.items, released.invoice_id) == ((sale("2"),), invoice(story).invoice_id)
    assert removed.the(DetailsRemoved).actor == "jo"
    again = removed.when(draft(key="draft 2"))
    assert [each.stands.item_id for each in invoice(again).listed()] == [sale("2")]


def test_a_removed_item_can_be_left_not_ready_and_keeps_its_verdict_d69() -> None:
    story = a_draft(worth("310"), worth("95", "2"), limit="1000")
    removed = remove(story, "2", is_ready=False)
    assert status_of(removed, sale("2")) is NOT_READY
    assert [type(event) for event in removed.events] == [
        DetailsRemoved,
        ItemsReleased,
        MarkedNotReady,
    ]
    item = removed.after.lines["L1"].sales[sale("2")]
    assert (item.nte_status, committed(removed.after)) == (
        NTEStatus.COMMITTED,
        committed(story.after),
    )
    removed.when(draft(key="draft 2")).then_refused("nothing_ready")


def test_a_refresh_takes_a_removed_item_in_again_unless_it_is_not_ready_d69_d70() -> None:
    refresh = RefreshDraft(actor="jo")
    assert totals(remove(two(), "2").when(refresh)) == money("405", "0")
    left = remove(two(), "2", is_ready=False)
    left.when(refresh).then()
    assert totals(left) == money("310", "0")


def test_a_removed_item_has_its_own_values_again_not_the_edited_ones_d69() -> None:
    story = a_draft(an_approval(quantity="5", price="80", tax="76"))
    again = remove(edit(story, quantity="3"), "1").when(draft(key="draft 2"))
    assert totals(again) == money("400", "76")


def test_a_removed_milestone_takes_its_header_along_d69_d12() -> None:
    story = a_draft(a_milestone(line_id="F1"))
    for is_ready, status, header in (
        (True, READY, MilestoneStatus.IN_PROGRESS),
        (False, NOT_READY, MilestoneStatus.NOT_STARTED),
    ):
        removed = remove(story, "M1", is_ready=is_ready)
        assert status_of(removed, part(line_id="F1")) is status
        line = removed.after.lines["F1"]
        assert line.milestones[milestone(line_id="F1")].status is header


def test_the_last_detail_removed_leaves_an_empty_draft_d69() -> None:
    empty = remove(remove(two(), "1"), "2")
    left = invoice(empty)
    assert (left.is_open, left.deleted, left.lines, len(left.details)) == (True, False, (), 0)
    assert totals(empty) == money("0", "0")
    empty.when(DeleteDraft()).then(
        DraftDeleted(invoice_id=left.invoice_id, contract_id=left.contract_id)
    )


def test_several_are_removed_at_once_each_once_d69() -> None:
    story = two()
    ids = tuple(detail(story, n).stands.detail_id for n in "121")
    removed = story.when(RemoveDetails(actor="jo", details=ids))
    assert removed.the(DetailsRemoved).details == ids[:2]
    assert set(removed.the(ItemsReleased).items) == {sale("1"), sale("2")}


def test_what_is_not_on_the_draft_cannot_be_removed_d69() -> None:
    story = two()
    command = RemoveDetails(actor="jo", details=(detail(story, "2").stands.detail_id,))
    story.when(command).when(command).then_refused(NotFound, code="detail_not_found")


def test_from_a_confirmed_invoice_nothing_is_removed_and_it_is_not_deleted_d69_d44() -> None:
    confirmed = two().when(CONFIRM)
    remove(confirmed, "1").then_refused("invoice_confirmed", rule="D-44")
    confirmed.when(DeleteDraft()).then_refused("invoice_confirmed", rule="D-44")


def test_from_a_deleted_draft_nothing_is_removed_d69() -> None:
    story = two()
    command = RemoveDetails(actor="jo", details=(detail(story, "2").stands.detail_id,))
    story.when(DeleteDraft()).when(command).then_refused(NotFound, code="invoice_not_found")


def test_a_draft_in_review_is_deleted_alike_d69() -> None:
    story = two()
    submitted = InvoiceSubmitted(invoice_id=invoice(story).invoice_id, contract_id=CONTRACT)
    deleted = Outcome(story.after.happened(submitted)).when(DeleteDraft())
    assert status_of(deleted, sale("1")) is READY
    assert status_of(deleted, sale("2")) is READY


def test_a_deleted_draft_leaves_no_parts_behind_d69() -> None:
    deleted = edit(two(), quantity="2").when(DeleteDraft())
    left = invoice(deleted)
    assert (left.deleted, left.lines, left.listed()) == (True, (), [])
    again = deleted.when(ready()).when(draft(key="draft 2"))
    assert totals(again) == money("405", "0")


# --- of corrections ----------------------------------------------------------------------------


def a_corrective_draft() -> tuple[str, Outcome]:
    """A correction, whole, and the invoice that it corrects."""
    confirmed = two().when(CONFIRM)
    return invoice(confirmed).invoice_id, a_correction(confirmed)


def test_a_removed_corrective_detail_stays_billed_and_is_free_for_another_correction_d69() -> None:
    corrected, story = a_corrective_draft()
    assert totals(story) == money("-405", "0")
    for is_ready in (True, False):
        removed = remove(story, "2", is_ready=is_ready)
        assert totals(removed) == money("-310", "0")
        withdrawn = removed.the(CorrectionWithdrawn)
        assert [type(event) for event in removed.events] == [DetailsRemoved, CorrectionWithdrawn]
        assert (withdrawn.invoice_id, withdrawn.correction_id) == (corrected, "K1")
        details = removed.after.invoices[corrected].details
        assert [details[each].in_correction for each in withdrawn.details] == [None]
        assert [each.in_correction for each in details.values()].count("K1") == 1


def test_a_deleted_corrective_draft_moves_no_item_d69() -> None:
    corrected, story = a_corrective_draft()
    deleted = story.when(DeleteDraft())
    assert [type(event) for event in deleted.events] == [DraftDeleted, CorrectionWithdrawn]
    details = deleted.after.invoices[corrected].details.values()
    assert {each.in_correction for each in details} == {None}
    assert deleted.after.lines == story.after.lines
