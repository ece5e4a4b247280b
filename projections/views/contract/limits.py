"""The limits of a contract as callers get them, and who must be re-evaluated (D-36)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Connection, RowMapping, select

from aggregates.contract_line.backlog.verdicts import is_judged_otherwise
from aggregates.limits import four_levels
from aggregates.statuses import UNBILLED, BillingType, LimitLevel, NTEStatus
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    limit_usage,
    line_customers,
    time_and_material,
)
from projections.values.units import from_minor, from_minor_or_none
from projections.views.kept_to import KeptTo
from projections.views.paging import Rows
from projections.views.resource import Money, Positioned, Resource


class LimitLevelUsage(Resource):
    """One level: its limit and what is used of it; without a limit, `remaining` is null."""

    level: LimitLevel
    line_id: str | None
    customer_id: str | None
    limit: Money | None
    committed: Money
    invoiced: Money
    remaining: Money | None


class Limits(Positioned):
    """Every level of a contract; `reevaluate` names items whose verdict would change now (D-36)."""

    levels: list[LimitLevelUsage]
    currency: str
    reevaluate: list[str]


REEVALUATE_LISTED = 1_000
"""Most items that a contract's limits name as to be re-evaluated."""


def limits(connection: Connection, kept_to: KeptTo, contract_id: str) -> Limits | None:
    """Every level of a contract: limit, committed, invoiced, remaining (D-36); None if unknown.

    `reevaluate` names the open items whose verdict the limits of now would change.
    """
    found = _found(connection, kept_to, contract_id)
    if found is None:
        return None
    contract, levels = found
    return Limits(
        levels=_shown(contract, levels),
        currency=contract["currency"],
        reevaluate=_to_reevaluate(connection, contract_id, levels),
        position=UNSET,
    )


def levels(
    connection: Connection, kept_to: KeptTo, contract_id: str
) -> tuple[str, list[LimitLevelUsage]] | None:
    """Its currency and every level alone: no item is looked at."""
    found = _found(connection, kept_to, contract_id)
    return None if found is None else (found[0]["currency"], _shown(*found))


def _found(
    connection: Connection, kept_to: KeptTo, contract_id: str
) -> tuple[RowMapping, Rows] | None:
    own = contracts.c.contract_id
    statement = select(contracts).where(own == contract_id, *kept_to.whole_contracts(own))
    contract = connection.execute(statement).mappings().first()
    return (contract, _levels(connection, contract)) if contract else None


def _shown(contract: RowMapping, levels: Rows) -> list[LimitLevelUsage]:
    return [_level(level, contract["currency"]) for level in levels]


def _levels(connection: Connection, contract: RowMapping) -> Rows:
    """Every level of the contract in the order they are checked (D-30), in minor units."""
    contract_id = contract["contract_id"]
    usage: dict[tuple[str, str, str], RowMapping] = {
        (row["level"], row["line_id"], row["customer_id"]): row
        for row in connection.execute(
            select(limit_usage).where(limit_usage.c.contract_id == contract_id)
        ).mappings()
    }
    method = contract_lines.c.billing_method
    payers = connection.execute(
        select(line_customers)
        .where(line_customers.c.contract_id == contract_id)
        .order_by(line_customers.c.line_id, line_customers.c.ordinal)
    ).mappings()
    lines = connection.execute(
        select(contract_lines.c.line_id, contract_lines.c.nte_limit, method)
        .where(contract_lines.c.contract_id == contract_id)
        .order_by(contract_lines.c.line_id)
    ).mappings()
    customers = connection.execute(
        select(contract_customers)
        .where(contract_customers.c.contract_id == contract_id)
        .order_by(contract_customers.c.ordinal)
    ).mappings()
    keys: list[tuple[str, str, str, int | None]] = [
        *(
            (LimitLevel.LINE_CUSTOMER, p["line_id"], p["customer_id"], p["nte_limit"])
            for p in payers
        ),
        *((LimitLevel.LINE, row["line_id"], "", row["nte_limit"]) for row in lines),
        *((LimitLevel.CONTRACT_CUSTOMER, "", c["customer_id"], c["nte_limit"]) for c in customers),
        (LimitLevel.CONTRACT, "", "", contract["nte_limit"]),
    ]
    return [
        {
            "level": level,
            "line_id": line_id or None,
            "customer_id": customer_id or None,
            "limit": limit,
            "committed": used["committed"] if used else 0,
            "invoiced": used["invoiced"] if used else 0,
        }
        for level, line_id, customer_id, limit in keys
        for used in [usage.get((level, line_id, customer_id))]
    ]


def _level(level: dict[str, Any], currency: str) -> LimitLevelUsage:
    committed, invoiced, limit = level["committed"], level["invoiced"], level["limit"]
    remaining = None if limit is None else limit - committed - invoiced
    return LimitLevelUsage(
        level=level["level"],
        line_id=level["line_id"],
        customer_id=level["customer_id"],
        limit=from_minor_or_none(limit, currency),
        committed=from_minor(committed, currency),
        invoiced=from_minor(invoiced, currency),
        remaining=from_minor_or_none(remaining, currency),
    )


def _to_reevaluate(connection: Connection, contract_id: str, levels: Rows) -> list[str]:
    """Open chargeable items on which a re-evaluation would come to another verdict (D-36).

    Committed ones under a limit that is now exceeded, failed ones that would fit now, and ones
    without a verdict that have got a limit, or the other way round.
    """
    rooms = {
        (level["line_id"] or "", level["customer_id"] or ""): (
            None
            if level["limit"] is None
            else level["limit"] - level["committed"] - level["invoiced"]
        )
        for level in levels
    }
    item = time_and_material.c
    statement = (
        select(item.item_id, item.line_id, item.customer_id, item.amount, item.nte_status)
        .where(
            item.contract_id == contract_id,
            item.billing_status.in_(UNBILLED),
            item.billing_type == BillingType.CHARGEABLE,
            item.nte_status != NTEStatus.NOT_EVALUATED,
        )
        .order_by(item.date, item.item_id)
    )
    found: list[str] = []
    for row in connection.execute(statement).mappings():
        keys = four_levels(row["line_id"], row["customer_id"])
        limited = [room for key in keys if (room := rooms.get(key)) is not None]
        if is_judged_otherwise(NTEStatus(row["nte_status"]), row["amount"], limited):
            found.append(row["item_id"])
            if len(found) == REEVALUATE_LISTED:
                break
    return found
