"""Review: submitted, returned, approved; by others where four eyes are asked for (D-73)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregates.invoice.draft.drafting import DeleteDraft
from aggregates.invoice.draft.refreshing import RefreshDraft
from aggregates.invoice.draft.reviewing import ApproveInvoice, ReturnInvoice, SubmitInvoice
from aggregates.invoice.events import (
    DetailsAdded,
    InvoiceApproved,
    InvoiceReturned,
    InvoiceSubmitted,
)
from aggregates.invoice.state import ApprovalStamp, Invoice
from aggregates.refusals import NotFound
from aggregates.statuses import ApprovalRule, InvoiceStatus
from tests.aggregates.examples import CONFIRM, a_contract, a_line, draft, ready, sale, worth
from tests.spec import Outcome, given

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SUBMIT, RETURN = SubmitInvoice(), ReturnInvoice(reason="the tax is wrong")


def approve(actor: str, version: int = 3) -> ApproveInvoice:
    return ApproveInvoice(actor=actor, at=AT, version=version)


def drafted(rule: ApprovalRule = ApprovalRule.NONE) -> Outcome:
    """A draft that jo made, and more work that is ready."""
    story = given(replace(a_contract(), approval=rule), a_line())
    work = story.when(worth("100")).when(worth("20", "2")).when(ready(sale("1")))
    return work.when(draft()).when(ready(sale("2")))


def invoice(outcome: Outcome) -> Invoice:
    (only,) = outcome.after.invoices.values()
    return only


def test_a_draft_that_is_submitted_is_in_review_and_stays_open_d73() -> None:
    submitted = drafted().when(SUBMIT)
    assert submitted.the(InvoiceSubmitted).invoice_id == invoice(submitted).invoice_id
    assert invoice(submitted).status is InvoiceStatus.IN_REVIEW
    assert invoice(submitted).is_open
    submitted.when(SUBMIT).then()


def test_an_invoice_that_is_returned_is_a_draft_again_and_not_approved_d73() -> None:
    returned = drafted().when(SUBMIT).when(approve("ann")).when(RETURN)
    assert returned.the(InvoiceReturned).reason == "the tax is wrong"
    assert (invoice(returned).status, invoice(returned).approval) == (InvoiceStatus.DRAFT, None)


def test_an_approval_says_who_when_and_of_which_version_and_is_given_once_d73() -> None:
    approved = drafted().when(SUBMIT).when(approve("ann", version=3))
    assert approved.the(InvoiceApproved).actor == "ann"
    assert invoice(approved).approval == ApprovalStamp(actor="ann", at=AT, version=3)
    assert invoice(approved).status is InvoiceStatus.IN_REVIEW
    approved.when(approve("bob", version=4)).then()


@pytest.mark.parametrize("command", [RETURN, approve("ann")])
def test_what_is_not_in_review_is_neither_returned_nor_approved_d73(
    command: ReturnInvoice | ApproveInvoice,
) -> None:
    drafted().when(command).then_refused("not_in_review")


@pytest.mark.parametrize("command", [SUBMIT, RETURN, approve("ann")])
def test_what_is_confirmed_or_deleted_is_not_reviewed_d73(
    command: SubmitInvoice | ReturnInvoice | ApproveInvoice,
) -> None:
    drafted().when(CONFIRM).when(command).then_refused("invoice_confirmed")
    drafted().when(DeleteDraft()).when(command).then_refused(NotFound)


def test_any_change_takes_it_out_of_review_and_voids_the_approval_d73() -> None:
    approved = drafted().when(SUBMIT).when(approve("ann"))
    changed = approved.when(RefreshDraft(actor="mo"))
    assert (invoice(changed).status, invoice(changed).approval) == (InvoiceStatus.DRAFT, None)
    kept = changed.when(SUBMIT).when(approve("ann")).when(RefreshDraft(actor="mo"))
    assert invoice(kept).approval


def test_four_eyes_are_those_of_who_neither_made_nor_changed_it_d73() -> None:
    reviewed = drafted(ApprovalRule.FOUR_EYES).when(SUBMIT)
    reviewed.when(approve("jo")).then_refused("own_work", rule="D-73")
    assert invoice(reviewed.when(approve("mo"))).approval
    changed = reviewed.when(RefreshDraft(actor="mo")).when(SUBMIT)
    for actor in ("jo", "mo"):
        changed.when(approve(actor)).then_refused("own_work")
    assert invoice(changed.when(approve("ann"))).approval


@pytest.mark.parametrize("rule", [ApprovalRule.NONE, ApprovalRule.REQUIRED])
def test_without_four_eyes_who_made_it_may_approve_it_d73(rule: ApprovalRule) -> None:
    assert invoice(drafted(rule).when(SUBMIT).when(approve("jo"))).approval


def test_where_nobody_knows_who_made_it_four_eyes_can_not_be_told_d73() -> None:
    before = drafted(ApprovalRule.FOUR_EYES)
    older = [
        replace(event, actor=None) if isinstance(event, DetailsAdded) else event
        for event in before.after.history
    ]
    given(older).when(SUBMIT).when(approve("ann")).then_refused("own_work")
