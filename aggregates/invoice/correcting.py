"""Corrections: a corrective draft of a confirmed invoice, whole or some of its details (D-47)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from aggregates import streams
from aggregates.deal import chunks
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.invoice.details import Detail, corrective
from aggregates.invoice.draft.details_on import changed
from aggregates.invoice.draft.editing import DetailsRefused
from aggregates.invoice.events import (
    CorrectionDrafted,
    CorrectionOpened,
    CorrectiveDetail,
    CorrectiveDetailsAdded,
    InvoiceDetail,
)
from aggregates.invoice.state import Invoice
from aggregates.invoice.totals import Totals
from aggregates.refusals import LeftAlone, NotFound, Refused

_ZERO = Decimal(0)

# --- command -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectInvoice:
    """Correct these details of a confirmed invoice, or all of it: `details` is None (D-47).

    `correction_id` is made at the edge, `actor` is who corrects (D-73).
    """

    correction_id: str
    actor: str
    details: tuple[str, ...] | None


# --- decide ------------------------------------------------------------------------------------


def correct(command: CorrectInvoice, invoice: Invoice, later: Mapping[str, Invoice]) -> Decision:
    """A corrective draft of the same customer, in which nothing stays billed at first (D-76).

    `later` has the invoices that details named have gone on to, by id. Raises Refused when the
    invoice is not confirmed, or corrected in full already; DetailsRefused, naming each, for details
    that it does not have or that can't be corrected here (D-79).
    """
    if invoice.is_open:
        raise Refused(
            "invoice_not_confirmed", "the invoice is a draft: edit it instead of correcting", "D-47"
        )
    details = _selected(command, invoice, later)
    events: list[Event] = [
        CorrectionDrafted(
            invoice_id=command.correction_id,
            contract_id=invoice.contract_id,
            customer_id=invoice.customer_id,
            currency=invoice.currency,
            corrects=invoice.invoice_id,
            corrects_number=str(invoice.number),
        )
    ]
    events += _added(command, invoice, details)
    events += (
        CorrectionOpened(
            invoice_id=invoice.invoice_id,
            contract_id=invoice.contract_id,
            correction_id=command.correction_id,
            details=some,
        )
        for some in chunks(detail.stands.detail_id for detail in details)
    )
    return Decision(events=tuple(events), done=(command.correction_id,))


# --- helpers -----------------------------------------------------------------------------------


def _selected(
    command: CorrectInvoice, invoice: Invoice, later: Mapping[str, Invoice]
) -> list[Detail]:
    """The details named, each once; or all that are still billed by it. Raises as `correct`."""
    named = command.details
    if named is None:
        left = (each for each in invoice.listed() if each.has_billed and not each.corrected_by)
        named = tuple(each.stands.detail_id for each in left)
        if not named:
            raise _already_corrected("the invoice is corrected in full: nothing of it stays billed")
    named = tuple(dict.fromkeys(named))
    refused = [LeftAlone(each, why) for each in named if (why := _why_not(each, invoice, later))]
    if refused:
        raise DetailsRefused(refused)
    return [invoice.details[each] for each in named]


def _why_not(detail_id: str, invoice: Invoice, later: Mapping[str, Invoice]) -> Refused | None:
    """Why a detail can't be corrected here, None if it can (D-49, D-79)."""
    detail = invoice.details.get(detail_id)
    if detail is None:
        return NotFound("detail", detail_id)
    if detail.corrected_by:
        holder = _holder(detail, later)
        return Refused(
            "detail_superseded",
            f"the detail was corrected: invoice {holder.number} has it now",
            "D-79",
            invoice_id=holder.invoice_id,
        )
    if not detail.stays:
        return _already_corrected("nothing of the detail stays billed")
    if not detail.has_billed:
        return Refused(
            "detail_superseded",
            f"the detail was left as invoice {invoice.corrects_number} has billed it",
            "D-79",
            invoice_id=str(invoice.corrects),
        )
    if detail.in_correction:
        return Refused(
            "in_correction",
            f"the detail is on the corrective draft {detail.in_correction!r}",
            "D-49",
            invoice_id=detail.in_correction,
        )
    return None


def _already_corrected(detail: str) -> Refused:
    return Refused("already_corrected", detail, "D-49")


def _holder(detail: Detail, later: Mapping[str, Invoice]) -> Invoice:
    """The last of the corrections that have followed each other: a chain, never a tree (D-79)."""
    holder = later[str(detail.corrected_by)]
    while (own := holder.correction_of(detail.stands.detail_id)) and own.corrected_by:
        detail, holder = own, later[own.corrected_by]
    return holder


def _added(
    command: CorrectInvoice, invoice: Invoice, details: Sequence[Detail]
) -> Iterator[CorrectiveDetailsAdded]:
    """The details as they go on the draft: nothing stays billed, the totals are the change."""
    draft = replace(invoice, invoice_id=command.correction_id)
    methods = {line.line_id: line.billing_method for line in invoice.lines}
    totals = Totals(invoice.currency)
    for some in chunks(details):
        added = tuple(_corrective(command.correction_id, detail.stands) for detail in some)
        for each in added:
            totals.add(corrective(each), methods[each.detail.line_id])
        yield CorrectiveDetailsAdded(**changed(draft, totals, command.actor), details=added)


def _corrective(correction_id: str, billed: InvoiceDetail) -> CorrectiveDetail:
    """A billed detail on a correction of it: the old price, and nothing else of it (D-76)."""
    nothing = replace(
        billed,
        detail_id=streams.corrective_detail(correction_id, billed.detail_id),
        quantity=_ZERO,
        amount=_ZERO,
        tax=_ZERO,
    )
    return CorrectiveDetail(detail=nothing, original=billed)
