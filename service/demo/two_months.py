"""Two months of a billing desk in a minute: the sample, worked over the public HTTP API.

September is billed: what can be marked ready is, every contract is drafted at the month's end, and
all invoices but one are confirmed. October is under way: its first half is ready, one contract is
drafted and one of its drafts edited and confirmed, room under a limit is shifted from late work to
older work, and the rest waits. Of what was billed, a part is credited, and an approval is recalled,
which asks for a correction. The end state so holds every billing status, NTE status and milestone
status side by side, and its tables balance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import cast

import httpx

from service.demo import DEFAULT_APPROVALS, DEFAULT_CONTRACTS, DEFAULT_SEED
from service.demo.after_billing import bill_a_half, credit_a_part, recall_billed_work
from service.demo.desk import ALL_STATUSES, TIME_AND_MATERIAL, Desk, Json
from service.demo.sample import generate

SEPTEMBER_END, MID_OCTOBER, OCTOBER_END = "2026-09-30", "2026-10-16", "2026-10-31"
_MILESTONES = (
    ("Kick-off & Konzept", Decimal("0.40"), "2026-09-15"),
    ("Acceptance test", Decimal("0.35"), "2026-10-15"),
    ("Go-live", Decimal("0.25"), "2026-11-30"),
)
_TAX_RATES = {"EUR": Decimal("0.21"), "USD": Decimal("0.08"), "JPY": Decimal("0.10")}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndState:
    """The rows of both views, the limit levels, the invoices and the obligations, as the API
    returned them.

    A limit level has `contract_id` and `currency` added, which its own answer leaves to the path.
    """

    fixed_price: list[Json]
    time_and_material: list[Json]
    limits: list[Json]
    invoices: list[Json]
    obligations: list[Json]


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
    first, second, third, *_, last = currencies
    fixed = [data for _, data, _ in sample if data.get("billing_method") == "fixed_price"]
    for line in fixed:
        _plan_milestones(desk, line, currencies[line["contract_id"]])
    desk.mark_ready(desk.open_items(date_to=MID_OCTOBER), "Approved hours checked by the lead")
    drafts = [
        draft for contract_id in currencies for draft in desk.draft(contract_id, SEPTEMBER_END)
    ]
    left_open = [draft["invoice_id"] for draft in drafts if draft["contract_id"] == second][-1]
    billed: dict[str, Json] = {}
    for draft in drafts:
        if draft["invoice_id"] != left_open:
            path = f"/invoices/{draft['invoice_id']}/confirm"
            invoice = desk.call("POST", path, {"accounting_date": SEPTEMBER_END})
            billed.setdefault(invoice["contract_id"], invoice)
    _shift_room(desk, first)
    bill_a_half(desk, desk.draft(last, OCTOBER_END)[0], OCTOBER_END)
    credit_a_part(desk, billed[second], OCTOBER_END)
    recall_billed_work(desk, billed[third])
    return _end_state(desk, currencies)


def as_json(end: EndState) -> dict[str, list[Json]]:
    """The end state for programs: a list for each of its parts, by name."""
    return asdict(end)


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
        fixed_price=desk.rows("/backlog/fixed-price"),
        time_and_material=desk.rows(TIME_AND_MATERIAL, {"billing_status": ALL_STATUSES}),
        limits=[
            {**level, "contract_id": contract_id, "currency": currency}
            for contract_id, currency in currencies.items()
            for level in desk.levels(contract_id)
        ],
        invoices=desk.rows("/invoices"),
        obligations=desk.rows("/intake/obligations"),
    )
