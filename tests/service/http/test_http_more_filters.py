"""More filters of the backlog views over HTTP: items, tasks, currencies, invoices, amounts."""

from typing import Any

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"
FP = "/backlog/fixed-price"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with sales and milestones of several kinds, in two currencies."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    await caller.line("FP", method="fixed_price")
    await caller.contract("PC-2", currency="JPY")
    await caller.line("L-2", contract_id="PC-2")
    await caller.post(
        approval("ap-1", unit_price="50.00", role="dev", category="travel", task_id="T-1"),
        approval("ap-2", unit_price="51.50", role="lead", task_id="T-2"),
        approval("jp-1", contract_id="PC-2", line_id="L-2", currency="JPY", unit_price="51"),
    )
    await caller.milestone("10.00", line_id="FP", name="Design", task_id="T-1")
    await caller.milestone("20.00", line_id="FP", name="Test")
    return caller


async def amounts(caller: Caller, path: str, **asked: Any) -> list[str]:
    """The amounts of all rows, page by page; totals count as many."""
    rows = await caller.rows(path, limit=1, totals=True, sort="amount", **asked)
    page = await caller.get(path, totals=True, **asked)
    assert sum(total["count"] for total in page["totals"]) == len(rows)
    return [row["amount"] for row in rows]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"role": "dev"}, ["50.00"]),
        ({"role": ["dev", "lead"]}, ["50.00", "51.50"]),
        ({"category": "travel"}, ["50.00"]),
        ({"task_id": "T-2"}, ["51.50"]),
        ({"currency": "JPY"}, ["51"]),
        ({"amount_min": "50.01"}, ["51", "51.50"]),
        ({"amount_min": "51.0001"}, ["51.50"]),
        ({"amount_max": "51.0001"}, ["51", "50.00"]),
        ({"amount_min": "51", "amount_max": "51", "q": "jp"}, ["51"]),
        ({"amount_max": "-0.01"}, []),
    ],
)
async def test_sales_are_filtered_by_what_they_are_and_by_amounts_in_their_currency(
    caller: Caller, asked: Json, found: list[str]
) -> None:
    assert await amounts(caller, TM, **asked) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"milestone_status": "not_started"}, ["10.00", "20.00"]),
        ({"milestone_status": ["in_progress", "completed"]}, []),
        ({"milestone_status": "not_started", "q": "design"}, ["10.00"]),
        ({"task_id": "T-1"}, ["10.00"]),
        ({"amount_min": "10.01", "currency": "EUR"}, ["20.00"]),
    ],
)
async def test_milestones_are_filtered_by_status_task_and_amount(
    caller: Caller, asked: Json, found: list[str]
) -> None:
    assert await amounts(caller, FP, **asked) == found


@pytest.mark.parametrize("path", [TM, FP])
async def test_rows_are_filtered_by_items_and_by_the_invoices_they_are_on(
    caller: Caller, path: str
) -> None:
    items = [row["item_id"] for row in await caller.rows(path, contract_id="PC-1", sort="amount")]
    await caller.mark(items[:1])
    (invoice,) = (await caller.draft(items=items[:1]))["invoices"]
    on_it = {"invoice_id": invoice["invoice_id"]}
    wanted: tuple[Json, ...] = ({"item_id": [*items[:1], "no such"]}, on_it, {**on_it, "q": "a"})
    for asked in wanted:
        assert [row["item_id"] for row in await caller.rows(path, **asked)] == items[:1]
    both = await caller.rows(path, item_id=items, sort="-amount", limit=1)
    assert [row["item_id"] for row in both] == items[::-1]
    await caller.confirm(invoice["invoice_id"])
    posted = await caller.rows(path, **on_it, billing_status="invoice_posted")
    assert [row["item_id"] for row in posted] == items[:1]


@pytest.mark.parametrize("amount", ["x", "1e3", "1,5", "NaN", "9" * 13, ""])
async def test_an_amount_to_compare_with_is_a_plain_decimal(caller: Caller, amount: str) -> None:
    refused = await caller.get(TM, amount_min=amount, expect=422)
    assert [error["field"] for error in refused["errors"]] == ["amount_min"]


async def test_each_view_has_the_filters_of_what_it_shows(caller: Caller) -> None:
    for path, name in ((FP, "role"), (FP, "category"), (TM, "milestone_status")):
        asked: Json = {name: "x"}
        refused = await caller.call("GET", path, expect=422, **asked)
        assert [error["field"] for error in refused["errors"]] == [name]


DAYS = ("2026-10-01", "2026-10-03", "2026-10-03", "2026-10-05")


@pytest.mark.parametrize("sort", ["date", "-date", "-date,amount"])
@pytest.mark.parametrize("q", [None, "far"])
@pytest.mark.parametrize("day", ["2026-09-01", "2026-10-03", "2026-10-04", "2027-01-01"])
async def test_a_list_starts_at_a_date_and_goes_on_from_there(
    caller: Caller, day: str, q: str | None, sort: str
) -> None:
    await caller.post(
        *(approval(f"far-{n}", date=date, unit_price="1.00") for n, date in enumerate(DAYS))
    )
    everything = await caller.rows(TM, sort=sort, q=q)
    expected = [
        row for row in everything if (row["date"] <= day if sort[0] == "-" else row["date"] >= day)
    ]
    assert await caller.rows(TM, sort=sort, q=q, seek=day, limit=2) == expected
    within: Json = {"date_from": "2026-10-02", "date_to": "2026-10-04"}
    inside = [row for row in expected if "2026-10-02" <= row["date"] <= "2026-10-04"]
    assert await caller.rows(TM, sort=sort, q=q, seek=day, **within) == inside
    page = await caller.get(TM, sort=sort, q=q, seek=day, totals=True)
    assert sum(total["count"] for total in page["totals"]) == len(everything)


@pytest.mark.parametrize("path", [TM, FP])
async def test_only_a_list_in_the_order_of_dates_starts_at_one(caller: Caller, path: str) -> None:
    assert await caller.rows(path, seek="2026-10-01")
    assert await caller.rows(path, seek="2027-10-01") == []
    refused = await caller.get(path, seek="2026-10-01", sort="amount,date", expect=422)
    (error,) = refused["errors"]
    assert error["field"] == "seek"
    assert "sort by date or -date first" in error["detail"]
