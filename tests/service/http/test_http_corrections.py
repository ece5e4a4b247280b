"""Corrections over HTTP: a draft of what stays billed, confirmed like any other (D-47, D-76)."""

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller
from tests.service.recalling import credited


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of A and B, a line for A and a fixed-price line."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    await caller.line("FP", method="fixed_price")
    return caller


async def billed(caller: Caller) -> Json:
    """A confirmed invoice of 4 h at 90 and 3 h at 110."""
    (first,) = await caller.sales("ap-1", "90", quantity="4", tax="68.40")
    (second,) = await caller.sales("ap-2", "110", quantity="3", tax="62.70")
    await caller.mark([first, second])
    (draft,) = (await caller.draft())["invoices"]
    return await caller.call("POST", f"/invoices/{draft['invoice_id']}/confirm")


def of(invoice: Json) -> str:
    return f"/invoices/{invoice['invoice_id']}"


def details_of(invoice: Json) -> dict[str, Json]:
    """The details by their prices."""
    return {each["unit_price"]: each for line in invoice["lines"] for each in line["details"]}


def sums(invoice: Json) -> tuple[str, str, str]:
    return invoice["amount"], invoice["tax"], invoice["total"]


async def correct(caller: Caller, invoice: Json, *details: Json) -> Json:
    body = {"details": [each["detail_id"] for each in details]} if details else None
    return await caller.call("POST", f"{of(invoice)}/corrections", body, expect=201)


async def test_a_correction_is_drafted_edited_confirmed_and_booked_d76_d77_d78(
    caller: Caller,
) -> None:
    invoice = await billed(caller)
    draft = await correct(caller, invoice)
    assert sums(draft) == ("-690.00", "-131.10", "-821.10")
    assert (draft["status"], draft["number"], draft["customer_id"]) == ("draft", None, "A")
    first, second = (details_of(draft)[price] for price in ("90.00", "110.00"))
    await caller.call("PATCH", f"{of(draft)}/details/{first['detail_id']}", {"quantity": "4"})
    edited = await caller.call(
        "PATCH", f"{of(draft)}/details/{second['detail_id']}", {"quantity": "1"}
    )
    assert sums(edited) == ("-220.00", "-41.80", "-261.80")
    done = await caller.call("POST", f"{of(draft)}/confirm", {"accounting_date": "2026-10-31"})
    assert (done["number"], done["amount"]) == ("INV-000002", "-220.00")
    rows = await caller.rows("/actuals", invoice_id=draft["invoice_id"])
    assert sorted((row["type"], row["quantity"], row["amount"]) for row in rows) == [
        ("billed_sales", "-3", "-330.00"),
        ("billed_sales", "1", "110.00"),
        ("unbilled_sales", "-1", "-110.00"),
        ("unbilled_sales", "1", "110.00"),
    ]
    (back,) = await caller.rows("/backlog/time-and-material", billing_status="not_ready")
    assert (back["quantity"], back["amount"], back["tax"]) == ("2", "220.00", "41.80")
    assert (back["approval_id"], back["nte_status"]) == ("ap-2", "not_applicable")


async def test_the_answer_is_the_draft_with_its_version_and_without_details_if_asked_so(
    caller: Caller,
) -> None:
    invoice = await billed(caller)
    path = f"{of(invoice)}/corrections"
    answer = await caller.http.post(f"{path}?details=false")
    assert answer.status_code == 201
    draft = answer.json()
    assert "details" not in draft["lines"][0]
    assert answer.headers["etag"] == '"2"'
    assert draft["invoice_id"] != invoice["invoice_id"]


async def test_a_dry_run_answers_the_draft_and_makes_none_d75(caller: Caller) -> None:
    invoice = await billed(caller)
    before = caller.position
    path = f"{of(invoice)}/corrections?dry_run=true"
    preview = await caller.call("POST", path, {"details": None}, expect=201)
    assert sums(preview) == ("-690.00", "-131.10", "-821.10")
    await caller.nothing_happened(before)
    real = await correct(caller, invoice)
    assert (sums(real), real["lines"][0]["amount"]) == (sums(preview), "-690.00")
    refused = await caller.call("POST", path, expect=409)
    assert refused["code"] == "in_correction"


async def test_a_repetition_under_its_key_is_the_same_correction(caller: Caller) -> None:
    invoice = await billed(caller)
    path, headers = f"{of(invoice)}/corrections", {"Idempotency-Key": "credit 1"}
    first = await caller.http.post(path, headers=headers)
    again = await caller.http.post(path, headers=headers)
    assert (first.status_code, first.json()) == (201, again.json())


