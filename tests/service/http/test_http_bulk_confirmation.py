"""Many invoices confirmed by one job over HTTP (D-97)."""

import httpx
import pytest

from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line of time and material."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def drafts(caller: Caller, *amounts: str) -> list[str]:
    """A draft of each of these amounts, in this order."""
    made: list[str] = []
    for number, amount in enumerate(amounts):
        (item,) = await caller.sales(f"ap-{number}", amount)
        await caller.mark([item])
        (invoice,) = (await caller.draft())["invoices"]
        made.append(invoice["invoice_id"])
    return made


async def test_each_invoice_is_confirmed_by_itself_and_one_failure_stops_nothing_d97(
    caller: Caller,
) -> None:
    ids = await drafts(caller, "500.00", "450.00", "400.00")
    await caller.contract(limit="900.00", expect=200)
    body = {"invoice_ids": [*ids, ids[0]]}
    asked = await caller.call("POST", "/invoices/confirm", body, expect=202)
    assert caller.last.headers["Location"] == f"/v1/jobs/{asked['job_id']}"
    assert (asked["kind"], asked["status"], asked["total"]) == ("confirm_invoices", "scheduled", 3)
    assert asked["request"] == {"invoice_ids": ids}
    assert [of["invoice_id"] for of in asked["results"]] == ids
    job = await caller.over(asked["job_id"])
    assert (job["status"], job["done"]) == ("complete", 3)
    first, failed, last = job["results"]
    assert [of["status"] for of in job["results"]] == ["complete", "failed", "complete"]
    assert (failed["number"], failed["problem"]["code"]) == (None, "limit_exceeded")
    assert failed["problem"]["rule"] == "D-35"
    assert "by 50.00" in failed["problem"]["detail"]
    (error,) = failed["problem"]["errors"]
    assert (error["level"], error["limit"], error["used"], error["shortfall"]) == (
        "contract",
        "900.00",
        "500.00",
        "50.00",
    )
    numbers = [(await caller.get(f"/invoices/{invoice_id}"))["number"] for invoice_id in ids]
    assert [first["number"], failed["number"], last["number"]] == numbers
    levels = await caller.limits()
    assert levels["contract", None]["invoiced"] == "900.00"


async def test_what_was_confirmed_before_is_complete_with_its_number_and_404_a_failure_d97(
    caller: Caller,
) -> None:
    one, two = await drafts(caller, "1.00", "2.00")
    number = (await caller.confirm(one))["number"]
    body = {"invoice_ids": ["none", one, two]}
    asked = await caller.call("POST", "/invoices/confirm", body, expect=202)
    unknown, before, now = (await caller.over(asked["job_id"]))["results"]
    assert (unknown["status"], unknown["problem"]["code"]) == ("failed", "invoice_not_found")
    assert unknown["problem"]["status"] == 404
    assert (before["status"], before["number"], before["changed_count"]) == ("complete", number, 0)
    assert (now["status"], now["changed_count"], now["problem"]) == ("complete", 1, None)
    assert (await caller.get(f"/invoices/{two}"))["accounting_date"] == "2026-11-02"
    confirmed = await caller.history(type="InvoiceConfirmed", invoice_id=two)
    assert [event["causation_id"] for event in confirmed] == [asked["job_id"]]


async def test_a_job_that_confirms_names_1_to_1000_invoices_d97(caller: Caller) -> None:
    for ids in ([], [f"{n}" for n in range(1001)], [1], None):
        body = {"invoice_ids": ids}
        await caller.call("POST", "/invoices/confirm", body, expect=422)
    key = {"Idempotency-Key": "confirm"}
    body = {"invoice_ids": [f"{n}" for n in range(1000)]}
    first = await caller.call("POST", "/invoices/confirm", body, expect=202, headers=key)
    again = await caller.call("POST", "/invoices/confirm", body, expect=202, headers=key)
    assert (again["job_id"], first["total"]) == (first["job_id"], 1000)
    job = await caller.over(first["job_id"])
    assert (job["status"], {of["status"] for of in job["results"]}) == ("failed", {"failed"})


async def test_all_are_booked_on_the_day_that_is_asked_for_and_one_that_can_t_be_is_said_d44(
    caller: Caller,
) -> None:
    ids = await drafts(caller, "1.00", "2.00")
    body = {"invoice_ids": ids, "accounting_date": "2026-10-31"}
    too_late = {**body, "accounting_date": "2036-10-31"}
    asked = await caller.call("POST", "/invoices/confirm", too_late, expect=202)
    refused = (await caller.over(asked["job_id"]))["results"]
    assert [of["status"] for of in refused] == ["failed", "failed"]
    assert refused[0]["problem"]["rule"] == "D-44"
    assert "366 days" in refused[0]["problem"]["detail"]
    asked = await caller.call("POST", "/invoices/confirm", body, expect=202)
    assert asked["request"] == {"invoice_ids": ids, "accounting_date": "2026-10-31"}
    assert (await caller.over(asked["job_id"]))["status"] == "complete"
    dates = {(await caller.get(f"/invoices/{each}"))["accounting_date"] for each in ids}
    assert dates == {"2026-10-31"}
    await caller.call("POST", "/invoices/confirm", {**body, "accounting_date": "x"}, expect=422)
