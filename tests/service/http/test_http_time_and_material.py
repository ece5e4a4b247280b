"""Time and material over HTTP: from an approval to a posted item (D-20 to D-27)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"
ROW = {
    "item_id",
    "approval_id",
    "contract_id",
    "contract_name",
    "line_id",
    "line_name",
    "project_id",
    "customer_id",
    "customer_name",
    "class",
    "date",
    "resource",
    "role",
    "category",
    "task_id",
    "description",
    "quantity",
    "unit_price",
    "amount",
    "tax",
    "currency",
    "billing_type",
    "billing_status",
    "nte_status",
    "nte_detail",
    "invoice_id",
}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of two customers and a time-and-material line for A alone."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    return caller


async def only(caller: Caller, approval_id: str) -> list[Json]:
    rows = await caller.rows("/backlog/time-and-material", sort="billing_type")
    return [row for row in rows if row["approval_id"] == approval_id]


async def test_an_approval_becomes_one_unbilled_sale_a_customer_d20(caller: Caller) -> None:
    await caller.line("HALF", splits={"A": "50", "B": "50"})
    before = caller.position
    (result,) = await caller.post(
        approval(
            "ap-1",
            line_id="HALF",
            quantity="7.50",
            unit_price="33.33",
            tax="47.51",
            role="consultant",
            category="travel",
            task_id="T-1",
            resource="Ada",
            description="Work",
        )
    )
    assert (result["outcome"], len(result["items"])) == ("recorded", 2)
    rows = await caller.rows("/backlog/time-and-material")
    assert [set(row) for row in rows] == [ROW, ROW]
    assert {row["item_id"] for row in rows} == set(result["items"])
    shares = {r["customer_id"]: (r["quantity"], r["amount"], r["tax"]) for r in rows}
    assert shares == {"A": ("3.75", "124.99", "23.75"), "B": ("3.75", "124.99", "23.76")}
    first = rows[0]
    assert {k: first[k] for k in ("class", "resource", "role", "category", "task_id")} == {
        "class": "time",
        "resource": "Ada",
        "role": "consultant",
        "category": "travel",
        "task_id": "T-1",
    }
    assert (first["billing_status"], first["nte_status"]) == ("not_ready", "not_applicable")
    assert (first["nte_detail"], first["invoice_id"]) == (None, None)
    one = await caller.item(first["item_id"])
    assert {k: v for k, v in one.items() if k != "position"} == first
    names = await caller.happened(before, contract_id="PC-1")
    assert set(names) == {"UnbilledSalesRecorded", "ApprovalRecorded", "EventReceived"}


async def test_the_class_is_that_of_the_event_d20(caller: Caller) -> None:
    for kind in ("time", "expense", "material", "fee"):
        await caller.sales(f"ap-{kind}", "10.00", kind=kind)
        assert [row["class"] for row in await only(caller, f"ap-{kind}")] == [kind]


async def test_an_approval_on_a_fixed_price_line_is_not_billable_and_kept_d20(
    caller: Caller,
) -> None:
    await caller.line("FP", method="fixed_price")
    before = caller.position
    (result,) = await caller.post(approval("ap-1", line_id="FP"))
    assert (result["outcome"], result["items"]) == ("not_billable", [])
    assert result["problem"]["code"] == "fixed_price_line"
    assert await caller.rows("/backlog/time-and-material") == []
    assert await caller.rows("/backlog/fixed-price") == []
    kept = [e for e in await caller.history() if e["position"] > before]
    assert [event["type"] for event in kept] == ["ApprovalNotBillable.v1", "EventReceived.v2"]
    assert kept[-1]["data"]["outcome"] == "not_billable"
    assert {event["data"]["approval_id"] for event in kept} == {"ap-1"}


async def test_what_is_not_billed_of_a_quantity_is_not_charged_d21(caller: Caller) -> None:
    await caller.post(approval("ap-1", quantity="8", billable_quantity="6", unit_price="200.00"))
    rows = await only(caller, "ap-1")
    assert [(r["billing_type"], r["quantity"], r["amount"]) for r in rows] == [
        ("chargeable", "6", "1200.00"),
        ("non_chargeable", "2", "400.00"),
    ]
    await caller.post(approval("ap-2", quantity="8", billable_quantity="10", unit_price="200.00"))
    rows = await only(caller, "ap-2")
    assert [(r["billing_type"], r["quantity"], r["amount"]) for r in rows] == [
        ("chargeable", "10", "2000.00")
    ]


async def test_the_line_says_which_classes_it_includes_d22(caller: Caller) -> None:
    await caller.line("TIME", includes=["time"])
    (no, yes) = await caller.post(
        approval("ap-1", kind="expense", line_id="TIME"), approval("ap-2", line_id="TIME")
    )
    assert (no["outcome"], no["problem"]["code"]) == ("not_billable", "class_not_included")
    assert "not_available" in no["problem"]["detail"]
    assert yes["outcome"] == "recorded"


async def test_roles_categories_and_tasks_say_what_is_charged_d22(caller: Caller) -> None:
    chargeable: Json = {
        "roles": {"dev": True, "boss": False},
        "categories": {"meal": False},
        "tasks": {"T-1": True, "T-2": False},
    }
    await caller.line("C", chargeable=chargeable)
    cases: dict[str, tuple[Json, str]] = {
        "role charged, task selected": ({"role": "dev", "task_id": "T-1"}, "chargeable"),
        "role not charged": ({"role": "boss", "task_id": "T-1"}, "non_chargeable"),
        "task not selected": ({"role": "dev", "task_id": "T-2"}, "non_chargeable"),
        "task not named": ({"role": "dev", "task_id": "T-9"}, "non_chargeable"),
        "no task": ({"role": "dev"}, "non_chargeable"),
        "role not named takes the default": (
            {"role": "x", "task_id": "T-1", "billing_type": "complimentary"},
            "complimentary",
        ),
        "category not charged": (
            {"kind": "expense", "category": "meal", "task_id": "T-1"},
            "non_chargeable",
        ),
        "category is not for time": ({"category": "meal", "task_id": "T-1"}, "chargeable"),
        "tasks count for all classes": ({"kind": "fee", "task_id": "T-2"}, "non_chargeable"),
    }
    events = [approval(f"ap-{n}", line_id="C", **c) for n, (c, _) in enumerate(cases.values())]
    await caller.post(*events)
    rows = {r["approval_id"]: r["billing_type"] for r in await caller.rows(TM)}
    wanted = {f"ap-{n}": billing_type for n, (_, billing_type) in enumerate(cases.values())}
    assert rows == wanted


async def test_a_caller_may_say_that_nothing_is_to_be_billed_d22(caller: Caller) -> None:
    (result,) = await caller.post(approval("ap-1", billing_type="not_available"))
    assert (result["outcome"], result["items"]) == ("not_billable", [])


async def test_items_of_many_contracts_are_marked_in_one_call_d25(caller: Caller) -> None:
    await caller.contract("PC-2")
    await caller.line("L-2", contract_id="PC-2")
    (one,) = await caller.sales("ap-1", "10.00")
    (other,) = await caller.sales("ap-2", "20.00", contract_id="PC-2", line_id="L-2")
    before = caller.position
    answer = await caller.mark([other, one], reason="month end")
    assert answer["changed"] == [
        {
            "item_id": item,
            "billing_status": "ready",
            "nte_status": "not_applicable",
            "nte_detail": None,
        }
        for item in (other, one)
    ]
    assert answer["skipped"] == []
    events = [e for e in await caller.history() if e["position"] > before]
    assert [(e["type"], e["reason"]) for e in events] == [("MarkedReady.v1", "month end")] * 2
    assert [e["data"]["contract_id"] for e in events] == ["PC-2", "PC-1"]
    back = await caller.mark([one], "not_ready")
    assert [c["billing_status"] for c in back["changed"]] == ["not_ready"]


async def test_an_item_on_a_draft_or_posted_is_not_marked_d25(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    before = caller.position
    for status in ("ready", "not_ready"):
        refused = await caller.mark([item], status, expect=409)
        assert [(e["item_id"], e["code"]) for e in refused["errors"]] == [(item, "item_on_draft")]
    await caller.nothing_happened(before)
    await caller.confirm(invoice["invoice_id"])
    before = caller.position
    for status in ("ready", "not_ready"):
        refused = await caller.mark([item], status, expect=409)
        assert [(e["item_id"], e["code"]) for e in refused["errors"]] == [(item, "item_posted")]
    await caller.nothing_happened(before)


async def test_complimentary_items_go_on_the_invoice_at_no_charge_d25_d43(caller: Caller) -> None:
    await caller.line("FREE", chargeable={"roles": {"guru": False}})
    (gift,) = await caller.sales("ap-1", "10.00", billing_type="complimentary", tax="1.00")
    (free,) = await caller.sales("ap-2", "20.00", role="guru", line_id="FREE")
    (paid,) = await caller.sales("ap-3", "40.00", tax="4.00")
    invoice = await caller.billed(gift, free, paid)
    assert (invoice["amount"], invoice["tax"], invoice["total"]) == ("40.00", "4.00", "44.00")
    details = {d["item_id"]: d for line in invoice["lines"] for d in line["details"]}
    assert {i: d["billing_type"] for i, d in details.items()} == {
        gift: "complimentary",
        free: "non_chargeable",
        paid: "chargeable",
    }
    lines = {line["line_id"]: line for line in invoice["lines"]}
    assert (lines["FREE"]["amount"], lines["L-1"]["amount"]) == ("0.00", "40.00")


async def test_all_or_nothing_marks_nothing_best_effort_what_can_be_d27(caller: Caller) -> None:
    (good,) = await caller.sales("ap-1", "10.00")
    before = caller.position
    refused = await caller.mark([good, "none"], expect=409)
    assert [(e["item_id"], e["code"]) for e in refused["errors"]] == [("none", "item_not_found")]
    await caller.nothing_happened(before)
    answer = await caller.mark([good, "none"], mode="best_effort")
    assert [c["item_id"] for c in answer["changed"]] == [good]
    assert [(s["item_id"], s["code"]) for s in answer["skipped"]] == [("none", "item_not_found")]
    assert (await caller.item(good))["billing_status"] == "ready"


async def test_marking_twice_or_an_item_named_twice_is_marking_once_d25(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    answer = await caller.mark([item, item])
    assert [c["item_id"] for c in answer["changed"]] == [item]
    before = caller.position
    again = await caller.mark([item])
    assert (again["changed"], [s["code"] for s in again["skipped"]]) == ([], ["already_ready"])
    await caller.nothing_happened(before)


async def test_a_posted_item_is_still_found_by_its_id_and_gone_from_the_view_d20(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    invoice = await caller.billed(item)
    row = await caller.item(item)
    assert (row["billing_status"], row["invoice_id"]) == ("invoice_posted", invoice["invoice_id"])
    assert await caller.rows(TM) == []
    posted = await caller.rows(TM, billing_status="invoice_posted")
    assert [r["item_id"] for r in posted] == [item]


async def test_an_unknown_item_is_not_found(caller: Caller) -> None:
    for identity in ("none", "PC-1~L-1~none", "a~b~c", "%00", "x" * 200):
        await caller.get(f"/backlog/{identity}", expect=404)


async def test_refunds_are_negative_and_shared_alike_d2(caller: Caller) -> None:
    await caller.line("HALF", splits={"A": "50", "B": "50"})
    await caller.post(approval("ap-1", line_id="HALF", quantity="-3", unit_price="0.01"))
    rows = await only(caller, "ap-1")
    assert sorted(row["amount"] for row in rows) == ["-0.01", "-0.02"]
    assert {row["quantity"] for row in rows} == {"-1.5"}
