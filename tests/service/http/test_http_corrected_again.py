"""Entries that were corrected, and are recalled or corrected again (D-23, D-82 to D-85)."""

import httpx
import pytest

from tests.service.http_caller import Caller
from tests.service.recalling import backlog, correct, credited, eight_hours, owed, recall

TM = "/backlog/time-and-material"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract that A pays alone, limited to 1,000."""
    caller = Caller(http)
    await caller.contract(limit="1000.00")
    await caller.line()
    return caller


async def on_a_draft(caller: Caller) -> str:
    """The entry on a draft, which waits for nothing."""
    (recorded,) = await caller.post(eight_hours())
    await caller.mark(recorded["items"])
    (draft,) = (await caller.draft())["invoices"]
    return str(draft["invoice_id"])


async def test_a_correction_and_a_recall_that_wait_for_a_draft_go_on_as_it_is_confirmed_d23_d82(
    caller: Caller,
) -> None:
    invoice_id = await on_a_draft(caller)
    waiting = await caller.post(correct(quantity="6"), recall())
    assert [each["outcome"] for each in waiting] == ["parked", "parked"]
    await caller.confirm(invoice_id)
    assert await caller.rows("/intake/parked") == []
    (row,) = await caller.rows("/intake/obligations")
    assert (row["cause"], row["status"], row["amount"]) == ("recall", "open", "760.00")


async def test_two_corrections_that_wait_for_a_draft_go_on_as_it_is_confirmed_d24_d82(
    caller: Caller,
) -> None:
    invoice_id = await on_a_draft(caller)
    await caller.post(correct(quantity="6"), correct(event_id="c-2", quantity="5"))
    await caller.confirm(invoice_id)
    assert await caller.rows("/intake/parked") == []
    assert await owed(caller) == [("open", "8", "760.00")]
    await credited(caller, invoice_id)
    assert await backlog(caller) == [("A", "5", "475.00", "not_ready")]


async def test_what_an_invoice_keeps_of_a_corrected_entry_is_owed_when_it_is_recalled_d83_d84(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await caller.post(correct(quantity="6"))
    kept = await credited(caller, invoice["invoice_id"], quantity="6")
    (result,) = await caller.post(recall())
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    assert await owed(caller) == [("open", "6", "570.00")]
    (early,) = await caller.post(eight_hours(event_id="e-2", quantity="6", tax="108.30"))
    assert (early["outcome"], early["problem"]["code"]) == ("refused", "approval_changed")
    await credited(caller, kept["invoice_id"])
    assert await owed(caller) == [("closed", "0", "0.00")]
    assert await backlog(caller) == []
    (again,) = await caller.post(eight_hours(event_id="e-3", quantity="6", tax="108.30"))
    assert again["outcome"] == "recorded"
    assert await backlog(caller) == [("A", "6", "570.00", "not_ready")]


async def test_work_that_was_billed_and_credited_again_and_again_is_recalled_d83(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    for _ in range(4):
        await credited(caller, invoice["invoice_id"])
        (row,) = await caller.rows(TM, billing_status="not_ready")
        invoice = await caller.billed(row["item_id"])
    (result,) = await caller.post(recall())
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    assert await owed(caller) == [("open", "8", "760.00")]


async def test_what_was_waived_of_a_corrected_entry_is_owed_when_it_is_recalled_d83(
    caller: Caller,
) -> None:
    (recorded,) = await caller.post(eight_hours())
    invoice = await caller.billed(*recorded["items"])
    await caller.post(correct(quantity="6"))
    (row,) = await caller.rows("/intake/obligations")
    path = f"/intake/obligations/{row['obligation_id']}/waive"
    await caller.call("POST", path, {"reason": "fine"})
    assert await owed(caller) == [("waived", "8", "760.00")]
    (result,) = await caller.post(correct(event_id="c-2", quantity="7"))
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    (result,) = await caller.post(recall())
    assert (result["outcome"], result["problem"]["code"]) == ("recorded", "correction_required")
    assert await owed(caller) == [("open", "8", "760.00")]
    await credited(caller, invoice["invoice_id"])
    assert await backlog(caller) == []
