"""Drafts: ready items of a contract go on one invoice a customer; a deleted draft frees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from aggregates import streams
from aggregates.deal import Deal, not_open
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.invoice.details import detail_order
from aggregates.invoice.draft.details_on import (
    begun,
    detail_of,
    recall_waits,
    require_open,
    taken_off,
)
from aggregates.invoice.events import (
    DraftCreated,
    DraftDeleted,
    InvoiceDetail,
)
from aggregates.invoice.state import Invoice
from aggregates.refusals import (
    Invalid,
    ItemsRefused,
    LeftAlone,
    Refused,
)
from aggregates.statuses import BillingStatus

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDrafts:
    """Draft what is ready and dated up to the cutoff; None means no bound (D-40).

    `draft_key` is made at the edge; the ids of the invoices derive from it. `actor` is who drafts
    (D-73).
    """

    draft_key: str
    actor: str
    cutoff: date | None
    line_ids: tuple[str, ...] | None
    customer_ids: tuple[str, ...] | None
    items: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDraft:
    """Delete a draft; its items are ready again (D-69)."""


# --- decide ------------------------------------------------------------------------------------


def create(command: CreateDrafts, deal: Deal) -> Decision:
    """One invoice a customer, one invoice line a contract line with items (D-40, D-13).

    Done are the invoices, left are named items that are not on them, and those that match and that
    a recall waits for (D-23). Raises Invalid for a line or customer that the contract does not
    have, NothingReady when no ready item is left.
    """
    _check_selection(command, deal)
    by_customer: dict[str, list[InvoiceDetail]] = {}
    waits: list[str] = []
    for customer_id, detail in sorted(_ready(command, deal), key=_invoice_order):
        if str(detail.item_id) in deal.lines[detail.line_id].recalls.awaited:
            waits.append(str(detail.item_id))
        else:
            by_customer.setdefault(customer_id, []).append(detail)
    held_back = [LeftAlone(item_id, recall_waits()) for item_id in waits]
    left = (*_left(command, deal, by_customer, waits), *held_back)
    if not by_customer:
        raise NothingReady(left)
    events: list[Event] = []
    for customer_id, details in by_customer.items():
        draft = DraftCreated(
            invoice_id=_invoice_id(command, customer_id),
            contract_id=deal.contract.contract_id,
            customer_id=customer_id,
            currency=deal.contract.currency,
            cutoff=command.cutoff,
            line_ids=command.line_ids,
        )
        events += begun(draft, deal, details, command.actor)
    invoice_ids = tuple(_invoice_id(command, customer_id) for customer_id in by_customer)
    return Decision(events=tuple(events), done=invoice_ids, left=left)


def delete(invoice: Invoice, deal: Deal) -> Decision:
    """The draft goes, its items come back ready; what it was to correct stays billed (D-69).

    Raises NotFound when it is deleted already, Refused once confirmed (D-44).
    """
    require_open(invoice)
    deleted = DraftDeleted(invoice_id=invoice.invoice_id, contract_id=invoice.contract_id)
    return Decision(events=(deleted, *taken_off(invoice, deal, invoice.listed())))


class NothingReady(ItemsRefused):
    """A draft was asked for, and no ready item matches it (D-40)."""

    def __init__(self, left: Sequence[LeftAlone]) -> None:
        super().__init__(
            left, "nothing_ready", "no ready item matches: nothing was drafted", "D-40"
        )


# --- helpers -----------------------------------------------------------------------------------


def _check_selection(command: CreateDrafts, deal: Deal) -> None:
    for position, line_id in enumerate(command.line_ids or ()):
        if line_id not in deal.contract.lines:
            raise Invalid(f"line_ids.{position}", f"the contract has no line {line_id!r}")
    for position, customer_id in enumerate(command.customer_ids or ()):
        if customer_id not in deal.contract.customers:
            raise Invalid(
                f"customer_ids.{position}", f"the contract has no customer {customer_id!r}"
            )


def _ready(command: CreateDrafts, deal: Deal) -> Iterator[tuple[str, InvoiceDetail]]:
    """Every ready item that the command selects, with the customer it is billed to."""
    named = None if command.items is None else set(command.items)
    for line in deal.lines.values():
        if command.line_ids is not None and line.line_id not in command.line_ids:
            continue
        for item_id in line.ready if named is None else (i for i in named if i in line.ready):
            customer_id = line.open_item(item_id).customer_id
            detail = detail_of(line, item_id, _invoice_id(command, customer_id))
            if command.customer_ids is not None and customer_id not in command.customer_ids:
                continue
            if command.cutoff is None or detail.date <= command.cutoff:
                yield customer_id, detail


def _left(
    command: CreateDrafts,
    deal: Deal,
    taken: dict[str, list[InvoiceDetail]],
    waits: Sequence[str],
) -> Iterator[LeftAlone]:
    """Why each named item that is not on a draft now was not taken, but those in `waits`."""
    told = {*waits, *(detail.item_id for details in taken.values() for detail in details)}
    for item_id in dict.fromkeys(command.items or ()):
        if item_id in told:
            continue
        found = deal.find(item_id)
        if found is None:
            yield not_open(item_id)
        elif found[1].billing_status is not BillingStatus.READY:
            status = found[1].billing_status
            yield LeftAlone(item_id, Refused("item_not_ready", f"the item is {status}", "D-13"))
        else:
            detail = "the item is outside the cutoff, lines or customers given"
            yield LeftAlone(item_id, Refused("not_selected", detail, "D-40"))


def _invoice_order(entry: tuple[str, InvoiceDetail]) -> tuple[object, ...]:
    customer_id, detail = entry
    return customer_id, *detail_order(detail)


def _invoice_id(command: CreateDrafts, customer_id: str) -> str:
    return streams.digest(command.draft_key, customer_id)
