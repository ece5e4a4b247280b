"""Contracts, lines, milestones and limits as callers get them; and how a contract performs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, select

from aggregates.statuses import (
    UNBILLED,
    BillingMethod,
    BillingType,
    LimitLevel,
    NTEStatus,
)
from projections.backlog_queries import Page, Rows
from projections.changes import from_minor
from projections.history import can_be_stored
from projections.paging import PageRequest, Paging, in_order
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    limit_usage,
    line_customers,
    milestones,
    time_and_material,
)

REEVALUATE_LISTED = 1_000
"""Most items that a contract's limits name as to be re-evaluated."""

_CONTRACTS = Paging(
    {"contract_id": contracts.c.contract_id, "name": contracts.c.name},
    key="contract_id",
    default="contract_id",
)
CONTRACTS_BY = _CONTRACTS.sortable


def list_contracts(connection: Connection, request: PageRequest) -> Page:
    """The contracts with their customers."""
    part = _CONTRACTS.read(request)
    rows = _CONTRACTS.fetch(connection, select(contracts), part)
    return Page(
        items=_with_customers(connection, rows[: request.limit]),
        next_cursor=_CONTRACTS.next_cursor(in_order(rows), part),
    )


def find_contract(connection: Connection, contract_id: str) -> tuple[dict[str, Any], int] | None:
    """A contract with its customers and the ids of its lines, and its version."""
    statement = select(contracts).where(contracts.c.contract_id == contract_id)
    row = connection.execute(statement).mappings().first()
    return (_with_customers(connection, [row])[0], row["version"]) if row else None


def find_line(
    connection: Connection, contract_id: str, line_id: str
) -> tuple[dict[str, Any], int] | None:
    """A contract line with its customers and what its milestones total (D-15), and its version."""
    statement = select(contract_lines).where(
        contract_lines.c.contract_id == contract_id, contract_lines.c.line_id == line_id
    )
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    payers = _of_line(line_customers, contract_id, line_id).order_by(line_customers.c.ordinal)
    return _line(row, connection.execute(payers).mappings().all()), row["version"]


def find_milestone(connection: Connection, milestone_id: str) -> tuple[dict[str, Any], int] | None:
    """A milestone with its parts, and the version of its line, whose stream it is on."""
    if not can_be_stored(milestone_id):
        return None
    on_line = and_(
        contract_lines.c.contract_id == milestones.c.contract_id,
        contract_lines.c.line_id == milestones.c.line_id,
    )
    header = (
        select(*milestones.c, contract_lines.c.version)
        .join(contract_lines, on_line)
        .where(milestones.c.milestone_id == milestone_id)
    )
    row = connection.execute(header).mappings().first()
    if row is None:
        return None
    statement = (
        select(fixed_price)
        .where(fixed_price.c.milestone_id == milestone_id)
        .order_by(fixed_price.c.ordinal)
    )
    parts = [
        {
            "item_id": part["item_id"],
            "customer_id": part["customer_id"],
            "amount": from_minor(part["amount"], row["currency"]),
            "tax": from_minor(part["tax"], row["currency"]),
            "billing_status": part["billing_status"],
        }
        for part in connection.execute(statement).mappings()
    ]
    milestone = {
        "milestone_id": milestone_id,
        "contract_id": row["contract_id"],
        "line_id": row["line_id"],
        "name": row["name"],
        "status": row["status"],
        "amount": from_minor(row["amount"], row["currency"]),
        "tax": from_minor(row["tax"], row["currency"]),
        "currency": row["currency"],
        "date": row["date"].isoformat(),
        "task_id": row["task_id"],
        "parts": parts,
    }
    return milestone, row["version"]


def limits(connection: Connection, contract_id: str) -> dict[str, Any] | None:
    """Every level of a contract: limit, committed, invoiced, remaining (D-36); None if unknown.

    `reevaluate` names the open items whose verdict the limits of now would change.
    """
    statement = select(contracts).where(contracts.c.contract_id == contract_id)
    contract = connection.execute(statement).mappings().first()
    if contract is None:
        return None
    levels = _levels(connection, contract)
    items = _to_reevaluate(connection, contract_id, levels)
    shown = [_level(level, contract["currency"]) for level in levels]
    return {"levels": shown, "currency": contract["currency"], "reevaluate": items}


