"""The service at work over HTTP: what commands are measured on, and what they have to come to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from benchmarks.client import Answer, Line, asked, request
from benchmarks.databases import Bench
from benchmarks.served import served
from benchmarks.workload import approvals, definitions

BATCH = 1_000
BATCH_TYPE = "application/cloudevents-batch+json"
MARK = "/v1/backlog/mark"
BACKLOG = "/v1/backlog/time-and-material"
READ_TRIES = 60
"""How often a read is tried that the views are behind for; each waits for some seconds."""


@dataclass(frozen=True, slots=True)
class Office:
    """A running service."""

    port: int

    def take_in(self, contracts: Sequence[str], count: int) -> list[str]:
        """Posts contracts and so many approvals on them; the items that came of these, in order.

        Returns once the views show them, so that the service is quiet.
        """
        self._post(list(definitions(contracts)))
        items: list[str] = []
        events = approvals(contracts, count)
        while batch := list(islice(events, BATCH)):
            items += self._post(batch)
        self.be_quiet()
        return items

    def be_quiet(self) -> int:
        """Waits until the views show everything; the position that this is."""
        newest = asked(self.port, [request("GET", "/v1/audit/events?limit=1")])[0].expect().json()
        self.read(f"{BACKLOG}?limit=1&after={newest['position']}")
        return newest["position"]

    def read(self, path: str) -> Any:
        """A read that waits for the views; its body. Raises BadAnswer when they don't get there."""
        with closing(Line(self.port)) as line:
            answer = line.ask(request("GET", path))
            for _ in range(READ_TRIES):
                if answer.status != 503:
                    break
                answer = line.ask(request("GET", path))
            return answer.expect().json()

    def _post(self, events: list[Any]) -> list[str]:
        """Posts a batch, all of it to be recorded; the items that came of it."""
        posted = asked(self.port, [request("POST", "/v1/events", events, BATCH_TYPE)])[0].expect()
        results = posted.json()["results"]
        if any(result["outcome"] != "recorded" for result in results):
            raise ValueError([result for result in results if result["outcome"] != "recorded"][:3])
        return [item for result in results for item in result["items"]]


@cache
def office(bench: Bench) -> Office:
    """The service that commands are measured on, over a database that is its own."""
    (port,) = bench.stack.enter_context(served(bench.databases.new()))
    return Office(port)


def mark(items: Sequence[str], status: str = "ready", path: str = MARK) -> bytes:
    """The request that marks these items."""
    return request("POST", path, {"items": items, "status": status})


def check_marked(answer: Answer, items: Sequence[str], status: str = "ready") -> None:
    """Raises ValueError unless these items have the status now; the first thousand are listed."""
    body = answer.expect().json()
    changed = body["changed"]
    listed = [(each["item_id"], each["billing_status"]) for each in changed]
    if body["changed_count"] != len(items) or listed != [(item, status) for item in items[:1_000]]:
        raise ValueError(f"{len(items)} items were to be {status}: {changed[:3]}")
