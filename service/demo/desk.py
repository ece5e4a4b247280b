"""Two months of a billing desk in a minute: the sample, worked over the public HTTP API.

September is billed: what can be marked ready is, every contract is drafted at the month's end, and
all invoices but one are confirmed. October is under way: its first half is ready, one contract is
drafted, room under a limit is shifted from late work to older work, and the rest waits. The end
state so holds every billing status, NTE status and milestone status side by side.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar, cast

import httpx

from service.demo import DEFAULT_APPROVALS, DEFAULT_CONTRACTS, DEFAULT_SEED
from service.demo.sample import generate

T = TypeVar("T")
Json = dict[str, Any]
Params = Mapping[str, str | int | Sequence[str]]

SEPTEMBER_END, MID_OCTOBER, OCTOBER_END = "2026-09-30", "2026-10-16", "2026-10-31"
FIXED_PRICE, TIME_AND_MATERIAL = "/backlog/fixed-price", "/backlog/time-and-material"
# The time and material view leaves out posted items unless they are asked for by status.
ALL_STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
_EVENTS_PER_BATCH, _ITEMS_PER_CALL, _ROWS_PER_PAGE = 100, 500, 1000
_MILESTONES = (
    ("Kick-off & Konzept", Decimal("0.40"), "2026-09-15"),
    ("Acceptance test", Decimal("0.35"), "2026-10-15"),
    ("Go-live", Decimal("0.25"), "2026-11-30"),
)
_TAX_RATES = {"EUR": Decimal("0.21"), "USD": Decimal("0.08"), "JPY": Decimal("0.10")}


class DemoFailed(Exception):
    """The service answered with a problem, or didn't take the sample; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndState:
    """The rows of both views, the limit levels and the invoices, as the API returned them.

    A limit level has `contract_id` and `currency` added, which its own answer leaves to the path.
    """

    fixed_price: list[Json]
    time_and_material: list[Json]
    limits: list[Json]
    invoices: list[Json]


def work_the_backlog(client: httpx.Client) -> EndState:
    """Loads the sample into an empty service and works it; `client` has the base URL `…/v1`.

    Raises DemoFailed when the service refuses a step.
    """
    desk = Desk(client)
    sample = [
        (str(event["type"]), cast(Json, event["data"]), event)
        for event in generate(DEFAULT_CONTRACTS, DEFAULT_APPROVALS, DEFAULT_SEED)
    ]
    desk.post_events([event for _, _, event in sample])
    contracts = [data for kind, data, _ in sample if kind == "projects.contract.confirmed.v1"]
    currencies = {str(contract["contract_id"]): str(contract["currency"]) for contract in contracts}
    first, second, *_, last = currencies
    fixed = [data for _, data, _ in sample if data.get("billing_method") == "fixed_price"]
    for line in fixed:
        _plan_milestones(desk, line, currencies[line["contract_id"]])
    desk.mark_ready(desk.open_items(date_to=MID_OCTOBER), "Approved hours checked by the lead")
    drafts = [draft for contract_id in currencies for draft in desk.draft(contract_id)]
    left_open = [draft["invoice_id"] for draft in drafts if draft["contract_id"] == second][-1]
    for draft in drafts:
        if draft["invoice_id"] != left_open:
            path = f"/invoices/{draft['invoice_id']}/confirm"
            desk.call("POST", path, {"accounting_date": SEPTEMBER_END})
    _shift_room(desk, first)
    desk.draft(last, OCTOBER_END)
    return _end_state(desk, currencies)


def as_json(end: EndState) -> dict[str, list[Json]]:
    """The end state for programs: `{fixed_price, time_and_material, limits, invoices}`."""
    return asdict(end)


# --- the desk: the API's conventions in one place ----------------------------------------------


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

    def draft(self, contract_id: str, cutoff: str = SEPTEMBER_END) -> list[Json]:
        """One draft per customer with something ready up to the cutoff (D-40)."""
        body = {"contract_id": contract_id, "cutoff": cutoff}
        return list(self.call("POST", "/invoices", body)["invoices"])


def _plan_milestones(desk: Desk, line: Json, currency: str) -> None:
    """Three milestones that total the line's amount (D-15); the first one ready for everybody, the
    second for all customers but one, the last for nobody (D-11)."""
    total = Decimal(line["contract_amount"])
    for position, (name, share, date) in enumerate(_MILESTONES):
        amount = (total * share).quantize(total)
        if position == len(_MILESTONES) - 1:
            amount = total - sum((total * of).quantize(total) for _, of, _ in _MILESTONES[:-1])
        tax = (amount * _TAX_RATES.get(currency, Decimal(0))).quantize(total)
        body = {"name": name, "amount": f"{amount:f}", "tax": f"{tax:f}", "date": date}
        path = f"/contracts/{line['contract_id']}/lines/{line['line_id']}/milestones"
        parts: list[Json] = desk.call("POST", path, {**body, "task_id": "T-10"})["parts"]
        ready = (parts, parts[: max(1, len(parts) - 1)], [])[position]
        desk.mark_ready(ready, f"{name} accepted by the customer")


def _shift_room(desk: Desk, contract_id: str) -> None:
    """Resets the newest committed work, evaluates what failed again, oldest first, and marks what
    then passes: the room of the one is the other's (D-33, D-34)."""
    items = desk.open_items(contract_id=contract_id)
    late = [
        item
        for item in items
        if item["nte_status"] == "committed"
        and item["billing_status"] in {"not_ready", "ready"}
        and Decimal(item["amount"]) > 0
    ]
    given_up = [item["item_id"] for item in late[-8:]]
    failed = [item["item_id"] for item in items if item["nte_status"] == "failed"]
    if not given_up or not failed:
        return
    desk.call("POST", "/backlog/nte/reset", {"items": given_up})
    changed: list[Json] = desk.call("POST", "/backlog/nte/reevaluate", {"items": failed})["changed"]
    passed = [item for item in changed if item["nte_status"] == "committed"]
    desk.mark_ready(passed[: len(passed) // 2], "Older work goes first")


def _end_state(desk: Desk, currencies: Mapping[str, str]) -> EndState:
    return EndState(
        fixed_price=desk.rows(FIXED_PRICE),
        time_and_material=desk.rows(TIME_AND_MATERIAL, {"billing_status": ALL_STATUSES}),
        limits=[
            {**level, "contract_id": contract_id, "currency": currency}
            for contract_id, currency in currencies.items()
            for level in desk.levels(contract_id)
        ],
        invoices=desk.rows("/invoices"),
    )


def _in_groups(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while group := list(islice(rest, size)):
        yield group