def _with_customers(connection: Connection, rows: Sequence[RowMapping]) -> Rows:
    """The contracts of these rows, each with its customers and the ids of its lines."""
    ids = [row["contract_id"] for row in rows]
    payer, line = contract_customers.c, contract_lines.c
    payers: dict[str, list[RowMapping]] = defaultdict(list)
    found = select(contract_customers).where(payer.contract_id.in_(ids)).order_by(payer.ordinal)
    for row in connection.execute(found).mappings():
        payers[row["contract_id"]].append(row)
    lines: dict[str, list[str]] = defaultdict(list)
    own = select(line.contract_id, line.line_id).where(line.contract_id.in_(ids))
    for contract_id, line_id in connection.execute(own.order_by(line.line_id)):
        lines[contract_id].append(line_id)
    return [_contract(row, payers[row["contract_id"]], lines[row["contract_id"]]) for row in rows]


def _contract(
    row: RowMapping, payers: Sequence[RowMapping], line_ids: Sequence[str]
) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "contract_id": row["contract_id"],
        "name": row["name"],
        "currency": currency,
        "nte_limit": money_or_none(row["nte_limit"], currency),
        "customers": [
            {
                "customer_id": payer["customer_id"],
                "name": payer["name"],
                "nte_limit": money_or_none(payer["nte_limit"], currency),
            }
            for payer in payers
        ],
        "lines": line_ids,
    }


def _line(row: RowMapping, payers: Iterable[RowMapping]) -> dict[str, Any]:
    currency, amount = row["currency"], row["contract_amount"]
    fixed = row["billing_method"] == BillingMethod.FIXED_PRICE
    total = row["milestones_total"] if fixed else None
    difference = None if amount is None or total is None else amount - total
    return {
        "contract_id": row["contract_id"],
        "line_id": row["line_id"],
        "name": row["name"],
        "project_id": row["project_id"],
        "billing_method": row["billing_method"],
        "currency": currency,
        "contract_amount": money_or_none(amount, currency),
        "nte_limit": money_or_none(row["nte_limit"], currency),
        "customers": [
            {
                "customer_id": payer["customer_id"],
                "split_percent": payer["split_percent"],
                "rounding": payer["rounding"],
                "nte_limit": money_or_none(payer["nte_limit"], currency),
            }
            for payer in payers
        ],
        "schedule": row["schedule"],
        "includes": json.loads(row["includes"]),
        "chargeable": json.loads(row["chargeable"]),
        "milestones_total": money_or_none(total, currency),
        "difference": money_or_none(difference, currency),
    }


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


def _level(level: dict[str, Any], currency: str) -> dict[str, Any]:
    committed, invoiced, limit = level["committed"], level["invoiced"], level["limit"]
    remaining = None if limit is None else limit - committed - invoiced
    return {
        **level,
        "limit": money_or_none(limit, currency),
        "committed": from_minor(committed, currency),
        "invoiced": from_minor(invoiced, currency),
        "remaining": money_or_none(remaining, currency),
    }


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
        line, customer = row["line_id"], row["customer_id"]
        keys = ((line, customer), (line, ""), ("", customer), ("", ""))
        limited = [room for key in keys if (room := rooms.get(key)) is not None]
        if _verdict_differs(row["nte_status"], row["amount"], limited):
            found.append(row["item_id"])
            if len(found) == REEVALUATE_LISTED:
                break
    return found


def _verdict_differs(nte_status: str, amount: int, rooms: list[int]) -> bool:
    match NTEStatus(nte_status):
        case NTEStatus.COMMITTED:
            return not rooms or (amount > 0 and min(rooms) < 0)
        case NTEStatus.FAILED:
            return not rooms or amount <= 0 or amount <= min(rooms)
        case _:
            return bool(rooms)


def _of_line(table: Table, contract_id: str, line_id: str) -> Any:
    return select(table).where(and_(table.c.contract_id == contract_id, table.c.line_id == line_id))


def money_or_none(minor: int | None, currency: str) -> str | None:
    """Minor units as plain text; None stays None."""
    return None if minor is None else from_minor(minor, currency)
