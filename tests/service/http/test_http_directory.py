"""Customers, lines, milestones, contracts with figures, and suggestions, over HTTP."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with two contracts, on which something is ready, and milestones."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"), name="Harbour")
    await caller.contract("PC-2", name="Quay", currency="JPY")
    await caller.line(project_id="P-7")
    await caller.line("FP", method="fixed_price", contract_amount="500.00")
    await caller.line("L-2", contract_id="PC-2")
    await caller.mark(await caller.sales("ap-1", "10.00", resource="Ada"))
    await caller.sales("jp-1", "51", contract_id="PC-2", line_id="L-2", currency="JPY")
    await caller.milestone("20.00", line_id="FP", name="Piling", date="2026-10-20")
    await caller.milestone("10.00", line_id="FP", name="Survey", date="2026-10-10")
    return caller


async def test_customers_are_listed_with_their_newest_name(caller: Caller) -> None:
    everybody = [
        {"customer_id": "A", "name": "Customer A", "contracts": 2},
        {"customer_id": "B", "name": "Customer B", "contracts": 1},
    ]
    assert await caller.rows("/customers", limit=1) == everybody
    assert await caller.rows("/customers", q="CUSTOMER b") == everybody[1:]
    assert await caller.rows("/customers", contract_id="PC-2") == everybody[:1]
    terms: Json = {
        "name": "Harbour",
        "currency": "EUR",
        "customers": [{"customer_id": "A", "name": "Anchor"}, {"customer_id": "B", "name": "Bay"}],
    }
    await caller.call("PUT", "/contracts/PC-1", terms)
    names = [row["name"] for row in await caller.rows("/customers", sort="-name")]
    assert names == ["Bay", "Anchor"]


async def test_lines_and_milestones_are_listed_as_each_is(caller: Caller) -> None:
    lines = await caller.rows("/lines", contract_id="PC-1")
    for row in lines:
        one = await caller.get(f"/contracts/PC-1/lines/{row['line_id']}")
        assert {**row, "position": one["position"]} == one
    assert [row["line_id"] for row in lines] == ["FP", "L-1"]
    of_project = await caller.rows("/lines", project_id="P-7", billing_method="time_and_material")
    assert [row["line_id"] for row in of_project] == ["L-1"]
    found = await caller.rows("/milestones", limit=1)
    assert [row["name"] for row in found] == ["Survey", "Piling"]
    for row in found:
        one = await caller.get(f"/milestones/{row['milestone_id']}")
        assert {**row, "position": one["position"]} == one
    late: Json = {"date_from": "2026-10-11", "milestone_status": "not_started", "customer_id": "A"}
    assert [row["name"] for row in await caller.rows("/milestones", q="piL", **late)] == ["Piling"]
    assert await caller.rows("/milestones", contract_id="PC-2") == []


async def test_contracts_are_searched_and_sorted_by_what_they_come_to(caller: Caller) -> None:
    found = await caller.rows("/contracts", include="performance", sort="-ready", limit=1)
    assert [row["contract_id"] for row in found] == ["PC-1", "PC-2"]
    for row in found:
        whole = await caller.get(f"/contracts/{row['contract_id']}/performance")
        figures = row.pop("performance")
        assert figures == {name: whole[name] for name in figures}
        assert figures["not_ready"]
    assert await caller.rows("/contracts", sort="-ready") == found
    for asked, ids in (
        ({"q": "harb"}, ["PC-1"]),
        ({"q": "customer b"}, ["PC-1"]),
        ({"customer_id": "A", "sort": "not_ready"}, ["PC-1", "PC-2"]),
        ({"customer_id": "B"}, ["PC-1"]),
    ):
        assert [row["contract_id"] for row in await caller.rows("/contracts", **asked)] == ids
    refused = await caller.get("/contracts", include="limits", expect=422)
    assert [error["field"] for error in refused["errors"]] == ["include.0"]


async def test_a_text_is_told_what_it_may_mean(caller: Caller) -> None:
    (invoice,) = (await caller.draft())["invoices"]
    number = (await caller.confirm(invoice["invoice_id"]))["number"]
    for text, expected in (
        ("HARB", {"kind": "contract", "id": "PC-1", "name": "Harbour"}),
        ("customer b", {"kind": "customer", "id": "B", "name": "Customer B"}),
        ("p-7", {"kind": "project", "id": "P-7", "name": "P-7"}),
        ("ad", {"kind": "resource", "id": "Ada", "name": "Ada"}),
        (number.lower(), {"kind": "invoice", "id": invoice["invoice_id"], "name": number}),
    ):
        assert (await caller.get("/suggest", q=text))["items"] == [expected]
    await caller.get("/suggest", q="", expect=422)
    await caller.get("/suggest", expect=422)
