"""Views with many sales, as a large firm has them."""

import datetime
from typing import Any

from sqlalchemy import Connection

from projections.tables import contract_customers, contract_lines, contracts, time_and_material

ROWS, CONTRACTS, CUSTOMERS = 20_000, 100, 50
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
NTE_STATUSES = ("committed", "committed", "failed", "not_evaluated", "committed")


def fill(connection: Connection) -> None:
    """Puts contracts, lines, customers and sales there, all at once."""
    numbers = range(CONTRACTS)
    connection.execute(
        contracts.insert(),
        [
            {"contract_id": f"C{n}", "name": f"N{n}", "currency": "EUR", "version": 1}
            for n in numbers
        ],
    )
    connection.execute(contract_lines.insert(), [_line(n) for n in numbers])
    connection.execute(
        contract_customers.insert(),
        [
            {"contract_id": f"C{n}", "customer_id": f"K{n % CUSTOMERS}", "ordinal": 0, "name": "K"}
            for n in numbers
        ],
    )
    connection.execute(time_and_material.insert(), sales())


def sales() -> list[dict[str, Any]]:
    """The rows of the time-and-material view."""
    first = datetime.date(2024, 1, 1)
    return [_sale(n, first + datetime.timedelta(days=n % 1000)) for n in range(ROWS)]


def _line(n: int) -> dict[str, Any]:
    return {
        "contract_id": f"C{n}",
        "line_id": "L",
        "name": "Line",
        "project_id": f"P{n}",
        "billing_method": "time_and_material",
        "currency": "EUR",
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
        "position": n + 1,
        "approval_id": f"A{n}",
        "contract_id": f"C{contract}",
        "line_id": "L",
        "customer_id": f"K{contract % CUSTOMERS}",
        "class": "time",
        "date": date,
        "quantity": 1_000_000,
        "unit_price": 100,
        "amount": 100,
        "tax": 0,
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": STATUSES[n // CONTRACTS % len(STATUSES)],
        "nte_status": NTE_STATUSES[n % len(NTE_STATUSES)],
        "adjustment_status": "adjustable",
    }
