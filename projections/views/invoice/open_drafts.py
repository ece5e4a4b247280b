"""Which drafts of a contract and customer are open, the newest first (D-41)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from aggregates.statuses import InvoiceStatus
from projections.history import can_be_stored
from projections.tables import invoices

_AT_ONCE = 500
"""Contracts that one statement asks for."""
_OPEN = (InvoiceStatus.DRAFT.value, InvoiceStatus.IN_REVIEW.value)


def open_drafts(
    connection: Connection, contract_ids: Sequence[str]
) -> Mapping[tuple[str, str], Sequence[str]]:
    """The drafts of these contracts that are open, by contract and customer, the newest first."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    own = invoices.c
    storable = [contract_id for contract_id in contract_ids if can_be_stored(contract_id)]
    for start in range(0, len(storable), _AT_ONCE):
        of_some = own.contract_id.in_(storable[start : start + _AT_ONCE])
        statement = (
            select(own.contract_id, own.customer_id, own.invoice_id)
            .where(of_some, own.status.in_(_OPEN))
            .order_by(own.position.desc(), own.invoice_id)
        )
        for contract_id, customer_id, invoice_id in connection.execute(statement):
            found[contract_id, customer_id].append(invoice_id)
    return found
