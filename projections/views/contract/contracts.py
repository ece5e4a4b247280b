"""Contracts, lines and milestones as callers get them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Table, and_, select

from aggregates.statuses import (
    ApprovalRule,
    BillingMethod,
    BillingStatus,
    MilestoneStatus,
    Schedule,
    TransactionClass,
)
from projections.history import can_be_stored
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    line_customers,
    milestones,
)
from projections.values.units import from_minor, from_minor_or_none
from projections.views.kept_to import KeptTo
from projections.views.resource import Day, Listed, Money, Resource


class ContractCustomer(Resource):
    """A customer on the contract."""

    customer_id: str
    name: str
    nte_limit: Money | None


class Contract(Listed):
    """A contract as it stands."""

    contract_id: str
    name: str
    currency: str
    nte_limit: Money | None
    approval: ApprovalRule
    customers: list[ContractCustomer]
    lines: list[str]


class LineCustomer(Resource):
    """Who pays which share of a line."""

    customer_id: str
    split_percent: str
    rounding: bool
    nte_limit: Money | None


class Chargeable(Resource):
    """Which roles, categories and tasks are charged (D-22)."""

    roles: dict[str, bool]
    categories: dict[str, bool]
    tasks: dict[str, bool] | None


class Line(Listed):
    """A contract line as it stands; `difference` is contract amount less milestones (D-15)."""

    contract_id: str
    line_id: str
    name: str
    project_id: str
    billing_method: BillingMethod
    currency: str
    contract_amount: Money | None
    nte_limit: Money | None
    customers: list[LineCustomer]
    schedule: Schedule
    includes: list[TransactionClass]
    chargeable: Chargeable
    milestones_total: Money | None
    difference: Money | None


class MilestonePart(Resource):
    """One customer's part of a milestone."""

    item_id: str
    customer_id: str
    amount: Money
    tax: Money
    billing_status: BillingStatus


class Milestone(Listed):
    """A milestone and its parts."""

    milestone_id: str
    contract_id: str
    line_id: str
    name: str
    status: MilestoneStatus
    amount: Money
    tax: Money
    currency: str
    date: Day
    task_id: str | None
    parts: list[MilestonePart]


def find_contract(
    connection: Connection, kept_to: KeptTo, contract_id: str
) -> tuple[Contract, int] | None:
    """A contract with its customers and the ids of its lines, and its version."""
    own = contracts.c.contract_id
    statement = select(contracts).where(own == contract_id, *kept_to.whole_contracts(own))
    row = connection.execute(statement).mappings().first()
    return (Contract(**with_customers(connection, [row])[0]), row["version"]) if row else None


def find_line(
    connection: Connection, kept_to: KeptTo, contract_id: str, line_id: str
) -> tuple[Line, int] | None:
    """A contract line with its customers and what its milestones total (D-15), and its version."""
    own = contract_lines.c
    statement = select(contract_lines).where(
        own.contract_id == contract_id,
        own.line_id == line_id,
        *kept_to.whole_lines(own.contract_id, own.line_id),
    )
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    payers = _of_line(line_customers, contract_id, line_id).order_by(line_customers.c.ordinal)
    return line_of(row, connection.execute(payers).mappings().all()), row["version"]


def find_milestone(
    connection: Connection, kept_to: KeptTo, milestone_id: str
) -> tuple[Milestone, int] | None:
    """A milestone with its parts, and the version of its line, whose stream it is on."""
    if not can_be_stored(milestone_id):
        return None
    own = milestones.c
    on_line = and_(
        contract_lines.c.contract_id == milestones.c.contract_id,
        contract_lines.c.line_id == milestones.c.line_id,
    )
    header = (
        select(*milestones.c, contract_lines.c.version)
        .join(contract_lines, on_line)
        .where(
            own.milestone_id == milestone_id,
            *kept_to.whole_milestones(own.contract_id, own.milestone_id),
        )
    )
    row = connection.execute(header).mappings().first()
    if row is None:
        return None
    statement = (
        select(fixed_price)
        .where(fixed_price.c.milestone_id == milestone_id)
        .order_by(fixed_price.c.ordinal)
    )
    parts = connection.execute(statement).mappings().all()
    return milestone_of(row, parts), row["version"]


def milestone_of(row: RowMapping, parts: Iterable[RowMapping]) -> Milestone:
    """The milestone of a row, with the rows of its parts."""
    currency = row["currency"]
    return Milestone(
        milestone_id=row["milestone_id"],
        contract_id=row["contract_id"],
        line_id=row["line_id"],
        name=row["name"],
        status=row["status"],
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        currency=currency,
        date=row["date"],
        task_id=row["task_id"],
        parts=[
            MilestonePart(
                item_id=part["item_id"],
                customer_id=part["customer_id"],
                amount=from_minor(part["amount"], currency),
                tax=from_minor(part["tax"], currency),
                billing_status=part["billing_status"],
            )
            for part in parts
        ],
    )


def with_customers(connection: Connection, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """What contracts of these rows are made of, with their customers and the ids of their lines."""
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


def _contract(row: RowMapping, payers: Sequence[RowMapping], line_ids: list[str]) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "contract_id": row["contract_id"],
        "name": row["name"],
        "currency": currency,
        "nte_limit": from_minor_or_none(row["nte_limit"], currency),
        "approval": row["approval"],
        "customers": [
            ContractCustomer(
                customer_id=payer["customer_id"],
                name=payer["name"],
                nte_limit=from_minor_or_none(payer["nte_limit"], currency),
            )
            for payer in payers
        ],
        "lines": line_ids,
    }


def line_of(row: RowMapping, payers: Iterable[RowMapping]) -> Line:
    """The line of a row, with the rows of its customers in their order."""
    currency, amount = row["currency"], row["contract_amount"]
    fixed = row["billing_method"] == BillingMethod.FIXED_PRICE
    total = row["milestones_total"] if fixed else None
    difference = None if amount is None or total is None else amount - total
    return Line(
        contract_id=row["contract_id"],
        line_id=row["line_id"],
        name=row["name"],
        project_id=row["project_id"],
        billing_method=row["billing_method"],
        currency=currency,
        contract_amount=from_minor_or_none(amount, currency),
        nte_limit=from_minor_or_none(row["nte_limit"], currency),
        customers=[
            LineCustomer(
                customer_id=payer["customer_id"],
                split_percent=payer["split_percent"],
                rounding=payer["rounding"],
                nte_limit=from_minor_or_none(payer["nte_limit"], currency),
            )
            for payer in payers
        ],
        schedule=row["schedule"],
        includes=msgspec.json.decode(row["includes"], type=list[TransactionClass]),
        chargeable=msgspec.json.decode(row["chargeable"], type=Chargeable),
        milestones_total=from_minor_or_none(total, currency),
        difference=from_minor_or_none(difference, currency),
    )


def _of_line(table: Table, contract_id: str, line_id: str) -> Any:
    return select(table).where(and_(table.c.contract_id == contract_id, table.c.line_id == line_id))
