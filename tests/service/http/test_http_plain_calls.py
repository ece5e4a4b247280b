"""Plain calls are read past FastAPI: they are refused, and answered, as all others are."""

import json
from typing import Any

import httpx
import pytest

from tests.service.http_caller import Caller

MARK = "/backlog/mark"
ORDINARY = f"{MARK}?dry_run=false"
"""The same call, read by FastAPI, for it has a query."""
READY = json.dumps({"items": ["PC-1~L-1~none"], "status": "ready"})


REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "an unknown item": (READY, {}),
    "an unknown tenant": (READY, {"x-tenant": "none-such"}),
    "no name of a tenant": (READY, {"x-tenant": "No Tenant"}),
    "an empty name of a tenant": (READY, {"x-tenant": ""}),
    "an actor with a control character": (READY, {"x-actor": "\x7f"}),
    "an empty actor": (READY, {"x-actor": ""}),
    "too long a correlation": (READY, {"x-correlation-id": "x" * 256}),
    "a causation with a tab": (READY, {"x-causation-id": "a\tb"}),
    "too long a key": (READY, {"idempotency-key": "k" * 256}),
    "no JSON by its type": (READY, {"content-type": "text/plain"}),
    "no body": ("", {}),
    "broken JSON": ("{", {}),
    "a number that JSON has not": ('{"items": [NaN]}', {}),
    "a name twice": ('{"items": [], "items": []}', {}),
    "a list": ("[]", {}),
    "no items": ('{"items": [], "status": "ready"}', {}),
    "no such status": ('{"items": ["x"], "status": "posted"}', {}),
    "an unknown field": ('{"items": ["x"], "status": "ready", "more": 1}', {}),
    "a number for an item": ('{"items": [1], "status": "ready"}', {}),
}


@pytest.fixture
async def items(http: httpx.AsyncClient) -> list[str]:
    """Two items of one contract, which nobody has marked."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return [*await caller.sales("ap-1", "10.00"), *await caller.sales("ap-2", "10.00")]


async def test_a_plain_call_is_refused_as_any_other(
    http: httpx.AsyncClient, items: list[str]
) -> None:
    for name, (body, headers) in REFUSED.items():
        await _is_refused_as_any_other(http, name, body, headers)


async def _is_refused_as_any_other(
    http: httpx.AsyncClient, name: str, body: str, headers: dict[str, str]
) -> None:
    sent = {"content-type": "application/json", "x-correlation-id": "c", **headers}
    plain = await http.post(MARK, content=body, headers=sent)
    ordinary = await http.post(ORDINARY, content=body, headers=sent)
    assert plain.status_code >= 400, name
    assert plain.json()["code"] != "not_found", name
    assert (plain.status_code, plain.json()) == (ordinary.status_code, ordinary.json()), name


async def test_a_plain_call_is_answered_and_recorded_as_any_other(
    http: httpx.AsyncClient, items: list[str]
) -> None:
    said = {"x-actor": "ada", "x-correlation-id": "c-1", "x-causation-id": "c-0"}
    answers: list[Any] = []
    for path, item in zip((MARK, ORDINARY), items, strict=True):
        marked = await http.post(
            path, json={"items": [item], "status": "ready", "reason": "October"}, headers=said
        )
        assert marked.status_code == 200
        position = marked.json()["position"]
        seen = await http.get("/audit/events", params={"type": "MarkedReady", "after": position})
        event = seen.json()["items"][-1]
        answers.append(
            (
                marked.json()["changed_count"],
                [each["billing_status"] for each in marked.json()["changed"]],
                event["actor"],
                event["reason"],
                event["correlation_id"],
                event["causation_id"],
            )
        )
    assert answers[0] == (1, ["ready"], "ada", "October", "c-1", "c-0")
    assert answers[0] == answers[1]


async def test_a_plain_call_with_a_key_is_answered_once(
    http: httpx.AsyncClient, items: list[str]
) -> None:
    body, key = {"items": items[:1], "status": "ready"}, {"idempotency-key": "k-1"}
    first, again = [await http.post(MARK, json=body, headers=key) for _ in range(2)]
    assert first.json() == again.json()
    other = await http.post(MARK, json={**body, "items": items[1:]}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
