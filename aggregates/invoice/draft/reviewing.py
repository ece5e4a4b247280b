"""Review of a draft: submitted, returned, approved; a contract may ask for four eyes (D-73)."""

from dataclasses import dataclass
from datetime import datetime

from aggregates.contract.state import Contract
from aggregates.decision import NOTHING, Decision
from aggregates.invoice.draft.details_on import require_open
from aggregates.invoice.events import InvoiceApproved, InvoiceReturned, InvoiceSubmitted
from aggregates.invoice.state import Invoice
from aggregates.refusals import Refused
from aggregates.statuses import ApprovalRule, InvoiceStatus

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitInvoice:
    """Give a draft in for review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnInvoice:
    """Give an invoice in review back, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveInvoice:
    """Approve an invoice in review; `version` is that of its stream, `at` the time of the call."""

    actor: str
    at: datetime
    version: int


# --- decide ------------------------------------------------------------------------------------


def submit(invoice: Invoice) -> Decision:
    """The draft is in review; nothing happens when it is so already (D-73).

    Raises NotFound for a deleted draft, Refused for a confirmed one.
    """
    require_open(invoice)
    if invoice.status is InvoiceStatus.IN_REVIEW:
        return NOTHING
    event = InvoiceSubmitted(invoice_id=invoice.invoice_id, contract_id=invoice.contract_id)
    return Decision(events=(event,), done=(invoice.invoice_id,))


def give_back(command: ReturnInvoice, invoice: Invoice) -> Decision:
    """The invoice is a draft again, its approval void (D-73).

    Raises NotFound for a deleted draft, Refused for one that is confirmed or not in review.
    """
    _check_in_review(invoice)
    event = InvoiceReturned(
        invoice_id=invoice.invoice_id, contract_id=invoice.contract_id, reason=command.reason
    )
    return Decision(events=(event,), done=(invoice.invoice_id,))


def approve(command: ApproveInvoice, invoice: Invoice, contract: Contract) -> Decision:
    """Stamps the invoice with who approves it, when, and at which version (D-73).

    Nothing happens when it is approved already. Raises as `give_back`; Refused where the contract
    asks for four eyes and who approves made or changed it, or nobody knows who did.
    """
    _check_in_review(invoice)
    if contract.approval is ApprovalRule.FOUR_EYES:
        _check_not_own(command, invoice)
    if invoice.approval:
        return NOTHING
    event = InvoiceApproved(
        invoice_id=invoice.invoice_id,
        contract_id=invoice.contract_id,
        actor=command.actor,
        at=command.at,
        version=command.version,
    )
    return Decision(events=(event,), done=(invoice.invoice_id,))


# --- helpers -----------------------------------------------------------------------------------


def _check_in_review(invoice: Invoice) -> None:
    require_open(invoice)
    if invoice.status is not InvoiceStatus.IN_REVIEW:
        raise Refused("not_in_review", "the invoice is a draft: submit it first", "D-73")


def _check_not_own(command: ApproveInvoice, invoice: Invoice) -> None:
    if command.actor in invoice.changed_by:
        detail = f"{command.actor!r} made or changed the invoice: somebody else must approve it"
        raise Refused("own_work", detail, "D-73")
    if None in invoice.changed_by:  # drafted when that was not kept yet
        detail = "it is not on record who made the invoice: delete the draft, and draft anew"
        raise Refused("own_work", detail, "D-73")
