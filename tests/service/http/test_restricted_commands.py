"""Commands of a token of some contracts: what is hidden is answered as what does not exist."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import (
    FIXED_PRICE,
    Json,
    approval_event,
    contract_body,
    contract_event,
    line_body,
    line_event,
)
from tests.service import office
from tests.service.door import calling, guarded, token
from tests.service.http_caller import Caller

OWN, HIDDEN, NOWHERE = "C1", "C2", "C9"


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of a contract."""

    contract_id: str
    item: str
    on_draft: str
    milestone: str
    invoice: str
    detail: str

    def as_if_of(self, other: "Known", text: str) -> str:
        """An answer about this as one about the other, whose ids stand in it."""
        names = ("item", "on_draft", "milestone", "invoice", "detail", "contract_id")
        for name in names:
            text = text.replace(getattr(self, name), getattr(other, name))
        return text


UNKNOWN = Known(
    contract_id=NOWHERE,
    item=f"{NOWHERE}~L1~{'a' * 22}",
    on_draft=f"{NOWHERE}~L1~{'b' * 22}",
    milestone=f"{NOWHERE}~F~{'c' * 22}",
    invoice="e" * 32,
    detail="f" * 32,
)
CONTRACT = contract_body(["A"], name="Mine now")
CHANGES: Json = {"detail_id": "{detail}", "description": "mine"}
COMMANDS: list[tuple[str, str, Json | None]] = [
    ("POST", "/backlog/mark", {"items": ["{item}", "{on_draft}"], "status": "ready"}),
    ("POST", "/backlog/mark", {"items": ["{item}"], "status": "not_ready", "mode": "best_effort"}),
    ("POST", "/backlog/mark?dry_run=true", {"items": ["{item}"], "status": "ready"}),
    ("POST", "/backlog/nte/reset", {"items": ["{item}"]}),
    ("POST", "/backlog/nte/reevaluate", {"items": ["{item}"]}),
    ("PUT", "/contracts/{contract_id}", CONTRACT),
    ("PUT", "/contracts/{contract_id}/lines/L1", line_body()),
    (
        "POST",
        "/contracts/{contract_id}/lines/F/milestones",
        {"name": "N", "amount": "1.00", "tax": "0.00", "date": "2026-10-01"},
    ),
    ("PATCH", "/milestones/{milestone}", {"name": "mine"}),
    ("DELETE", "/milestones/{milestone}", None),
    ("POST", "/invoices", {"contract_id": "{contract_id}", "cutoff": None}),
    ("POST", "/invoices/{invoice}/refresh", None),
    ("POST", "/invoices/{invoice}/submit", None),
    ("POST", "/invoices/{invoice}/return", {"reason": "no"}),
    ("POST", "/invoices/{invoice}/approve", None),
    ("POST", "/invoices/{invoice}/confirm", None),
    ("POST", "/invoices/{invoice}/confirm?dry_run=true", None),
    ("POST", "/invoices/{invoice}/corrections", None),
    ("PATCH", "/invoices/{invoice}/details", {"details": [CHANGES]}),
    ("PATCH", "/invoices/{invoice}/details/{detail}", {"external_description": "mine"}),
    ("DELETE", "/invoices/{invoice}/details/{detail}", None),
    (
        "POST",
        "/invoices/{invoice}/details",
        {
            "line_id": "L1",
            "class": "time",
            "date": "2026-10-05",
            "description": "by hand",
            "quantity": "1",
            "unit_price": "1.00",
        },
    ),
    ("DELETE", "/invoices/{invoice}", None),
]


def filled(text: str, known: Known) -> str:
    """A path or a body with ids in their places."""
    for name in ("contract_id", "item", "on_draft", "milestone", "invoice", "detail"):
        text = text.replace(f"{{{name}}}", getattr(known, name))
    return text


async def said(
    http: httpx.AsyncClient, command: tuple[str, str, Json | None], known: Known, **headers: str
) -> httpx.Response:
    """What a command about this is answered."""
    method, path, body = command
    sent = None if body is None else json.loads(filled(json.dumps(body), known))
    return await http.request(method, filled(path, known), json=sent, headers=headers)


async def opened(caller: Caller, tenant: Tenant, contract_id: str) -> Known:
    """A contract with an item, one on a draft, and a milestone."""
    office.record(
        tenant,
        contract_event(contract_id, ["A", "B"]),
        line_event(contract_id, "L1"),
        line_event(contract_id, "F", method=FIXED_PRICE),
    )
    (item,) = office.record(tenant, approval_event(f"{contract_id}-1", contract_id=contract_id))
    (ready,) = office.record(tenant, approval_event(f"{contract_id}-2", contract_id=contract_id))
    await caller.call("POST", "/backlog/mark", {"items": [ready], "status": "ready"})
    body: Json = {"contract_id": contract_id, "cutoff": None}
    drafted = await caller.call("POST", "/invoices", body, expect=201)
    (invoice,) = drafted["invoices"]
    milestone = {"name": "N", "amount": "9.00", "tax": "0.00", "date": "2026-10-01"}
    made = await caller.call(
        "POST", f"/contracts/{contract_id}/lines/F/milestones", milestone, expect=201
    )
    return Known(
        contract_id=contract_id,
        item=item,
        on_draft=ready,
        milestone=made["milestone_id"],
        invoice=invoice["invoice_id"],
        detail=invoice["lines"][0]["details"][0]["detail_id"],
    )


