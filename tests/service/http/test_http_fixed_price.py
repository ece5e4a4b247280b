"""Fixed price over HTTP: milestones from creation to completion (D-10 to D-15)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller

FIXED: Json = {"method": "fixed_price", "splits": {"A": "70", "B": "30"}}
ROW = {
    "item_id",
    "milestone_id",
    "milestone_name",
    "milestone_status",
    "billing_type",
    "contract_id",
    "contract_name",
    "line_id",
    "line_name",
    "project_id",
    "customer_id",
    "customer_name",
    "date",
    "amount",
    "tax",
    "currency",
    "billing_status",
    "invoice_id",
}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of two customers and a fixed-price line."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line(**FIXED)
    return caller


def items_of(milestone: Json) -> list[str]:
    return [part["item_id"] for part in milestone["parts"]]


def without_position(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name != "position"}


async def test_a_milestone_is_split_at_once_tax_included_d10(caller: Caller) -> None:
    before = caller.position
    made = await caller.milestone("500.01", "125.00", name="Design", task_id="T-1")
    assert {k: made[k] for k in ("status", "name", "task_id", "amount", "tax", "currency")} == {
        "status": "not_started",
        "name": "Design",
        "task_id": "T-1",
        "amount": "500.01",
        "tax": "125.00",
        "currency": "EUR",
    }
    parts = {part["customer_id"]: part for part in made["parts"]}
    assert {c: (p["amount"], p["tax"], p["billing_status"]) for c, p in parts.items()} == {
        "A": ("350.01", "87.50", "not_ready"),
        "B": ("150.00", "37.50", "not_ready"),
    }
    assert await caller.happened(before) == ["MilestoneSplit"]
    shown = await caller.get(f"/milestones/{made['milestone_id']}")
    assert without_position(shown) == without_position(made)


async def test_the_view_lists_customer_milestones_with_exactly_the_fields_promised(
    caller: Caller,
) -> None:
    made = await caller.milestone("100.00", name="Design")
    rows = await caller.rows("/backlog/fixed-price")
    assert [set(row) for row in rows] == [ROW, ROW]
    first = next(row for row in rows if row["customer_id"] == "A")
    assert first == {
        "item_id": made["parts"][0]["item_id"],
        "milestone_id": made["milestone_id"],
        "milestone_name": "Design",
        "milestone_status": "not_started",
        "contract_id": "PC-1",
        "contract_name": "Contract",
        "line_id": "L-1",
        "line_name": "Line",
        "project_id": "P-1",
        "customer_id": "A",
        "customer_name": "Customer A",
        "date": "2026-10-15",
        "amount": "70.00",
        "tax": "0.00",
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "not_ready",
        "invoice_id": None,
    }
    one = await caller.item(first["item_id"])
    assert without_position(one) == first


async def test_the_header_follows_its_parts_to_completed_d12_d13(caller: Caller) -> None:
    made = await caller.milestone("100.00")
    path, (first, second) = f"/milestones/{made['milestone_id']}", items_of(made)

    async def status() -> str:
        return (await caller.get(path))["status"]

    changed = await caller.mark([first])
    assert changed["changed"] == [
        {"item_id": first, "billing_status": "ready", "nte_status": None, "nte_detail": None}
    ]
    assert await status() == "in_progress"
    await caller.mark([first], "not_ready")
    assert await status() == "not_started"
    await caller.billed(first)
    assert await status() == "in_progress"
    await caller.billed(second)
    assert await status() == "completed"
    rows = await caller.rows("/backlog/fixed-price")
    assert {(r["billing_status"], r["milestone_status"]) for r in rows} == {
        ("invoice_posted", "completed")
    }
    assert all(row["invoice_id"] for row in rows)


async def test_only_ready_parts_go_on_a_draft_and_read_invoice_created_d13(caller: Caller) -> None:
    first, second = items_of(await caller.milestone("100.00"))
    await caller.mark([first])
    (invoice,) = (await caller.draft())["invoices"]
    assert invoice["customer_id"] == "A"
    assert (await caller.item(first))["billing_status"] == "invoice_created"
    assert (await caller.item(first))["invoice_id"] == invoice["invoice_id"]
    assert (await caller.item(second))["billing_status"] == "not_ready"


async def test_a_changed_header_takes_its_parts_along_d14(caller: Caller) -> None:
    made = await caller.milestone("100.00")
    path, before = f"/milestones/{made['milestone_id']}", caller.position
    change = {"name": "New", "amount": "200.00", "tax": "20.00", "date": "2026-11-01"}
    changed = await caller.call("PATCH", path, change)
    assert {name: changed[name] for name in change} == change
    assert [part["amount"] for part in changed["parts"]] == ["140.00", "60.00"]
    assert without_position(await caller.get(path)) == without_position(changed)
    assert items_of(changed) == items_of(made)
    assert await caller.happened(before) == ["MilestoneChanged"]


async def test_a_change_touches_only_what_it_names_and_null_clears_the_task(
    caller: Caller,
) -> None:
    made = await caller.milestone("100.00", "1.00", task_id="T-1")
    path = f"/milestones/{made['milestone_id']}"
    same = await caller.call("PATCH", path, {"name": "Other"})
    assert without_position(same) == {**without_position(made), "name": "Other"}
    cleared = await caller.call("PATCH", path, {"task_id": None})
    assert cleared["task_id"] is None
    refused = await caller.call("PATCH", path, {"amount": None}, expect=422)
    assert refused["errors"][0]["field"] == "amount"


async def test_a_change_that_changes_nothing_leaves_no_trace(caller: Caller) -> None:
    made = await caller.milestone("100.00")
    before = caller.position
    await caller.call("PATCH", f"/milestones/{made['milestone_id']}", {"amount": "100.00"})
    await caller.nothing_happened(before)


async def test_a_deleted_header_leaves_no_orphans_d14(caller: Caller) -> None:
    made = await caller.milestone("100.00")
    path, before = f"/milestones/{made['milestone_id']}", caller.position
    done = await caller.call("DELETE", path)
    assert set(done) == {"position"}
    assert await caller.happened(before) == ["MilestoneDeleted"]
    await caller.get(path, expect=404)
    await caller.call("DELETE", path, expect=404)
    assert await caller.rows("/backlog/fixed-price") == []
    await caller.get(f"/backlog/{items_of(made)[0]}", expect=404)
    refused = await caller.mark(items_of(made), expect=409)
    assert {error["code"] for error in refused["errors"]} == {"item_not_found"}


@pytest.mark.parametrize("posted", [False, True])
async def test_a_header_with_a_part_on_a_draft_or_posted_is_fixed_d14(
    caller: Caller, posted: bool
) -> None:
    made = await caller.milestone("100.00")
    await caller.mark(items_of(made))
    for invoice in (await caller.draft())["invoices"]:
        if posted:
            await caller.confirm(invoice["invoice_id"])
    before, path = caller.position, f"/milestones/{made['milestone_id']}"
    await caller.call("PATCH", path, {"amount": "1.00"}, expect=409)
    await caller.call("DELETE", path, expect=409)
    await caller.nothing_happened(before)


async def test_a_line_tells_how_its_milestones_differ_from_its_amount_d15(caller: Caller) -> None:
    made = await caller.milestone("9000.00")
    await caller.milestone("1500.50")
    line = await caller.get("/contracts/PC-1/lines/L-1")
    assert (line["milestones_total"], line["difference"]) == ("10500.50", "-500.50")
    await caller.call("DELETE", f"/milestones/{made['milestone_id']}")
    line = await caller.get("/contracts/PC-1/lines/L-1")
    assert (line["milestones_total"], line["difference"]) == ("1500.50", "8499.50")


async def test_a_milestone_on_a_time_and_material_line_is_refused(caller: Caller) -> None:
    await caller.line("TM", splits={"A": "100"})
    body = {"name": "M", "amount": "1.00", "tax": "0.00", "date": "2026-10-15", "task_id": None}
    await caller.call("POST", "/contracts/PC-1/lines/TM/milestones", body, expect=409)


async def test_milestones_of_what_is_unknown_are_not_found(caller: Caller) -> None:
    body = {"name": "M", "amount": "1.00", "tax": "0.00", "date": "2026-10-15", "task_id": None}
    await caller.call("POST", "/contracts/PC-1/lines/none/milestones", body, expect=404)
    await caller.call("POST", "/contracts/none/lines/L-1/milestones", body, expect=404)
    for identity in ("none", "PC-1~L-1~none", "x~y~z"):
        await caller.get(f"/milestones/{identity}", expect=404)
        await caller.call("PATCH", f"/milestones/{identity}", {"name": "x"}, expect=404)
        await caller.call("DELETE", f"/milestones/{identity}", expect=404)


async def test_a_customer_at_zero_percent_gets_no_part_d3(caller: Caller) -> None:
    await caller.line("Z", method="fixed_price", splits={"A": "100", "B": "0"})
    made = await caller.milestone("100.00", line_id="Z")
    assert [part["customer_id"] for part in made["parts"]] == ["A"]


async def test_a_changed_split_acts_on_what_comes_after_d5(caller: Caller) -> None:
    made = await caller.milestone("100.00")
    await caller.line(method="fixed_price", splits={"A": "50", "B": "50"}, expect=200)
    later = await caller.milestone("100.00")
    assert [part["amount"] for part in later["parts"]] == ["50.00", "50.00"]
    shown = await caller.get(f"/milestones/{made['milestone_id']}")
    assert [part["amount"] for part in shown["parts"]] == ["70.00", "30.00"]


async def test_negative_milestones_are_split_alike_d2(caller: Caller) -> None:
    made = await caller.milestone("-100.01")
    assert sorted(part["amount"] for part in made["parts"]) == ["-30.00", "-70.01"]
