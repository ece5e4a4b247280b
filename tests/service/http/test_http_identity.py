"""Which event and which approval is which: told by ids and content, in the whole tenant (D-20)."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from aggregates import streams
from service.handlers.intake import receiving
from service.importing.importing import import_events
from service.tenants.tenant import Tenant
from tests.office import (
    SOURCE,
    STRUCTURED,
    Json,
    approval_event,
    contract_body,
    contract_event,
    event,
    line_body,
    line_event,
)
from tests.service import office
from tests.service.http_caller import Caller, approval, problem

TM = "/backlog/time-and-material"
PARKED = "/intake/parked"
OTHER: Json = {"attributes": {"source": "urn:other"}}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with two contracts, of which the first has two lines."""
    caller = Caller(http)
    for contract_id, line_id in (("PC-1", "L-1"), ("PC-1", "L-2"), ("PC-2", "L-1")):
        if line_id == "L-1":
            await caller.contract(contract_id)
        await caller.line(line_id, contract_id=contract_id)
    return caller


async def alone(caller: Caller, posted: Json | str, status: int = 200) -> Json:
    """The answer to a single event."""
    content = posted if isinstance(posted, str) else json.dumps(posted)
    headers = {"content-type": STRUCTURED}
    response = await caller.http.post("/events", content=content, headers=headers)
    assert response.status_code == status, response.text
    caller.position = max(caller.position, response.json()["position"])
    return response.json() if status == 200 else problem(response)


# --- events --------------------------------------------------------------------------------------


async def test_an_event_id_with_other_content_is_refused_alone_and_in_a_batch_d20(
    caller: Caller,
) -> None:
    first = await alone(caller, approval("a", event_id="e"))
    before = first["position"]
    others = [
        approval("b", event_id="e"),
        approval("a", event_id="e", quantity="2"),
        approval("a", event_id="e", kind="fee"),
        approval("a", event_id="e", line_id="L-2"),
        approval("a", event_id="e", contract_id="PC-2"),
        approval("a", event_id="e", contract_id="unknown"),
        event("contract", {"contract_id": "PC-1", **contract_body()}, "e"),
    ]
    for other in others:
        refused = await alone(caller, other, 409)
        assert (refused["code"], refused["id"], refused["outcome"], refused["items"]) == (
            "event_changed",
            "e",
            "refused",
            [],
        )
    results = await caller.post(*others, approval("a", event_id="e"))
    assert [r["outcome"] for r in results] == [*["refused"] * len(others), "duplicate"]
    assert {r["problem"]["code"] for r in results[:-1]} == {"event_changed"}
    assert results[-1]["items"] == first["items"]
    await caller.nothing_happened(before)
    (recorded,) = await caller.post(approval("b", event_id="e", **OTHER))
    assert recorded["outcome"] == "recorded"


async def test_an_event_id_comes_twice_within_a_batch_d20(caller: Caller) -> None:
    contract: Json = {"contract_id": "PC-3", **contract_body()}
    results = await caller.post(
        approval("a", event_id="1"),
        approval("b", event_id="1"),
        approval("c", event_id="2", contract_id="unknown"),
        approval("d", event_id="2", contract_id="unknown"),
        event("contract", contract, "3"),
        event("contract", {**contract, "name": "Other"}, "3"),
        approval("e", event_id="4"),
        approval("e", event_id="4", contract_id="PC-2"),
    )
    codes = [(r["outcome"], r["problem"]["code"] if r["problem"] else None) for r in results]
    changed = ("refused", "event_changed")
    assert codes == [
        ("recorded", None),
        changed,
        ("parked", "contract_not_found"),
        changed,
        ("recorded", None),
        changed,
        ("recorded", None),
        changed,
    ]


