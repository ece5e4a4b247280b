"""How a contract performs: what was invoiced, what is on drafts, ready and not ready (D-60)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET
from sqlalchemy import Connection, func, select

from aggregates.statuses import BillingMethod, BillingStatus, BillingType, LimitLevel
from projections.tables import (
    contract_lines,
    fixed_price_totals,
    limit_usage,
    time_and_material_totals,
)
from projections.values.sums import halves, kept_halves, whole
from projections.values.units import from_minor, from_minor_or_none
from projections.views.contract.limits import LimitLevelUsage, levels
from projections.views.kept_to import KeptTo
from projections.views.resource import Money, Positioned, Resource


class LinePerformance(Resource):
    """How a line performs: chargeable amounts without tax (D-60)."""

    line_id: str
    name: str
    billing_method: BillingMethod
    contract_value: Money | None
    invoiced: Money
    on_drafts: Money
    ready: Money
    not_ready: dict[str, Money]
    remaining: Money | None


class Figures(Resource):
    """How a contract performs as a whole: chargeable amounts without tax (D-60)."""

    contract_value: Money | None
    invoiced: Money
    on_drafts: Money
    ready: Money
    not_ready: dict[str, Money]
    remaining: Money | None


class Performance(Positioned):
    """How a contract performs (D-60)."""

    contract_id: str
    currency: str
    contract_value: Money | None
    invoiced: Money
    on_drafts: Money
    ready: Money
    not_ready: dict[str, Money]
    remaining: Money | None
    lines: list[LinePerformance]
    limits: list[LimitLevelUsage]


def performance(connection: Connection, kept_to: KeptTo, contract_id: str) -> Performance | None:
    """How a contract performs, as a whole and by line (D-60); None if it is unknown.

    Chargeable amounts without tax, in the contract's currency.
    """
    known = levels(connection, kept_to, contract_id)
    if known is None:
        return None
    currency, limits = known
    sums = _sums(connection, [contract_id], "line_id")
    invoiced = _invoiced(connection, [contract_id], "line_id", LimitLevel.LINE_CUSTOMER)
    of_all = invoiced_to_date(connection, [contract_id])
    statement = (
        select(contract_lines)
        .where(contract_lines.c.contract_id == contract_id)
        .order_by(contract_lines.c.line_id)
    )
    rows = connection.execute(statement).mappings().all()
    lines = [
        LinePerformance(
            line_id=row["line_id"],
            name=row["name"],
            billing_method=row["billing_method"],
            **_performance(
                row["contract_amount"],
                invoiced.get(row["line_id"], 0),
                sums[row["line_id"]],
                currency,
            ),
        )
        for row in rows
    ]
    total: dict[tuple[str, str], int] = defaultdict(int)
    for line_sums in sums.values():
        for key, amount in line_sums.items():
            total[key] += amount
    value = sum(row["contract_amount"] or 0 for row in rows)
    return Performance(
        contract_id=contract_id,
        currency=currency,
        **_performance(value, of_all.get(contract_id, 0), total, currency),
        lines=lines,
        limits=limits,
        position=UNSET,
    )


def figures_of(connection: Connection, currencies: Mapping[str, str]) -> dict[str, Figures]:
    """How contracts perform, each as a whole (D-60): four statements for all.

    They are named with their currencies.
    """
    line = contract_lines.c
    values = (
        select(line.contract_id, *halves(func.coalesce(line.contract_amount, 0), "value"))
        .where(line.contract_id.in_(currencies))
        .group_by(line.contract_id)
    )
    found = connection.execute(values).mappings()
    worth = {row["contract_id"]: whole(row, "value") for row in found}
    sums = _sums(connection, list(currencies), "contract_id")
    invoiced = invoiced_to_date(connection, list(currencies))
    return {
        each: Figures(
            **_performance(worth.get(each, 0), invoiced.get(each, 0), sums[each], currency)
        )
        for each, currency in currencies.items()
    }


Sums = dict[tuple[str, str], int]
"""Chargeable minor units by (billing status, class)."""


def _sums(connection: Connection, contract_ids: Sequence[str], by: str) -> dict[str, Sums]:
    """The sums of contracts by this column: of each of them, or of the lines of one."""
    sums: dict[str, Sums] = defaultdict(lambda: defaultdict(int))
    item, part = time_and_material_totals.c, fixed_price_totals.c
    classes = item["class"]
    amounts = kept_halves(time_and_material_totals, "amount")
    sales = (
        select(item[by], item.billing_status, classes, *amounts)
        .where(item.contract_id.in_(contract_ids), item.billing_type == BillingType.CHARGEABLE)
        .group_by(item[by], item.billing_status, classes)
    )
    for row in connection.execute(sales).mappings():
        sums[row[by]][row["billing_status"], row["class"]] += whole(row, "amount")
    parts = (
        select(part[by], part.billing_status, *kept_halves(fixed_price_totals, "amount"))
        .where(part.contract_id.in_(contract_ids), part.billing_type == BillingType.CHARGEABLE)
        .group_by(part[by], part.billing_status)
    )
    for row in connection.execute(parts).mappings():
        sums[row[by]][row["billing_status"], "milestone"] += whole(row, "amount")
    return sums


def invoiced_to_date(connection: Connection, contract_ids: Sequence[str]) -> Mapping[str, int]:
    """What contracts were billed so far, in minor units (D-37); those without anything left out.

    Not what their items are worth that were posted: edits and corrections bill another amount.
    """
    return _invoiced(connection, contract_ids, "contract_id", LimitLevel.CONTRACT)


def _invoiced(
    connection: Connection, contract_ids: Sequence[str], by: str, level: LimitLevel
) -> Mapping[str, int]:
    usage = limit_usage.c
    statement = select(usage[by], usage.invoiced).where(
        usage.contract_id.in_(contract_ids), usage.level == level
    )
    invoiced: dict[str, int] = defaultdict(int)
    for name, amount in connection.execute(statement):
        invoiced[name] += amount
    return invoiced


def _performance(value: int | None, invoiced: int, sums: Sums, currency: str) -> dict[str, Any]:
    by_status: dict[str, int] = defaultdict(int)
    not_ready: dict[str, int] = {}
    for (status, transaction_class), amount in sums.items():
        by_status[status] += amount
        if status == BillingStatus.NOT_READY:
            not_ready[transaction_class] = not_ready.get(transaction_class, 0) + amount
    return {
        "contract_value": from_minor_or_none(value, currency),
        "invoiced": from_minor(invoiced, currency),
        "on_drafts": from_minor(by_status[BillingStatus.INVOICE_CREATED], currency),
        "ready": from_minor(by_status[BillingStatus.READY], currency),
        "not_ready": {name: from_minor(not_ready[name], currency) for name in sorted(not_ready)},
        "remaining": None if value is None else from_minor(value - invoiced, currency),
    }
