"""Asking one server or the other, and judging what is answered."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import httpx

from tests.soak.notes import Notes
from tests.soak.servers import Pair

Json = dict[str, Any]
T = TypeVar("T")
MOST_TRIES = 60
"""How often a command is sent again to which others were faster, or whose answer is in doubt."""
EXPECTED = {
    "put line": {"404 contract_not_found", "409 customer_has_items"},
    "create milestone": {"404 contract_not_found", "404 contract_line_not_found"},
    "change milestone": {
        "404 milestone_not_found",
        "409 milestone_in_billing",
        "409 milestone_completed",
        "412 stale_version",
    },
    "delete milestone": {
        "404 milestone_not_found",
        "409 milestone_in_billing",
        "409 milestone_completed",
    },
    "mark": {"409 items_refused"},
    "draft": {"404 contract_not_found", "409 nothing_ready"},
    "confirm": {"404 invoice_not_found", "409 limit_exceeded"},
    "delete draft": {"404 invoice_not_found", "409 invoice_confirmed"},
    "retry parked": {"404 parked_event_not_found"},
    "dismiss parked": {"404 parked_event_not_found"},
    "read": {
        "404 contract_not_found",
        "404 contract_line_not_found",
        "404 milestone_not_found",
        "404 item_not_found",
        "404 invoice_not_found",
    },
}
"""The refusals that the rules have for each deed; any other answer but 200 and 201 is wrong."""


class Answer(NamedTuple):
    """An answer; without a status none came, and whether anything was done is in doubt."""

    status: int
    body: Json
    etag: str | None = None

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.status in {200, 201}


IN_DOUBT = Answer(0, {})


@dataclass
class Asking:
    """Asks either server, and keeps what no rule explains."""

    pair: Pair
    notes: Notes
    chance: random.Random

    async def read_one(self, path: str) -> Answer:
        """What a server shows that must have seen all that was told so far, by whichever."""
        after = self.notes.position
        answer = await self.ask("read", "GET", f"{path}{'&' if '?' in path else '?'}after={after}")
        shown = answer.body.get("position", after)
        self.notes.wrong.unless(shown >= after, f"{path} after {after} showed {shown}")
        return answer

    async def delete(self, deed: str, path: str, what: str) -> None:
        """Deletes, often by two clients at once, of whom one is told that it did."""
        asked = (self.ask(deed, "DELETE", path) for _ in range(self.chance.choice((1, 2))))
        for answer in await asyncio.gather(*asked):
            if answer.done:
                self.notes.deleted[what] += 1

    async def ask_with_key(self, deed: str, method: str, path: str, body: Json) -> Answer:
        """Asks, now and then twice under one key: at once, or one after the other."""
        if self.chance.random() < 0.7:
            return await self.ask(deed, method, path, body)
        key = {"idempotency-key": f"key {self.notes.next_number()}"}
        if self.chance.random() < 0.5:
            both = [self.ask(deed, method, path, body, key) for _ in range(2)]
            first, second = await asyncio.gather(*both)
        else:
            first = await self.ask(deed, method, path, body, key)
            second = await self.ask(deed, method, path, body, key)
        if first.done and second.done and first.body != second.body:
            self.notes.wrong.add(f"{deed} under {key} gave {first.body}, then {second.body}")
        return first if first.done else second

    async def ask(
        self,
        deed: str,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer of one server or the other; others that were faster are tried against."""
        for attempt in range(MOST_TRIES):
            answer = await self._once(deed, method, path, body, headers or {})
            again = answer.status == 409 and answer.body.get("code") == "conflict"
            behind = answer.status == 503 and method == "GET"
            if not again and not behind:
                return answer
            await asyncio.sleep(0.002 * attempt)
        self.notes.wrong.add(f"{method} {path} came to nothing {MOST_TRIES} times")
        return IN_DOUBT

    async def _once(
        self, deed: str, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> Answer:
        server = self.chance.choice(self.pair.servers)
        try:
            response = await server.client.request(method, f"/v1{path}", json=body, headers=headers)
        except httpx.TransportError as error:
            self.notes.outcomes[deed, "no answer"] += 1
            if not self.pair.killing:
                self.notes.wrong.add(f"{method} {path} got no answer: {error!r}")
            await asyncio.sleep(0.2)
            return IN_DOUBT
        found: Json = response.json()
        done = response.status_code in {200, 201}
        outcome = f"{response.status_code}{'' if done else ' ' + str(found.get('code'))}"
        self.notes.outcomes[deed, outcome] += 1
        self._judge(deed, f"{method} {path} {body}", outcome, response.text)
        if done:
            self.notes.position = max(self.notes.position, found.get("position") or 0)
        elif response.status_code == 503 and method != "GET":
            return IN_DOUBT
        return Answer(response.status_code, found, response.headers.get("etag"))

    def _judge(self, deed: str, asked: str, outcome: str, text: str) -> None:
        if outcome in {"200", "201", "409 conflict"} or outcome in EXPECTED.get(deed, ()):
            return
        if outcome.startswith("503") and self.pair.killing:
            return
        self.notes.wrong.add(f"{asked[:300]} was answered {text[:500]}")

    def one(self, choices: Iterable[T]) -> T:
        return self.chance.choice(list(choices))
