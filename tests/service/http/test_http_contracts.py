"""Contracts and their lines over HTTP: put, read, changed, kept as they are needed (D-1 to D-5)."""

import httpx
import pytest

from tests.office import contract_body, line_body
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller who has no contract yet."""
    return Caller(http)


async def test_a_contract_is_created_and_read_as_it_was_answered(caller: Caller) -> None:
    put = await caller.contract(customers=("A", "B"), limit="1000", limits={"B": "7.5"})
    assert {name: value for name, value in put.items() if name != "position"} == {
        "contract_id": "PC-1",
        "name": "Contract",
        "currency": "EUR",
        "nte_limit": "1000.00",
        "approval": "none",
        "customers": [
            {"customer_id": "A", "name": "Customer A", "nte_limit": None},
            {"customer_id": "B", "name": "Customer B", "nte_limit": "7.50"},
        ],
        "lines": [],
    }
    etag = caller.last.headers["etag"]
    assert await caller.get("/contracts/PC-1") == put
    assert caller.last.headers["etag"] == etag
    assert await caller.happened(0) == ["ContractDefined"]


async def test_a_contract_put_again_is_changed_and_answered_200(caller: Caller) -> None:
    await caller.contract()
    before = caller.position
    await caller.contract(expect=200)
    await caller.nothing_happened(before)
    changed = await caller.contract(customers=("A", "B"), limit="5.00", expect=200)
    assert changed["nte_limit"] == "5.00"
    assert await caller.get("/contracts/PC-1") == changed
    gone = await caller.contract(customers=("B",), expect=200)
    assert [c["customer_id"] for c in gone["customers"]] == ["B"]
    assert gone["nte_limit"] is None


async def test_a_line_is_created_and_read_as_it_was_answered(caller: Caller) -> None:
    await caller.contract(customers=("A", "B"))
    before = caller.position
    put = await caller.line(
        splits={"A": "66.67", "B": "33.33"},
        rounding="B",
        limit="500",
        limits={"A": "50.5"},
        includes=["time", "fee"],
        chargeable={"roles": {"dev": True}, "categories": {}, "tasks": {"T": False}},
    )
    assert {name: value for name, value in put.items() if name != "position"} == {
        "contract_id": "PC-1",
        "line_id": "L-1",
        "name": "Line",
        "project_id": "P-1",
        "billing_method": "time_and_material",
        "currency": "EUR",
        "contract_amount": "10000.00",
        "nte_limit": "500.00",
        "customers": [
            {"customer_id": "A", "split_percent": "66.67", "rounding": False, "nte_limit": "50.50"},
            {"customer_id": "B", "split_percent": "33.33", "rounding": True, "nte_limit": None},
        ],
        "schedule": "milestones",
        "includes": ["time", "fee"],
        "chargeable": {"roles": {"dev": True}, "categories": {}, "tasks": {"T": False}},
        "milestones_total": None,
        "difference": None,
    }
    etag = caller.last.headers["etag"]
    assert await caller.get("/contracts/PC-1/lines/L-1") == put
    assert caller.last.headers["etag"] == etag
    assert set(await caller.happened(before)) == {"ContractLineDefined", "ContractLineListed"}
    contract = await caller.get("/contracts/PC-1")
    assert contract["lines"] == ["L-1"]


async def test_only_what_api_md_says_may_be_left_out_of_a_line_is_needed(caller: Caller) -> None:
    await caller.contract()
    body = {
        "name": "Line",
        "project_id": "P-1",
        "billing_method": "fixed_price",
        "customers": [{"customer_id": "A", "split_percent": "100", "rounding": True}],
    }
    put = await caller.call("PUT", "/contracts/PC-1/lines/L-1", body, expect=201)
    assert put["includes"] == ["time", "expense", "material", "fee"]
    assert put["chargeable"] == {"roles": {}, "categories": {}, "tasks": None}
    assert await caller.get("/contracts/PC-1/lines/L-1") == put


async def test_percentages_left_out_are_distributed_evenly_d4(caller: Caller) -> None:
    await caller.contract(customers=("A", "B", "C"))
    body = line_body({"A": "1", "B": "1", "C": "98"}, rounding="C")
    for customer in body["customers"]:
        del customer["split_percent"]
    put = await caller.call("PUT", "/contracts/PC-1/lines/L-1", body, expect=201)
    assert [c["split_percent"] for c in put["customers"]] == ["33.33", "33.33", "33.34"]


@pytest.mark.parametrize(
    ("splits", "field"),
    [
        ({"A": "99.99"}, "customers"),
        ({"A": "50", "B": "50.01"}, "customers"),
        ({"A": "100.000000000001"}, "customers"),
        ({"A": "-10", "B": "110"}, "customers.0.split_percent"),
        ({"X": "100"}, "customers.0.customer_id"),
    ],
)
async def test_percentages_total_exactly_100_among_the_contract_s_customers_d2(
    caller: Caller, splits: dict[str, str], field: str
) -> None:
    await caller.contract(customers=("A", "B"))
    before = caller.position
    refused = await caller.line(splits=splits, expect=422)
    assert [error["field"] for error in refused["errors"]] == [field]
    await caller.nothing_happened(before)


async def test_at_most_one_customer_of_a_line_is_the_rounding_customer_d2(caller: Caller) -> None:
    await caller.contract(customers=("A", "B"))
    body = line_body({"A": "50", "B": "50"})
    body["customers"][1]["rounding"] = True
    await caller.call("PUT", "/contracts/PC-1/lines/L-1", body, expect=422)
    body["customers"] = [body["customers"][0]] * 2
    await caller.call("PUT", "/contracts/PC-1/lines/L-1", body, expect=422)


async def test_a_customer_with_items_is_set_to_zero_and_not_removed_d3(caller: Caller) -> None:
    await caller.contract(customers=("A", "B"))
    await caller.line(splits={"A": "50", "B": "50"})
    await caller.sales("ap-1", "10.00")
    before = caller.position
    await caller.line(splits={"A": "100"}, expect=409)
    await caller.contract(customers=("A",), expect=409)
    await caller.nothing_happened(before)
    await caller.line(splits={"A": "100", "B": "0"}, expect=200)
    assert len(await caller.sales("ap-2", "10.00")) == 1


async def test_a_contract_keeps_its_one_currency_once_it_has_lines_d1(caller: Caller) -> None:
    await caller.contract()
    await caller.contract(currency="USD", expect=200)
    await caller.line()
    before = caller.position
    await caller.contract(currency="EUR", expect=409)
    await caller.nothing_happened(before)


async def test_a_line_with_items_keeps_its_billing_method(caller: Caller) -> None:
    await caller.contract()
    await caller.line()
    await caller.line(method="fixed_price", expect=200)
    await caller.line(expect=200)
    await caller.sales("ap-1", "10.00")
    await caller.line(method="fixed_price", expect=409)


async def test_what_is_not_there_is_not_found(caller: Caller) -> None:
    await caller.call("PUT", "/contracts/none/lines/L-1", line_body(), expect=404)
    await caller.contract()
    for path in (
        "/contracts/none",
        "/contracts/none/lines/L-1",
        "/contracts/PC-1/lines/none",
        "/contracts/none/limits",
        "/contracts/none/performance",
    ):
        refused = await caller.get(path, expect=404)
        assert refused["detail"].startswith("there is no contract")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "51"), ("KWD", "51.000")])
async def test_money_has_the_decimals_of_its_currency_d1(
    caller: Caller, currency: str, amount: str
) -> None:
    put = await caller.contract(currency=currency, limit="51")
    assert put["nte_limit"] == amount
    line = await caller.line(limit="51", contract_amount="51")
    assert (line["nte_limit"], line["contract_amount"]) == (amount, amount)
    finer = f"51.{'0' * (0 if currency == 'JPY' else 3)}1"
    refused = await caller.contract(currency=currency, limit=finer, expect=422)
    assert refused["errors"][0]["field"] == "nte_limit"
    padded = await caller.contract(currency=currency, limit="51.0000", expect=200)
    assert padded["nte_limit"] == amount


async def test_contracts_are_listed_in_order(caller: Caller) -> None:
    for contract_id in ("b", "a.1:X_y-z", "C" * 64):
        await caller.contract(contract_id)
    rows = await caller.rows("/contracts")
    assert [row["contract_id"] for row in rows] == ["C" * 64, "a.1:X_y-z", "b"]
    rows = await caller.rows("/contracts", sort="-contract_id", limit=2)
    assert [row["contract_id"] for row in rows] == ["b", "a.1:X_y-z", "C" * 64]


async def test_names_of_any_script_come_back_as_they_were_sent(caller: Caller) -> None:
    body = contract_body()
    body["name"] = "Größe 大 \U0001f600 <&>\"'"
    await caller.call("PUT", "/contracts/PC-1", body, expect=201)
    assert (await caller.get("/contracts/PC-1"))["name"] == body["name"]
