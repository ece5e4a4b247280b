"""What a backlog list is filtered by, and what its statement depends on of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import product
from math import prod
from typing import Any

from aggregates.money import MINOR_UNITS
from projections.values.search_texts import folded
from projections.views.kept_to import UNRESTRICTED, KeptTo
from projections.views.paging import BadQuery, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFilter:
    """What to list: values per column (any of them), dates and amounts from and to, a text.

    Amounts are compared with each row's own, in its currency. What is listed is `kept_to` what its
    reader may know of, whatever else is said.
    """

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    date_from: date | None = None
    date_to: date | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    text: str | None = None
    kept_to: KeptTo = UNRESTRICTED


KEYS = ("item_id", "invoice_id")
"""Columns each value of which few rows have, and that have an index; fewest rows first."""
DECIMALS = sorted(set(MINOR_UNITS.values()))
"""How many decimals the currencies have."""
_BEYOND_ALL = 2**63 - 1
"""Minor units that no row has, but a column could."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A filter without its values: what its statement depends on."""

    any_of: tuple[tuple[str, int], ...]
    has_date_from: bool
    has_date_to: bool
    has_text: bool
    has_amount_min: bool = False
    has_amount_max: bool = False
    kept: tuple[str, ...] = ()
    """Columns whose values a reader may not know all of."""

    @property
    def names(self) -> set[str]:
        """All that it is by."""
        others = {
            "date": self.has_date_from or self.has_date_to,
            "amount": self.has_amount_min or self.has_amount_max,
            "text": self.has_text,
        }
        told = {name for name, _ in self.any_of} | {name for name, has in others.items() if has}
        return told.union(self.kept)

    @property
    def has_project(self) -> bool:
        """Whether it is by project, which stands with the line of a row."""
        return "project_id" in self.names

    @property
    def has_leader(self) -> bool:
        """Whether it is by a column that an index begins with, then a status and the date."""
        return not self.names.isdisjoint(_LEADING)

    @property
    def key(self) -> str | None:
        """What leads to so few rows that they are read by nothing else, and sorted."""
        return next((name for name in KEYS if name in self.names), None)


def starting_at(wanted: BacklogFilter, day: date, orders: Sequence[Order]) -> BacklogFilter:
    """What is wanted, from a day on in the order of the dates.

    Raises BadQuery when the list is in another order.
    """
    first = orders[0]
    if first.name != "date":
        raise BadQuery("seek", "needs a list in the order of dates: sort by date or -date first")
    if first.descending:
        return replace(wanted, date_to=min(day, wanted.date_to or day))
    return replace(wanted, date_from=max(day, wanted.date_from or day))


@dataclass(frozen=True, slots=True)
class PageShape:
    """What the statement of a page depends on."""

    filter: Shape
    orders: tuple[Order, ...]
    is_next: bool
    """Whether other parts of the list came before."""
    on_postgres: bool
    has_names: bool = True
    """Whether names have its text."""
    has_texts: bool = True
    """Whether texts have it that rows say."""
    has_until: bool = False
    """Whether only rows up to some sort keys are looked up."""
    led: tuple[str, ...] = ()
    """Which lists, of texts, contracts or customers, lead to rows with a text in their order."""


def shape_of(wanted: BacklogFilter) -> tuple[Shape, dict[str, Any]]:
    """The shape of a filter, and the values that its statement is executed with."""
    any_of = {name: list(dict.fromkeys(several)) for name, several in wanted.any_of.items()}
    any_of |= _narrowed(any_of, wanted.kept_to)
    values: dict[str, Any] = {
        f"{name}_{n}": value for name, several in any_of.items() for n, value in enumerate(several)
    }
    if wanted.date_from:
        values["date_from"] = wanted.date_from
    if wanted.date_to:
        values["date_to"] = wanted.date_to
    values |= _in_minor_units("amount_min", wanted.amount_min, ROUND_CEILING)
    values |= _in_minor_units("amount_max", wanted.amount_max, ROUND_FLOOR)
    if wanted.text:
        values["text"] = folded(wanted.text)
    values |= wanted.kept_to.values()
    shape = Shape(
        any_of=tuple((name, len(several)) for name, several in any_of.items()),
        has_date_from="date_from" in values,
        has_date_to="date_to" in values,
        has_text="text" in values,
        has_amount_min=wanted.amount_min is not None,
        has_amount_max=wanted.amount_max is not None,
        kept=wanted.kept_to.names,
    )
    return shape, values


def _narrowed(any_of: Mapping[str, list[str]], kept_to: KeptTo) -> dict[str, list[str]]:
    """Filters by what a reader may know of, where these lead to few rows.

    They find rows faster, and no others: that is what `Shape.kept` is for, which no facet leaves
    out.
    """
    narrowed: dict[str, list[str]] = {}
    for name, several in kept_to.by_column.items():
        both = [value for value in any_of.get(name, several) if value in several]
        if 0 < len(both) <= MOST_NARROWED:
            narrowed[name] = both
    return narrowed


def _in_minor_units(name: str, bound: Decimal | None, rounding: str) -> dict[str, int]:
    """A bound of amounts for currencies of each number of decimals, as their rows are kept."""
    if bound is None:
        return {}
    minor = {each: int(bound.scaleb(each).to_integral_value(rounding)) for each in DECIMALS}
    return {
        f"{name}_{each}": max(-_BEYOND_ALL, min(value, _BEYOND_ALL))
        for each, value in minor.items()
    }


MOST_NARROWED = 200
"""Contracts or customers of a reader that lists are filtered by: as many as a filter may have."""
WHOLE: Mapping[str, int] = {}
_LEADING = ("resource", "contract_id", "customer_id", "nte_status")
"""Columns that an index begins with, then a status and the date; fewest rows first."""
MOST_STRANDS = 32


def strands_of(shape: Shape) -> list[Mapping[str, int]]:
    """Parts of what is wanted, each of which lies in one index in the list's own order.

    Each is told by the number of its value of some columns. Of several statuses the rows lie in as
    many places of an index: a database would read all of them to sort them, or go by date through
    all that was ever billed.
    """
    counts = _counts(shape)
    if is_scattered(shape) or shape.has_project or shape.key:
        return [WHOLE]
    choices = product(*map(range, counts.values()))
    return [dict(zip(counts, numbers, strict=True)) for numbers in choices]


def is_scattered(shape: Shape) -> bool:
    """Whether what is wanted lies in too many places of an index to be read in order."""
    return prod(_counts(shape).values()) > MOST_STRANDS


def _counts(shape: Shape) -> Mapping[str, int]:
    """How many values a filter has of each column that tells its strands apart."""
    counts = dict(shape.any_of)
    leading = [name for name in _LEADING if name in counts][:1]
    return {name: counts[name] for name in (*leading, "billing_status") if name in counts}
