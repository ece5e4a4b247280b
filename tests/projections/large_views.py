"""Views with many sales, as a large firm has them."""

import datetime
from typing import Any

from sqlalchemy import Engine, text

from projections.databases.connections import schema_of, unqualified
from projections.keeping.gathering import PutRows
from projections.keeping.writer import Writer
from projections.tables import contract_customers, contract_lines, contracts, time_and_material

ROWS, CONTRACTS, CUSTOMERS, RESOURCES = 20_000, 100, 50, 250
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
NTE_STATUSES = ("committed", "committed", "failed", "not_evaluated", "committed")
CLASSES = ("time", "expense", "material")
BILLING_TYPES = ("chargeable", "chargeable", "complimentary", "non_chargeable")
CURRENCIES = ("EUR", "EUR", "JPY")
FIRST_DAY, DAYS = datetime.date(2024, 1, 1), 1000
LARGE = 10**16
"""Minor units of an amount, about: 64 bits hold no sum of a thousand such."""

_LEFT_ALONE = text("ALTER TABLE time_and_material SET (autovacuum_enabled = off)")


def fill(views: Engine) -> None:
    """Puts contracts, lines, customers and sales there, all at once."""
    numbers = range(CONTRACTS)
    steps = (
        PutRows(contracts, [_contract(n) for n in numbers]),
        PutRows(contract_lines, [_line(n) for n in numbers]),
        PutRows(contract_customers, [_customer(n) for n in numbers]),
        PutRows(time_and_material, sales()),
    )
    with views.begin() as connection:
        if schema_of(views):  # so that it is the same whenever the server looks after its tables
            unqualified(connection).execute(_LEFT_ALONE)
    Writer(views).write(steps, after=0, position=ROWS)


def sales() -> list[dict[str, Any]]:
    """The rows of the time-and-material view."""
    return [_sale(n, FIRST_DAY + datetime.timedelta(days=n % DAYS)) for n in range(ROWS)]


def _contract(n: int) -> dict[str, Any]:
    return {
        "contract_id": f"C{n}",
        "name": f"N{n}",
        "search_text": f"n{n}",
        "currency": CURRENCIES[n % len(CURRENCIES)],
        "nte_limit": None,
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
        "role": None,
        "category": None,
        "task_id": None,
        "description": None,
        "quantity": 1_000_000,
        "unit_price": LARGE - n,
        "amount": LARGE - n,
        "tax": n,
        "currency": CURRENCIES[contract % len(CURRENCIES)],
        "billing_type": BILLING_TYPES[n % len(BILLING_TYPES)],
        "billing_status": STATUSES[n // CONTRACTS % len(STATUSES)],
        "nte_status": NTE_STATUSES[n % len(NTE_STATUSES)],
        "nte_detail": None,
        "invoice_id": None,
        "adjustment_status": "adjustable",
        "sequence": ROWS - n,
        "text_id": None,
    }
