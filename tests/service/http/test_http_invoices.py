"""Invoices over HTTP: drafted, deleted, confirmed, booked (D-40 to D-44)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller

INVOICE = {
    "invoice_id",
    "number",
    "status",
    "contract_id",
    "customer_id",
    "currency",
    "cutoff",
    "accounting_date",
    "corrects",
    "corrects_number",
    "has_corrections",
    "transfer_to",
    "amount",
    "tax",
    "total",
    "approval",
    "lines",
    "retainers",
}
DETAIL = {
    "detail_id",
    "item_id",
    "kind",
    "date",
    "description",
    "external_description",
    "quantity",
    "unit_price",
    "amount",
    "tax",
    "billing_type",
    "edited",
    "source",
    "recalled",
    "corrects_detail",
    "corrected_by",
    "original_quantity",
    "original_unit_price",
    "original_amount",
    "original_tax",
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


def without_position(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name != "position"}


async def test_a_draft_is_one_invoice_a_customer_and_one_line_a_contract_line_d40_d43(
    caller: Caller,
) -> None:
    (alone,) = await caller.sales(
        "ap-1", "100.00", tax="19.00", quantity="1.50", description="Work"
    )
    shared = await caller.sales("ap-2", "60.00", line_id="L-2")
    made = await caller.milestone("500.00", "95.00", line_id="FP", name="Design")
    part = made["parts"][0]["item_id"]
    await caller.mark([alone, *shared, part])
    before = caller.position
    drafted = await caller.draft(cutoff="2026-10-31")
    assert drafted["skipped"] == []
    invoices = {i["customer_id"]: i for i in drafted["invoices"]}
    assert set(invoices) == {"A", "B"}
    a = invoices["A"]
    assert set(a) == INVOICE
    assert {k: a[k] for k in INVOICE - {"invoice_id", "lines"}} == {
        "number": None,
        "status": "draft",
        "contract_id": "PC-1",
        "customer_id": "A",
        "currency": "EUR",
        "cutoff": "2026-10-31",
        "accounting_date": None,
        "corrects": None,
        "corrects_number": None,
        "has_corrections": False,
        "transfer_to": None,
        "amount": "680.00",
        "tax": "114.00",
        "total": "794.00",
        "approval": None,
        "retainers": [],
    }
    lines = {line["line_id"]: line for line in a["lines"]}
    assert {k: (x["billing_method"], x["amount"], x["tax"]) for k, x in lines.items()} == {
        "FP": ("fixed_price", "500.00", "95.00"),
        "L-1": ("time_and_material", "150.00", "19.00"),
        "L-2": ("time_and_material", "30.00", "0.00"),
    }
    (detail,) = lines["L-1"]["details"]
    assert set(detail) == DETAIL
    assert {k: detail[k] for k in DETAIL - {"detail_id"}} == {
        "item_id": alone,
        "kind": "time",
        "date": "2026-10-10",
        "description": "Work",
        "external_description": None,
        **(
            charged := {
                "quantity": "1.5",
                "unit_price": "100.00",
                "amount": "150.00",
                "tax": "19.00",
                "billing_type": "chargeable",
            }
        ),
        "edited": False,
        "source": charged,
        "recalled": False,
        "corrects_detail": None,
        "corrected_by": None,
        "original_quantity": None,
        "original_unit_price": None,
        "original_amount": None,
        "original_tax": None,
    }
    (detail,) = lines["FP"]["details"]
    assert (detail["kind"], detail["description"], detail["item_id"]) == (
        "milestone",
        "Design",
        part,
    )
    assert set(await caller.happened(before)) == {"DraftCreated", "DetailsAdded", "ItemsDrafted"}
    for invoice in drafted["invoices"]:
        shown = await caller.get(f"/invoices/{invoice['invoice_id']}")
        assert shown.pop("pending")
        assert shown.pop("figures")
        assert without_position(shown) == invoice
    listed = await caller.rows("/invoices", contract_id="PC-1", details=True)
    names = [invoice.pop("customer_name") for invoice in listed]
    assert {invoice.pop("contract_name") for invoice in listed} == {"Contract"}
    assert names == [f"Customer {invoice['customer_id']}" for invoice in listed]
    assert listed == drafted["invoices"]


async def test_a_list_of_invoices_shows_details_only_if_asked_to(caller: Caller) -> None:
    await caller.mark(await caller.sales("ap-1", "10.00"))
    await caller.draft()
    short = await caller.rows("/invoices")
    for row in short:
        assert row["lines"]
        assert all("details" not in line for line in row["lines"])
    full = await caller.rows("/invoices", details=True)
    for row in full:
        assert all(line.pop("details") for line in row["lines"])
    assert full == short


async def test_a_draft_takes_what_is_dated_up_to_the_cutoff_d40(caller: Caller) -> None:
    (old,) = await caller.sales("ap-1", "1.00", date="2026-10-31")
    (new,) = await caller.sales("ap-2", "2.00", date="2026-11-01")
    await caller.mark([old, new])
    (invoice,) = (await caller.draft(cutoff="2026-10-31"))["invoices"]
    assert invoice["amount"] == "1.00"
    assert (await caller.item(new))["billing_status"] == "ready"


async def test_a_draft_takes_the_lines_customers_and_items_named_d40(caller: Caller) -> None:
    (alone,) = await caller.sales("ap-1", "1.00")
    of_a, of_b = await caller.sales("ap-2", "4.00", line_id="L-2")
    (late,) = await caller.sales("ap-3", "8.00")
    await caller.mark([alone, of_a, of_b])
    named = await caller.draft(items=[alone, late, "none"])
    assert [i["amount"] for i in named["invoices"]] == ["1.00"]
    assert {s["item_id"]: s["code"] for s in named["skipped"]} == {
        late: "item_not_ready",
        "none": "item_not_found",
    }
    by_customer = await caller.draft(customer_ids=["B"], line_ids=["L-2", "L-1"])
    assert [(i["customer_id"], i["amount"]) for i in by_customer["invoices"]] == [("B", "2.00")]
    by_line = await caller.draft(line_ids=["L-2"])
    assert [(i["customer_id"], i["amount"]) for i in by_line["invoices"]] == [("A", "2.00")]


async def test_nothing_ready_is_refused_and_nothing_is_made_d40(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    before = caller.position
    selections: list[Json] = [
        {},
        {"items": [item]},
        {"items": []},
        {"line_ids": []},
        {"customer_ids": []},
        {"line_ids": ["FP"]},
        {"cutoff": "2020-01-01"},
    ]
    for selection in selections:
        refused = await caller.draft(expect=409, **selection)
        assert refused["code"] == "nothing_ready"
    await caller.draft("none", expect=404)
    refused = await caller.draft(line_ids=["L-1", "none"], expect=422)
    assert refused["errors"][0]["field"] == "line_ids.1"
    refused = await caller.draft(customer_ids=["none"], expect=422)
    assert refused["errors"][0]["field"] == "customer_ids.0"
    await caller.nothing_happened(before)
    assert await caller.rows("/invoices") == []


async def test_an_item_is_on_at_most_one_open_draft_d41(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    await caller.mark([item])
    await caller.draft()
    refused = await caller.draft(items=[item], expect=409)
    assert [(e["item_id"], e["code"]) for e in refused["errors"]] == [(item, "item_not_ready")]


async def test_a_deleted_draft_gives_its_items_back_ready_d42(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    before, path = caller.position, f"/invoices/{invoice['invoice_id']}"
    done = await caller.call("DELETE", path)
    assert set(done) == {"position"}
    assert await caller.happened(before) == ["DraftDeleted", "ItemsReleased"]
    row = await caller.item(item)
    assert (row["billing_status"], row["invoice_id"]) == ("ready", None)
    await caller.get(path, expect=404)
    await caller.call("DELETE", path, expect=404)
    await caller.confirm(invoice["invoice_id"], expect=404)
    assert await caller.rows("/invoices") == []
    (again,) = (await caller.draft())["invoices"]
    assert again["invoice_id"] != invoice["invoice_id"]


async def test_a_confirmed_invoice_is_numbered_posted_and_read_only_d44(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    before = caller.position
    done = await caller.confirm(invoice["invoice_id"], accounting_date="2026-10-31")
    assert (done["status"], done["accounting_date"]) == ("confirmed", "2026-10-31")
    assert done["number"]
    assert (done["lines"], done["total"]) == (invoice["lines"], invoice["total"])
    shown = await caller.get(f"/invoices/{invoice['invoice_id']}")
    assert without_position(shown) == without_position(done)
    names = await caller.happened(before)
    assert {"InvoiceConfirmed", "InvoiceNumberAssigned", "ActualsBooked", "ItemsPosted"} <= set(
        names
    )
    before = caller.position
    await caller.call("DELETE", f"/invoices/{invoice['invoice_id']}", expect=409)
    again = await caller.confirm(invoice["invoice_id"], accounting_date="2026-12-31")
    assert "already_confirmed" not in done
    assert again.pop("already_confirmed") is True
    assert without_position(again) == without_position(done)
    for day in ("2026-10-31", None, "2199-12-31", "9999-12-31", "0001-01-01"):
        repeated = await caller.confirm(invoice["invoice_id"], accounting_date=day)
        assert repeated.pop("already_confirmed") is True
        assert without_position(repeated) == without_position(done)
    await caller.nothing_happened(before)


async def test_an_accounting_date_more_than_366_days_ahead_is_refused_d44(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    before = caller.position
    for ahead in ("2027-11-04", "2062-10-31"):  # confirmed on 2 November 2026
        refused = await caller.confirm(invoice["invoice_id"], accounting_date=ahead, expect=422)
        assert refused["errors"][0]["field"] == "accounting_date"
        assert "366 days" in refused["detail"]
    for typing_error in ("9999-12-31", "2200-01-01", "0001-01-01", "1899-12-31", "0202-10-31"):
        refused = await caller.confirm(
            invoice["invoice_id"], accounting_date=typing_error, expect=422
        )
        assert refused["errors"][0]["field"] == "accounting_date"
    for none in ("2026-13-01", "2026-02-30", "0000-01-01", "10000-01-01"):
        await caller.confirm(invoice["invoice_id"], accounting_date=none, expect=422)
    await caller.nothing_happened(before)
    done = await caller.confirm(invoice["invoice_id"], accounting_date="2027-11-03")
    assert done["accounting_date"] == "2027-11-03"


async def test_numbers_come_from_a_series_without_gaps_d44(caller: Caller) -> None:
    items = [(await caller.sales(f"ap-{n}", "1.00"))[0] for n in range(4)]
    await caller.mark(items)
    drafts = [(await caller.draft(items=[i]))["invoices"][0]["invoice_id"] for i in items]
    await caller.call("DELETE", f"/invoices/{drafts[1]}")
    numbers = [(await caller.confirm(drafts[n]))["number"] for n in (3, 0, 2)]
    tails = [int(number[-6:]) for number in numbers]
    assert tails == [tails[0], tails[0] + 1, tails[0] + 2]


async def test_without_a_date_or_a_body_an_invoice_is_confirmed_today_d44(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "1.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    done = await caller.call("POST", f"/invoices/{invoice['invoice_id']}/confirm")
    assert done["accounting_date"] == "2026-11-02"


async def test_an_unknown_invoice_is_not_found(caller: Caller) -> None:
    for identity in ("none", "x" * 200, "confirm"):
        await caller.get(f"/invoices/{identity}", expect=404)
        await caller.call("DELETE", f"/invoices/{identity}", expect=404)
        await caller.confirm(identity, expect=404)


async def test_an_invoice_is_answered_without_its_details_where_they_are_not_wanted(
    caller: Caller,
) -> None:
    await caller.mark(await caller.sales("ap-1", "10.00", tax="1.00"))
    body = {"contract_id": "PC-1"}
    (drafted,) = (await caller.call("POST", "/invoices?details=false", body, expect=201))[
        "invoices"
    ]
    path = f"/invoices/{drafted['invoice_id']}"
    shown = await caller.get(path, details="false")
    confirmed = await caller.call("POST", f"{path}/confirm?details=false", {})
    for invoice in (drafted, shown, confirmed):
        (line,) = invoice["lines"]
        assert (line["amount"], "details" in line) == ("10.00", False)
    assert "pending" in shown
    (line,) = (await caller.get(path))["lines"]
    assert len(line["details"]) == 1
    assert "pending" not in await caller.get(path)