@asynccontextmanager
async def at_work(tenant: Tenant) -> AsyncGenerator[tuple[Caller, Caller, Known, Known]]:
    """Who may do all, who may do it of one contract, and what there is of that and of another."""
    app = guarded(Only(tenant))
    some = token(tenant, "some", contracts=[OWN, "C3"])
    async with calling(app, token(tenant)) as of_all, calling(app, some) as of_some:
        every = Caller(of_all)
        own, hidden = [await opened(every, tenant, each) for each in (OWN, HIDDEN)]
        yield every, Caller(of_some), own, hidden


async def test_commands_on_what_is_hidden_are_answered_as_on_what_there_is_not(
    tenant: Tenant,
) -> None:
    async with at_work(tenant) as (_, some, _, hidden):
        before = tenant.ledger.position()
        for command in COMMANDS:
            matches: list[dict[str, str]] = [{}]
            if command[0] != "POST" or "confirm" in command[1]:
                matches += [{"If-Match": "*"}, {"If-Match": '"1"'}, {"If-Match": '"77"'}]
            for headers in matches:
                found = await said(some.http, command, hidden, **headers)
                nothing = await said(some.http, command, UNKNOWN, **headers)
                told = (command, headers, found.text, nothing.text)
                assert found.status_code == nothing.status_code, told
                assert found.status_code in {200, 404, 409, 412}, told
                assert hidden.as_if_of(UNKNOWN, found.text) == nothing.text, told
                assert "etag" not in found.headers, told
        assert tenant.ledger.position() == before


@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=[f"{c[0]} {c[1]}" for c in COMMANDS])
async def test_commands_on_what_is_known_are_answered_as_for_all(
    tenant: Tenant, number: int
) -> None:
    async with at_work(tenant) as (_, some, own, _):
        answer = await said(some.http, COMMANDS[number], own)
    assert answer.status_code in {200, 201, 409}, answer.text


async def test_all_that_match_are_those_that_are_known(tenant: Tenant) -> None:
    async with at_work(tenant) as (every, some, own, hidden):
        matching = {"view": "time-and-material", "billing_status": ["not_ready"]}
        body: Json = {"matching": {**matching, "expect": {"count": 1}}, "status": "ready"}
        marked = await some.call("POST", "/backlog/mark", body)
        assert [each["item_id"] for each in marked["changed"]] == [own.item]
        of_hidden = {"matching": {**matching, "contract_id": [HIDDEN]}, "status": "ready"}
        of_nothing = {"matching": {**matching, "contract_id": [NOWHERE]}, "status": "ready"}
        found, nothing = [
            await some.call("POST", "/backlog/mark", asked) for asked in (of_hidden, of_nothing)
        ]
        assert found == nothing
        drafts: Json = {
            "matching": {"view": "time-and-material", "billing_status": ["ready"]},
            "cutoff": None,
        }
        drafted = await some.call("POST", "/invoices", drafts, expect=201)
        assert [each["contract_id"] for each in drafted["invoices"]] == [OWN]
        kept = await every.get(f"/backlog/{hidden.item}")
        assert kept["billing_status"] == "not_ready"


async def test_a_contract_that_may_be_known_can_be_made_and_no_other(tenant: Tenant) -> None:
    async with at_work(tenant) as (every, some, _, _):
        await some.call("PUT", "/contracts/C3", CONTRACT, expect=201)
        refused = await some.call("PUT", f"/contracts/{NOWHERE}", CONTRACT, expect=404)
        assert refused["code"] == "contract_not_found"
        await every.get(f"/contracts/{NOWHERE}", expect=404)


async def test_a_job_is_for_who_may_know_of_all(tenant: Tenant) -> None:
    async with at_work(tenant) as (_, some, _, _):
        refused = await some.call("POST", "/invoices", {"cutoff": None}, expect=403)
        assert refused["code"] == "token_restricted"


async def test_a_restricted_key_is_not_told_what_another_of_its_name_was(tenant: Tenant) -> None:
    app = guarded(Only(tenant))
    of_one_name = token(tenant, "same"), token(tenant, "same", contracts=[OWN])
    async with at_work(tenant) as (_, _, _, hidden):
        body = {"items": [hidden.item], "status": "ready", "mode": "best_effort"}
        headers = {"Idempotency-Key": "k"}
        async with calling(app, of_one_name[0]) as of_all:
            done = await of_all.post("/backlog/mark", json=body, headers=headers)
            assert done.status_code == 200, done.text
        async with calling(app, of_one_name[1]) as of_some:
            again = await of_some.post("/backlog/mark", json=body, headers=headers)
        assert again.status_code == 200, again.text
        assert again.json()["changed_count"] == 0


async def test_who_may_know_of_some_customers_reads_alone(tenant: Tenant) -> None:
    async with at_work(tenant) as (_, _, own, _):
        app = guarded(Only(tenant))
        async with calling(app, token(tenant, "reader", customers=["A"])) as http:
            for command in COMMANDS:
                refused = await said(http, command, own)
                assert refused.status_code == 403, command
                assert refused.json()["code"] == "token_restricted"