async def test_a_parked_event_with_other_content_is_refused_before_and_after_it_went_on_d20(
    caller: Caller,
) -> None:
    posted = approval("a", event_id="e", contract_id="PC-9")
    changed = approval("a", event_id="e", contract_id="PC-9", quantity="2")
    assert (await alone(caller, posted))["outcome"] == "parked"
    assert (await alone(caller, posted))["outcome"] == "duplicate"
    assert (await alone(caller, changed, 409))["code"] == "event_changed"
    await caller.contract("PC-9")
    await caller.line(contract_id="PC-9")
    assert (await alone(caller, posted))["outcome"] == "duplicate"
    assert (await alone(caller, changed, 409))["code"] == "event_changed"
    (row,) = await caller.rows(TM)
    assert row["quantity"] == "1"


async def test_formatting_and_what_is_ignored_make_no_other_event_d20(caller: Caller) -> None:
    posted = approval("a", event_id="e", description="Zoë")
    first = await alone(caller, posted)
    turned = {**posted, "data": dict(reversed(posted["data"].items()))}
    for same in (
        json.dumps(posted, indent=4),
        json.dumps(turned, ensure_ascii=False),
        json.dumps(posted).replace("Zo", "\\u005ao"),
        json.dumps({**posted, "time": "2026-10-10T10:00:00Z", "traceparent": "00"}),
        json.dumps({**posted, "data": {**posted["data"], "new": {"field": 1.5}}}),
    ):
        again = await alone(caller, same)
        assert (again["outcome"], again["items"]) == ("duplicate", first["items"])
    said = posted["data"]
    for alike in (
        {"quantity": f"{said['quantity']}.0", "unit_price": f"{said['unit_price']}0"},
        {"tax": "0.00", "category": None, "billing_type": "chargeable"},
        {"description": "Zo\x0bë"},
    ):
        again = await alone(caller, {**posted, "data": {**said, **alike}})
        assert (again["outcome"], again["items"]) == ("duplicate", first["items"]), alike
        other = {**posted, "id": f"other {alike}", "data": {**said, **alike}}
        again = await alone(caller, other)
        assert (again["outcome"], again["items"]) == ("duplicate", first["items"]), alike
    again = await alone(caller, approval("a", event_id="other", description="Zoë", new=1))
    assert (again["outcome"], again["items"]) == ("duplicate", first["items"])


def test_an_import_refuses_an_event_id_with_other_content_d20(
    tenant: Tenant, tmp_path: Path
) -> None:
    office.post(tenant, contract_event(), line_event())
    lines = [
        approval_event("A1", event_id="e"),
        approval_event("A2", event_id="e"),
        approval_event("A1", event_id="e"),
    ]
    file = office.write_ndjson(tmp_path / "events.ndjson", lines)
    imported = import_events(tenant, file, office.CONTEXT)
    assert imported.outcomes == {"recorded": 1, "refused": 1, "duplicate": 1}
    assert [number for number, _ in imported.refused] == [2]


# --- approvals -----------------------------------------------------------------------------------


async def test_an_approval_is_known_in_the_whole_tenant_by_its_source_and_id_d20(
    caller: Caller,
) -> None:
    first = await alone(caller, approval("a", event_id="1"))
    before = first["position"]
    again = await alone(caller, approval("a", event_id="2"))
    assert (again["outcome"], again["items"]) == ("duplicate", first["items"])
    for number, changed in enumerate(
        (
            {"quantity": "2"},
            {"line_id": "L-2"},
            {"contract_id": "PC-2"},
            {"contract_id": "PC-2", "quantity": "2"},
            {"kind": "fee"},
        )
    ):
        refused = await alone(caller, approval("a", event_id=f"3-{number}", **changed), 409)
        assert refused["code"] == "approval_changed", changed
        (result,) = await caller.post(approval("a", event_id=f"4-{number}", **changed))
        assert result["problem"]["code"] == "approval_changed"
    await caller.nothing_happened(before + 1)
    assert len(await caller.rows(TM)) == 1


