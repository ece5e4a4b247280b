"""Somebody at work on the backlog over the public HTTP API: its conventions in one place."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

import httpx

T = TypeVar("T")
Json = dict[str, Any]
Params = Mapping[str, str | int | Sequence[str]]

TIME_AND_MATERIAL = "/backlog/time-and-material"
# The time and material view leaves out posted items unless they are asked for by status.
ALL_STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
_EVENTS_PER_BATCH, _ITEMS_PER_CALL, _ROWS_PER_PAGE = 100, 500, 1000


class DemoFailed(Exception):
    """The service answered with a problem, or didn't take the sample; the text says which."""


def call(
    client: httpx.Client,
    method: str,
    path: str,
    body: object = None,
    params: Params | None = None,
) -> Json:
    """One call and its JSON answer; a list as the body is a batch of CloudEvents.

    Raises DemoFailed with the problem's detail on any refusal.
    """
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    media_type = (
        "application/cloudevents-batch+json" if isinstance(body, list) else "application/json"
    )
    headers = {"content-type": media_type} if content else None
    response = client.request(method, path, content=content, params=params, headers=headers)
    if response.is_success:
        return cast(Json, response.json())
    raise DemoFailed(f"{method} {path}: {response.status_code} {_problem(response)}")


def _problem(response: httpx.Response) -> str:
    if "json" not in response.headers.get("content-type", ""):
        return response.text[:200]
    problem = cast(Json, response.json())
    items = cast(list[Json], problem.get("errors") or [])
    reasons = [str(item.get("detail")) for item in items[:3]]
    return "; ".join([str(problem.get("detail") or problem.get("title")), *reasons])


class Desk:
    """Somebody at work on the backlog, who always sees what they did before: every command's
    `position` goes into the `after` of the next read."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._position = 0

    def call(self, method: str, path: str, body: object = None) -> Json:
        """A command; its position is remembered."""
        answer = call(self._client, method, path, body)
        self._position = max(self._position, int(answer.get("position") or 0))
        return answer

    def rows(self, path: str, params: Params | None = None) -> list[Json]:
        """All rows of a list, page by page along the cursor."""
        fixed = {**(params or {}), "limit": _ROWS_PER_PAGE, "after": self._position}
        page = call(self._client, "GET", path, params=fixed)
        rows: list[Json] = list(page["items"])
        while page["next"]:
            page = call(self._client, "GET", path, params={**fixed, "cursor": page["next"]})
            rows.extend(page["items"])
        return rows

    def open_items(self, **filters: str) -> list[Json]:
        """Unposted time and material, oldest first."""
        rows = self.rows(TIME_AND_MATERIAL, filters)
        return sorted(rows, key=lambda row: (row["date"], row["approval_id"], row["item_id"]))

    def levels(self, contract_id: str) -> list[Json]:
        """The contract's limits and their usage (D-36)."""
        path = f"/contracts/{contract_id}/limits"
        return list(call(self._client, "GET", path, params={"after": self._position})["levels"])

    def post_events(self, events: Iterable[dict[str, object]]) -> None:
        """The events in batches. Excluded classes are answered as not billable (D-22)."""
        for batch in _in_groups(events, _EVENTS_PER_BATCH):
            for result in self.call("POST", "/events", batch)["results"]:
                if result["outcome"] not in {"recorded", "duplicate", "not_billable"}:
                    text = f"{result['id']} was {result['outcome']}: {result.get('problem')}"
                    raise DemoFailed(text)

    def mark_ready(self, items: Iterable[Json], reason: str) -> None:
        """What can be marked is; what failed a limit is left as it is (D-26, D-27)."""
        for group in _in_groups((item["item_id"] for item in items), _ITEMS_PER_CALL):
            body = {"items": group, "status": "ready", "mode": "best_effort", "reason": reason}
            self.call("POST", "/backlog/mark", body)

    def draft(self, contract_id: str, cutoff: str) -> list[Json]:
        """One draft per customer with something ready up to the cutoff (D-40)."""
        body = {"contract_id": contract_id, "cutoff": cutoff}
        return list(self.call("POST", "/invoices", body)["invoices"])


def _in_groups(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while group := list(islice(rest, size)):
        yield group
