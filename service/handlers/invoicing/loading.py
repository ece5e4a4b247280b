"""What commands on invoices look at: the invoice, and its contract with the lines it bills."""

from collections.abc import Iterable

from aggregates import streams
from aggregates.deal import Deal
from aggregates.invoice.state import Invoice
from aggregates.refusals import NotFound
from service.handlers.loading import load_deal
from service.ledger.stream_kinds import INVOICE
from service.ledger.unit_of_work import UnitOfWork


def invoice_of(unit: UnitOfWork, invoice_id: str) -> Invoice:
    """The invoice. Raises NotFound when there is none, or when it was deleted."""
    invoice = unit.load(INVOICE, streams.invoice(invoice_id))
    if invoice is None or invoice.deleted:
        raise NotFound("invoice", invoice_id)
    return invoice


def deal_of(unit: UnitOfWork, contract_id: str, line_ids: Iterable[str]) -> Deal:
    """The contract with these lines. Raises NotFound when there is no such contract."""
    deal = load_deal(unit, contract_id, line_ids)
    if deal is None:
        raise NotFound("contract", contract_id)
    return deal