async def test_a_correction_of_what_has_changed_since_is_refused(caller: Caller) -> None:
    invoice = await billed(caller)
    path = f"{of(invoice)}/corrections"
    stale = await caller.http.post(path, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


async def test_what_can_not_be_corrected_is_refused_each_detail_with_why_d49_d79(
    caller: Caller,
) -> None:
    invoice = await billed(caller)
    first, second = (details_of(invoice)[price] for price in ("90.00", "110.00"))
    draft = await correct(caller, invoice, first)
    path = f"{of(invoice)}/corrections"
    both = {"details": [first["detail_id"], second["detail_id"]]}
    refused = await caller.call("POST", path, both, expect=409)
    assert (refused["code"], refused["rule"]) == ("in_correction", "D-49")
    assert [(e["detail_id"], e["invoice_id"]) for e in refused["errors"]] == [
        (first["detail_id"], draft["invoice_id"])
    ]
    await caller.call("POST", f"{of(draft)}/confirm")
    refused = await caller.call("POST", path, both, expect=409)
    assert refused["code"] == "detail_superseded"
    assert "INV-000002" in refused["detail"]
    assert refused["errors"][0]["invoice_id"] == draft["invoice_id"]
    rest = await correct(caller, invoice)
    await caller.call("POST", f"{of(rest)}/confirm")
    assert (await caller.call("POST", path, expect=409))["code"] == "already_corrected"
    unknown = await caller.call("POST", path, {"details": ["nobody"]}, expect=404)
    assert unknown["code"] == "detail_not_found"
    several = {"details": ["nobody", first["detail_id"]]}
    assert (await caller.call("POST", path, several, expect=409))["code"] == "details_refused"


async def test_only_a_confirmed_invoice_is_corrected_d47(caller: Caller) -> None:
    invoice = await billed(caller)
    draft = await correct(caller, invoice)
    refused = await caller.call("POST", f"{of(draft)}/corrections", expect=409)
    assert refused["code"] == "invoice_not_confirmed"
    await caller.call("POST", "/invoices/nothing/corrections", expect=404)
    await caller.call("POST", f"{of(invoice)}/corrections", {"details": []}, expect=422)


async def test_a_correction_that_changes_nothing_or_is_empty_is_not_confirmed_d74(
    caller: Caller,
) -> None:
    invoice = await billed(caller)
    draft = await correct(caller, invoice, details_of(invoice)["90.00"])
    detail = f"{of(draft)}/details/{details_of(draft)['90.00']['detail_id']}"
    await caller.call("PATCH", detail, {"quantity": "4"})
    refused = await caller.call("POST", f"{of(draft)}/confirm", expect=409)
    assert refused["code"] == "nothing_corrected"
    await caller.call("DELETE", detail)
    refused = await caller.call("POST", f"{of(draft)}/confirm", expect=409)
    assert refused["code"] == "invoice_empty"
    await correct(caller, invoice, details_of(invoice)["90.00"])


async def test_a_deleted_correction_leaves_all_as_it_was_billed_d77(caller: Caller) -> None:
    invoice = await billed(caller)
    draft = await correct(caller, invoice)
    await caller.call("DELETE", of(draft))
    rows = await caller.rows("/backlog/time-and-material", billing_status="invoice_posted")
    assert len(rows) == 2
    await caller.call("GET", of(draft), expect=404)
    assert sums(await correct(caller, invoice)) == ("-690.00", "-131.10", "-821.10")


async def test_a_part_of_a_milestone_is_credited_and_ready_again_d81(caller: Caller) -> None:
    part = (await caller.milestone("4000.00", "760.00", line_id="FP"))["parts"][0]["item_id"]
    await caller.mark([part])
    (draft,) = (await caller.draft())["invoices"]
    invoice = await caller.call("POST", f"{of(draft)}/confirm")
    correction = await correct(caller, invoice)
    (detail,) = details_of(correction).values()
    path = f"{of(correction)}/details/{detail['detail_id']}"
    edited = await caller.call("PATCH", path, {"amount": "2500"})
    assert sums(edited) == ("-1500.00", "-285.00", "-1785.00")
    await caller.call("POST", f"{of(correction)}/confirm")
    (ready,) = await caller.rows("/backlog/fixed-price", billing_status="ready")
    assert (ready["amount"], ready["tax"], ready["item_id"] != part) == ("1500.00", "285.00", True)
    (posted,) = await caller.rows("/backlog/fixed-price", billing_status="invoice_posted")
    assert (posted["amount"], posted["tax"], posted["item_id"]) == ("2500.00", "475.00", part)
    (again,) = (await caller.draft())["invoices"]
    assert again["amount"] == "1500.00"


async def test_a_discount_credited_whole_by_a_zero_keeps_no_sign_d77(caller: Caller) -> None:
    (hours,) = await caller.sales("ap-1", "90", quantity="-4")
    await caller.mark([hours])
    (draft,) = (await caller.draft())["invoices"]
    invoice = await caller.call("POST", f"{of(draft)}/confirm")
    correction = await correct(caller, invoice)
    (detail,) = details_of(correction).values()
    path = f"{of(correction)}/details/{detail['detail_id']}"
    for quantity in ("-4", "-0.000000"):
        edited = await caller.call("PATCH", path, {"quantity": quantity})
    ((detail,),) = (line["details"] for line in edited["lines"])
    assert (detail["quantity"], detail["amount"], sums(edited)[0]) == ("0", "0.00", "360.00")
    changed = [e["data"] for e in await caller.history() if e["type"].startswith("DetailsEdited")]
    assert "-0" not in str(changed)


async def test_a_milestone_credited_in_pieces_is_one_part_again_once_it_is_changed_d14_d81(
    caller: Caller,
) -> None:
    made = await caller.milestone("4000.00", "760.00", line_id="FP")
    part = made["parts"][0]["item_id"]
    await caller.mark([part])
    (draft,) = (await caller.draft())["invoices"]
    invoice = await caller.call("POST", f"{of(draft)}/confirm")
    for keeps in ("2500", None):
        correction = await correct(caller, invoice)
        (detail,) = details_of(correction).values()
        if keeps:
            path = f"{of(correction)}/details/{detail['detail_id']}"
            await caller.call("PATCH", path, {"amount": keeps})
        invoice = await caller.call("POST", f"{of(correction)}/confirm")
    rows = await caller.rows("/backlog/fixed-price", totals=True)
    assert sorted(row["amount"] for row in rows) == ["1500.00", "2500.00"]
    (piece,) = (row["item_id"] for row in rows if row["item_id"] != part)
    await caller.mark([piece], "not_ready")
    path = f"/milestones/{made['milestone_id']}"
    changed = await caller.call("PATCH", path, {"amount": "4100"})
    assert [each["item_id"] for each in changed["parts"]] == [part]
    await caller.call("GET", f"/backlog/{piece}", expect=404, after=caller.position)
    page = await caller.get("/backlog/fixed-price", totals=True)
    (row,) = page["items"]
    assert (row["item_id"], row["amount"], row["tax"]) == (part, "4100.00", "760.00")
    assert (row["billing_status"], row["milestone_status"]) == ("not_ready", "not_started")
    (total,) = page["totals"]
    assert (total["count"], total["amount"]) == (1, "4100.00")


async def test_work_by_hand_that_comes_back_has_no_approval_d68_d78(caller: Caller) -> None:
    (hours,) = await caller.sales("ap-1", "90", quantity="4")
    await caller.mark([hours])
    (draft,) = (await caller.draft())["invoices"]
    fee = {"line_id": "L-1", "class": "fee", "date": "2026-10-15", "quantity": "1"}
    await caller.call("POST", f"{of(draft)}/details", {**fee, "unit_price": "80.00"})
    invoice = await caller.call("POST", f"{of(draft)}/confirm")
    correction = await correct(caller, invoice, details_of(invoice)["80.00"])
    await caller.call("POST", f"{of(correction)}/confirm")
    (back,) = await caller.rows("/backlog/time-and-material", billing_status="not_ready")
    assert (back["amount"], back["class"], back["approval_id"]) == ("80.00", "fee", None)
    (row,) = await caller.actuals_of(back["item_id"])
    assert (row["amount"], row["approval_id"]) == ("80.00", None)


async def test_a_milestone_that_was_given_away_comes_back_at_no_charge_d81_d66(
    caller: Caller,
) -> None:
    made = await caller.milestone("4000.00", "760.00", line_id="FP")
    (item_id,) = (part["item_id"] for part in made["parts"])
    await caller.mark([item_id])
    (draft,) = (await caller.draft())["invoices"]
    path = f"/invoices/{draft['invoice_id']}/details"
    (detail,) = draft["lines"][0]["details"]
    gift = {"billing_type": "complimentary"}
    await caller.call("PATCH", f"{path}/{detail['detail_id']}", gift)
    await caller.confirm(draft["invoice_id"])
    await credited(caller, draft["invoice_id"], amount="2500.00")
    rows = await caller.rows("/backlog/fixed-price", sort="amount")
    assert [(r["amount"], r["billing_status"], r["billing_type"]) for r in rows] == [
        ("1500.00", "ready", "complimentary"),
        ("2500.00", "invoice_posted", "complimentary"),
    ]
    (again,) = (await caller.draft())["invoices"]
    assert (again["amount"], again["lines"][0]["details"][0]["billing_type"]) == (
        "0.00",
        "complimentary",
    )
