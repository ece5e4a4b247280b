"""The approvals of a sample: what was worked or bought on a line, as CloudEvents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.demo.sample_words import (
    EXPENSES,
    PEOPLE,
    ROLES,
    TASKS,
    TEXTS,
    UNNAMED_ROLE,
    Currency,
)

T = TypeVar("T")
Draw = Callable[[], float]
Event = dict[str, object]

SOURCE = "urn:billing-backlog:sample"
KINDS = ("time", "expense", "material", "fee")
_EVENT_TYPES = {kind: f"projects.{kind}.approved.v1" for kind in KINDS} | {
    "fee": "projects.fee.posted.v1"
}


@dataclass(frozen=True, slots=True)
class Line:
    """What has to be known of a T&M line to write approvals for it."""

    contract_id: str
    line_id: str
    currency: Currency
    includes: tuple[str, ...]
    free_of_charge: frozenset[str]


def approval(draw: Draw, line: Line, approval_id: str, day: str) -> Event:
    """An approval of a line on a day, as a CloudEvent."""
    kind = _kind(draw, line)
    quantity, price, named = _worked(draw, line) if kind == "time" else _bought(draw, line, kind)
    correction = draw() < 0.015
    task = pick(draw, TASKS)
    # What the line doesn't name takes the caller's default, here and there a present (D-22, D-25).
    unnamed = kind in {"material", "fee"} or named.get("role") == UNNAMED_ROLE
    complimentary = unnamed and draw() < 0.1
    free = complimentary or not line.free_of_charge.isdisjoint((task, *named.values()))
    # A correction takes back what was approved too much: it gives room back (D-31).
    signed = -quantity if correction else quantity
    tax = 0 if free else quantity * price * line.currency.tax_permille // 100_000
    text = pick(draw, TEXTS[kind])
    data: Event = {
        "approval_id": approval_id,
        "contract_id": line.contract_id,
        "line_id": line.line_id,
        "date": day,
        "quantity": _quantity(signed),
        "unit_price": line.currency.text(price),
        "tax": line.currency.text(-tax if correction else tax),
        "currency": line.currency.code,
        **named,
        "task_id": task,
        "resource": pick(draw, PEOPLE),
        "description": f"Correction: {text}" if correction else text,
        "billing_type": "complimentary" if complimentary else "chargeable",
    }
    if kind == "time" and quantity > 200 and draw() < 0.06 and not correction:
        data["billable_quantity"] = _quantity(quantity - 25 * (1 + int(draw() * 6)))
    return cloud_event(f"{approval_id}-approved", _EVENT_TYPES[kind], f"{day}T17:00:00Z", data)


def _kind(draw: Draw, line: Line) -> str:
    """Mostly time. What the line excludes still comes now and then: not billable (D-22)."""
    chance = draw()
    kind = KINDS[(chance > 0.7) + (chance > 0.86) + (chance > 0.94)]
    return kind if kind in line.includes or draw() < 0.25 else "time"


def _worked(draw: Draw, line: Line) -> tuple[int, int, dict[str, str]]:
    """Half an hour to nine hours in quarters; quantities are counted in hundredths."""
    role, rate = pick(draw, ROLES)
    return 25 * (2 + int(draw() * 35)), line.currency.minor(rate), {"role": role}


def _bought(draw: Draw, line: Line, kind: str) -> tuple[int, int, dict[str, str]]:
    currency, fraction = line.currency, draw()
    if kind == "expense":
        price = currency.minor(1) + int(fraction * fraction * currency.minor(900))
        return 100, price, {"category": pick(draw, EXPENSES)}
    if kind == "material":
        return 10 * (1 + int(draw() * 120)), currency.minor(5 + int(fraction * 140)), {}
    return 100, currency.minor(250 + 50 * int(fraction * 25)), {"category": "hosting"}


def cloud_event(event_id: str, kind: str, time: str, data: Event) -> Event:
    """An event of the sample's upstream systems."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


def _quantity(hundredths: int) -> str:
    """At most two decimals and no needless zeros: `7.5`, `-2`."""
    whole, part = divmod(abs(hundredths), 100)
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{whole}.{part:02d}".rstrip("0") if part else f"{sign}{whole}"


def pick(draw: Draw, choices: Sequence[T]) -> T:
    """One of them, each as likely as the others."""
    return choices[int(draw() * len(choices))]
