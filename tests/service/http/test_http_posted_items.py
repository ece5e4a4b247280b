"""Posted items over HTTP: they show what is billed of them now, and so do all sums (D-46)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract, a line of time and material, and one of fixed price."""
    caller = Caller(http)
    await caller.contract(customers=("A",))
    await caller.line()
    await caller.line("FP", method="fixed_price")
    return caller


async def drafted(caller: Caller, *items: str) -> Json:
    await caller.mark(list(items))
    (draft,) = (await caller.draft())["invoices"]
    return draft


def detail_of(invoice: Json, item_id: str | None) -> Json:
    details = [detail for line in invoice["lines"] for detail in line["details"]]
    (found,) = [each for each in details if each["item_id"] == item_id]
    return found


async def edit(caller: Caller, invoice: Json, item_id: str, **changes: str) -> None:
    detail_id = detail_of(invoice, item_id)["detail_id"]
    path = f"/invoices/{invoice['invoice_id']}/details/{detail_id}"
    await caller.call("PATCH", path, changes)


async def correct(caller: Caller, invoice: Json, item_id: str, **stays: str) -> Json:
    """A confirmed correction of the detail of an item."""
    details = [detail_of(invoice, item_id)["detail_id"]]
    path = f"/invoices/{invoice['invoice_id']}/corrections"
    draft = await caller.call("POST", path, {"details": details}, expect=201)
    if stays:
        await edit(caller, draft, item_id, **stays)
    return await caller.confirm(draft["invoice_id"])


async def posted(caller: Caller, view: str) -> tuple[dict[str, tuple[str, ...]], list[Json]]:
    """The posted rows of a view, by item, and their totals."""
    status = "invoice_posted"
    page = await caller.get(f"/backlog/{view}", billing_status=status, totals=True)
    names = ("quantity", "unit_price", "amount", "tax", "billing_type")
    rows = {row["item_id"]: tuple(row[n] for n in names if n in row) for row in page["items"]}
    return rows, [{n: t[n] for n in ("billing_type", "count", "amount")} for t in page["totals"]]


async def summed(caller: Caller) -> dict[str, tuple[int, str]]:
    """What is posted in both views, by billing type."""
    items = (await caller.get("/backlog/summary", billing_status="invoice_posted"))["items"]
    of = {each["billing_type"]: each["posted"] for each in items}
    return {billing_type: (part["count"], part["amount"]) for billing_type, part in of.items()}


async def test_work_is_posted_as_edited_then_as_corrected_and_leaves_the_lists_at_0_d45_d78(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "130", quantity="10", tax="247.00")
    draft = await drafted(caller, item)
    await edit(caller, draft, item, quantity="8")
    invoice = await caller.confirm(draft["invoice_id"])
    rows, totals = await posted(caller, "time-and-material")
    assert rows == {item: ("8", "130.00", "1040.00", "197.60", "chargeable")}
    assert totals == [{"billing_type": "chargeable", "count": 1, "amount": invoice["amount"]}]

    first = await correct(caller, invoice, item, quantity="7", unit_price="120")
    rows, _ = await posted(caller, "time-and-material")
    assert rows == {item: ("7", "120.00", "840.00", "159.60", "chargeable")}
    assert await summed(caller) == {"chargeable": (1, "840.00")}
    # The actual that was approved is what it was.
    approved, *_ = await caller.rows("/actuals", item_id=item)
    assert (approved["quantity"], approved["amount"]) == ("10", "1300.00")
    assert approved["adjustment_status"] == "adjusted"

    await correct(caller, first, item)
    assert await posted(caller, "time-and-material") == ({}, [])
    assert await summed(caller) == {}
    gone = await caller.item(item)
    assert (gone["billing_status"], gone["quantity"], gone["amount"]) == (
        "invoice_posted",
        "0",
        "0.00",
    )
    back = await caller.rows("/backlog/time-and-material")
    assert {(row["quantity"], row["amount"], row["billing_status"]) for row in back} == {
        ("1", "130.00", "not_ready"),
        ("7", "840.00", "not_ready"),
    }


async def test_what_is_made_free_on_the_draft_is_posted_so_in_both_views_d66(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "80", quantity="5", tax="76.00")
    part = (await caller.milestone("4000.00", "760.00", line_id="FP"))["parts"][0]["item_id"]
    draft = await drafted(caller, item, part)
    await edit(caller, draft, item, billing_type="complimentary")
    await edit(caller, draft, part, billing_type="non_chargeable", tax="700.00")
    await caller.confirm(draft["invoice_id"])
    sales, _ = await posted(caller, "time-and-material")
    assert sales == {item: ("5", "80.00", "400.00", "76.00", "complimentary")}
    parts, totals = await posted(caller, "fixed-price")
    assert parts == {part: ("4000.00", "700.00", "non_chargeable")}
    assert totals == [{"billing_type": "non_chargeable", "count": 1, "amount": "4000.00"}]
    assert await summed(caller) == {
        "complimentary": (1, "400.00"),
        "non_chargeable": (1, "4000.00"),
    }
    free = await caller.rows("/backlog/fixed-price", billing_type="non_chargeable")
    assert [row["item_id"] for row in free] == [part]
    assert await caller.rows("/backlog/fixed-price", billing_type="chargeable") == []


async def test_a_part_of_a_milestone_is_posted_at_what_stays_and_free_again_when_credited_d81(
    caller: Caller,
) -> None:
    part = (await caller.milestone("4000.00", "760.00", line_id="FP"))["parts"][0]["item_id"]
    draft = await drafted(caller, part)
    await edit(caller, draft, part, billing_type="complimentary")
    invoice = await caller.confirm(draft["invoice_id"])
    first = await correct(caller, invoice, part, amount="2500.00", tax="400.00")
    rows, _ = await posted(caller, "fixed-price")
    assert rows == {part: ("2500.00", "400.00", "complimentary")}
    await correct(caller, first, part)
    assert await posted(caller, "fixed-price") == ({}, [])
    back = await caller.rows("/backlog/fixed-price", billing_status="ready")
    assert sorted((row["amount"], row["tax"], row["billing_type"]) for row in back) == [
        ("1500.00", "285.00", "complimentary"),
        ("2500.00", "400.00", "complimentary"),
    ]


async def test_a_rest_given_away_and_what_was_billed_by_hand_are_in_no_view_d45_d68(
    caller: Caller,
) -> None:
    """What was billed by hand counts on its invoice, and is an item once it is given back."""
    (item,) = await caller.sales("ap-1", "90", quantity="4")
    draft = await drafted(caller, item)
    await edit(caller, draft, item, quantity="3")
    by_hand = {"line_id": "L-1", "class": "fee", "date": "2026-10-05", "quantity": "1"}
    path = f"/invoices/{draft['invoice_id']}"
    await caller.call("POST", f"{path}/details", {**by_hand, "unit_price": "50", "tax": "0.00"})
    invoice = await caller.confirm(draft["invoice_id"])
    assert invoice["amount"] == "320.00"
    rows, totals = await posted(caller, "time-and-material")
    assert rows == {item: ("3", "90.00", "270.00", "0.00", "chargeable")}
    assert totals == [{"billing_type": "chargeable", "count": 1, "amount": "270.00"}]
    assert "non_chargeable" not in await summed(caller)
