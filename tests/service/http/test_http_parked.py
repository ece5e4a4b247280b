"""Parked events over HTTP: kept until what they lack arrives, then taken in by themselves."""

from itertools import permutations

import httpx
import pytest

from tests.office import Json, contract_body, event, line_body
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"
PARKED = "/intake/parked"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller who has no contract yet."""
    return Caller(http)


def definitions(contract_id: str = "PC-1") -> tuple[Json, Json]:
    contract = {"contract_id": contract_id, **contract_body()}
    line = {"contract_id": contract_id, "line_id": "L-1", **line_body()}
    return (
        event("contract", contract, f"e-{contract_id}"),
        event("line", line, f"e-{contract_id}-L-1"),
    )


async def test_an_event_about_something_unknown_is_parked_with_what_it_lacks(
    caller: Caller,
) -> None:
    (result,) = await caller.post(approval("ap-1", event_id="e/1"))
    assert (result["outcome"], result["items"]) == ("parked", [])
    assert result["problem"]["code"] == "contract_not_found"
    (parked,) = await caller.rows(PARKED)
    assert (parked["id"], parked["contract_id"], parked["line_id"], parked["approval_id"]) == (
        "e/1",
        "PC-1",
        "L-1",
        "ap-1",
    )
    assert (parked["source"], parked["type"]) == ("urn:projects", "projects.time.approved.v1")
    assert parked["problem"] == result["problem"]
    assert parked["data"] == approval("ap-1")["data"]
    assert await caller.happened(0) == ["EventParked", "EventReceived"]
    before = caller.position
    (again,) = await caller.post(approval("ap-1", event_id="e/1"))
    assert (again["outcome"], again["items"]) == ("duplicate", [])
    assert again["problem"] == result["problem"]
    await caller.nothing_happened(before)


async def test_parked_events_resume_in_whatever_order_their_lack_arrives(
    caller: Caller,
) -> None:
    for number, order in enumerate(permutations(["approval", "contract", "line"])):
        contract, line = definitions(contract_id := f"PC-{number}")
        posted = approval(f"ap-{number}", contract_id=contract_id)
        events = {"approval": posted, "contract": contract, "line": line}
        for kind in order:
            await caller.post(events[kind])
        assert await caller.rows(PARKED) == [], order
        (row,) = await caller.rows(TM, contract_id=contract_id)
        (again,) = await caller.post(posted)
        assert (again["outcome"], again["items"]) == ("duplicate", [row["item_id"]]), order


async def test_parked_approvals_resume_when_contract_and_line_are_put(caller: Caller) -> None:
    await caller.post(*(approval(f"ap-{n}", unit_price=f"{n}0.00") for n in range(1, 4)))
    await caller.contract()
    rows = await caller.rows(PARKED)
    assert {row["problem"]["code"] for row in rows} == {"contract_line_not_found"}
    assert [row["id"] for row in rows] == ["e-ap-1", "e-ap-2", "e-ap-3"]
    await caller.line(limit="30.00")
    assert await caller.rows(PARKED) == []
    statuses = {r["approval_id"]: r["nte_status"] for r in await caller.rows(TM)}
    assert statuses == {"ap-1": "committed", "ap-2": "committed", "ap-3": "failed"}


async def test_all_in_one_batch_in_any_order_is_recorded(caller: Caller) -> None:
    contract, line = definitions()
    await caller.post(approval("ap-1"), line, approval("ap-2"), contract, approval("ap-3"))
    assert await caller.rows(PARKED) == []
    assert len(await caller.rows(TM)) == 3


async def test_what_is_refused_on_resuming_stays_parked_with_the_reason(caller: Caller) -> None:
    await caller.post(
        approval("usd", currency="USD"),
        approval("fine"),
        approval("ap-1", event_id="1"),
        approval("ap-1", event_id="2", quantity="2"),
        approval("ap-1", event_id="3"),
    )
    await caller.contract()
    await caller.line()
    parked = {row["id"]: row["problem"] for row in await caller.rows(PARKED)}
    assert set(parked) == {"e-usd", "2"}
    assert parked["e-usd"]["status"] == 422
    assert "data.currency" in parked["e-usd"]["detail"]
    assert parked["2"]["code"] == "approval_changed"
    assert len(await caller.rows(TM)) == 2


async def test_a_parked_event_on_a_fixed_price_line_ends_as_not_billable(caller: Caller) -> None:
    await caller.post(approval("ap-1"))
    await caller.contract()
    await caller.line(method="fixed_price")
    assert await caller.rows(PARKED) == []
    (again,) = await caller.post(approval("ap-1"))
    assert (again["outcome"], again["problem"]["code"]) == ("duplicate", "fixed_price_line")


async def test_a_retry_says_what_became_of_it(caller: Caller) -> None:
    await caller.post(approval("ap-1", event_id="one"), approval("ap-2", event_id="two"))
    before = caller.position
    for row in await caller.rows(PARKED):
        for identity in (row["id"], row["parked_id"]):
            result = await caller.call("POST", f"{PARKED}/{identity}/retry")
            assert (result["outcome"], result["id"]) == ("parked", row["id"])
            assert result["problem"]["code"] == "contract_not_found"
    await caller.nothing_happened(before)
    for identity in ("none", "e%2Fx", "%00"):
        await caller.call("POST", f"{PARKED}/{identity}/retry", expect=404)


async def test_a_retry_records_what_was_refused_before(caller: Caller) -> None:
    await caller.post(approval("usd", currency="USD", event_id="one"))
    await caller.contract()
    await caller.line()
    result = await caller.call("POST", f"{PARKED}/one/retry")
    assert (result["outcome"], result["problem"]["status"]) == ("parked", 422)
    assert [row["id"] for row in await caller.rows(PARKED)] == ["one"]


async def test_a_parked_event_is_dismissed_with_a_reason_and_does_not_go_on(
    caller: Caller,
) -> None:
    await caller.post(*(approval(f"ap-{n}", event_id=str(n)) for n in range(3)))
    before = caller.position
    for wrong in (None, {"reason": ""}, {"reason": None}, {"reason": "\x00"}, {"why": "x"}):
        await caller.call("DELETE", f"{PARKED}/0", wrong, expect=422)
    await caller.call("DELETE", f"{PARKED}/0", reason="", expect=422)
    await caller.call("DELETE", f"{PARKED}/0", reason="\x00", expect=422)
    await caller.nothing_happened(before)
    done = await caller.call("DELETE", f"{PARKED}/0", {"reason": "posted by mistake\x0b"})
    assert set(done) == {"position"}
    await caller.call("DELETE", f"{PARKED}/1", reason="not ours")
    events = [e for e in await caller.history() if e["position"] > before]
    assert [(e["type"], e["reason"]) for e in events] == [
        ("EventUnparked.v1", "posted by mistake"),
        ("EventUnparked.v1", "not ours"),
    ]
    await caller.call("DELETE", f"{PARKED}/0", reason="again", expect=404)
    await caller.contract()
    await caller.line()
    assert [row["approval_id"] for row in await caller.rows(TM)] == ["ap-2"]


async def test_an_event_id_of_two_sources_is_told_apart_by_the_parked_id(caller: Caller) -> None:
    await caller.post(
        approval("ap-1", event_id="x"),
        approval("ap-2", event_id="x", attributes={"source": "urn:other"}),
    )
    await caller.call("POST", f"{PARKED}/x/retry", expect=409)
    first, second = await caller.rows(PARKED)
    await caller.call("DELETE", f"{PARKED}/{first['parked_id']}", reason="twice")
    assert await caller.rows(PARKED) == [second]
