"""Callers who bill: each asks one server or the other, until what it wants is acknowledged."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.faults.notebook import Attempt, Deed, Json, Notebook, Told
from tests.office import (
    BATCH,
    FIXED_PRICE,
    TIME_AND_MATERIAL,
    approval_event,
    contract_body,
    line_body,
)
from tests.soak.servers import Served

CONTRACTS = ("K0", "K1")
"""The contracts that all callers share."""
LINES, FIXED_LINE = ("T1", "T2"), "F1"
ASK_SECONDS = 15.0
"""Seconds within which every call is answered, whatever happens to the database (operations.md)."""
DEED_SECONDS = 240.0
"""Seconds after which what is still not acknowledged counts as never."""
LARGE = 300
"""Approvals of a batch that are more events than those that are copied in (COPY)."""
PASSING = {"conflict", "outcome_unknown", "request_timeout"}
"""Codes, beside those of a 503, of answers after which the same is asked again."""
PAUSES = (0.05, 0.4)
"""Seconds between the attempts of a caller, at random."""


class NeverDone(Exception):
    """A deed was not acknowledged in all that time."""


@dataclass
class Caller:
    """One of them. What is in doubt or denied is asked again, under the same key."""

    name: str
    servers: Sequence[Served]
    notes: Notebook
    chance: random.Random
    stopping: asyncio.Event
    large: bool = False
    """Whether it posts large batches, too."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def open(self) -> None:
        """Puts the contracts and their lines on the books."""
        for contract_id in CONTRACTS:
            path = f"/contracts/{contract_id}"
            await self.do("put contract", "PUT", path, contract_body())
            for line_id in (*LINES, FIXED_LINE):
                method = FIXED_PRICE if line_id == FIXED_LINE else TIME_AND_MATERIAL
                body = line_body(method=method, contract_amount="100000000.00")
                await self.do("put line", "PUT", f"{path}/lines/{line_id}", body)

    async def work(self) -> None:
        """Takes approvals to invoices, again and again until told to stop; then ends the round."""
        while not self.stopping.is_set():
            contract_id = self.chance.choice(CONTRACTS)
            items = await self.post(contract_id, self.chance.randint(1, 6))
            await self.do(
                "mark", "POST", "/backlog/mark", {"items": items, "status": "ready"}, keyed=True
            )
            body: Json = {"contract_id": contract_id, "items": items}
            drafted = await self.do("draft", "POST", "/invoices", body, keyed=True)
            for invoice in drafted["invoices"]:
                if self.chance.random() < 0.7:
                    path = f"/invoices/{invoice['invoice_id']}/confirm"
                    await self.do("confirm", "POST", path, {})
            if self.chance.random() < 0.3:
                await self.split_off(contract_id)
            if self.large and next(self._numbers) % 2:
                await self.post(contract_id, LARGE)

    async def post(self, contract_id: str, size: int) -> list[str]:
        """Posts a batch of approvals on one contract; the items that came of them."""
        number = next(self._numbers)
        events = [
            approval_event(
                f"{self.name}-{number}-{n}",
                "0.10",
                contract_id=contract_id,
                line_id=self.chance.choice(LINES),
                event_id=f"{self.name}-{number}-{n}",
            )
            for n in range(size)
        ]
        ids = tuple(event["id"] for event in events)
        answer = await self.do("post", "POST", "/events", events, events=ids)
        return [item for result in answer["results"] for item in result["items"]]

    async def split_off(self, contract_id: str) -> None:
        """Makes a milestone."""
        path = f"/contracts/{contract_id}/lines/{FIXED_LINE}/milestones"
        body = {"name": "Step", "amount": "10.00", "tax": "0.00", "date": "2026-10-15"}
        await self.do("create milestone", "POST", path, body, keyed=True)

    async def do(
        self,
        name: str,
        method: str,
        path: str,
        body: object,
        *,
        keyed: bool = False,
        events: tuple[str, ...] = (),
    ) -> Json:
        """The acknowledgement of a deed. Raises NeverDone."""
        deed = Deed(name, events)
        self.notes.deeds.append(deed)
        headers = {"content-type": BATCH} if events else {}
        if keyed:
            headers["idempotency-key"] = f"{self.name} {next(self._numbers)}"
        server = self.chance.choice(self.servers)
        until = _now() + DEED_SECONDS
        while _now() < until:
            answer = await self._once(server, deed, method, path, body, headers)
            if answer is not None:
                deed.answer = answer
                return answer
            server = self.chance.choice([s for s in self.servers if s is not server] or [server])
            await asyncio.sleep(self.chance.uniform(*PAUSES))
        raise NeverDone(f"{name} of {self.name}: {[a.code for a in deed.attempts][-5:]}")

    async def _once(
        self,
        server: Served,
        deed: Deed,
        method: str,
        path: str,
        body: object,
        headers: dict[str, str],
    ) -> Json | None:
        """The answer to one request, if it is an acknowledgement."""
        attempt = Attempt(f"{self.name} {next(self._numbers)}", _now())
        deed.attempts.append(attempt)
        named = {**headers, "x-correlation-id": attempt.correlation_id}
        try:
            response = await server.client.request(
                method, f"/v1{path}", json=body, headers=named, timeout=ASK_SECONDS
            )
        except httpx.TransportError as error:
            attempt.code = type(error).__name__
            refused = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            attempt.told = Told.DENIED if refused else Told.IN_DOUBT
            return None
        finally:
            attempt.answered = _now()
            self.notes.changed.set()
        found: Json = response.json()
        if response.status_code in {200, 201}:
            attempt.told = Told.ACKNOWLEDGED
            self.notes.position = max(self.notes.position, found["position"])
            return found
        attempt.code = str(found["code"])
        # A caller whose own machine is busy may be too slow for its body (request_timeout).
        if response.status_code == 503 or attempt.code in PASSING:
            doubted = attempt.code == "outcome_unknown"
            attempt.told = Told.IN_DOUBT if doubted else Told.DENIED
            return None
        self.notes.strange.append(f"{deed.name} was answered {response.text[:500]}")
        raise NeverDone(self.notes.strange[-1])


def _now() -> float:
    return asyncio.get_running_loop().time()
