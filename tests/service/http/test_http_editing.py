"""Details of a draft over HTTP: edited, put on by hand, taken off (D-42, D-65 to D-69)."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract of A and B, a line for A, one for B, and a fixed-price line."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line()
    await caller.line("L-B", splits={"B": "100"})
    await caller.line("FP", method="fixed_price")
    return caller


async def a_draft(caller: Caller) -> Json:
    """A draft of 7.5 hours at 120 and of one hour at 95, and of a milestone of 1,000."""
    (hours,) = await caller.sales("ap-1", "120", quantity="7.5", tax="171.00")
    (other,) = await caller.sales("ap-2", "95.00")
    part = (await caller.milestone("1000.00", "190.00", line_id="FP"))["parts"][0]["item_id"]
    await caller.mark([hours, other, part])
    (invoice,) = (await caller.draft())["invoices"]
    return invoice


def details_of(invoice: Json) -> dict[str, Json]:
    """The details by their amounts."""
    return {each["amount"]: each for line in invoice["lines"] for each in line["details"]}


def path_of(invoice: Json, detail: Json | None = None) -> str:
    path = f"/invoices/{invoice['invoice_id']}/details"
    return path if detail is None else f"{path}/{detail['detail_id']}"


def by_hand(**told: Any) -> Json:
    """A fee of 80.00 with tax."""
    fee = {
        "line_id": "L-1",
        "class": "fee",
        "date": "2026-10-15",
        "quantity": "1",
        "unit_price": "80.00",
        "tax": "15.20",
        "description": "Permit",
    }
    return {**fee, **told}


def sums(invoice: Json) -> tuple[str, str, str]:
    return invoice["amount"], invoice["tax"], invoice["total"]


# --- one detail --------------------------------------------------------------------------------


async def test_a_detail_is_edited_and_the_answer_is_the_invoice_d65(caller: Caller) -> None:
    invoice = await a_draft(caller)
    assert sums(invoice) == ("1995.00", "361.00", "2356.00")
    hours = details_of(invoice)["900.00"]
    before = caller.position
    for body, amount, tax in (
        ({"quantity": "5"}, "600.00", "114.00"),
        ({"unit_price": "110"}, "550.00", "104.50"),
        ({"quantity": "7.5"}, "825.00", "156.75"),
        ({"unit_price": "120"}, "900.00", "171.00"),
        ({"tax": "100"}, "900.00", "100.00"),
    ):
        edited = await caller.call("PATCH", path_of(invoice, hours), body)
        found = details_of(edited)[amount]
        assert (found["detail_id"], found["tax"]) == (hours["detail_id"], tax)
    assert sums(edited) == ("1995.00", "290.00", "2285.00")
    assert await caller.happened(before) == ["DetailsEdited"] * 5
    shown = await caller.get(f"/invoices/{invoice['invoice_id']}")
    assert (sums(shown), shown["lines"]) == (sums(edited), edited["lines"])
    found = details_of(shown)
    assert found["900.00"]["source"] == {
        "quantity": "7.5",
        "unit_price": "120.00",
        "amount": "900.00",
        "tax": "171.00",
        "billing_type": "chargeable",
    }
    assert [found[amount]["edited"] for amount in ("900.00", "95.00")] == [True, False]


async def test_an_edit_that_changes_nothing_is_no_event_d67(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    before = caller.position
    for body in ({}, {"quantity": "7.50", "unit_price": "120.0"}, {"external_description": None}):
        same = await caller.call("PATCH", path_of(invoice, hours), body)
        assert same["lines"] == invoice["lines"]
    await caller.nothing_happened(before)


async def test_a_billing_type_takes_a_detail_out_of_the_totals_d66(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    gift = await caller.call("PATCH", path_of(invoice, hours), {"billing_type": "complimentary"})
    assert sums(gift) == ("1095.00", "190.00", "1285.00")
    found = details_of(gift)["900.00"]
    assert (found["billing_type"], found["tax"]) == ("complimentary", "171.00")


async def test_a_milestone_has_its_tax_billing_type_and_descriptions_edited_d42(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    part = details_of(invoice)["1000.00"]
    body = {"tax": "10.00", "billing_type": "non_chargeable", "description": "Piles"}
    edited = details_of(await caller.call("PATCH", path_of(invoice, part), body))["1000.00"]
    assert {name: edited[name] for name in body} == body
    for name in ("quantity", "unit_price", "amount"):
        refused = await caller.call("PATCH", path_of(invoice, part), {name: "1"}, expect=422)
        assert refused["code"] == "field_not_editable"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"quantity": "0"}, "quantity_zero", "quantity"),
        ({"quantity": "-1"}, "wrong_sign", "quantity"),
        ({"quantity": "0.1234567"}, "invalid_fields", "quantity"),
        ({"unit_price": "-1"}, "invalid_fields", "unit_price"),
        ({"tax": "-1.00"}, "tax_without_amount", "tax"),
        ({"unit_price": "0", "tax": "1.00"}, "tax_without_amount", "tax"),
        ({"tax": "0.001"}, "invalid_fields", "tax"),
        ({"amount": "900.00"}, "field_not_editable", "amount"),
        ({"quantity": "5", "date": "2026-10-01"}, "field_not_editable", "date"),
        ({"class": "fee"}, "field_not_editable", "class"),
        ({"kind": "fee"}, "field_not_editable", "kind"),
        ({"line_id": "FP"}, "field_not_editable", "line_id"),
        ({"customer_id": "B"}, "field_not_editable", "customer_id"),
        ({"item_id": None}, "field_not_editable", "item_id"),
        ({"billing_type": "not_available"}, "invalid_fields", "billing_type"),
        ({"quantity": 5}, "invalid_fields", "quantity"),
        ({"quantity": None}, "invalid_fields", "quantity"),
        ({"colour": "red"}, "invalid_fields", "colour"),
    ],
)
async def test_a_refused_edit_says_which_field_and_why_and_changes_nothing_d65_d42(
    caller: Caller, body: Json, code: str, field: str
) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    before = caller.position
    refused = await caller.call("PATCH", path_of(invoice, hours), body, expect=422)
    assert (refused["code"], refused["errors"][0]["field"]) == (code, field)
    await caller.nothing_happened(before)


async def test_what_is_not_there_is_not_found(caller: Caller) -> None:
    invoice = await a_draft(caller)
    none, unknown = {"detail_id": "none"}, {"invoice_id": "none"}
    for method, body in (("PATCH", {"quantity": "1"}), ("DELETE", None)):
        refused = await caller.call(method, path_of(invoice, none), body, expect=404)
        assert refused["code"] == "detail_not_found"
        refused = await caller.call(method, path_of(unknown, none), body, expect=404)
        assert refused["code"] == "invoice_not_found"
    await caller.call("POST", path_of(unknown), by_hand(), expect=404)
    await caller.call("PATCH", path_of(unknown), {"details": [none]}, expect=404)


# --- many details ------------------------------------------------------------------------------


async def test_many_details_are_edited_in_one_call_d65(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours, other = (details_of(invoice)[amount]["detail_id"] for amount in ("900.00", "95.00"))
    before = caller.position
    body = {
        "details": [
            {"detail_id": hours, "quantity": "5"},
            {"detail_id": other, "unit_price": "100", "description": "Visit"},
        ]
    }
    edited = await caller.call("PATCH", path_of(invoice), body)
    assert sums(edited) == ("1700.00", "304.00", "2004.00")
    assert details_of(edited)["100.00"]["description"] == "Visit"
    assert await caller.happened(before) == ["DetailsEdited"]


async def test_one_edit_that_cannot_be_refuses_all_with_an_error_per_detail_d65(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    hours, other, part = (
        details_of(invoice)[amount]["detail_id"] for amount in ("900.00", "95.00", "1000.00")
    )
    edits = [
        {"detail_id": hours, "quantity": "5"},
        {"detail_id": other, "quantity": "0"},
        {"detail_id": part, "quantity": "2"},
    ]
    before = caller.position
    refused = await caller.call("PATCH", path_of(invoice), {"details": edits}, expect=422)
    assert (refused["code"], refused["rule"]) == ("details_refused", "D-65")
    assert [(e["detail_id"], e["field"], e["code"], e["rule"]) for e in refused["errors"]] == [
        (other, "quantity", "quantity_zero", "D-65"),
        (part, "quantity", "field_not_editable", "D-42"),
    ]
    edits.append({"detail_id": "none", "quantity": "1"})
    refused = await caller.call("PATCH", path_of(invoice), {"details": edits}, expect=409)
    assert [each["code"] for each in refused["errors"]][2:] == ["detail_not_found"]
    alone = await caller.call("PATCH", path_of(invoice), {"details": edits[:2]}, expect=422)
    assert (alone["code"], len(alone["errors"])) == ("quantity_zero", 1)
    twice = {"details": [edits[0], edits[0]]}
    refused = await caller.call("PATCH", path_of(invoice), twice, expect=422)
    assert (refused["code"], refused["errors"][0]["detail_id"]) == ("invalid_fields", hours)
    bodies: list[Json] = [{}, {"details": []}, {"details": [{"quantity": "1"}]}]
    for body in bodies:
        await caller.call("PATCH", path_of(invoice), body, expect=422)
    await caller.nothing_happened(before)


async def test_ten_thousand_details_are_edited_in_one_call_all_of_their_fields(
    caller: Caller,
) -> None:
    """The body may be as large as that needs; here are as many edits of details there are not."""
    invoice = await a_draft(caller)
    edit = {
        "quantity": "123456.123456",
        "unit_price": "1234.123456",
        "tax": "123456.12",
        "billing_type": "non_chargeable",
        "description": "Work on the northern quay wall",
        "external_description": "Quay wall",
    }
    edits = [{"detail_id": f"{n:032}", **edit} for n in range(10_000)]
    refused = await caller.call("PATCH", path_of(invoice), {"details": edits}, expect=404)
    assert (refused["code"], len(refused["errors"])) == ("detail_not_found", 1_000)
    edits.append(edits[0])
    refused = await caller.call("PATCH", path_of(invoice), {"details": edits}, expect=422)
    assert refused["errors"][0]["field"] == "details"


# --- by hand -----------------------------------------------------------------------------------


async def test_a_detail_is_put_on_by_hand_and_no_item_is_behind_it_d68(caller: Caller) -> None:
    invoice = await a_draft(caller)
    before = caller.position
    added = await caller.call("POST", path_of(invoice), by_hand(external_description="Fee"))
    fee = details_of(added)["80.00"]
    assert (fee["item_id"], fee["kind"], fee["tax"], fee["description"]) == (
        None,
        "fee",
        "15.20",
        "Permit",
    )
    assert sums(added) == ("2075.00", "376.20", "2451.20")
    assert await caller.happened(before) == ["DetailsAdded"]
    edited = await caller.call("PATCH", path_of(invoice, fee), {"quantity": "2"})
    assert details_of(edited)["160.00"]["tax"] == "30.40"
    gone = await caller.call("DELETE", path_of(invoice, fee))
    assert sums(gone) == sums(invoice)


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"line_id": "L-B"}, 409, "customer_not_on_line"),
        ({"line_id": "none"}, 422, "invalid_fields"),
        ({"class": "time", "quantity": "-1", "tax": "0.00"}, 422, "negative_quantity"),
        ({"quantity": "0", "tax": "0.00"}, 422, "quantity_zero"),
        ({"unit_price": "-1"}, 422, "invalid_fields"),
        ({"unit_price": "0"}, 422, "tax_without_amount"),
        ({"tax": "-1.00"}, 422, "tax_without_amount"),
        ({"unit_price": "999999999999", "quantity": "999999999999"}, 422, "invalid_fields"),
        ({"billing_type": "not_available"}, 422, "invalid_fields"),
        ({"class": "milestone"}, 422, "invalid_fields"),
        ({"transaction_class": "fee"}, 422, "invalid_fields"),
        ({"amount": "80.00"}, 422, "invalid_fields"),
    ],
)
async def test_what_is_refused_by_hand_has_its_code_and_changes_nothing_d68(
    caller: Caller, told: Json, status: int, code: str
) -> None:
    invoice = await a_draft(caller)
    before = caller.position
    refused = await caller.call("POST", path_of(invoice), by_hand(**told), expect=status)
    assert refused["code"] == code
    await caller.nothing_happened(before)


async def test_a_class_that_the_line_does_not_include_is_refused_by_hand_d68(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    await caller.line(includes=["time"], expect=200)
    refused = await caller.call("POST", path_of(invoice), by_hand(), expect=409)
    assert (refused["code"], refused["rule"]) == ("class_not_included", "D-68")
    await caller.call("POST", path_of(invoice), by_hand(line_id="FP"))


async def test_the_same_key_puts_a_detail_there_once_d68(caller: Caller) -> None:
    invoice = await a_draft(caller)
    path, headers = path_of(invoice), {"Idempotency-Key": "fee 1"}
    first = await caller.call("POST", path, by_hand(), headers=headers)
    assert await caller.call("POST", path, by_hand(), headers=headers) == first
    await caller.call("POST", path, by_hand(tax="1.00"), headers=headers, expect=409)
    assert sums(first) == ("2075.00", "376.20", "2451.20")
    again = await caller.call("POST", path, by_hand(), headers={"Idempotency-Key": "fee 2"})
    assert again["amount"] == "2155.00"


async def test_details_by_hand_are_booked_without_an_item_on_lines_the_draft_had_not_d68_d45(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    await caller.mark([item])
    (invoice,) = (await caller.draft())["invoices"]
    await caller.line("L-2")
    for line_id in ("L-2", "FP"):
        await caller.call("POST", path_of(invoice), by_hand(line_id=line_id))
    await caller.call("DELETE", path_of(invoice, details_of(invoice)["10.00"]))
    confirmed = await caller.confirm(invoice["invoice_id"])
    assert sums(confirmed) == ("160.00", "30.40", "190.40")
    rows = await caller.rows("/actuals", invoice_id=invoice["invoice_id"])
    assert sorted(
        (r["line_id"], r["type"], r["quantity"], r["amount"], r["tax"]) for r in rows
    ) == [
        ("FP", "billed_sales", "1", "80.00", "15.20"),
        ("L-2", "billed_sales", "1", "80.00", "15.20"),
        ("L-2", "unbilled_sales", "-1", "-80.00", "-15.20"),
        ("L-2", "unbilled_sales", "1", "80.00", "15.20"),
    ]
    assert {row["item_id"] for row in rows} == {None}


# --- taken off ---------------------------------------------------------------------------------


async def test_a_removed_detail_s_item_is_ready_or_not_ready_as_told_d69(caller: Caller) -> None:
    invoice = await a_draft(caller)
    found = details_of(invoice)
    before = caller.position
    left = await caller.call("DELETE", path_of(invoice, found["95.00"]))
    assert sums(left) == ("1900.00", "361.00", "2261.00")
    assert await caller.happened(before) == ["DetailsRemoved", "ItemsReleased"]
    row = await caller.item(found["95.00"]["item_id"])
    assert (row["billing_status"], row["invoice_id"]) == ("ready", None)
    before = caller.position
    await caller.call("DELETE", path_of(invoice, found["900.00"]), status="not_ready")
    assert await caller.happened(before) == ["DetailsRemoved", "ItemsReleased", "MarkedNotReady"]
    row = await caller.item(found["900.00"]["item_id"])
    assert (row["billing_status"], row["invoice_id"]) == ("not_ready", None)
    empty = await caller.call("DELETE", path_of(invoice, found["1000.00"]), status="ready")
    assert (sums(empty), empty["lines"]) == (("0.00", "0.00", "0.00"), [])
    await caller.call("DELETE", path_of(invoice, found["1000.00"]), expect=404)
    await caller.call("DELETE", path_of(invoice, found["95.00"]), status="gone", expect=422)
    (again,) = (await caller.draft())["invoices"]
    assert again["amount"] == "1095.00"


async def test_a_deleted_draft_leaves_nothing_of_its_details_behind_d69(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    await caller.call("POST", path_of(invoice), by_hand())
    await caller.call("PATCH", path_of(invoice, hours), {"quantity": "5"})
    await caller.call("DELETE", f"/invoices/{invoice['invoice_id']}")
    for method, body in (("PATCH", {"quantity": "1"}), ("DELETE", None)):
        refused = await caller.call(method, path_of(invoice, hours), body, expect=404)
        assert refused["code"] == "invoice_not_found"
    assert await caller.rows("/invoices", details=True) == []
    (again,) = (await caller.draft())["invoices"]
    assert sums(again) == sums(invoice)


async def test_a_confirmed_invoice_s_details_stay_as_they_are_d44_d69(caller: Caller) -> None:
    """Those of milestones, too."""
    invoice = await a_draft(caller)
    confirmed = await caller.confirm(invoice["invoice_id"])
    before = caller.position
    for detail in details_of(invoice).values():
        for method, body in (("PATCH", {"description": "New"}), ("DELETE", None)):
            refused = await caller.call(method, path_of(invoice, detail), body, expect=409)
            assert refused["code"] == "invoice_confirmed"
        edits = {"details": [{"detail_id": detail["detail_id"], "tax": "0.00"}]}
        refused = await caller.call("PATCH", path_of(invoice), edits, expect=409)
        assert refused["code"] == "invoice_confirmed"
    await caller.call("POST", path_of(invoice), by_hand(), expect=409)
    await caller.nothing_happened(before)
    shown = await caller.get(f"/invoices/{invoice['invoice_id']}")
    assert sums(shown) == sums(confirmed)


# --- corrective drafts -------------------------------------------------------------------------


async def test_a_corrective_draft_is_worked_on_within_what_was_billed_d77_d81_d69(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    await caller.confirm(invoice["invoice_id"])
    draft = await caller.call("POST", f"/invoices/{invoice['invoice_id']}/corrections", expect=201)
    details = {
        detail["unit_price"]: detail for line in draft["lines"] for detail in line["details"]
    }
    hours, part = details["120.00"], details["1000.00"]
    before = caller.position
    for detail, body, status, code in (
        (hours, {"billing_type": "complimentary"}, 409, "billing_type_locked"),
        (hours, {"quantity": "-1"}, 422, "wrong_sign"),
        (hours, {"tax": "1.00"}, 422, "tax_without_amount"),
        (part, {"amount": "1000.01"}, 422, "exceeds_original"),
        (part, {"quantity": "1"}, 422, "field_not_editable"),
    ):
        refused = await caller.call("PATCH", path_of(draft, detail), body, expect=status)
        assert (refused["code"], refused["errors"][0]["detail_id"]) == (code, detail["detail_id"])
    refused = await caller.call("POST", path_of(draft), by_hand(), expect=409)
    assert refused["code"] == "corrective_draft"
    await caller.nothing_happened(before)
    edits = [
        {"detail_id": hours["detail_id"], "quantity": "5"},
        {"detail_id": part["detail_id"], "amount": "400.00"},
    ]
    edited = await caller.call("PATCH", path_of(draft), {"details": edits})
    assert sums(edited) == ("-995.00", "-171.00", "-1166.00")
    before = caller.position
    left = await caller.call("DELETE", path_of(draft, details["95.00"]), status="not_ready")
    assert sums(left) == ("-900.00", "-171.00", "-1071.00")
    assert await caller.happened(before) == ["DetailsRemoved", "CorrectionWithdrawn"]
    for detail in details_of(invoice).values():
        assert (await caller.item(detail["item_id"]))["billing_status"] == "invoice_posted"


# --- versions, and answers without details -----------------------------------------------------


async def test_commands_on_details_give_and_honour_the_version_of_the_invoice(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    hours, other = (details_of(invoice)[amount] for amount in ("900.00", "95.00"))
    await caller.get(f"/invoices/{invoice['invoice_id']}")
    stale = {"If-Match": caller.last.headers["etag"]}
    commands: list[tuple[str, str, Any]] = [
        ("PATCH", path_of(invoice, hours), {"quantity": "5"}),
        (
            "PATCH",
            path_of(invoice),
            {"details": [{"detail_id": hours["detail_id"], "quantity": "6"}]},
        ),
        ("POST", path_of(invoice), by_hand()),
        ("DELETE", path_of(invoice, other), None),
    ]
    current = stale
    for method, path, body in commands:
        await caller.call(method, path, body, headers=current)
        before = caller.position
        current = {"If-Match": caller.last.headers["etag"]}
        refused = await caller.call(method, path, body, headers=stale, expect=412)
        assert refused["code"] == "stale_version"
        await caller.nothing_happened(before)
    await caller.get(f"/invoices/{invoice['invoice_id']}")
    assert caller.last.headers["etag"] == current["If-Match"]


async def test_answers_are_without_details_if_asked_to_be(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    edit = {"details": [{"detail_id": hours["detail_id"], "quantity": "6"}]}
    commands: list[tuple[str, str, Any]] = [
        ("PATCH", path_of(invoice, hours), {"quantity": "5"}),
        ("PATCH", path_of(invoice), edit),
        ("POST", path_of(invoice), by_hand()),
        ("DELETE", path_of(invoice, hours), None),
    ]
    for method, path, body in commands:
        answer = await caller.call(method, path, body, details=False)
        assert answer["lines"]
        assert all("details" not in line for line in answer["lines"])


# --- at once -----------------------------------------------------------------------------------


async def test_edits_of_a_draft_at_once_all_land_d65(caller: Caller) -> None:
    invoice = await a_draft(caller)
    found = details_of(invoice)
    edits = [
        (found["900.00"], {"quantity": "5"}),
        (found["95.00"], {"unit_price": "100"}),
        (found["1000.00"], {"tax": "10.00"}),
        (found["900.00"], {"description": "Hours"}),
    ]
    requests = [
        caller.http.patch(path_of(invoice, detail), json=body) for detail, body in edits
    ] + [caller.http.post(path_of(invoice), json=by_hand()) for _ in range(4)]
    answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [200] * 8
    shown = await caller.call("PATCH", path_of(invoice, found["900.00"]), {})
    assert sums(shown) == ("2020.00", "184.80", "2204.80")
    assert details_of(shown)["600.00"]["description"] == "Hours"


async def test_edits_at_once_on_one_version_land_once_d65(caller: Caller) -> None:
    invoice = await a_draft(caller)
    hours = details_of(invoice)["900.00"]
    await caller.get(f"/invoices/{invoice['invoice_id']}")
    seen = {"If-Match": caller.last.headers["etag"]}
    path = path_of(invoice, hours)
    answers = await asyncio.gather(
        *(caller.http.patch(path, json={"quantity": f"{n}"}, headers=seen) for n in range(1, 7))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    (landed,) = (answer.json() for answer in answers if answer.status_code == 200)
    shown = await caller.call("PATCH", path, {})
    assert shown["lines"] == landed["lines"]


async def test_what_comes_with_a_confirmation_at_once_is_billed_or_refused_d44_d69(
    caller: Caller,
) -> None:
    """An edit, a removal, a detail by hand: it is on the confirmed invoice, or changed nothing."""
    for n in range(6):
        (item,) = await caller.sales(f"race-{n}-a", "100.00")
        (other,) = await caller.sales(f"race-{n}-b", "10.00")
        await caller.mark([item, other])
        (invoice,) = (await caller.draft(items=[item, other]))["invoices"]
        found = details_of(invoice)
        requests = [
            caller.http.patch(path_of(invoice, found["100.00"]), json={"quantity": "2"}),
            caller.http.post(path_of(invoice), json=by_hand(tax="0.00")),
            caller.http.request("DELETE", path_of(invoice, found["10.00"])),
        ]
        at = n % 4
        confirmation = caller.http.post(f"/invoices/{invoice['invoice_id']}/confirm", json={})
        answers = await asyncio.gather(*requests[:at], confirmation, *requests[at:])
        confirmed = answers.pop(at)
        assert confirmed.status_code == 200, confirmed.text
        assert {answer.status_code for answer in answers} <= {200, 409}
        expected = 110
        for answer, change in zip(answers, (100, 80, -10), strict=True):
            if answer.status_code == 200:
                expected += change
            else:
                assert answer.json()["code"] == "invoice_confirmed"
        caller.position = max(a.json().get("position", 0) for a in [confirmed, *answers])
        assert confirmed.json()["amount"] == f"{expected}.00"
        status = (await caller.item(other))["billing_status"]
        assert status == ("ready" if answers[2].status_code == 200 else "invoice_posted")


@pytest.mark.parametrize("wrong", ["free", 5, "not_available"])
async def test_a_wrong_billing_type_is_told_which_values_are_right(
    caller: Caller, wrong: object
) -> None:
    invoice = await a_draft(caller)
    detail = details_of(invoice)["900.00"]
    told = {
        (await caller.call(method, path, body, expect=422))["errors"][0]["detail"]
        for method, path, body in (
            ("POST", path_of(invoice), by_hand(billing_type=wrong)),
            ("PATCH", path_of(invoice, detail), {"billing_type": wrong}),
        )
    }
    assert told == {"Input should be 'chargeable', 'non_chargeable' or 'complimentary'"}


async def test_a_detail_by_hand_is_booked_by_the_method_that_its_invoice_shows_d45(
    caller: Caller,
) -> None:
    invoice = await a_draft(caller)
    await caller.line("L-2")
    await caller.call("POST", path_of(invoice), by_hand(line_id="L-2"))
    await caller.line("L-2", method="fixed_price", expect=200)
    await caller.confirm(invoice["invoice_id"])
    rows = await caller.rows("/actuals", line_id="L-2")
    assert [(row["type"], row["quantity"]) for row in rows] == [
        ("unbilled_sales", "1"),
        ("unbilled_sales", "-1"),
        ("billed_sales", "1"),
    ]
