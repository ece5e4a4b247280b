"""Pages of a large backlog are read by an index, whatever they are filtered by."""

import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from projections import backlog_queries
from projections.backlog_queries import BacklogFilter
from projections.database import as_of_now, driver_of, schema_of
from projections.paging import PageRequest
from projections.tables import contract_customers, contract_lines, contracts, time_and_material

ROWS, CONTRACTS, CUSTOMERS = 20_000, 100, 50
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")


@pytest.fixture(scope="module")
def large(shared_views: Engine) -> Engine:
    """Views with many sales, and what the database knows of them."""
    with shared_views.begin() as connection:
        _fill(connection)
        if schema_of(shared_views):
            connection.execute(text("ANALYZE"))
    return shared_views


def _fill(connection: Connection) -> None:
    first = datetime.date(2024, 1, 1)
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
    rows = [_sale(n, first + datetime.timedelta(days=n % 1000)) for n in range(ROWS)]
    connection.execute(time_and_material.insert(), rows)


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
        "nte_status": "not_applicable",
        "adjustment_status": "adjustable",
    }


@pytest.mark.parametrize("behind", [False, True], ids=["first page", "next page"])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"billing_status": ["ready"]},
        {"customer_id": ["K7"]},
        {"customer_id": ["K7"], "billing_status": ["ready"]},
        {"contract_id": ["C3"]},
        {"contract_id": ["C3"], "billing_status": ["ready"], "line_id": ["L"]},
        {"project_id": ["P3"], "contract_id": ["C3"]},
    ],
    ids=lambda wanted: "+".join(wanted) or "nothing",
)
def test_a_page_of_a_large_view_is_read_by_an_index(
    large: Engine, wanted: dict[str, list[str]], behind: bool
) -> None:
    matching = BacklogFilter(any_of=wanted)
    request = PageRequest(limit=20)
    with as_of_now(large) as (connection, _):
        if behind:
            first = backlog_queries.list_time_and_material(
                connection, matching, request, totals=False
            )
            request = PageRequest(limit=20, cursor=first.next_cursor)
        page = backlog_queries.list_time_and_material(connection, matching, request, totals=False)
        statement, values = backlog_queries.sales_statement(connection, matching, request)
        explain = "EXPLAIN" if schema_of(large) else "EXPLAIN QUERY PLAN"
        found = driver_of(connection).execute(f"{explain} {statement}", values).fetchall()
    assert len(page.items) == 20
    plan = "\n".join(str(row[-1]) for row in found)
    assert "time_and_material_by_" in plan, plan
    assert "Seq Scan on time_and_material" not in plan, plan
