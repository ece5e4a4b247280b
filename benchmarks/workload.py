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
from tests.office import approval_event, contract_event, line_event

T = TypeVar("T")
Event = dict[str, Any]
SOURCE = "urn:billing-backlog:benchmarks"
LINE = "L1"
LIMIT = "900000000000.00"
FIRST_DAY = date(2026, 9, 1)
DAYS = [(FIRST_DAY + timedelta(days)).isoformat() for days in range(61)]
KINDS = ("time", "time", "time", "time", "time", "time", "time", "expense", "material", "fee")
LINE_TERMS: Event = {
    "name": "Consulting",
    "contract_amount": "250000.00",
    "chargeable": {
        "roles": dict.fromkeys((role for role, _ in ROLES), True),
        "categories": dict.fromkeys(EXPENSES, True),
        "tasks": None,
    },
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
        limits = dict.fromkeys(customers, LIMIT)
        common: Event = {"limit": LIMIT, "limits": limits}
        yield _sent(
            contract_event(contract_id, customers, name=f"Programme {contract_id}", **common)
        )
        yield _sent(
            line_event(
                contract_id,
                LINE,
                **LINE_TERMS,
                splits=dict(zip(customers, ("60", "40"), strict=True)),
                project_id=f"{contract_id}-P",
                **common,
            )
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


def _approval(draw: Callable[[], float], contract_id: str, approval_id: str, day: str) -> Event:
    """Mostly time, in quarters of an hour; money is reckoned in cents."""
    kind = _pick(draw, KINDS)
    role, rate = _pick(draw, ROLES)
    hundredths = 25 * (2 + int(draw() * 35)) if kind == "time" else 100
    price = rate * 100 if kind == "time" else 1_000 + int(draw() * 90_000)
    category = _pick(draw, EXPENSES)
    named: dict[str, Event] = {"time": {"role": role}, "expense": {"category": category}}
    return _sent(
        approval_event(
            approval_id,
            _euro(price),
            event_id=approval_id,
            kind=kind,
            contract_id=contract_id,
            line_id=LINE,
            date=day,
            quantity=f"{hundredths / 100:g}",
            tax=_euro(hundredths * price * 21 // 10_000),
            **named.get(kind, {}),
            task_id=_pick(draw, TASKS),
            resource=_pick(draw, PEOPLE),
            description=_pick(draw, TEXTS[kind]),
            billing_type="chargeable",
        )
    )


def _sent(event: Event) -> Event:
    """The event as it came in on the day that it is about."""
    day = event["data"].get("date", FIRST_DAY)
    return {**event, "source": SOURCE, "time": f"{day}T17:00:00Z"}


def _euro(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _pick(draw: Callable[[], float], choices: Sequence[T]) -> T:
    return choices[int(draw() * len(choices))]
