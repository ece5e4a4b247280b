"""Drafts to work on: their details by the approval or milestone they bill, edits, what follows."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aggregates import streams
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.milestones import CreateMilestone
from aggregates.invoice.details import Detail
from aggregates.invoice.draft.editing import EditDetails, RemoveDetails
from aggregates.invoice.draft.edits import DetailEdit
from aggregates.invoice.events import (
    CorrectionDrafted,
    CorrectionOpened,
    CorrectiveDetail,
    CorrectiveDetailsAdded,
)
from aggregates.invoice.state import Invoice
from aggregates.invoice.totals import Totals
from aggregates.refusals import LeftAlone
from aggregates.statuses import BillingStatus
from tests.aggregates.examples import a_contract, a_fixed_price_line, a_line, draft, ready
from tests.spec import Outcome, Story, given

DECIMALS = ("quantity", "unit_price", "amount", "tax")
Figures = tuple[Decimal, Decimal]


def a_draft(
    *work: Approval | CreateMilestone, currency: str = "EUR", limit: str | None = None
) -> Outcome:
    """A draft of this work: approvals on time-and-material line L1, milestones on line F1."""
    story = given(
        a_contract(currency=currency, limit=limit),
        a_line("L1", currency),
        a_fixed_price_line("F1", currency),
    )
    for each in work:
        story = story.when(each).after
    items = [
        item_id
        for line in story.lines.values()
        for open_items in (line.sales, line.parts)
        for item_id in open_items
    ]
    return story.when(ready(*items)).when(draft())


def invoice(story: Story | Outcome) -> Invoice:
    """The invoice that was drafted last."""
    after = story.after if isinstance(story, Outcome) else story
    return list(after.invoices.values())[-1]


def detail(story: Story | Outcome, named: str = "1") -> Detail:
    """The detail of an approval, of a milestone's name, or by hand of a description."""
    (found,) = [
        each
        for each in invoice(story).details.values()
        if named in {each.stands.approval_id, each.stands.description}
    ]
    return found


def an_edit(of: Detail | str, **fields: Any) -> DetailEdit:
    """An edit of a detail; decimals are given as texts."""
    detail_id = of if isinstance(of, str) else of.stands.detail_id
    decimals = {name: Decimal(fields.pop(name)) for name in DECIMALS if name in fields}
    return DetailEdit(detail_id=detail_id, **decimals, **fields)


def edits(*of: DetailEdit, actor: str = "jo") -> EditDetails:
    return EditDetails(actor=actor, edits=of)


def edit(story: Outcome, named: str = "1", **fields: Any) -> Outcome:
    """One detail edited."""
    return story.when(edits(an_edit(detail(story, named), **fields)))


def remove(story: Outcome, *named: str, is_ready: bool = True) -> Outcome:
    """Details taken off."""
    details = tuple(detail(story, each).stands.detail_id for each in named)
    return story.when(RemoveDetails(actor="jo", details=details, ready=is_ready))


def figures(story: Outcome, named: str = "1") -> Figures:
    """Amount and tax of a detail."""
    stands = detail(story, named).stands
    return stands.amount, stands.tax


def totals(story: Outcome) -> Figures:
    """Amount and tax of the invoice."""
    made = invoice(story)
    return made.amount, made.tax


def money(amount: str, tax: str) -> Figures:
    return Decimal(amount), Decimal(tax)


def status_of(story: Outcome, item_id: str) -> BillingStatus:
    key = streams.line_of(item_id)
    assert key
    return story.after.lines[key.line_id].open_item(item_id).billing_status


def codes(refused: Outcome) -> dict[str, str]:
    """Why each detail was refused, by its id."""
    named: Iterable[LeftAlone] = getattr(refused.refusal, "details", ())
    return {each.id: each.why.code for each in named}


def summed(of: Invoice) -> Totals:
    """The totals of an invoice, counted from its details alone."""
    methods = {line.line_id: line.billing_method for line in of.lines}
    counted = Totals(of.currency)
    for each in of.details.values():
        counted.add(each, methods[each.stands.line_id])
    return counted


def a_correction(story: Outcome, correction_id: str = "K1") -> Outcome:
    """A corrective draft of the confirmed invoice, whole: at first nothing stays billed (D-76)."""
    of = invoice(story)
    zero = Decimal(0)
    details = tuple(
        CorrectiveDetail(
            detail=replace(
                each.stands,
                detail_id=streams.digest(correction_id, each.stands.detail_id),
                quantity=zero,
                amount=zero,
                tax=zero,
            ),
            original=each.stands,
        )
        for each in of.listed()
    )
    counted = Totals(of.currency)
    methods = {line.line_id: line.billing_method for line in of.lines}
    for each in details:
        counted.add(
            Detail(stands=each.detail, source=each.original, corrects=each.original.detail_id),
            methods[each.detail.line_id],
        )
    about = {"invoice_id": correction_id, "contract_id": of.contract_id}
    corrected = story.after.happened(
        CorrectionDrafted(
            **about,
            customer_id=of.customer_id,
            currency=of.currency,
            corrects=of.invoice_id,
            corrects_number=of.number or "",
        ),
        CorrectiveDetailsAdded(
            **about, currency=of.currency, actor="jo", **counted.fields(), details=details
        ),
        CorrectionOpened(
            invoice_id=of.invoice_id,
            contract_id=of.contract_id,
            correction_id=correction_id,
            details=tuple(each.original.detail_id for each in details),
        ),
    )
    return Outcome(corrected)
