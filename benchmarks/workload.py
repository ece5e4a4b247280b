"""What is measured with: contracts with limits at all four levels, and approvals in date order.

Every line is shared by two customers, and the limits are so large that all is committed: the most
that an approval can ask of the service (D-2, D-31). The same arguments give the same events.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec

from service.demo.sample_words import EXPENSES, PEOPLE, ROLES, TASKS, TEXTS

T = TypeVar("T")
Event = dict[str, Any]
SOURCE = "urn:billing-backlog:benchmarks"
LINE = "L1"
LIMIT = "900000000000.00"
FIRST_DAY = date(2026, 9, 1)
DAYS = [(FIRST_DAY + timedelta(days)).isoformat() for days in range(61)]
KINDS = ("time", "time", "time", "time", "time", "time", "time", "expense", "material", "fee")
TYPES = {kind: f"projects.{kind}.approved.v1" for kind in ("time", "expense", "material")} | {
    "fee": "projects.fee.posted.v1"
}


def contract_ids(count: int) -> list[str]:
    """Names for so many contracts."""
    return [f"C{number:03d}" for number in range(count)]


def customers_of(number: int) -> tuple[str, str]:
    """The two customers of the contract of that number; they meet on other contracts again.

    The first customer of every tenth contract is always the same one.
    """
    first = "CU-000" if number % 10 == 0 else f"CU-{1 + 2 * number % 300:03d}"
    return first, f"CU-{2 + 2 * number % 300:03d}"


def definitions(contracts: Sequence[str]) -> Iterator[Event]:
    """Contracts with one line each, limited at every level."""
    for number, contract_id in enumerate(contracts):
        customers = customers_of(number)
        yield _event(
            f"{contract_id}-confirmed",
            "projects.contract.confirmed.v1",
            {
                "contract_id": contract_id,
                "name": f"Programme {contract_id}",
                "currency": "EUR",
                "nte_limit": LIMIT,
                "customers": [
                    {"customer_id": of, "name": f"Customer {of}", "nte_limit": LIMIT}
                    for of in customers
                ],
            },
        )
        yield _event(
            f"{contract_id}-{LINE}-confirmed",
            "projects.contract-line.confirmed.v1",
            _line(contract_id, customers),
        )


def approvals(contracts: Sequence[str], count: int) -> Iterator[Event]:
    """So many approvals by date, each on one of the contracts; two items will come of each."""
    draw = Random(count).random  # noqa: S311 - to be repeatable, not secret
    prefix = contracts[0]
    for index in range(count):
        contract_id = contracts[int(draw() * len(contracts))]
        day = DAYS[index * len(DAYS) // count]
        yield _approval(draw, contract_id, f"{prefix}-A{index:07d}", day)


def write_ndjson(path: Path, events: Iterable[Event]) -> Path:
    """Writes events to a file, one a line."""
    encoder = msgspec.json.Encoder()
    with path.open("wb") as file:
        for event in events:
            file.write(encoder.encode(event) + b"\n")
    return path


def _line(contract_id: str, customers: tuple[str, str]) -> Event:
    splits = zip(customers, ("60", "40"), (True, False), strict=True)
    return {
        "contract_id": contract_id,
        "line_id": LINE,
        "name": "Consulting",
        "project_id": f"{contract_id}-P",
        "billing_method": "time_and_material",
        "contract_amount": "250000.00",
        "nte_limit": LIMIT,
        "includes": ["time", "expense", "material", "fee"],
        "chargeable": {
            "roles": dict.fromkeys((role for role, _ in ROLES), True),
            "categories": dict.fromkeys(EXPENSES, True),
            "tasks": None,
        },
        "schedule": "milestones",
        "customers": [
            {"customer_id": of, "split_percent": split, "rounding": rounding, "nte_limit": LIMIT}
            for of, split, rounding in splits
        ],
    }


def _approval(draw: Callable[[], float], contract_id: str, approval_id: str, day: str) -> Event:
    """Mostly time, in quarters of an hour; money is reckoned in cents."""
    kind = _pick(draw, KINDS)
    role, rate = _pick(draw, ROLES)
    hundredths = 25 * (2 + int(draw() * 35)) if kind == "time" else 100
    price = rate * 100 if kind == "time" else 1_000 + int(draw() * 90_000)
    named = {"time": {"role": role}, "expense": {"category": _pick(draw, EXPENSES)}}
    return _event(
        approval_id,
        TYPES[kind],
        {
            "approval_id": approval_id,
            "contract_id": contract_id,
            "line_id": LINE,
            "date": day,
            "quantity": f"{hundredths / 100:g}",
            "unit_price": _euro(price),
            "tax": _euro(hundredths * price * 21 // 10_000),
            "currency": "EUR",
            **named.get(kind, {}),
            "task_id": _pick(draw, TASKS),
            "resource": _pick(draw, PEOPLE),
            "description": _pick(draw, TEXTS[kind]),
            "billing_type": "chargeable",
        },
    )


def _event(event_id: str, kind: str, data: Event) -> Event:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind,
        "time": f"{data.get('date', FIRST_DAY)}T17:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }


def _euro(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _pick(draw: Callable[[], float], choices: Sequence[T]) -> T:
    return choices[int(draw() * len(choices))]
