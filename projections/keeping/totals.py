"""Counts and sums of the backlog views by kind of row, kept up with the rows of every page.

So totals, and how a contract performs, are told without reading a row, however many there are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import itemgetter

from sqlalchemy import Table

from projections.changes import Drop, Row
from projections.keeping.backend import Tables
from projections.keeping.gathering import PatchRows, PutRows, Step
from projections.tables import TOTALS
from projections.values.sums import halved

_Kind = tuple[str, ...]
_KEY = ("item_id",)
_SUMMED = ("amount", "tax")
_Change = list[int]
"""By how much the rows of a kind are more than before, and come to more: count, amount, tax."""
_Changes = defaultdict[_Kind, _Change]


class Totals:
    """What the steps of a page change of the totals; each is followed before it is taken."""

    def __init__(self, tables: Tables, after: int) -> None:
        """The steps are of what was recorded after `after`, where the views are."""
        self._tables, self._after = tables, after
        self._changes = defaultdict[Table, _Changes](lambda: defaultdict(lambda: [0, 0, 0]))

    def follow(self, step: Step) -> None:
        """Takes down what the step, that comes next, will change."""
        if step.table not in TOTALS:
            return
        kind = kind_of(step.table)
        changes = self._changes[step.table]
        told = (*kind, *_SUMMED)
        match step:
            case PutRows(table, rows):
                # No row stands before what it was recorded by is shown.
                standing = [row for row in rows if row.get("position", 0) <= self._after]
                _count(changes, kind, self._tables.find(table, told, _KEY, standing), -1)
                _count(changes, kind, rows, 1)
            case PatchRows(table, columns, rows) if not set(told).isdisjoint(columns):
                patches = {row["item_id"]: row for row in rows}
                found = self._tables.find(table, (*_KEY, *told), _KEY, rows)
                _count(changes, kind, found, -1)
                _count(changes, kind, ({**row, **patches[row["item_id"]]} for row in found), 1)
            case Drop(table, where):
                _count(changes, kind, self._tables.find(table, told, tuple(where), [where]), -1)
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
                for key, (count, amount, tax) in changes.items()
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
        key_of, fewer = _key_in(kind), [row for row in rows.values() if row["count"] < 0]
        found = self._tables.find(totals, (*kind, "count"), kind, fewer)
        counts = ((key_of(row), row["count"]) for row in found)
        return [key for key, count in counts if count + rows[key]["count"] == 0]


@cache
def kind_of(view: Table) -> tuple[str, ...]:
    """What tells the rows of a view apart in its totals."""
    return tuple(column.name for column in TOTALS[view].primary_key)


@cache
def _key_in(kind: tuple[str, ...]) -> Callable[[Row], _Kind]:
    return itemgetter(*(name for name in kind))


def _count(changes: _Changes, kind: tuple[str, ...], rows: Iterable[Row], sign: int) -> None:
    key_of = _key_in(kind)
    for row in rows:
        change = changes[key_of(row)]
        change[0] += sign
        change[1] += sign * row["amount"]
        change[2] += sign * row["tax"]