async def test_the_same_id_from_another_source_is_another_approval_d20(caller: Caller) -> None:
    results = await caller.post(
        approval("a", event_id="1"),
        approval("a", event_id="1", **OTHER),
        approval("a", event_id="2", quantity="2", attributes={"source": "urn:third"}),
        approval("a", event_id="3", quantity="2", **OTHER),
    )
    assert [r["outcome"] for r in results] == ["recorded", "recorded", "recorded", "refused"]
    items = [item for result in results for item in result["items"]]
    assert len(set(items)) == 3
    for path in (TM, "/actuals"):
        rows = await caller.rows(path, contract_id="PC-1")
        assert sorted(row["item_id"] for row in rows) == sorted(items)
        assert {row["approval_id"] for row in rows} == {"a"}
    assert len(await caller.rows("/actuals", approval_id="a")) == 3
    await caller.mark(items[:1])
    drafted = await caller.draft()
    details = drafted["invoices"][0]["lines"][0]["details"]
    assert [detail["item_id"] for detail in details] == items[:1]


async def test_two_contracts_of_one_batch_never_both_get_an_approval_d20(caller: Caller) -> None:
    results = await caller.post(
        approval("a", event_id="1", contract_id="PC-2"),
        approval("a", event_id="2", contract_id="PC-1"),
        approval("a", event_id="3", contract_id="PC-1", line_id="L-2"),
        approval("a", event_id="4", contract_id="PC-2"),
    )
    assert [r["outcome"] for r in results] == ["recorded", "refused", "refused", "duplicate"]
    assert [row["contract_id"] for row in await caller.rows(TM)] == ["PC-2"]


async def test_a_parked_approval_that_another_contract_got_meanwhile_stays_parked_d20(
    caller: Caller,
) -> None:
    (parked,) = await caller.post(approval("a", event_id="1", contract_id="PC-9"))
    (recorded,) = await caller.post(approval("a", event_id="2"))
    assert (parked["outcome"], recorded["outcome"]) == ("parked", "recorded")
    await caller.contract("PC-9")
    await caller.line(contract_id="PC-9")
    (row,) = await caller.rows(PARKED)
    assert row["problem"]["code"] == "approval_changed"
    assert [row["contract_id"] for row in await caller.rows(TM)] == ["PC-1"]


def test_two_processes_that_get_an_approval_for_two_contracts_record_it_once_d20(
    database: str, tenant: Tenant
) -> None:
    for contract_id in ("C1", "C2"):
        office.record(tenant, contract_event(contract_id), line_event(contract_id))
    rounds = 20
    with closing(Tenant(database, project=False)) as other, ThreadPoolExecutor(2) as threads:
        start = Barrier(2)

        def post(at: Tenant, contract_id: str) -> list[str]:
            outcomes: list[str] = []
            for number in range(rounds):
                posted = approval_event(f"A{number}", contract_id=contract_id)
                start.wait()
                (result,) = receiving.receive(at, office.CONTEXT, [posted])
                outcomes.append(result.outcome.value)
            return outcomes

        both = [threads.submit(post, tenant, "C1"), threads.submit(post, other, "C2")]
        pairs = zip(*(each.result() for each in both), strict=True)
        assert [sorted(pair) for pair in pairs] == [["recorded", "refused"]] * rounds
    office.assert_sound(tenant.ledger)


METADATA: Json = {
    "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    "actor": "jo",
    "reason": None,
    "correlation_id": "c",
    "causation_id": None,
}


def recorded_before(tenant: Tenant, posted: Json, stream: str, name: str, **data: Any) -> None:
    """Puts an event into the history as it was stored before approvals had a source."""
    canonical = msgspec.json.encode(posted["data"], order="deterministic").decode()
    digest = hashlib.sha256(f"{posted['type']}\n{canonical}".encode()).hexdigest()
    given = {"contract_id": "C1", "line_id": "L1", "approval_id": "A1", "items": ["C1~L1~old"]}
    digested = {"digest": digest} if name.startswith("Approval") else {}
    state = msgspec.json.encode({"metadata": METADATA, "data": {**given, **digested, **data}})
    tenant.ledger.recorder.insert_events([StoredEvent(stream, 1, name, state)])


