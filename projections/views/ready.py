"""Which contracts have something that is ready to invoice."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, Table, exists, select

from aggregates.statuses import BillingStatus
from projections.tables import TOTALS, of_contracts


def contracts_with_ready(
    connection: Connection, cutoff: date | None, customer_ids: Collection[str] | None
) -> list[str]:
    """The contracts with ready items dated up to the cutoff (D-40), of these customers.

    None means no bound. Found by the kept totals: what it costs grows with the contracts that have
    something ready, not with how much that is.
    """
    found = {
        row.contract_id
        for view, totals in TOTALS.items()
        for row in connection.execute(_ready(view, totals, cutoff))
        if customer_ids is None or row.customer_id in customer_ids
    }
    return sorted(found)


def _ready(view: Table, totals: Table, cutoff: date | None) -> Select[Any, Any]:
    """Contract and customer of what is ready in a view."""
    kept, own = totals.c, view.c
    statement = (
        select(kept.contract_id, kept.customer_id)
        .where(of_contracts(totals), kept.billing_status == BillingStatus.READY, kept.count > 0)
        .distinct()
    )
    if cutoff is None:
        return statement
    in_time = exists().where(
        own.contract_id == kept.contract_id,
        own.billing_status == BillingStatus.READY,
        own.customer_id == kept.customer_id,
        own.date <= cutoff,
    )
    return statement.where(in_time)
