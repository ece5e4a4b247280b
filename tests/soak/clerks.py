"""Clerks at work: each asks one server or the other, at random, about what all others touch too."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.soak import bodies
from tests.soak.asking import IN_DOUBT, MOST_TRIES, Asking

Json = dict[str, Any]
BATCH = "application/cloudevents-batch+json"
SINGLE = "application/cloudevents+json"


@dataclass
class Clerk(Asking):
    """One of the clients. `part` says which contracts are worked on."""

    part: int

    async def work(self, until: float, most: int) -> None:
        """Does one thing after the other until the clock says so, or so many are done."""
        deeds: dict[Callable[[], Awaitable[None]], int] = {
            self.approve: 10,
            self.post_again: 3,
            self.mark: 10,
            self.evaluate: 4,
            self.draft: 4,
            self.confirm: 4,
            self.delete_draft: 2,
            self.create_milestone: 5,
            self.change_milestone: 5,
            self.delete_milestone: 3,
            self.put_contract: 2,
            self.put_line: 2,
            self.settle_parked: 1,
            self.read: 5,
        }
        await self.open()
        for _ in range(most):
            if time.monotonic() >= until:
                return
            (deed,) = self.chance.choices([*deeds], [*deeds.values()])
            await deed()

    # --- contracts -----------------------------------------------------------------------------

    async def open(self) -> None:
        """Puts a contract and its lines on the books, as others do, while work on it comes in."""
        contract_id = self.one(bodies.contracts_of(self.part))
        await self.approve()
        await self.put_contract(contract_id)
        lines = [*bodies.SALES_LINES, *bodies.FIXED_LINES]
        for line_id in self.chance.sample(lines, len(lines)):
            await self.put_line(contract_id, line_id)

    async def put_contract(self, contract_id: str | None = None) -> None:
        contract_id = contract_id or self.one(bodies.contracts_of(self.part))
        body = bodies.contract(self.chance, contract_id)
        await self.ask("put contract", "PUT", f"/contracts/{contract_id}", body)

    async def put_line(self, contract_id: str | None = None, line_id: str | None = None) -> None:
        contract_id = contract_id or self.one(bodies.contracts_of(self.part))
        line_id = line_id or self.one([*bodies.SALES_LINES, *bodies.FIXED_LINES])
        path = f"/contracts/{contract_id}/lines/{line_id}"
        await self.ask("put line", "PUT", path, bodies.line(self.chance, contract_id, line_id))

    # --- intake --------------------------------------------------------------------------------

    async def approve(self) -> None:
        """Posts approvals, some on contracts that come later, some by two clients at once."""
        events = [
            bodies.approval(self.chance, self._contract(), f"{self.notes.next_number()}")
            for _ in range(self.chance.choice((1, 1, 2, 5, 12)))
        ]
        self.notes.posted.extend(events)
        await self._post(events, times=self.chance.choice((1, 1, 1, 2)))

    async def post_again(self) -> None:
        """Posts what was posted before, or the same approval under another event id."""
        events = [dict(self.one(self.notes.posted))] if self.notes.posted else []
        if events and self.chance.random() < 0.3:
            events[0]["id"] = f"{events[0]['id']}-again-{self.chance.randint(1, 3)}"
        if events:
            await self._post(events, times=1)

    def _contract(self) -> str:
        part = self.chance.choice((*(self.part,) * 18, self.part + 1, max(self.part - 1, 0)))
        return self.one(bodies.contracts_of(part))

    async def _post(self, events: list[Json], times: int) -> None:
        single = len(events) == 1 and self.chance.random() < 0.5
        body: Any = events[0] if single else events
        kind = {"content-type": SINGLE if single else BATCH}

        async def post() -> None:
            # What is in doubt is sent again: an event is taken in once, however often it comes.
            for _ in range(MOST_TRIES):
                answer = await self.ask("post events", "POST", "/events", body, kind)
                if answer.done:
                    results = [answer.body] if single else answer.body["results"]
                    self.notes.results(events, results)
                if answer is not IN_DOUBT:
                    return

        await asyncio.gather(*(post() for _ in range(times)))

    async def settle_parked(self) -> None:
        if not self.notes.parked:
            return
        path = f"/intake/parked/{self.one(self.notes.parked)}"
        if self.chance.random() < 0.8:
            await self.ask("retry parked", "POST", f"{path}/retry")
        else:
            await self.ask("dismiss parked", "DELETE", path, {"reason": "posted by mistake"})

    # --- backlog -------------------------------------------------------------------------------

    async def mark(self) -> None:
        status = self.chance.choice(["ready", "ready", "ready", "ready", "not_ready"])
        mode = self.chance.choice(["best_effort", "best_effort", "best_effort", "all_or_nothing"])
        body = {"items": self.some_items(), "status": status, "mode": mode}
        await self.ask_with_key("mark", "POST", "/backlog/mark", body)

    async def evaluate(self) -> None:
        deed = self.one(["reset", "reevaluate", "reevaluate"])
        body = {"items": self.some_items()}
        await self.ask_with_key(deed, "POST", f"/backlog/nte/{deed}", body)

    async def create_milestone(self) -> None:
        contract_id = self.one(bodies.contracts_of(self.part))
        path = f"/contracts/{contract_id}/lines/{self.one(bodies.FIXED_LINES)}/milestones"
        body = bodies.milestone(self.chance, contract_id)
        made = await self.ask_with_key("create milestone", "POST", path, body)
        if made.done:
            self.notes.made.add(made.body["milestone_id"])
            self.notes.milestones.append(made.body["milestone_id"])
            self.notes.items.extend(part["item_id"] for part in made.body["parts"])

    async def change_milestone(self) -> None:
        """Changes a milestone, now and then only if it still is as it was read."""
        if not self.notes.milestones:
            return
        path = f"/milestones/{self.one(self.notes.milestones)}"
        seen = await self.read_one(path) if self.chance.random() < 0.3 else None
        headers = {"if-match": seen.etag} if seen and seen.etag else {}
        body = {"amount": f"{self.chance.randint(1, 3_000)}", "date": bodies.day(self.chance)}
        await self.ask("change milestone", "PATCH", path, body, headers)

    async def delete_milestone(self) -> None:
        if self.notes.milestones:
            milestone_id = self.one(self.notes.milestones)
            await self.delete("delete milestone", f"/milestones/{milestone_id}", milestone_id)

    # --- invoices ------------------------------------------------------------------------------

    async def draft(self) -> None:
        body: Json = {"contract_id": self.one(bodies.contracts_of(self.part))}
        if self.chance.random() < 0.3:
            body["cutoff"] = bodies.day(self.chance)
        if self.chance.random() < 0.2:
            body["customer_ids"] = [self.one(bodies.CUSTOMERS)]
        if self.chance.random() < 0.2:
            body["items"] = self.some_items()
        made = await self.ask_with_key("draft", "POST", "/invoices", body)
        for invoice in made.body.get("invoices", []):
            self.notes.made.add(invoice["invoice_id"])
            self.notes.drafts.append(invoice["invoice_id"])

    async def confirm(self) -> None:
        """Confirms an invoice, often by two clients at once, who must get the same answer."""
        if not self.notes.drafts:
            return
        path = f"/invoices/{self.one(self.notes.drafts)}/confirm"
        times = self.chance.choice((1, 1, 2))
        asked = (self.ask("confirm", "POST", path, {}) for _ in range(times))
        for answer in await asyncio.gather(*asked):
            if answer.done:
                self.notes.confirmed(answer.body)

    async def delete_draft(self) -> None:
        if self.notes.drafts:
            invoice_id = self.one(self.notes.drafts)
            await self.delete("delete draft", f"/invoices/{invoice_id}", invoice_id)

    # --- reading -------------------------------------------------------------------------------

    async def read(self) -> None:
        contract_id = self.one(bodies.contracts_of(self.part))
        lines = f"/contracts/{contract_id}/lines"
        item = self.one(self.notes.items or ["R0-EUR~T1~none"])
        path = self.one(
            (
                f"/backlog/{item}",
                f"/contracts/{contract_id}/limits",
                f"/contracts/{contract_id}/performance",
                f"{lines}/{self.one(bodies.FIXED_LINES)}",
                f"/backlog/time-and-material?contract_id={contract_id}&limit=50&totals=true",
                f"/backlog/fixed-price?contract_id={contract_id}&limit=50&sort=-date",
                f"/invoices?contract_id={contract_id}&limit=20",
            )
        )
        await self.read_one(path)

    def some_items(self) -> list[str]:
        """Some of the latest items, of any contract."""
        latest = list(self.notes.items)
        if not latest:
            return ["R0-EUR~T1~none"]
        return self.chance.sample(latest, min(len(latest), self.chance.choice((1, 3, 10, 40))))
