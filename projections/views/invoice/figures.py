"""What a draft stands beside: what else is to be billed, and how its contract is billed (D-72)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, func, select

from aggregates.statuses import UNBILLED, AdjustmentStatus, BillingStatus, BillingType
from projections.tables import (
    contract_lines,
    fixed_price_totals,
    of_contracts,
    time_and_material_totals,
)
from projections.values.sums import halves, kept_halves, whole
from projections.values.units import from_minor
from projections.views.contract.limits import LimitLevelUsage, levels
from projections.views.contract.performance import invoiced_to_date
from projections.views.kept_to import UNRESTRICTED, KeptTo
from projections.views.resource import Money, Resource


class PendingItems(Resource):
    """Items that are on no draft, counted, and what the chargeable ones come to without tax."""

    count: int
    amount: Money


class Pending(Resource):
    """What else of its contract and customer a draft could bill (D-72)."""

    ready: PendingItems
    not_ready: PendingItems


class InvoiceFigures(Resource):
    """How far a draft's contract is billed: chargeable amounts without tax (D-72).

    `limits` are those levels with a limit that the draft counts at.
    """

    contract_value: Money
    billed: Money
    this: Money
    remaining: Money
    remaining_after: Money
    limits: list[LimitLevelUsage]


def pending(connection: Connection, invoice: RowMapping) -> Pending:
    """The items of the contract and customer of an invoice that are on no draft."""
    counts: dict[str, int] = dict.fromkeys(UNBILLED, 0)
    amounts: dict[str, int] = dict.fromkeys(UNBILLED, 0)
    sale = time_and_material_totals.c
    adjustable = sale.adjustment_status == AdjustmentStatus.ADJUSTABLE
    sales = _open(time_and_material_totals, invoice).where(adjustable)
    for statement in (sales, _open(fixed_price_totals, invoice)):
        for row in connection.execute(statement).mappings():
            status = row["billing_status"]
            counts[status] += int(row["count"])
            if row["billing_type"] == BillingType.CHARGEABLE:
                amounts[status] += whole(row, "amount")
    currency = invoice["currency"]
    ready, not_ready = (
        PendingItems(count=counts[status], amount=from_minor(amounts[status], currency))
        for status in (BillingStatus.READY, BillingStatus.NOT_READY)
    )
    return Pending(ready=ready, not_ready=not_ready)


def _open(totals: Table, invoice: RowMapping) -> Select[Any]:
    """What is kept of the items that are on no draft, by status and billing type."""
    own = totals.c
    by = (own.billing_status, own.billing_type)
    count = func.sum(own["count"]).label("count")
    return (
        select(*by, count, *kept_halves(totals, "amount"))
        .where(
            of_contracts(totals),
            own.contract_id == invoice["contract_id"],
            own.customer_id == invoice["customer_id"],
            own.billing_status.in_(UNBILLED),
        )
        .group_by(*by)
    )


def figures(
    connection: Connection, kept_to: KeptTo, invoice: RowMapping, line_ids: Collection[str]
) -> InvoiceFigures | None:
    """How far the contract of an invoice is billed, which bills these lines of it.

    None where there are customers on the contract that the reader may not know of.
    """
    contract_id, currency, this = invoice["contract_id"], invoice["currency"], invoice["amount"]
    known = levels(connection, kept_to, contract_id)
    if known is None and kept_to != UNRESTRICTED:
        return None
    line = contract_lines.c
    amounts = halves(func.coalesce(line.contract_amount, 0), "value")
    values = select(*amounts).where(line.contract_id == contract_id).group_by(line.contract_id)
    worth = connection.execute(values).mappings().first()
    value = whole(worth, "value") if worth else 0
    billed = invoiced_to_date(connection, [contract_id]).get(contract_id, 0)
    return InvoiceFigures(
        contract_value=from_minor(value, currency),
        billed=from_minor(billed, currency),
        this=from_minor(this, currency),
        remaining=from_minor(value - billed, currency),
        remaining_after=from_minor(value - billed - this, currency),
        limits=[
            level
            for level in (known[1] if known else ())
            if level.limit is not None
            and level.line_id in {None, *line_ids}
            and level.customer_id in {None, invoice["customer_id"]}
        ],
    )
