"""More goes on a draft: what became ready since it was made, or items that are named."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aggregates import streams
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal, not_open
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.invoice.details import detail_order
from aggregates.invoice.draft.details_on import (
    begun,
    detail_of,
    may_be_drafted,
    put_on,
    recall_waits,
    require_ordinary,
)
from aggregates.invoice.events import DraftCreated, InvoiceDetail
from aggregates.invoice.state import Invoice
from aggregates.refusals import ItemRefused, LeftAlone
from aggregates.statuses import BillingStatus

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshDraft:
    """Take in what is ready for a draft now (D-70). `actor` is who asks (D-73)."""

    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItems:
    """Put these items on a draft, whatever their date (D-71). `actor` is who asks (D-73)."""

    actor: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToNewest:
    """Put these items on the newest draft of their customers, or on a new one (D-41).

    `draft_key` is made at the edge; the ids of new invoices derive from it.
    """

    draft_key: str
    actor: str
    items: tuple[str, ...]


# --- decide ------------------------------------------------------------------------------------


def refresh(command: RefreshDraft, invoice: Invoice, deal: Deal) -> Decision:
    """Takes in every ready item of the draft's customer within its cutoff and lines (D-70).

    What an event waits for to recall or correct it stays where it is (D-23).

    `deal` has the lines that the draft was made for, all of the contract if none were named.
    Nothing happens when nothing is ready. Raises as `add`.
    """
    require_ordinary(invoice)
    details = sorted(_ready_for(invoice, deal), key=detail_order)
    if not details:
        return NOTHING
    events = tuple(put_on(invoice, deal, details, command.actor))
    return Decision(events=events, done=(invoice.invoice_id,))


def add(command: AddItems, invoice: Invoice, deal: Deal) -> Decision:
    """Puts the items on the draft, those that may; the others are refused, each with why (D-71).

    Raises NotFound for a deleted draft, Refused for a confirmed or corrective one, and when the
    draft can't hold the sum.
    """
    require_ordinary(invoice)
    found, refused = _addable(command.items, deal, invoice.customer_id)
    details = [detail_of(line, item_id, invoice.invoice_id) for line, item_id in found]
    if refused:
        return Decision(refused=refused)
    events = tuple(put_on(invoice, deal, sorted(details, key=detail_order), command.actor))
    return Decision(events=events, done=(invoice.invoice_id,))


def add_to_newest(command: AddToNewest, newest: Mapping[str, Invoice], deal: Deal) -> Decision:
    """Puts the items on the newest open draft of each customer, on a new one where there is none.

    `newest` has that draft by customer: it is no corrective one (D-41). Items are refused as in
    `add`. Raises Refused when a draft can't hold the sum.
    """
    found, refused = _addable(command.items, deal)
    if refused:
        return Decision(refused=refused)
    by_customer: dict[str, list[tuple[ContractLine, str]]] = {}
    for line, item_id in found:
        by_customer.setdefault(line.open_item(item_id).customer_id, []).append((line, item_id))
    events: list[Event] = []
    done: list[str] = []
    for customer_id, items in sorted(by_customer.items()):
        known = newest.get(customer_id)
        invoice_id = known.invoice_id if known else streams.digest(command.draft_key, customer_id)
        details = sorted((detail_of(*each, invoice_id) for each in items), key=detail_order)
        if known:
            events += put_on(known, deal, details, command.actor)
        else:
            events += begun(_new_draft(deal, invoice_id, customer_id), deal, details, command.actor)
        done.append(invoice_id)
    return Decision(events=tuple(events), done=tuple(done))


# --- helpers -----------------------------------------------------------------------------------


def _ready_for(invoice: Invoice, deal: Deal) -> Iterator[InvoiceDetail]:
    for line in deal.lines.values():
        for item_id in may_be_drafted(line):
            if line.open_item(item_id).customer_id != invoice.customer_id:
                continue
            detail = detail_of(line, item_id, invoice.invoice_id)
            if invoice.cutoff is None or detail.date <= invoice.cutoff:
                yield detail


def _addable(
    items: Iterable[str], deal: Deal, customer_id: str | None = None
) -> tuple[list[tuple[ContractLine, str]], tuple[LeftAlone, ...]]:
    """Those of the items that can go on a draft, with their lines; the others with why (D-71).

    On one of this customer, if it is told.
    """
    found: list[tuple[ContractLine, str]] = []
    refused: list[LeftAlone] = []
    for item_id in dict.fromkeys(items):
        key = streams.line_of(item_id)
        known = deal.find(item_id)
        try:
            if key and key.contract_id != deal.contract.contract_id:
                detail = "the item is of another contract than the draft"
                raise ItemRefused("other_contract", detail, "D-71")
            if known is None:
                refused.append(not_open(item_id))
                continue
            line, item = known
            _check_addable(item.customer_id, item.billing_status, customer_id)
            if item_id in line.recalls.awaited:
                raise recall_waits()
            found.append((line, item_id))
        except ItemRefused as why:
            refused.append(LeftAlone(item_id, why))
    return found, tuple(refused)


def _check_addable(payer: str, status: BillingStatus, customer_id: str | None) -> None:
    if status is BillingStatus.INVOICE_POSTED:
        raise ItemRefused("item_posted", "the item is posted with its invoice", "D-71")
    if customer_id is not None and payer != customer_id:
        detail = "the item is billed to another customer than the draft"
        raise ItemRefused("other_customer", detail, "D-71")
    if status is BillingStatus.INVOICE_CREATED:
        raise ItemRefused("item_on_draft", "the item is on a draft invoice", "D-71")
    if status is not BillingStatus.READY:
        raise ItemRefused("item_not_ready", f"the item is {status}", "D-71")


def _new_draft(deal: Deal, invoice_id: str, customer_id: str) -> DraftCreated:
    return DraftCreated(
        invoice_id=invoice_id,
        contract_id=deal.contract.contract_id,
        customer_id=customer_id,
        currency=deal.contract.currency,
        cutoff=None,
        line_ids=None,
    )
