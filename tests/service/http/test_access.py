"""With authentication, a token says who calls, for which tenant, and what they may do."""

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aggregates import streams
from aggregates.access.events import KeyCreated
from service.access import key_rings
from service.access.scopes import Scope
from service.handlers import keys
from service.handlers.keys import Lets
from service.http import following, guard
from service.http.server.serving import running
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import (
    BATCH,
    STRUCTURED,
    approval_event,
    contract_body,
    contract_event,
    line_event,
)
from tests.service import office
from tests.service.door import ALL, CONTEXT, bearer, calling, guarded, token
from tests.service.http_caller import Caller, problem
from tests.service.listening import listening
from tests.service.processes import LONG


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are read again for each call."""
    monkeypatch.setattr(key_rings, "FRESH_SECONDS", 0.0)


async def test_the_history_names_the_key_and_not_what_a_header_says(tenant: Tenant) -> None:
    async with calling(guarded(Only(tenant)), token(tenant, "time sheets")) as http:
        caller = Caller(http)
        await caller.contract("PC-1")
        for header in ("X-Actor", "X-Tenant"):
            refused = await http.put(
                "/contracts/PC-1", json=contract_body(name="N"), headers={header: "default"}
            )
            assert problem(refused, 400)["code"] == "told_by_token"
            assert header in refused.json()["detail"]
        (defined,) = await caller.history(contract_id="PC-1", type="ContractDefined")
        assert defined["actor"] == "time sheets"
        (created,) = await caller.history(type="KeyCreated")
        assert created["actor"] == CONTEXT.actor
        assert "bbk_" not in json.dumps(created)


async def test_readiness_is_shown_to_everybody_and_of_no_other_tenant(tenant: Tenant) -> None:
    async with calling(guarded(Only(tenant))) as http:
        shown = await http.get("http://localhost/health/ready")
        assert shown.json()["status"] == "ready"
        refused = await http.get("http://localhost/health/ready", headers={"X-Tenant": "north"})
        assert problem(refused, 400)["code"] == "told_by_token"
        for path in ("/openapi.json", "/docs", "/problems/token-missing", "/health/live"):
            assert (await http.get(f"http://localhost{path}")).status_code == 200, path


async def test_without_authentication_tokens_are_ignored(http: httpx.AsyncClient) -> None:
    for headers in ({}, bearer("bbk_nobody")):
        answer = await http.get("/contracts", headers={**headers, "X-Tenant": "default"})
        assert answer.status_code == 200


# --- what is posted ------------------------------------------------------------------------------


async def test_each_posted_event_asks_for_the_scope_of_what_it_says(tenant: Tenant) -> None:
    app = guarded(Only(tenant))
    events = [contract_event(), line_event(), approval_event("A1")]
    outcomes: dict[Scope, list[str]] = {}
    scopes = (Scope.APPROVALS_WRITE, Scope.CONTRACTS_WRITE)
    tokens = {scope: token(tenant, scope, [scope]) for scope in scopes}
    for scope, text in tokens.items():
        async with calling(app, text) as http:
            posted = await http.post("/events", json=events, headers={"content-type": BATCH})
            assert posted.status_code == 200, posted.text
            results = posted.json()["results"]
            outcomes[scope] = [result["outcome"] for result in results]
            for result in results:
                if result["outcome"] == "refused":
                    assert result["problem"]["code"] == "scope_missing"
            refused = events[0] if scope is Scope.APPROVALS_WRITE else events[2]
            alone = await http.post("/events", json=refused, headers={"content-type": STRUCTURED})
            told = problem(alone, 403)
            assert (told["code"], told["id"]) == ("scope_missing", refused["id"])
    assert outcomes == {
        Scope.APPROVALS_WRITE: ["refused", "refused", "parked"],
        Scope.CONTRACTS_WRITE: ["recorded", "recorded", "refused"],
    }


# --- keys of idempotency -------------------------------------------------------------------------


async def test_an_idempotency_key_belongs_to_its_caller(tenant: Tenant) -> None:
    app = guarded(Only(tenant))
    body = {"name": "Design", "amount": "100.00", "date": "2026-10-31"}
    made: list[str] = []
    first, second, again = token(tenant, "one"), token(tenant, "two"), token(tenant, "one")
    async with calling(app, first) as http:
        caller = Caller(http)
        await caller.contract("PC-1")
        await caller.line("F-1", billing_method="fixed_price", contract_amount="1000.00")
    for text in (first, second, again):
        async with calling(app, text) as http:
            answer = await http.post(
                "/contracts/PC-1/lines/F-1/milestones", json=body, headers={"Idempotency-Key": "k"}
            )
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["milestone_id"])
    assert made[0] == made[2]
    assert made[0] != made[1]


# --- four eyes -----------------------------------------------------------------------------------


async def test_four_eyes_are_two_keys_d73(tenant: Tenant) -> None:
    app = guarded(Only(tenant))
    clerk, head = token(tenant, "clerk"), token(tenant, "head", [Scope.INVOICES_APPROVE])
    async with calling(app, clerk) as http:
        caller = Caller(http)
        await caller.contract("PC-1", approval="four_eyes")
        await caller.line(contract_id="PC-1")
        (recorded,) = await caller.post(approval_event("A1", contract_id="PC-1", line_id="L-1"))
        await caller.mark(recorded["items"])
        invoice_id = (await caller.draft())["invoices"][0]["invoice_id"]
        await caller.call("POST", f"/invoices/{invoice_id}/submit")
        own = await caller.call("POST", f"/invoices/{invoice_id}/approve", expect=409)
        assert own["code"] == "own_work"
    async with calling(app, head) as http:
        approved = await Caller(http).call("POST", f"/invoices/{invoice_id}/approve")
        assert approved["approval"]["actor"] == "head"


# --- keys come and go ----------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
async def test_a_revoked_key_lets_nobody_in_whichever_process_revoked_it(
    database: str, tenant: Tenant
) -> None:
    app = guarded(Only(tenant))
    with closing(Tenant(database, project=False)) as elsewhere:
        text = token(elsewhere)
        (key,) = keys.list_keys(elsewhere, CONTEXT)
        async with calling(app, text) as http:
            assert (await http.get("/contracts")).status_code == 200
            keys.revoke_key(elsewhere, CONTEXT, key.key_id)
            assert problem(await http.get("/contracts"), 401)["code"] == "token_invalid"


async def test_keys_are_read_again_after_a_second_at_most(tenant: Tenant) -> None:
    text = token(tenant)
    (key,) = keys.list_keys(tenant, CONTEXT)
    loop = asyncio.get_running_loop()
    async with calling(guarded(Only(tenant)), text) as http:
        assert (await http.get("/contracts")).status_code == 200
        keys.revoke_key(tenant, CONTEXT, key.key_id)
        until = loop.time() + LONG
        while (await http.get("/contracts")).status_code == 200:
            assert loop.time() < until


@pytest.mark.usefixtures("quick")
async def test_a_key_that_has_expired_lets_nobody_in(database: str) -> None:
    now = [datetime(2026, 11, 2, tzinfo=UTC)]
    with closing(Tenant(database, clock=lambda: now[0])) as tenant:
        text = keys.create_key(
            tenant, CONTEXT, "erp", Lets(scopes=ALL, expires_at=now[0] + timedelta(hours=1))
        )
        async with calling(guarded(Only(tenant)), text) as http:
            assert (await http.get("/contracts")).status_code == 200
            now[0] += timedelta(hours=1)
            assert problem(await http.get("/contracts"), 401)["code"] == "token_invalid"


async def test_a_scope_that_a_newer_version_knows_opens_nothing_here(tenant: Tenant) -> None:
    text = token(tenant, "old", [Scope.BACKLOG_READ])
    digest = keys.read_token(newer := keys.new_token("default"))
    event = KeyCreated(
        key_id=digest.key_id, name="new", digest=digest.digest, scopes=("all", "backlog:write")
    )
    tenant.ledger.transact(lambda unit: unit.append([event]), CONTEXT)
    app = guarded(Only(tenant))
    async with calling(app, text) as http:
        assert (await http.get("/contracts")).status_code == 200
    async with calling(app, newer) as http:
        assert problem(await http.get("/contracts"), 403)["code"] == "scope_missing"


def test_only_the_hash_of_a_token_is_kept(tenant: Tenant) -> None:
    text = token(tenant)
    events = tenant.ledger.read_stream(streams.KEYS, 0, 10)
    assert len(events) == 1
    assert text.rpartition("_")[2][:64] not in str(events)


@pytest.mark.usefixtures("quick")
def test_who_listens_with_a_key_is_told_nothing_once_it_is_revoked(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(following, "EVERY_SECONDS", 0.01)
    headers = bearer(token(tenant, "ear", [Scope.BACKLOG_READ]))
    (key,) = keys.list_keys(tenant, CONTEXT)
    with (
        running(guarded(Only(tenant))) as address,
        httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=LONG) as http,
        listening(http, after=0) as ear,
    ):
        office.record(tenant, contract_event("C1"))
        assert ear.change()["contracts"] == ["C1"]
        keys.revoke_key(tenant, CONTEXT, key.key_id)
        office.record(tenant, contract_event("C2"))
        while (told := ear.next()) is not None:
            assert told.data is None or told.data["contracts"] == ["C1"]
        assert problem(http.get("/stream"), 401)["code"] == "token_invalid"
