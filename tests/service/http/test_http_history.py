"""The history over HTTP: who changed what, when, why, and what caused it (D-64)."""

import httpx
import pytest

from tests.service.http_caller import Caller


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def test_every_change_records_who_when_why_and_what_caused_it_d64(caller: Caller) -> None:
    (item,) = await caller.sales("ap-1", "10.00")
    before = caller.position
    headers = {"X-Actor": "ada", "X-Correlation-Id": "corr-1", "X-Causation-Id": "cause-1"}
    body = {"items": [item], "status": "ready", "reason": "Prüfung ✓"}
    await caller.call("POST", "/backlog/mark", body, headers=headers)
    (recorded,) = [e for e in await caller.history() if e["position"] > before]
    assert {k: v for k, v in recorded.items() if k not in {"data", "recorded_at", "version"}} == {
        "position": before + 1,
        "stream": "line/PC-1/L-1",
        "type": "MarkedReady.v1",
        "actor": "ada",
        "reason": "Prüfung ✓",
        "correlation_id": "corr-1",
        "causation_id": "cause-1",
    }
    assert recorded["recorded_at"] == "2026-11-02T09:30:00+00:00"


async def test_without_headers_a_change_is_anonymous_and_correlated_with_itself_d64(
    caller: Caller,
) -> None:
    await caller.contract("PC-2")
    await caller.contract("PC-3")
    one, other = await caller.history(contract_id=["PC-2", "PC-3"])
    assert (one["actor"], one["reason"], one["causation_id"]) == ("anonymous", None, None)
    assert one["correlation_id"]
    assert one["correlation_id"] != other["correlation_id"]


async def test_headers_that_can_t_be_recorded_are_refused(caller: Caller) -> None:
    before = caller.position
    for name in ("X-Actor", "X-Correlation-Id", "X-Causation-Id", "Idempotency-Key"):
        for value in ("", "x" * 256, "a\tb"):
            refused = await caller.call(
                "POST", "/backlog/mark", {}, headers={name: value}, expect=422
            )
            assert name.lower() in {error["field"].lower() for error in refused["errors"]}
    await caller.nothing_happened(before)


async def test_the_history_is_filtered_by_contract_item_invoice_and_type(caller: Caller) -> None:
    await caller.contract("PC-2")
    (item,) = await caller.sales("ap-1", "10.00")
    (other,) = await caller.sales("ap-2", "10.00")
    invoice = await caller.billed(item)
    assert {e["data"].get("contract_id") for e in await caller.history(contract_id="PC-2")} == {
        "PC-2"
    }
    of_item = await caller.happened(0, item_id=item)
    assert of_item[:1] == ["UnbilledSalesRecorded"]
    assert {"MarkedReady", "ItemsDrafted", "ItemsPosted", "ActualsBooked"} <= set(of_item)
    assert "MarkedReady" not in await caller.happened(0, item_id=other)
    of_invoice = await caller.happened(0, invoice_id=invoice["invoice_id"])
    assert {"DraftCreated", "InvoiceConfirmed"} <= set(of_invoice)
    assert await caller.happened(0, type="MarkedReady") == ["MarkedReady"]
    assert await caller.happened(0, type=["MarkedReady.v1", "DraftCreated"]) == [
        "MarkedReady",
        "DraftCreated",
    ]
    for nothing in ({"item_id": "none"}, {"type": "None"}, {"contract_id": "none"}):
        assert await caller.history(**nothing) == []
    everything = await caller.history()
    assert [e["position"] for e in await caller.history(limit=2)] == [
        e["position"] for e in everything
    ]
