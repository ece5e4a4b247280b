"""What confirmation books, over HTTP (D-45, D-46), and how a contract performs (D-60)."""

from decimal import Decimal

import httpx
import pytest

from tests.service.http_caller import Caller

ACTUAL = {
    "actual_id",
    "item_id",
    "type",
    "reversal_of",
    "cause",
    "replaces",
    "accounting_date",
    "contract_id",
    "line_id",
    "customer_id",
    "approval_id",
    "milestone_id",
    "invoice_id",
    "class",
    "date",
    "quantity",
    "unit_price",
    "amount",
    "tax",
    "currency",
    "billing_type",
    "billing_status",
    "adjustment_status",
    "position",
}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of A and B, a line for A, a line for both, a fixed-price line."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    await caller.line("L-2", splits={"A": "50", "B": "50"})
    await caller.line("FP", method="fixed_price")
    return caller


async def test_a_sale_is_reversed_and_billed_and_nets_out_d45_d46(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "200.00", quantity="8", tax="304.00")
    (open_one,) = await caller.actuals_of(item)
    assert set(open_one) == ACTUAL
    assert (open_one["billing_status"], open_one["adjustment_status"]) == (
        "not_ready",
        "adjustable",
    )
    invoice = await caller.billed(item)
    rows = await caller.actuals_of(item)
    unbilled, reversal, billed = rows
    assert [(r["type"], r["quantity"], r["amount"], r["tax"]) for r in rows] == [
        ("unbilled_sales", "8", "1600.00", "304.00"),
        ("unbilled_sales", "-8", "-1600.00", "-304.00"),
        ("billed_sales", "8", "1600.00", "304.00"),
    ]
    assert [r["reversal_of"] for r in rows] == [None, unbilled["actual_id"], None]
    assert reversal["adjustment_status"] == "unadjustable"
    assert billed["adjustment_status"] == "adjustable"
    assert {r["billing_status"] for r in rows} == {"invoice_posted"}
    assert {r["invoice_id"] for r in rows} == {invoice["invoice_id"]}
    assert {(r["approval_id"], r["class"], r["milestone_id"]) for r in rows} == {
        ("ap-1", "time", None)
    }


async def test_a_milestone_is_billed_for_its_amount_alone_d45(caller: Caller) -> None:
    made = await caller.milestone("500.00", "95.00", line_id="FP")
    await caller.billed(made["parts"][0]["item_id"])
    (billed,) = await caller.rows("/actuals")
    assert (billed["type"], billed["amount"], billed["tax"], billed["quantity"]) == (
        "billed_sales",
        "500.00",
        "95.00",
        "1",
    )
    assert (billed["milestone_id"], billed["approval_id"], billed["class"]) == (
        made["milestone_id"],
        None,
        None,
    )


async def test_the_sum_of_billed_is_the_invoice_and_actuals_are_filtered_d46(
    caller: Caller,
) -> None:
    (one,) = await caller.sales("ap-1", "100.00")
    (two,) = await caller.sales("ap-2", "30.00")
    (other,) = await caller.sales("ap-3", "7.00")
    invoice = await caller.billed(one, two)
    billed = await caller.rows("/actuals", type="billed_sales", invoice_id=invoice["invoice_id"])
    assert sum(Decimal(row["amount"]) for row in billed) == Decimal(invoice["amount"])
    assert len(await caller.rows("/actuals", type="unbilled_sales")) == 5
    assert [r["item_id"] for r in await caller.rows("/actuals", approval_id="ap-3")] == [other]
    assert len(await caller.rows("/actuals", item_id=[one, other])) == 4
    assert await caller.rows("/actuals", line_id="FP") == []
    assert len(await caller.rows("/actuals", contract_id="PC-1", limit=2)) == 7
    assert await caller.rows("/actuals", contract_id="none") == []


async def test_performance_adds_up_by_contract_and_line_d60(caller: Caller) -> None:
    (posted,) = await caller.sales("ap-1", "100.00")
    await caller.billed(posted)
    (drafted,) = await caller.sales("ap-2", "20.00")
    await caller.mark([drafted])
    await caller.draft()
    (ready,) = await caller.sales("ap-3", "3.00")
    await caller.mark([ready])
    await caller.sales("ap-4", "0.40", kind="expense")
    await caller.sales("ap-5", "9.00", billing_type="complimentary")
    await caller.milestone("50.00", line_id="FP")
    shown = await caller.get("/contracts/PC-1/performance")
    sums = {k: shown[k] for k in ("contract_value", "invoiced", "on_drafts", "ready", "remaining")}
    assert sums == {
        "contract_value": "30000.00",
        "invoiced": "100.00",
        "on_drafts": "20.00",
        "ready": "3.00",
        "remaining": "29900.00",
    }
    assert shown["not_ready"] == {"expense": "0.40", "milestone": "50.00"}
    lines = {line["line_id"]: line for line in shown["lines"]}
    assert (lines["L-1"]["invoiced"], lines["FP"]["not_ready"]) == (
        "100.00",
        {"milestone": "50.00"},
    )
    assert [level["level"] for level in shown["limits"]][-1] == "contract"


async def test_actuals_are_found_by_why_and_by_the_day_they_are_accounted_on_d44_d110(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "200.00", date="2026-10-05")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    body = {"accounting_date": "2026-10-31"}
    await caller.call("POST", f"/invoices/{invoice['invoice_id']}/confirm", body)

    async def found(**wanted: str) -> list[tuple[str, str, str]]:
        rows = await caller.rows("/actuals", **wanted)
        return [(row["type"], row["cause"], row["accounting_date"]) for row in rows]

    unbilled = ("unbilled_sales", "approval", "2026-10-05")
    booked = [(kind, "confirmation", "2026-10-31") for kind in ("unbilled_sales", "billed_sales")]
    assert await found() == [unbilled, *booked]
    assert await found(cause="confirmation") == booked
    assert await found(accounting_from="2026-10-06") == booked
    assert await found(accounting_to="2026-10-30") == [unbilled]
    assert await found(cause="recall") == []
    await caller.call("GET", "/actuals", cause="whim", expect=422)
