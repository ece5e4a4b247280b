"""Where the work of an approval is: in the backlog, on drafts, or billed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aggregates import streams
from aggregates.contract_line.items import OpenSale
from aggregates.contract_line.obligations import billed_actual
from aggregates.contract_line.recall_events import Obligation
from aggregates.contract_line.state import ContractLine
from aggregates.intake.origins import Origin, of_corrected, of_detail, of_sale
from aggregates.invoice.details import Detail
from aggregates.invoice.state import Invoice
from aggregates.statuses import BillingStatus

InvoiceOf = Callable[[str], Invoice | None]
"""Finds an invoice by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPart:
    """An item of an approval that is billed, and the detail that bills it now (D-79)."""

    item_id: str
    invoice_id: str
    customer_id: str
    detail: Detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An open obligation of an approval, and the line on which it stands."""

    line: ContractLine
    obligation: Obligation


@dataclass(slots=True)
class Whereabouts:
    """The items of an approval, each where it is now: unbilled, on a draft, or billed.

    `posted_on` says on which invoice each billed item was posted. `origins` are the items as the
    approval made them. `owed` are obligations from before, of what is not among `billed`.
    """

    unbilled: list[OpenSale] = field(default_factory=list[OpenSale])
    drafted: list[OpenSale] = field(default_factory=list[OpenSale])
    billed: list[BilledPart] = field(default_factory=list[BilledPart])
    posted_on: dict[str, str] = field(default_factory=dict[str, str])
    origins: list[Origin] = field(default_factory=list[Origin])
    owed: list[Owed] = field(default_factory=list[Owed])


class NotLookedUp(Exception):
    """These items are not open, and it was not looked up yet on which invoices they are."""

    def __init__(self, items: list[str]) -> None:
        super().__init__()
        self.items = items


def find(
    items: tuple[str, ...],
    line: ContractLine,
    posted_on: Mapping[str, str | None],
    invoice_of: InvoiceOf,
) -> Whereabouts:
    """Where these items of one line are, and what corrections gave back of them.

    `posted_on` says of items that are not open on which invoice they were posted, None where they
    were not. Raises NotLookedUp when it does not say it of one.
    """
    found = Whereabouts()
    missing: list[str] = []
    todo = list(items)
    while todo:
        item_id = todo.pop(0)
        sale, awaited = line.sales.get(item_id), line.recalls.awaited.get(item_id)
        if sale:
            on_draft = sale.billing_status is BillingStatus.INVOICE_CREATED
            (found.drafted if on_draft else found.unbilled).append(sale)
            found.origins.append(of_sale(sale))
        elif awaited is None and item_id not in posted_on:
            missing.append(item_id)
        elif on := awaited.invoice_id if awaited else posted_on[item_id]:
            found.posted_on[item_id] = on
            todo += _billed(found, item_id, on, line, invoice_of)
    if missing:
        raise NotLookedUp(missing)
    found.origins = [each for each in found.origins if each.sale.item_id in items]
    return found


def to_come(owed: Iterable[Owed]) -> dict[str, str | None]:
    """The items that come only when what is billed is billed no longer: posted on no invoice."""
    return {
        sale.item_id: None
        for each in owed
        if each.obligation.instead
        for sale in each.obligation.instead.work.sales
    }


def owing(found: Whereabouts, owed: Iterable[Owed]) -> None:
    """Adds obligations from before, and what their work was corrected to."""
    billed = {part.detail.stands.detail_id for part in found.billed}
    for each in owed:
        if each.obligation.detail_id not in billed:
            found.owed.append(each)
            instead = each.obligation.instead
            if instead:
                found.origins += of_corrected(instead, billed_actual(each.obligation.detail_id))


def _billed(
    found: Whereabouts, item_id: str, invoice_id: str, line: ContractLine, invoice_of: InvoiceOf
) -> list[str]:
    """Adds what stays billed of a posted item; the items that corrections of it gave back."""
    invoice = invoice_of(invoice_id)
    detail = next((each for each in _details(invoice) if each.stands.item_id == item_id), None)
    if invoice is None or detail is None:
        return []
    source, returned = detail.source or detail.stands, list[str]()
    while invoice and detail and detail.corrected_by:
        detail_id, before = detail.stands.detail_id, detail.stands.quantity
        invoice = invoice_of(detail.corrected_by)
        detail = next((each for each in _details(invoice) if each.corrects == detail_id), None)
        if detail and abs(detail.stands.quantity) < abs(before):
            own = detail.stands.detail_id
            returned.append(streams.returned_item(line.contract_id, line.line_id, own))
    if invoice and detail:
        customer_id, detail_id = invoice.customer_id, detail.stands.detail_id
        # Where nothing stays billed, what came back last stands for it: no billed row does.
        gone = returned and not detail.stands.quantity
        actual_id = returned[-1] if gone else billed_actual(detail_id)
        found.origins.append(of_detail(source, customer_id, actual_id))
        if detail.stands.quantity:
            part = BilledPart(
                item_id=item_id,
                invoice_id=invoice.invoice_id,
                customer_id=customer_id,
                detail=detail,
            )
            found.billed.append(part)
    return returned


def _details(invoice: Invoice | None) -> Iterable[Detail]:
    return invoice.details.values() if invoice else ()