def test_an_approval_of_before_counts_as_the_posting_source_s_own_d20(tenant: Tenant) -> None:
    office.record(tenant, contract_event(), line_event())
    posted = approval_event("A1")
    recorded_before(tenant, posted, "approval/C1/A1", "ApprovalRecorded.v1")
    other = {**approval_event("A1"), "source": "urn:other"}
    changed = approval_event("A1", "11.00", event_id="changed")
    results = office.post(tenant, posted, other, changed)
    assert [result.outcome.value for result in results] == ["duplicate", "duplicate", "refused"]
    assert [result.items for result in results] == [("C1~L1~old",), ("C1~L1~old",), ()]
    assert results[2].problem is not None
    assert results[2].problem.code == "approval_changed"


def test_an_event_of_before_is_a_duplicate_whatever_it_says_d20(tenant: Tenant) -> None:
    office.record(tenant, contract_event(), line_event())
    posted = approval_event("A1", event_id="e")
    recorded_before(
        tenant,
        posted,
        streams.receipt(SOURCE, "e"),
        "EventReceived.v1",
        source=SOURCE,
        event_id="e",
        type=posted["type"],
        outcome="recorded",
        problem_code=None,
        problem_detail=None,
        data=None,
    )
    for again in (posted, approval_event("A2", event_id="e")):
        (result,) = office.post(tenant, again)
        assert (result.outcome.value, result.items) == ("duplicate", ("C1~L1~old",))


# --- dismissed ones ------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [False, True])
async def test_a_dismissed_event_that_is_posted_again_is_taken_in_anew(
    caller: Caller, *, batch: bool
) -> None:
    async def post(posted: Json) -> Json:
        return (await caller.post(posted))[0] if batch else await alone(caller, posted)

    posted = approval("a", event_id="e", contract_id="PC-9")
    for _ in range(2):
        assert (await post(posted))["outcome"] == "parked"
        assert (await post(posted))["outcome"] == "duplicate"
        (waiting,) = await caller.rows(PARKED)
        await caller.call("DELETE", f"{PARKED}/{waiting['parked_id']}", {"reason": "too early"})
        assert await caller.rows(PARKED) == []
    await caller.contract("PC-9")
    await caller.line(contract_id="PC-9")
    assert await caller.rows(TM) == []
    anew = await post(posted)
    (row,) = await caller.rows(TM)
    assert (anew["outcome"], anew["items"]) == ("recorded", [row["item_id"]])
    again = await post(posted)
    assert (again["outcome"], again["items"]) == ("duplicate", anew["items"])


async def test_the_approval_of_a_dismissed_event_is_not_known(caller: Caller) -> None:
    await caller.post(approval("a", event_id="1", contract_id="PC-9"))
    await caller.call("DELETE", f"{PARKED}/1", {"reason": "wrong contract"})
    (recorded,) = await caller.post(approval("a", event_id="2"))
    assert recorded["outcome"] == "recorded"


async def test_a_dismissed_line_is_taken_in_anew_with_its_contract(caller: Caller) -> None:
    line = event("line", {"contract_id": "PC-9", "line_id": "L-1", **line_body()}, "line")
    assert (await alone(caller, line))["outcome"] == "parked"
    await caller.rows(PARKED)
    await caller.call("DELETE", f"{PARKED}/line", {"reason": "not yet"})
    results = await caller.post(
        line, event("contract", {"contract_id": "PC-9", **contract_body()}, "contract"), line
    )
    assert [r["outcome"] for r in results] == ["parked", "recorded", "duplicate"]
    assert await caller.rows(PARKED) == []
    await caller.get("/contracts/PC-9/lines/L-1")
