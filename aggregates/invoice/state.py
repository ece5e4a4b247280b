"""The proforma invoice: a draft for one customer of one contract, until it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from rpds import HashTrieMap, HashTrieSet

from aggregates import streams
from aggregates.events import Event
from aggregates.invoice.details import (
    Detail,
    corrective,
    detail_order,
    drafted,
    items_by_line,
    recalled_by,
)
from aggregates.invoice.events import (
    CorrectionDrafted,
    CorrectionOpened,
    CorrectionWithdrawn,
    CorrectiveDetailsAdded,
    DetailsAdded,
    DetailsChanged,
    DetailsCorrected,
    DetailsEdited,
    DetailsRecalled,
    DetailsRemoved,
    DraftCreated,
    DraftDeleted,
    InvoiceApproved,
    InvoiceConfirmed,
    InvoiceLineTotal,
    InvoiceReturned,
    InvoiceSubmitted,
)
from aggregates.statuses import InvoiceStatus

# --- state -------------------------------------------------------------------------------------

# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NO_DETAILS: HashTrieMap[str, Detail] = HashTrieMap()
_NOBODY: HashTrieSet[str | None] = HashTrieSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStamp:
    """Who approved an invoice, when, and at which version of it (D-73)."""

    actor: str | None
    at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A proforma invoice as it stands: draft or confirmed, its details by id, and totals (D-43).

    `corrects` names the invoice that a corrective one corrects (D-76), `changed_by` who made or
    changed it (D-73). A `deleted` draft stays in the history; for everybody else there is no such
    invoice.
    """

    invoice_id: str
    contract_id: str
    customer_id: str
    currency: str
    cutoff: date | None
    line_ids: tuple[str, ...] | None = None
    corrects: str | None = None
    corrects_number: str | None = None
    status: InvoiceStatus = InvoiceStatus.DRAFT
    approval: ApprovalStamp | None = None
    changed_by: HashTrieSet[str | None] = field(default_factory=lambda: _NOBODY)
    number: str | None = None
    accounting_date: date | None = None
    amount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    lines: tuple[InvoiceLineTotal, ...] = ()
    details: HashTrieMap[str, Detail] = field(default_factory=lambda: _NO_DETAILS)
    has_corrections: bool = False
    deleted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it can still be worked on: a draft, in review or not (D-42)."""
        return self.status in {InvoiceStatus.DRAFT, InvoiceStatus.IN_REVIEW}

    def correction_of(self, detail_id: str) -> Detail | None:
        """Its detail that corrects this one of another invoice, None where it has none."""
        return self.details.get(streams.corrective_detail(self.invoice_id, detail_id))

    def listed(self) -> list[Detail]:
        """The details in the order in which they are drafted, shown and booked."""
        return sorted(self.details.values(), key=lambda detail: detail_order(detail.stands))

    def recalled_by(self) -> list[str]:
        """The parked events that recall details of it, each once (D-23)."""
        return recalled_by(self.details.values())

    def items_by_line(self) -> dict[str, list[str]]:
        """The items that the details hold, by contract line."""
        return items_by_line(self.listed())

    def line_ids_billed(self) -> list[str]:
        """The contract lines that it has details of."""
        return [line.line_id for line in self.lines]


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: Invoice | None, event: Event) -> Invoice | None:
    """The invoice after `event`; events of other streams leave it as it is."""
    match event:
        case DraftCreated() | CorrectionDrafted():
            return _drafted(event)
        case DetailsChanged() if state:
            return _details_changed(state, event)
        case DraftDeleted() if state:
            return replace(state, deleted=True, details=_NO_DETAILS, lines=())
        case InvoiceSubmitted() if state:
            return replace(state, status=InvoiceStatus.IN_REVIEW)
        case InvoiceReturned() if state:
            return replace(state, status=InvoiceStatus.DRAFT, approval=None)
        case InvoiceApproved() if state:
            stamp = ApprovalStamp(actor=event.actor, at=event.at, version=event.version)
            return replace(state, approval=stamp)
        case InvoiceConfirmed() if state:
            return replace(
                state,
                status=InvoiceStatus.CONFIRMED,
                number=event.number,
                accounting_date=event.accounting_date,
            )
        case DetailsRecalled() if state:
            by = event.parked_id
            return _each(state, event.details, lambda detail: replace(detail, recalled_by=by))
        case CorrectionOpened() if state:
            by = event.correction_id
            return _each(state, event.details, lambda detail: replace(detail, in_correction=by))
        case CorrectionWithdrawn() if state:
            return _each(state, event.details, lambda detail: replace(detail, in_correction=None))
        case DetailsCorrected() if state:
            return replace(_corrected(state, event), has_corrections=True)
        case _:
            return state


def _drafted(event: DraftCreated | CorrectionDrafted) -> Invoice:
    made = Invoice(
        invoice_id=event.invoice_id,
        contract_id=event.contract_id,
        customer_id=event.customer_id,
        currency=event.currency,
        cutoff=None,
    )
    if isinstance(event, DraftCreated):
        return replace(made, cutoff=event.cutoff, line_ids=event.line_ids)
    return replace(made, corrects=event.corrects, corrects_number=event.corrects_number)


def _details_changed(state: Invoice, event: DetailsChanged) -> Invoice:
    """A change voids an approval and takes the invoice out of review (D-73)."""
    return replace(
        state,
        status=InvoiceStatus.DRAFT,
        approval=None,
        changed_by=state.changed_by.insert(event.actor),
        lines=event.lines,
        amount=event.amount,
        tax=event.tax,
        details=_details_after(state.details, event),
    )


def _details_after(
    details: HashTrieMap[str, Detail], event: DetailsChanged
) -> HashTrieMap[str, Detail]:
    match event:
        case DetailsAdded():
            return details.update({each.detail_id: drafted(each) for each in event.details})
        case CorrectiveDetailsAdded():
            return details.update(
                {each.detail.detail_id: corrective(each) for each in event.details}
            )
        case DetailsEdited():
            edited = {
                edit.detail_id: known.with_edit(edit)
                for edit in event.details
                if (known := details.get(edit.detail_id))
            }
            return details.update(edited)
        case _:
            for detail_id in event.details if isinstance(event, DetailsRemoved) else ():
                details = details.discard(detail_id)
            return details


def _each(state: Invoice, named: Iterable[str], change: Callable[[Detail], Detail]) -> Invoice:
    changed = {each: change(known) for each in named if (known := state.details.get(each))}
    return replace(state, details=state.details.update(changed))


def _corrected(state: Invoice, event: DetailsCorrected) -> Invoice:
    by = event.correction_id
    return _each(
        state,
        event.details,
        lambda detail: replace(detail, in_correction=None, corrected_by=by),
    )
