"""A bookkeeper who tries every command, over HTTP, on whatever a contract of its own has."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import httpx
import msgspec

from aggregates import streams
from aggregates.invoice.state import Invoice
from service.tenants.tenant import Tenant
from service.wire import from_states
from tests.office import BATCH, FIXED_PRICE, Json, approval_event, contract_body, event, line_body
from tests.service.http_caller import hold_against_its_model, problem
from tests.service.office import loaded

NUMBERS = count()
CHARGED = ("chargeable", "chargeable", "non_chargeable", "complimentary")
QUANTITIES = ("1", "2.5", "3", "0.7", "-1", "1.333333")
SHARES = ("0", "0.25", "0.5", "0.999999", "1", "1", "1.5")
Step = tuple[str, int, int]


class Office:
    """Works on one contract: two lines of time and material, and one of fixed price."""

    def __init__(self, http: httpx.AsyncClient, tenant: Tenant, tried: Counter[str]) -> None:
        self.http, self.tenant, self.tried = http, tenant, tried
        self.contract_id = f"C{next(NUMBERS)}"
        self.numbers = count()
        self.approvals: dict[str, Json] = {}
        self.recalled: list[Json] = []
        self.invoices: list[str] = []
        self.milestones: list[str] = []

    async def ask(self, method: str, path: str, body: object = None, **params: Any) -> Json:
        """The answer, which is what the document promises; a refusal is answered like it, too."""
        response = await self.http.request(method, path, json=body, params=params)
        if response.status_code >= 400:
            assert response.status_code in {404, 409, 422}, response.text
            return problem(response)
        if response.status_code == 204:
            return {}
        hold_against_its_model(response)
        return response.json()

    async def rows(self, path: str, **params: Any) -> list[Json]:
        """All of a list, once the views show all that was done."""
        after = self.tenant.ledger.position()
        wanted = {"contract_id": self.contract_id, "limit": 1000, "after": after, **params}
        return (await self.ask("GET", path, **wanted))["items"]

    async def post(self, posted: Json) -> Json:
        response = await self.http.post(
            "/events/batch", content=json.dumps([posted]), headers={"content-type": BATCH}
        )
        assert response.status_code == 200, response.text
        (result,) = response.json()["results"]
        return result

    async def open(self, limit: int, review: bool) -> None:
        """The contract; with a limit of 0, none."""
        path = f"/contracts/{self.contract_id}"
        terms = contract_body(
            ("A", "B"),
            limit=f"{limit}.00" if limit else None,
            approval="required" if review else "none",
        )
        await self.ask("PUT", path, terms)
        split = {"A": "60", "B": "40"}
        for line_id, body in (
            ("T", line_body(split, limits={"B": "400.00"} if limit else None)),
            ("U", line_body({"A": "100"})),
            ("F", line_body({"A": "33.33", "B": "66.67"}, method=FIXED_PRICE)),
        ):
            await self.ask("PUT", f"{path}/lines/{line_id}", body)

    async def does(self, step: Step) -> None:
        name, one, other = step
        done = await COMMANDS[name](self, one, other)
        self.tried[f"{name}: {done.get('code') or done.get('outcome') or 'done'}"] += 1

    # --- what there is -----------------------------------------------------------------------

    def some_invoice(self, pick: int, *statuses: str) -> Json | None:
        """One of the invoices of these statuses that are there, with its details."""
        states: list[Invoice] = [
            loaded(self.tenant.ledger, streams.invoice(each)) for each in self.invoices
        ]
        found = [each for each in states if each.status in statuses and not each.deleted]
        if not found:
            return None
        return msgspec.to_builtins(from_states.invoice(found[pick % len(found)]))

    def some_draft(self, pick: int) -> Json | None:
        return self.some_invoice(pick, "draft", "in_review")

    def items(self) -> list[str]:
        """All that is in the backlog."""
        lines = [loaded(self.tenant.ledger, streams.line(self.contract_id, of)) for of in "TUF"]
        return sorted(item_id for line in lines for item_id in (*line.sales, *line.parts))


NOTHING: Json = {"code": "nothing_there"}
Command = Callable[[Office, int, int], Coroutine[Any, Any, Json]]


def details_of(invoice: Json) -> list[Json]:
    return [each for line in invoice["lines"] for each in line["details"]]


async def approve(office: Office, one: int, other: int) -> Json:
    """Work is approved, for the first time or once more."""
    number, contract_id = next(office.numbers), office.contract_id
    approval_id = f"{contract_id}-{number}"
    posted = approval_event(
        approval_id,
        f"{7 + one}.35",
        contract_id=contract_id,
        line_id="TTU"[one % 3],
        quantity=QUANTITIES[other % len(QUANTITIES)],
        tax=f"{'-' if QUANTITIES[other % len(QUANTITIES)] == '-1' else ''}{other % 4}.19",
        billing_type=("chargeable", "chargeable", "complimentary")[one % 3],
    )
    office.approvals[approval_id] = posted["data"]
    return await office.post(posted)


def known(office: Office, pick: int) -> Json | None:
    approvals = list(office.approvals.values())
    return approvals[pick % len(approvals)] if approvals else None


async def approve_again(office: Office, one: int, other: int) -> Json:
    """One that was recalled, if any was."""
    approval = office.recalled[one % len(office.recalled)] if office.recalled else None
    approval = approval or known(office, one)
    if approval is None:
        return NOTHING
    again = f"again {office.contract_id} {next(office.numbers)}"
    return await office.post(event("time", approval, again))


async def about(office: Office, kind: str, one: int, **more: Any) -> Json:
    """Says something of an approval; nothing of one whose corrected entry is settled or waived."""
    approval = known(office, one)
    if approval is None:
        return NOTHING
    over = await office.rows("/intake/obligations", status=("closed", "waived"))
    settled = {each["approval_id"] for each in over if each["cause"] == "entry_correction"}
    if approval["approval_id"] in settled:
        return NOTHING
    names = ("approval_id", "contract_id", "line_id")
    data = {name: approval[name] for name in names} | {"reason": "wrong", **more}
    return await office.post(
        event(kind, data, f"{kind} {office.contract_id} {next(office.numbers)}")
    )


async def recall(office: Office, one: int, other: int) -> Json:
    done = await about(office, "recall", one)
    if done.get("outcome") == "recorded":
        office.recalled.append(known(office, one) or {})
    return done


async def correct_entry(office: Office, one: int, other: int) -> Json:
    new = ({"quantity": "1.5"}, {"unit_price": "12.34"}, {"description": "Told better"})[other % 3]
    return await about(office, "correction", one, new=new)


async def mark(office: Office, one: int, other: int) -> Json:
    """All or some become ready; now and then not ready."""
    items = office.items()
    if not items:
        return NOTHING
    some = items[one % len(items) :] if other % 3 == 0 else items
    status = "not_ready" if other % 7 == 6 else "ready"
    body = {"items": some, "status": status, "mode": "best_effort"}
    return await office.ask("POST", "/backlog/mark", body)


async def draft(office: Office, one: int, other: int) -> Json:
    """All that is ready."""
    done = await office.ask("POST", "/invoices", {"contract_id": office.contract_id})
    office.invoices += [each["invoice_id"] for each in done.get("invoices", ())]
    return done


async def edit(office: Office, one: int, other: int) -> Json:
    invoice = office.some_draft(one)
    if not invoice or not details_of(invoice):
        return NOTHING
    details = details_of(invoice)
    return await edit_one(office, invoice, details[other % len(details)], one + other)


async def edit_one(office: Office, invoice: Json, detail: Json, how: int) -> Json:
    """A share of what it had, another price, tax or billing type, or all of what it was."""
    share = SHARES[how % len(SHARES)]
    basis = detail["source"] or detail
    if invoice["corrects"]:
        basis = {name: detail[f"original_{name}"] for name in ("quantity", "amount", "unit_price")}
    if detail["kind"] == "milestone":
        cut = f"{float(basis['amount']) * float(share):.2f}"
        changes: Json = {"amount": cut} if invoice["corrects"] else {"description": "New"}
    else:
        changes = {"quantity": f"{float(basis['quantity']) * float(share):.6f}"}
        if how % 5 == 0:
            changes["unit_price"] = "19.99"
        if how % 4 == 0 and not invoice["corrects"]:
            changes["billing_type"] = CHARGED[how // 4 % len(CHARGED)]
    if how % 9 == 8:
        changes = {"tax": "1.00"}
    path = f"/invoices/{invoice['invoice_id']}/details/{detail['detail_id']}"
    return await office.ask("PATCH", path, changes)


async def by_hand(office: Office, one: int, other: int) -> Json:
    invoice = office.some_draft(one)
    if not invoice:
        return NOTHING
    body = {
        "line_id": "TUF"[other % 3],
        "class": "fee",
        "date": "2026-10-15",
        "quantity": ("1", "-1", "2.5")[one % 3],
        "unit_price": f"{1 + other}.55",
        "billing_type": CHARGED[other % len(CHARGED)],
    }
    return await office.ask("POST", f"/invoices/{invoice['invoice_id']}/details", body)


async def remove(office: Office, one: int, other: int) -> Json:
    invoice = office.some_draft(one)
    if not invoice or not details_of(invoice):
        return NOTHING
    details = details_of(invoice)
    detail_id = details[other % len(details)]["detail_id"]
    status = ("ready", "not_ready")[one % 2]
    path = f"/invoices/{invoice['invoice_id']}/details/{detail_id}"
    return await office.ask("DELETE", path, status=status)


async def on_draft(office: Office, method: str, pick: int, what: str = "") -> Json:
    invoice = office.some_draft(pick)
    return (
        await office.ask(method, f"/invoices/{invoice['invoice_id']}{what}") if invoice else NOTHING
    )


async def delete(office: Office, one: int, other: int) -> Json:
    return await on_draft(office, "DELETE", one)


async def refresh(office: Office, one: int, other: int) -> Json:
    return await on_draft(office, "POST", one, "/refresh")


async def submit(office: Office, one: int, other: int) -> Json:
    return await on_draft(office, "POST", one, "/submit")


async def confirm(office: Office, one: int, other: int) -> Json:
    """Submitted, approved and confirmed, as far as that is needed."""
    invoice = office.some_draft(one)
    return await confirm_one(office, invoice["invoice_id"]) if invoice else NOTHING


async def confirm_one(office: Office, invoice_id: str) -> Json:
    path = f"/invoices/{invoice_id}"
    done = await office.ask("POST", f"{path}/confirm")
    if done.get("code") != "not_approved":
        return done
    await office.ask("POST", f"{path}/submit")
    await office.ask("POST", f"{path}/approve")
    return await office.ask("POST", f"{path}/confirm")


async def correct(office: Office, one: int, other: int) -> Json:
    """A confirmed invoice, whole or one detail of it; mostly edited and confirmed at once."""
    invoice = office.some_invoice(-1 - one % 3 if other % 2 else one, "confirmed")
    if not invoice or not details_of(invoice):
        return NOTHING
    details = details_of(invoice)
    named = None if one % 2 else [details[other % len(details)]["detail_id"]]
    path = f"/invoices/{invoice['invoice_id']}/corrections"
    made = await office.ask("POST", path, {"details": named})
    if "invoice_id" not in made:
        return made
    office.invoices.append(made["invoice_id"])
    if other % 4 == 3:
        return made
    for n, detail in enumerate(details_of(made)[:3]):
        await edit_one(office, made, detail, one + other + n)
    return await confirm_one(office, made["invoice_id"])


async def waive(office: Office, one: int, other: int) -> Json:
    """One of the obligations that the views show."""
    found = await office.rows("/intake/obligations", status="open")
    if not found:
        return NOTHING
    obligation_id = found[one % len(found)]["obligation_id"]
    return await office.ask(
        "POST", f"/intake/obligations/{obligation_id}/waive", {"reason": "agreed"}
    )


async def add_milestone(office: Office, one: int, other: int) -> Json:
    body = {"name": "M", "amount": f"{one + 1}.01", "tax": "1.99", "date": "2026-10-10"}
    path = f"/contracts/{office.contract_id}/lines/F/milestones"
    made = await office.ask("POST", path, body)
    office.milestones.append(made["milestone_id"])
    return made


async def change_milestone(office: Office, one: int, other: int) -> Json:
    if not office.milestones:
        return NOTHING
    path = f"/milestones/{office.milestones[one % len(office.milestones)]}"
    return await office.ask("PATCH", path, {"amount": f"{other + 3}.02"})


COMMANDS: dict[str, Command] = {
    each.__name__: each
    for each in (
        *(approve, approve_again, recall, correct_entry, mark, draft, edit, by_hand, remove),
        *(delete, refresh, submit, confirm, correct, waive, add_milestone, change_milestone),
    )
}
