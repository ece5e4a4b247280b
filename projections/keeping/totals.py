"""Counts and sums of the backlog views by kind of row, kept up with the rows of every page.

So totals, summaries, facets, and how a contract performs, are told without reading a row, however
many there are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from projections.keeping.backend import Tables
from projections.keeping.gathering import PatchRows, PutRows, Step
from projections.projecting.changes import Drop, Row
from projections.tables import FAILED_LEVELS, MONTH, OF_A_CONTRACT, TOTALS
from projections.values.failed_levels import failed_levels
from projections.values.sums import halved

_Kind = tuple[str, ...]
_Told = tuple[str, tuple[Any, ...]]
"""What tells rows apart, as they have it themselves: their month, the values of some columns."""
_KEY = ("item_id",)
_SUMMED = ("amount", "tax")
_Change = list[int]
"""By how much the rows of a kind are more than before, and come to more: count, amount, tax."""
_Changes = defaultdict[_Told, _Change]
_ALL_CONTRACTS = ("",) * len(OF_A_CONTRACT)


class Totals:
    """What the steps of a page change of the totals; each is followed before it is taken."""

    def __init__(self, tables: Tables, after: int) -> None:
        """The steps are of what was recorded after `after`, where the views are."""
        self._tables, self._after = tables, after
        self._changes = defaultdict[Table, _Changes](lambda: defaultdict(_nothing))

    def follow(self, step: Step) -> None:
        """Takes down what the step, that comes next, will change."""
        if step.table not in TOTALS:
            return
        by = _told_by(step.table)
        changes = self._changes[step.table]
        told = (*by, "date", *_SUMMED)
        match step:
            case PutRows(table, rows):
                # No row stands before what it was recorded by is shown.
                standing = [row for row in rows if row.get("position", 0) <= self._after]
                _count(changes, by, self._tables.find(table, told, _KEY, standing), -1)
                _count(changes, by, rows, 1)
            case PatchRows(table, columns, rows) if not set(told).isdisjoint(columns):
                patches = {row["item_id"]: row for row in rows}
                found = self._tables.find(table, (*_KEY, *told), _KEY, rows)
                _count(changes, by, found, -1)
                _count(changes, by, ({**row, **patches[row["item_id"]]} for row in found), 1)
            case Drop(table, where):
                _count(changes, by, self._tables.find(table, told, tuple(where), [where]), -1)
            case _:
                return

    def write(self) -> None:
        """Brings the totals up to date, when all steps are followed."""
        for view, changes in self._changes.items():
            totals, kind = TOTALS[view], kind_of(view)
            rows: dict[_Kind, Row] = {
                key: {
                    **dict(zip(kind, key, strict=True)),
                    "count": count,
                    **halved(amount, "amount"),
                    **halved(tax, "tax"),
                }
                for key, (count, amount, tax) in _by_kind(view, changes).items()
                if count or amount or tax
            }
            gone = [rows.pop(key) for key in self._emptied(totals, kind, rows)]
            if gone:
                self._tables.remove(totals, gone)
            if rows:
                self._tables.add(totals, list(rows.values()))

    def _emptied(
        self, totals: Table, kind: tuple[str, ...], rows: Mapping[_Kind, Row]
    ) -> list[_Kind]:
        """The kinds that no row is of any more."""
        key_of, fewer = _values_of(kind), [row for row in rows.values() if row["count"] < 0]
        found = self._tables.find(totals, (*kind, "count"), kind, fewer)
        counts = ((key_of(row), row["count"]) for row in found)
        return [key for key, count in counts if count + rows[key]["count"] == 0]


@cache
def kind_of(view: Table) -> tuple[str, ...]:
    """What tells the rows of a view apart in its totals."""
    return tuple(column.name for column in TOTALS[view].primary_key)


@lru_cache(maxsize=10_000)
def month_of(day: object) -> str:
    """The month of a date, which SQLite gives as text."""
    return str(day)[:7]


def _by_kind(view: Table, changes: _Changes) -> Mapping[_Kind, _Change]:
    """What changes of each kind; a row counts in two (`tables.py`)."""
    by_kind = defaultdict[_Kind, _Change](_nothing)
    for (month, values), change in changes.items():
        of_a_contract, further = values[: len(OF_A_CONTRACT)], tuple(_further(view, values))
        for kind in ((*of_a_contract, "", *further), (*_ALL_CONTRACTS, month, *further)):
            sums = by_kind[kind]
            for n, more in enumerate(change):
                sums[n] += more
    return by_kind


def _further(view: Table, values: tuple[Any, ...]) -> Iterable[str]:
    """What else tells a row apart than its contract, line, customer and month."""
    named = zip(_told_by(view), values, strict=True)
    for name, value in islice(named, len(OF_A_CONTRACT), None):
        yield failed_levels(value) if name == "nte_detail" else value


@cache
def _told_by(view: Table) -> tuple[str, ...]:
    """The columns that tell the rows of a view apart, as they have them: all but the date."""
    names = (name for name in kind_of(view) if name != MONTH)
    return tuple("nte_detail" if name == FAILED_LEVELS else name for name in names)


@cache
def _values_of(columns: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    return itemgetter(*(name for name in columns))


def _nothing() -> _Change:
    return [0, 0, 0]


def _count(changes: _Changes, by: tuple[str, ...], rows: Iterable[Row], sign: int) -> None:
    values_of = _values_of(by)
    for row in rows:
        change = changes[month_of(row["date"]), values_of(row)]
        change[0] += sign
        change[1] += sign * row["amount"]
        change[2] += sign * row["tax"]
