"""What waits about an approval goes on in its order, and only what may (D-82 to D-84)."""

import asyncio
import threading

import httpx
import pytest

from service.handlers.intake import parked
from service.tenants.tenant import Tenant
from tests.service.http_caller import Caller
from tests.service.recalling import backlog, correct, eight_hours, owed, recall

PARKED = "/intake/parked"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract that A pays alone."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def drafted(caller: Caller) -> str:
    """Eight hours on a draft."""
    (recorded,) = await caller.post(eight_hours())
    await caller.mark(recorded["items"])
    (invoice,) = (await caller.draft())["invoices"]
    return invoice["invoice_id"]


async def codes(caller: Caller) -> list[str]:
    return [row["problem"]["code"] for row in await caller.rows(PARKED)]


async def test_what_was_refused_at_its_turn_does_not_act_on_new_work_d82_d84(
    caller: Caller,
) -> None:
    draft = await drafted(caller)
    await caller.post(recall(), correct(quantity="2"))
    await caller.call("DELETE", f"/invoices/{draft}")
    assert await codes(caller) == ["approval_canceled"]
    (again,) = await caller.post(eight_hours(quantity="7", event_id="again"))
    assert again["outcome"] == "recorded"
    assert await backlog(caller) == [("A", "7", "665.00", "not_ready")]
    assert await codes(caller) == ["approval_canceled"]


async def test_what_was_refused_at_its_turn_does_not_act_after_a_restart_d82(
    caller: Caller, tenant: Tenant
) -> None:
    await caller.confirm(await drafted_and_recalled(caller))
    assert await codes(caller) == ["approval_canceled"]
    (obligation,) = await caller.rows("/intake/obligations")
    path = f"/intake/obligations/{obligation['obligation_id']}/waive"
    await caller.call("POST", path, {"reason": "fine"})
    before = tenant.ledger.position()
    parked.recover(tenant)
    for n in range(3):  # what it puts in the background is done before what is put there later
        done = threading.Event()
        tenant.background.put(f"mark {n}", lambda done=done: done.set() or True)
        assert await asyncio.to_thread(done.wait, 30)
    assert tenant.ledger.position() == before
    assert await owed(caller) == [("waived", "8", "760.00")]


async def drafted_and_recalled(caller: Caller) -> str:
    draft = await drafted(caller)
    await caller.post(recall(), correct(quantity="2"))
    return draft


@pytest.mark.parametrize("settled", ["dismissed", "line defined"])
async def test_what_waits_behind_an_event_goes_on_with_it_of_billed_work_too_d82(
    caller: Caller, settled: str
) -> None:
    await caller.confirm(await drafted(caller))
    (first, *others) = await caller.post(
        correct(line_id="L-9"), correct(event_id="c-2", quantity="6"), recall()
    )
    assert first["problem"]["code"] == "contract_line_not_found"
    assert [other["outcome"] for other in others] == ["parked", "parked"]
    if settled == "dismissed":
        await caller.call("DELETE", f"{PARKED}/c-ap-1", {"reason": "no such line"})
        assert await caller.rows(PARKED) == []
        assert await owed(caller) == [("open", "8", "760.00")]
    else:
        await caller.line("L-9")
        assert "item_on_draft" not in await codes(caller)


async def test_a_retry_lets_what_waits_behind_it_go_on_d82(caller: Caller) -> None:
    await caller.confirm(await drafted(caller))
    await caller.post(correct(line_id="L-9"), correct(event_id="c-2", quantity="6"), recall())
    await caller.call("DELETE", f"{PARKED}/c-ap-1", {"reason": "no such line"})
    assert await caller.rows(PARKED) == []
