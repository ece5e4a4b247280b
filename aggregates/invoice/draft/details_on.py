"""What goes on drafts and comes off them: what every command that works on drafts needs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from aggregates import streams
from aggregates.contract_line.events import ItemsDrafted, ItemsReleased
from aggregates.contract_line.items import OpenSale
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal, chunks, moved
from aggregates.events import Event
from aggregates.invoice.details import Detail, drafted, items_by_line
from aggregates.invoice.events import (
    MILESTONE,
    CorrectionWithdrawn,
    DetailsAdded,
    DraftCreated,
    InvoiceDetail,
)
from aggregates.invoice.state import Invoice
from aggregates.invoice.totals import Totals
from aggregates.refusals import ItemRefused, NotFound, Refused
from aggregates.statuses import BillingStatus


def require_open(invoice: Invoice) -> None:
    """Raises NotFound for a deleted draft, Refused for an invoice that is confirmed (D-44)."""
    if invoice.deleted:
        raise NotFound("invoice", invoice.invoice_id)
    if not invoice.is_open:
        raise Refused("invoice_confirmed", "a confirmed invoice is read-only", "D-44")


def require_ordinary(invoice: Invoice) -> None:
    """Raises as `require_open`, and Refused for a corrective draft: nothing goes on it (D-77)."""
    require_open(invoice)
    if invoice.corrects is not None:
        detail = "the draft corrects an invoice: nothing else goes on it"
        raise Refused("corrective_draft", detail, "D-77")


def may_be_drafted(line: ContractLine) -> Iterator[str]:
    """The ready items of a line, but those that an event waits for to recall or correct (D-23)."""
    awaited = line.recalls.awaited
    return (item_id for item_id in line.ready if item_id not in awaited)


def recall_waits() -> ItemRefused:
    """Why an item goes on no draft: it would keep what waits for other drafts from going on."""
    detail = "a recall or a corrected entry waits for the item's work to be on no draft"
    return ItemRefused("recall_waits", detail, "D-23")


def begun(
    draft: DraftCreated, deal: Deal, details: Sequence[InvoiceDetail], actor: str
) -> Iterator[Event]:
    """A draft is made with its first details. Raises as `put_on`."""
    yield draft
    made = Invoice(
        invoice_id=draft.invoice_id,
        contract_id=draft.contract_id,
        customer_id=draft.customer_id,
        currency=draft.currency,
        cutoff=draft.cutoff,
    )
    yield from put_on(made, deal, details, actor)


def put_on(
    invoice: Invoice, deal: Deal, details: Sequence[InvoiceDetail], actor: str
) -> Iterator[Event]:
    """Details go on a draft, and the items that they bill with them. Raises Refused when the draft
    can't hold the sum.
    """
    totals = Totals(invoice.currency, invoice.lines)
    for some in chunks(details):
        for each in some:
            totals.add(drafted(each), deal.lines[each.line_id].terms.billing_method)
        yield DetailsAdded(**changed(invoice, totals, actor), details=some)
    on_draft = partial(ItemsDrafted, invoice_id=invoice.invoice_id)
    for line_id, items in items_by_line(map(drafted, details)).items():
        yield from moved(deal.lines[line_id], items, BillingStatus.INVOICE_CREATED, on_draft)


def taken_off(invoice: Invoice, deal: Deal, details: Sequence[Detail]) -> Iterator[Event]:
    """What becomes of what details bill, once these are off a draft: items are ready again (D-69).

    Behind one by hand there is nothing. Of a correction no item moves: the details of the invoice
    that it corrects are free for another one.
    """
    if invoice.corrects is not None:
        corrected = [detail.corrects for detail in details if detail.corrects is not None]
        for some in chunks(corrected):
            yield CorrectionWithdrawn(
                invoice_id=invoice.corrects,
                contract_id=invoice.contract_id,
                correction_id=invoice.invoice_id,
                details=some,
            )
        return
    released = partial(ItemsReleased, invoice_id=invoice.invoice_id)
    for line_id, items in items_by_line(details).items():
        yield from moved(deal.lines[line_id], items, BillingStatus.READY, released)


def changed(invoice: Invoice, totals: Totals, actor: str) -> dict[str, Any]:
    """What every event says that changes details: of which invoice, by whom, and the new totals."""
    return {
        "invoice_id": invoice.invoice_id,
        "contract_id": invoice.contract_id,
        "currency": invoice.currency,
        "actor": actor,
        **totals.fields(),
    }


def detail_of(line: ContractLine, item_id: str, invoice_id: str) -> InvoiceDetail:
    """The detail that bills an open item on this invoice."""
    item, detail_id = line.open_item(item_id), streams.detail_of_item(invoice_id, item_id)
    if isinstance(item, OpenSale):
        actual = item.actual
        return InvoiceDetail(
            detail_id=detail_id,
            line_id=line.line_id,
            item_id=item_id,
            kind=actual.kind,
            date=actual.date,
            description=item.description,
            quantity=actual.quantity,
            unit_price=actual.unit_price,
            amount=actual.amount,
            tax=actual.tax,
            billing_type=actual.billing_type,
            approval_id=actual.approval_id,
            milestone_id=None,
            role=item.role,
            category=item.category,
            task_id=item.task_id,
            resource=item.resource,
        )
    milestone = line.milestones[item.milestone_id]
    return InvoiceDetail(
        detail_id=detail_id,
        line_id=line.line_id,
        item_id=item_id,
        kind=MILESTONE,
        date=milestone.date,
        description=milestone.name,
        quantity=Decimal(1),
        unit_price=item.amount,
        amount=item.amount,
        tax=item.tax,
        billing_type=item.billing_type,
        approval_id=None,
        milestone_id=item.milestone_id,
        task_id=milestone.task_id,
    )
