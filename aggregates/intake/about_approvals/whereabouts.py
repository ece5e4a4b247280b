"""Where the work of an approval is: in the backlog, on drafts, or billed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aggregates import streams
from aggregates.contract_line.items import OpenSale
from aggregates.contract_line.recalled.events import Obligation
from aggregates.contract_line.state import ContractLine
from aggregates.intake.about_approvals.origins import Origin, of_corrected, of_detail, of_sale
from aggregates.invoice.details import Detail
from aggregates.invoice.events import InvoiceDetail
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
    """An obligation of an approval, and the line on which it stands.

    `stands` is the detail that bills it now.
    """

    line: ContractLine
    obligation: Obligation
    stands: InvoiceDetail | None = None

    @property
    def is_open(self) -> bool:
        """Whether an invoice is to be corrected for it."""
        return self.obligation.detail_id in self.line.recalls.obligations


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
    search = _Search(line, posted_on, invoice_of)
    search.look_for(items)
    found = search.found
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


def owing(found: Whereabouts, owed: Iterable[Owed], invoice_of: InvoiceOf) -> None:
    """Adds obligations from before, and what their work was corrected to.

    A billed part that has one is not among `billed` any longer.
    """
    for each in owed:
        found.owed.append(replace(each, stands=_standing(each.obligation, invoice_of)))
        instead = each.obligation.instead
        if instead:
            found.origins += of_corrected(instead, None)
    there = {each.obligation.detail_id for each in found.owed}
    found.billed = [part for part in found.billed if part.detail.stands.detail_id not in there]


def _standing(obligation: Obligation, invoice_of: InvoiceOf) -> InvoiceDetail | None:
    invoice = invoice_of(obligation.invoice_id)
    detail = invoice.details.get(obligation.detail_id) if invoice else None
    return detail.stands if detail else None


def settled(
    found: Whereabouts,
    kept: Iterable[Owed],
    line: ContractLine,
    posted_on: Mapping[str, str | None],
    invoice_of: InvoiceOf,
) -> None:
    """Adds what stays billed though it was to be corrected, as if it still were (D-83).

    To be called after `owing`. What later corrections gave back of it is looked for where the work
    is on the same line still. Raises NotLookedUp as `find`.
    """
    search = _Search(line, posted_on, invoice_of)
    for each in kept:
        of, of_line = each.obligation, each.line
        standing, returned = _now(of.invoice_id, of.detail_id, of_line, invoice_of)
        if (of_line.contract_id, of_line.line_id) == (line.contract_id, line.line_id):
            search.look_for(returned)
        for invoice, detail in (standing,) if standing else ():
            stands = detail.stands
            now = replace(
                of,
                invoice_id=invoice.invoice_id,
                detail_id=stands.detail_id,
                quantity=stands.quantity,
                amount=stands.amount,
            )
            if stands.quantity:
                owing(found, [Owed(line=of_line, obligation=now)], invoice_of)
            else:
                actual_id = _actual_of(detail, returned)
                found.origins += of_corrected(of.instead, actual_id) if of.instead else ()
    _add(found, search.found)


class _Search:
    """Looks for items of a line, and for what corrections gave back of them."""

    def __init__(
        self, line: ContractLine, posted_on: Mapping[str, str | None], invoice_of: InvoiceOf
    ) -> None:
        self.found = Whereabouts()
        self._line = line
        self._posted_on = posted_on
        self._invoice_of = invoice_of

    def look_for(self, items: Iterable[str]) -> None:
        """Adds each item where it is now. Raises NotLookedUp."""
        line, todo, missing = self._line, list(items), list[str]()
        while todo:
            item_id = todo.pop(0)
            sale, awaited = line.sales.get(item_id), line.recalls.awaited.get(item_id)
            if sale:
                on_draft = sale.billing_status is BillingStatus.INVOICE_CREATED
                (self.found.drafted if on_draft else self.found.unbilled).append(sale)
                self.found.origins.append(of_sale(sale))
            elif awaited is None and item_id not in self._posted_on:
                missing.append(item_id)
            elif on := awaited.invoice_id if awaited else self._posted_on[item_id]:
                self.found.posted_on[item_id] = on
                todo += self._billed(item_id, on)
        if missing:
            raise NotLookedUp(missing)

    def _billed(self, item_id: str, invoice_id: str) -> list[str]:
        """Adds what stays billed of a posted item; the items that corrections gave back."""
        invoice = self._invoice_of(invoice_id)
        own = streams.detail_of_item(invoice_id, item_id)
        posted = invoice.details.get(own) if invoice else None
        if posted is None:
            return []
        source, first_id = posted.source or posted.stands, posted.stands.detail_id
        standing, returned = _now(invoice_id, first_id, self._line, self._invoice_of)
        if standing:
            invoice, detail = standing
            actual_id = _actual_of(detail, returned)
            self.found.origins.append(of_detail(source, invoice.customer_id, actual_id))
            if detail.stands.quantity:
                part = BilledPart(
                    item_id=item_id,
                    invoice_id=invoice.invoice_id,
                    customer_id=invoice.customer_id,
                    detail=detail,
                )
                self.found.billed.append(part)
        return returned


def _now(
    invoice_id: str, detail_id: str, line: ContractLine, invoice_of: InvoiceOf
) -> tuple[tuple[Invoice, Detail] | None, list[str]]:
    """The detail that bills now what this one billed; the items that corrections gave back."""
    invoice, returned = invoice_of(invoice_id), list[str]()
    detail = invoice.details.get(detail_id) if invoice else None
    while invoice and detail and detail.corrected_by:
        detail_id, before = detail.stands.detail_id, detail.stands.quantity
        invoice = invoice_of(detail.corrected_by)
        detail = invoice.correction_of(detail_id) if invoice else None
        if detail and abs(detail.stands.quantity) < abs(before):
            own = detail.stands.detail_id
            returned.append(streams.returned_item(line.contract_id, line.line_id, own))
    return (invoice, detail) if invoice and detail else None, returned


def _actual_of(detail: Detail, returned: Sequence[str]) -> str | None:
    """The actual that came back last of what a detail billed; None where some is billed still."""
    return returned[-1] if returned and not detail.stands.quantity else None


def _add(found: Whereabouts, more: Whereabouts) -> None:
    """Adds what is not there yet."""
    there = {sale.item_id for sale in [*found.unbilled, *found.drafted]}
    found.unbilled += [sale for sale in more.unbilled if sale.item_id not in there]
    found.drafted += [sale for sale in more.drafted if sale.item_id not in there]
    billed = {part.detail.stands.detail_id for part in found.billed}
    billed |= {each.obligation.detail_id for each in found.owed}
    found.billed += [part for part in more.billed if part.detail.stands.detail_id not in billed]
    found.posted_on |= more.posted_on
