"""Views with many sales, and some milestones, as a large firm has them."""

import datetime
import json
from typing import Any

from sqlalchemy import Engine, text

from projections.databases.connections import schema_of, unqualified
from projections.keeping.gathering import PutRows
from projections.keeping.writer import Writer
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    milestones,
    time_and_material,
)

ROWS, CONTRACTS, CUSTOMERS, RESOURCES = 20_000, 100, 50, 250
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
NTE_STATUSES = ("committed", "committed", "failed", "not_evaluated", "committed")
CLASSES = ("time", "expense", "material")
BILLING_TYPES = ("chargeable", "chargeable", "complimentary", "non_chargeable")
CURRENCIES = ("EUR", "EUR", "JPY", "KWD", "CLF")
ROLES, CATEGORIES, TASKS = (None, "dev", "lead"), ("travel", None), (None, "T1", "T2", "T3")
LEVELS = (("line",), ("line_customer", "contract"), ("contract_customer",))
MILESTONE_STATUSES = ("not_started", "in_progress", "completed")
PARTS, OF_AN_INVOICE = 3_000, 300
FIRST_DAY, DAYS = datetime.date(2024, 1, 1), 1000
LARGE = 10**16
"""Minor units of an amount, about: 64 bits hold no sum of a thousand such."""

_LEFT_ALONE = text("ALTER TABLE time_and_material SET (autovacuum_enabled = off)")


def fill(views: Engine) -> None:
    """Puts contracts, lines, customers, sales and milestones there, all at once."""
    steps = (
        *terms(),
        PutRows(time_and_material, sales()),
        PutRows(milestones, [_milestone(n) for n in range(PARTS)]),
        PutRows(fixed_price, parts()),
    )
    with views.begin() as connection:
        if schema_of(views):  # so that it is the same whenever the server looks after its tables
            unqualified(connection).execute(_LEFT_ALONE)
    Writer(views).write(steps, after=0, position=ROWS)


def terms() -> list[PutRows]:
    """The contracts, their lines and customers: who may have items."""
    numbers = range(CONTRACTS)
    return [
        PutRows(contracts, [_contract(n) for n in numbers]),
        PutRows(contract_lines, [_line(n) for n in numbers]),
        PutRows(contract_customers, [_customer(n) for n in numbers]),
    ]


def sales() -> list[dict[str, Any]]:
    """The rows of the time-and-material view."""
    return [_sale(n, FIRST_DAY + datetime.timedelta(days=n % DAYS)) for n in range(ROWS)]


def parts() -> list[dict[str, Any]]:
    """The rows of the fixed-price view."""
    return [_part(n) for n in range(PARTS)]


def of_milestone(n: int) -> dict[str, Any]:
    """What the parts of a milestone show of it, or are filtered by."""
    return {
        "milestone_status": MILESTONE_STATUSES[n % len(MILESTONE_STATUSES)],
        "task_id": TASKS[n % len(TASKS)],
    }


def _contract(n: int) -> dict[str, Any]:
    return {
        "contract_id": f"C{n}",
        "name": f"N{n}",
        "search_text": f"n{n}",
        "currency": CURRENCIES[n % len(CURRENCIES)],
        "nte_limit": None,
        "approval": "none",
        "version": 1,
    }


def _customer(n: int) -> dict[str, Any]:
    return {
        "contract_id": f"C{n}",
        "customer_id": f"K{n % CUSTOMERS}",
        "ordinal": 0,
        "name": "K",
        "search_text": "k",
        "nte_limit": None,
        "position": n + 1,
    }


def _line(n: int) -> dict[str, Any]:
    return {
        "contract_id": f"C{n}",
        "line_id": "L",
        "name": "Line",
        "search_text": "line",
        "project_id": f"P{n}",
        "billing_method": "time_and_material",
        "currency": CURRENCIES[n % len(CURRENCIES)],
        "contract_amount": None,
        "nte_limit": None,
        "schedule": "milestones",
        "includes": "[]",
        "chargeable": "{}",
        "milestones_total": 0,
        "version": 1,
    }


def _sale(n: int, date: datetime.date) -> dict[str, Any]:
    contract = n % CONTRACTS
    return {
        "item_id": f"C{contract}~L~{n:08d}",
        "position": ROWS - n,
        "approval_id": f"A{n}",
        "contract_id": f"C{contract}",
        "line_id": "L",
        "customer_id": f"K{contract % CUSTOMERS}",
        "class": CLASSES[n % len(CLASSES)],
        "date": date,
        "resource": f"R{n % RESOURCES}",
        "role": ROLES[n % len(ROLES)],
        "category": CATEGORIES[n % len(CATEGORIES)],
        "task_id": TASKS[n % len(TASKS)],
        "description": None,
        "quantity": 1_000_000,
        "unit_price": LARGE - n,
        "amount": LARGE - n,
        "tax": n,
        "currency": CURRENCIES[contract % len(CURRENCIES)],
        "billing_type": BILLING_TYPES[n % len(BILLING_TYPES)],
        "billing_status": STATUSES[n // CONTRACTS % len(STATUSES)],
        "nte_status": NTE_STATUSES[n % len(NTE_STATUSES)],
        "nte_detail": _detail(n),
        "invoice_id": _invoice(n, STATUSES[n // CONTRACTS % len(STATUSES)]),
        "adjustment_status": "adjustable",
        "sequence": ROWS - n,
        "text_id": None,
    }


def _detail(n: int) -> str | None:
    """At which levels it failed, if it did."""
    if NTE_STATUSES[n % len(NTE_STATUSES)] != "failed":
        return None
    return json.dumps([{"level": level, "limit": "1.00"} for level in LEVELS[n % len(LEVELS)]])


def _milestone(n: int) -> dict[str, Any]:
    part, shown = _part(n), of_milestone(n)
    kept = ("milestone_id", "contract_id", "line_id", "date", "amount", "tax", "currency")
    return {
        **{name: part[name] for name in kept},
        "name": "Milestone",
        "task_id": shown["task_id"],
        "status": shown["milestone_status"],
        "text_id": -1,
    }


def _part(n: int) -> dict[str, Any]:
    contract, status = n % CONTRACTS, STATUSES[n // CONTRACTS % len(STATUSES)]
    return {
        "item_id": f"C{contract}~L~M{n:05d}",
        "milestone_id": f"M{n}",
        "contract_id": f"C{contract}",
        "line_id": "L",
        "customer_id": f"K{contract % CUSTOMERS}",
        "ordinal": 0,
        "date": FIRST_DAY + datetime.timedelta(days=n % DAYS),
        "amount": LARGE - n,
        "tax": n,
        "currency": CURRENCIES[contract % len(CURRENCIES)],
        "billing_type": BILLING_TYPES[n % len(BILLING_TYPES)],
        "billing_status": status,
        "invoice_id": _invoice(n, status),
    }


def _invoice(n: int, status: str) -> str | None:
    return f"I{n // OF_AN_INVOICE}" if status.startswith("invoice") else None
