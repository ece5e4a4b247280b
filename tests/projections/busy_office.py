"""A billing office that does something at random, and again: over HTTP, seeded, never idle."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx

from tests.office import (
    BATCH,
    FIXED_PRICE,
    TIME_AND_MATERIAL,
    Json,
    approval_event,
    contract_body,
    line_body,
)

CURRENCIES = {"C1": ("EUR", 2), "C2": ("JPY", 0), "C3": ("KWD", 3)}
SALES_LINES, FIXED_LINES = ("T1", "T2"), ("F1",)
CUSTOMERS = ("A", "B", "C")
DAY = date(2026, 3, 2)
HALF_BILLED: Json = {"billable_quantity": "0.5"}
AS_WORKED: Json = {}


@dataclass
class Office:
    """What the office remembers of what it did; refusals are answers like any other."""

    api: httpx.Client
    chance: random.Random
    items: list[str] = field(default_factory=list[str])
    milestones: list[str] = field(default_factory=list[str])
    invoices: list[str] = field(default_factory=list[str])
    parked: list[str] = field(default_factory=list[str])
    asked: int = 0
    position: int = 0

    def open(self) -> None:
        """Puts every contract and line on the books; some work came in before them."""
        for contract_id in CURRENCIES:
            self.approve(contract_id)
            self.define_contract(contract_id)
            self.approve(contract_id)
            for line_id in (*SALES_LINES, *FIXED_LINES):
                self.define_line(contract_id, line_id)
        resumed = self.ask("GET", f"/backlog/time-and-material?limit=1000&after={self.position}")
        self.items += [row["item_id"] for row in resumed["items"]]

    def work(self, steps: int) -> None:
        """So many commands, whatever comes to mind."""
        deeds = {
            self.approve: 8,
            self.mark: 8,
            self.evaluate: 4,
            self.draft: 4,
            self.confirm: 3,
            self.delete_draft: 2,
            self.create_milestone: 3,
            self.change_milestone: 2,
            self.define_contract: 1,
            self.define_line: 1,
            self.settle_parked: 1,
        }
        for deed in self.chance.choices([*deeds], [*deeds.values()], k=steps):
            deed()

    def close(self) -> None:
        """Whatever chance did, every contract ends with a milestone deleted and one invoiced."""
        for contract_id in CURRENCIES:
            self.define_contract(contract_id, limited=False)
            self.define_line(contract_id, "F1", limited=False)
            self.create_milestone(contract_id)
            self.ask("DELETE", f"/milestones/{self.milestones[-1]}")
            parts = self.create_milestone(contract_id)
            self.ask("POST", "/backlog/mark", {"items": parts, "status": "ready"})
            body = {"contract_id": contract_id, "items": parts}
            for invoice in self.ask("POST", "/invoices", body)["invoices"]:
                self.ask("POST", f"/invoices/{invoice['invoice_id']}/confirm", {})

    # --- deeds ---------------------------------------------------------------------------------

    def define_contract(self, contract_id: str | None = None, *, limited: bool = True) -> None:
        contract_id = contract_id or self.one(CURRENCIES)
        limit = self.limit if limited else _none
        body = contract_body(
            CUSTOMERS,
            name=f"Contract {self.asked}",
            currency=CURRENCIES[contract_id][0],
            limits={customer: limit(contract_id) for customer in CUSTOMERS},
            limit=limit(contract_id),
        )
        self.ask("PUT", f"/contracts/{contract_id}", body)

    def define_line(
        self, contract_id: str | None = None, line_id: str | None = None, *, limited: bool = True
    ) -> None:
        contract_id = contract_id or self.one(CURRENCIES)
        limit = self.limit if limited else _none
        line_id = line_id or self.one([*SALES_LINES, *FIXED_LINES])
        fixed = line_id in FIXED_LINES
        first = self.chance.choice([0, 30, 50, 100])
        splits = {"A": f"{first}", "B": f"{100 - first}"}
        if self.chance.random() < 0.3:
            splits = {"A": "33.33", "B": "33.33", "C": "33.34"}
        body = line_body(
            splits,
            name=f"Line {self.asked}",
            method=FIXED_PRICE if fixed else TIME_AND_MATERIAL,
            limits={customer: limit(contract_id) for customer in splits},
            contract_amount=self.money(contract_id, 5000) if fixed else None,
            limit=None if fixed else limit(contract_id),
            chargeable={"roles": {"free": False}},
        )
        self.ask("PUT", f"/contracts/{contract_id}/lines/{line_id}", body)

    def approve(self, contract_id: str | None = None) -> None:
        """A few approvals, on a contract nobody knows now and then."""
        events: list[Json] = []
        for _ in range(self.chance.randint(1, 6)):
            chosen = contract_id or self.chance.choice([*CURRENCIES] * 5 + ["C9"])
            self.asked += 1
            approval = approval_event(
                f"{self.asked}",
                event_id=f"e{self.asked}",
                contract_id=chosen,
                line_id=self.chance.choice([*SALES_LINES * 4, *FIXED_LINES]),
                date=self.day(),
                quantity=str(Decimal(self.chance.randint(-20, 90)) / 10),
                unit_price=self.money(chosen, 200),
                tax=self.money(chosen, 20),
                currency=CURRENCIES.get(chosen, ("EUR", 2))[0],
                role=self.chance.choice(["dev", "free", None]),
                **(HALF_BILLED if self.chance.random() < 0.2 else AS_WORKED),
                kind=self.chance.choice(["time", "expense", "material"]),
            )
            events.append(approval)
        answer = self.api.post("/events", json=events, headers={"content-type": BATCH})
        assert answer.status_code == 200, answer.text
        for event, result in zip(events, answer.json()["results"], strict=True):
            self.items += result["items"]
            if result["outcome"] == "parked":
                self.parked.append(event["id"])

    def mark(self) -> None:
        body = {
            "items": self.some(),
            "status": self.chance.choice(["ready", "ready", "ready", "not_ready"]),
            "mode": self.chance.choice(["best_effort", "best_effort", "all_or_nothing"]),
        }
        key = {"idempotency-key": f"key {self.asked}"} if self.chance.random() < 0.3 else None
        self.ask("POST", "/backlog/mark", body, key)
        if key:
            self.ask("POST", "/backlog/mark", body, key)

    def evaluate(self) -> None:
        deed = self.chance.choice(["reset", "reevaluate"])
        self.ask("POST", f"/backlog/nte/{deed}", {"items": self.some()})

    def draft(self) -> None:
        body: Json = {"contract_id": self.one(CURRENCIES)}
        if self.chance.random() < 0.3:
            body["cutoff"] = self.day()
        if self.chance.random() < 0.2:
            body["customer_ids"] = [self.one(CUSTOMERS)]
        made = self.ask("POST", "/invoices", body)
        self.invoices += [invoice["invoice_id"] for invoice in made.get("invoices", [])]

    def confirm(self) -> None:
        if self.invoices:
            self.ask("POST", f"/invoices/{self.one(self.invoices)}/confirm", {})

    def delete_draft(self) -> None:
        if self.invoices:
            self.ask("DELETE", f"/invoices/{self.one(self.invoices)}")

    def create_milestone(self, contract_id: str | None = None) -> list[str]:
        """The items that it was split into."""
        contract_id = contract_id or self.one(CURRENCIES)
        amount = self.money(contract_id, 900)
        body = {"name": "m", "amount": amount, "tax": self.money(contract_id, 9)}
        path = f"/contracts/{contract_id}/lines/{self.one(FIXED_LINES)}/milestones"
        made = self.ask("POST", path, {**body, "date": self.day()})
        self.milestones.append(made["milestone_id"])
        parts = [part["item_id"] for part in made["parts"]]
        self.items += parts
        return parts

    def change_milestone(self) -> None:
        if not self.milestones:
            return
        path = f"/milestones/{self.one(self.milestones[-4:])}"
        if self.chance.random() < 0.3:
            self.ask("DELETE", path)
        else:
            self.ask("PATCH", path, {"amount": f"{self.chance.randint(1, 900)}", "name": "changed"})

    def settle_parked(self) -> None:
        if self.parked:
            path = f"/intake/parked/{self.one(self.parked)}"
            if self.chance.random() < 0.5:
                self.ask("DELETE", path, {"reason": "a mistake"})
            else:
                self.ask("POST", f"{path}/retry")

    # --- helpers -------------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, body: Json | None = None, headers: Json | None = None
    ) -> Json:
        """The answer, a refusal too; a view that is read on the way has caught up."""
        self.asked += 1
        answer = self.api.request(method, path, json=body, headers=headers)
        assert answer.status_code < 500, answer.text
        assert answer.status_code not in {400, 415, 422}, f"{path} {body}: {answer.text}"
        found: Json = answer.json()
        self.position = max(self.position, found.get("position") or 0)
        return found

    def one(self, choices: Any) -> str:
        return self.chance.choice(list(choices))

    def some(self) -> list[str]:
        """Some of the latest items, and of the old ones."""
        latest = self.items[-40:]
        chosen = self.chance.sample(latest, min(len(latest), self.chance.randint(1, 25)))
        return list(dict.fromkeys([*chosen, self.one(self.items)]))

    def day(self) -> str:
        return (DAY + timedelta(self.chance.randint(0, 20))).isoformat()

    def money(self, contract_id: str, largest: int) -> str:
        _, decimals = CURRENCIES.get(contract_id, ("EUR", 2))
        return f"{Decimal(self.chance.randint(1, largest * 10**decimals)).scaleb(-decimals):f}"

    def limit(self, contract_id: str) -> str | None:
        return self.chance.choice([None, None, self.money(contract_id, 9000)])


def _none(_: str) -> None:
    return None
