"""A sample of the trade at any size: contracts and their lines, then approvals in date order.

The same arguments give the same bytes on any machine: chance comes from one seeded generator, of
which only `random()` is used (the one method whose sequence Python promises to keep), and all
reckoning is in whole minor units. Memory grows with the contracts, never with the approvals.

What is in it: four currencies (D-1), splits with rounding customers and a customer at 0 % (D-2,
D-3), limits at every level (D-30) that some approvals exceed (D-31), non-chargeable roles and
tasks, excluded classes (D-22), complimentary work (D-25), billable quantities below what was
submitted (D-21), and negative corrections. Approvals go to T&M lines only; the fixed-price lines
wait for their milestones.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from service.demo.sample_approvals import (
    KINDS,
    Draw,
    Event,
    Line,
    approval,
    cloud_event,
    pick,
)
from service.demo.sample_words import (
    CUSTOMERS,
    EXPENSES,
    PROGRAMMES,
    ROLES,
    SHAPES,
    SPLITS,
    TASKS,
    UNNAMED_ROLE,
    Shape,
)

FIRST_DAY, LAST_DAY = date(2026, 9, 1), date(2026, 10, 31)
# What an approval is worth on average, in euro: the measure that limits are sized by.
_MEAN_EUR = 490
_WHOLE = 10_000  # 100 %, in hundredths of a percent
_CONFIRMED = "2026-08-28"


def generate(contracts: int, approvals: int, seed: int) -> Iterator[Event]:
    """CloudEvents for `POST /v1/events`: contracts with their lines, then approvals by date.

    Raises ValueError for a negative count, or for approvals without a contract to book them on.
    """
    if contracts < 0 or approvals < 0 or (approvals and not contracts):
        raise ValueError("Counts are not negative, and approvals need at least one contract.")
    return _stream(contracts, approvals, seed)


def to_ndjson(events: Iterable[Event]) -> Iterator[str]:
    """One line of JSON per event, without its line end."""
    return map(json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode, events)


def _stream(contracts: int, approvals: int, seed: int) -> Iterator[Event]:
    draw = Random(seed).random  # noqa: S311 - a sample is to be repeatable, not secret
    shapes = [SHAPES[number % len(SHAPES)] for number in range(contracts)]
    per_line = max(20, approvals // max(1, sum(shape.lines for shape in shapes)))
    lines: list[Line] = []
    for number, shape in enumerate(shapes, start=1):
        budget = shape.currency.minor(per_line * _MEAN_EUR)
        contract = _Contract(seed, number, shape, budget, _customers(draw, shape.customers))
        yield contract.event(pick(draw, PROGRAMMES))
        for position in range(shape.lines):
            line = contract.line(position)
            lines.append(line)
            yield contract.time_and_material(line, position)
        if shape.fixed_price:
            yield contract.fixed_price()
    days = _working_days()
    for index in range(approvals):
        day = days[index * len(days) // approvals]
        yield approval(draw, pick(draw, lines), f"S{seed}-A{index + 1:07d}", day)


@dataclass(frozen=True, slots=True)
class _Contract:
    """One contract and its lines. `budget` is what a T&M line is expected to collect, in minor
    units; the ceilings on T&M are set below it, at a level or two per contract (D-30)."""

    seed: int
    number: int
    shape: Shape
    budget: int
    customers: list[tuple[str, str]]

    @property
    def id(self) -> str:
        return f"S{self.seed}-C{self.number:03d}"

    def event(self, programme: str) -> Event:
        """The last of several customers has no limit of its own, so that only some have."""
        shape, capped = self.shape, max(1, len(self.customers) - 1)
        # A contract's ceiling leaves room for its fixed-price work, which counts too (D-35).
        whole = self.budget * shape.lines * 65 // 100 + self._fixed_amount() * shape.fixed_price
        parts = [
            sum(_share(self._splits(position)[n]) for position in range(shape.lines))
            for n in range(len(self.customers))
        ]
        ceilings = [self._limit("contract_customer", self._part(part, 62)) for part in parts]
        return cloud_event(
            f"{self.id}-confirmed",
            "projects.contract.confirmed.v1",
            f"{_CONFIRMED}T09:00:00Z",
            {
                "contract_id": self.id,
                "name": f"{self.customers[0][1]}: {programme}",
                "currency": shape.currency.code,
                "nte_limit": self._limit("contract", whole),
                "customers": [
                    {
                        "customer_id": of,
                        "name": name,
                        "nte_limit": ceilings[n] if n < capped else None,
                    }
                    for n, (of, name) in enumerate(self.customers)
                ],
            },
        )

    def line(self, position: int) -> Line:
        excluded = "expense" if position == 1 else "fee" if self.number % 5 == 1 else None
        includes = tuple(kind for kind in KINDS if kind != excluded)
        free = ["project-office", "meals", *(["T-40"] if self._selects_tasks() else [])]
        line_id = f"{self.id}-T{position + 1}"
        return Line(self.id, line_id, self.shape.currency, includes, frozenset(free))

    def time_and_material(self, line: Line, position: int) -> Event:
        """A line names every role but one, which takes the caller's default (D-22)."""
        splits = self._splits(position)
        limit = self._limit("line_customer", self._part(_share(splits[0]), 60))
        named = {role: role not in line.free_of_charge for role, _ in ROLES}
        del named[UNNAMED_ROLE]
        tasks = {task: task not in line.free_of_charge for task in TASKS}
        terms: Event = {
            "name": "Consulting" if position == 0 else "Support & Betrieb",
            "billing_method": "time_and_material",
            "contract_amount": self.shape.currency.text(self.budget),
            "nte_limit": self._limit("line", self.budget * 58 // 100),
            "includes": list(line.includes),
            "chargeable": {
                "roles": named,
                "categories": {category: category != "meals" for category in EXPENSES},
                "tasks": tasks if self._selects_tasks() else None,
            },
        }
        return self._line_event(line.line_id, terms, splits, None if position else limit)

    def fixed_price(self) -> Event:
        """Never with a limit of its own: that level is for T&M lines only (D-30)."""
        terms: Event = {
            "name": "Delivery at a fixed price",
            "billing_method": "fixed_price",
            "contract_amount": self.shape.currency.text(self._fixed_amount()),
            "nte_limit": None,
            "includes": list(KINDS),
        }
        return self._line_event(f"{self.id}-F1", terms, SPLITS[len(self.customers)][-1], None)

    def _line_event(
        self, line_id: str, terms: Event, splits: tuple[str, ...], first_limit: str | None
    ) -> Event:
        """The last customer with a share takes what rounding leaves over (D-2)."""
        rounding = max(n for n, split in enumerate(splits) if split != "0")
        payers: list[Event] = [
            {
                "customer_id": of,
                "split_percent": split,
                "rounding": n == rounding,
                "nte_limit": None,
            }
            for n, ((of, _), split) in enumerate(zip(self.customers, splits, strict=True))
        ]
        payers[0]["nte_limit"] = first_limit
        upstream = {"contract_id": self.id, "line_id": line_id, "project_id": f"{self.id}-P"}
        return cloud_event(
            f"{line_id}-confirmed",
            "projects.contract-line.confirmed.v1",
            f"{_CONFIRMED}T10:00:00Z",
            {**upstream, **terms, "schedule": "milestones", "customers": payers},
        )

    def _limit(self, level: str, minor: int) -> str | None:
        """A ceiling of round hundreds of euro or so, where the contract has one at that level."""
        hundred = self.shape.currency.minor(100)
        text = self.shape.currency.text(max(1, minor // hundred) * hundred)
        return text if level in self.shape.limits else None

    def _part(self, share: int, percent: int) -> int:
        return self.budget * share * percent // 100 // _WHOLE

    def _splits(self, position: int) -> tuple[str, ...]:
        choices = SPLITS[len(self.customers)]
        return choices[(self.number + position) % len(choices)]

    def _fixed_amount(self) -> int:
        """Four fifths of a line's budget, in thousands: easily cut in milestones (D-15)."""
        thousand = 10 ** (self.shape.currency.decimals + 3)
        return max(1, self.budget * 4 // 5 // thousand) * thousand

    def _selects_tasks(self) -> bool:
        return self.number % 3 == 0


def _customers(draw: Draw, count: int) -> list[tuple[str, str]]:
    """Different ones, spread over the list; larger samples meet the same customers again."""
    first = int(draw() * len(CUSTOMERS))
    places = [(first + 5 * n) % len(CUSTOMERS) for n in range(count)]
    return [(f"CU-{place + 1:02d}", CUSTOMERS[place]) for place in places]


def _share(percent: str) -> int:
    """A percentage in hundredths of a percent, so that reckoning stays in integers."""
    whole, _, part = percent.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _working_days() -> list[str]:
    days = (FIRST_DAY + timedelta(n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    return [day.isoformat() for day in days if day.weekday() < 5]
