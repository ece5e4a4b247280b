"""What rows of a backlog view are counted and summed from: totals that are kept, or the rows.

Totals are kept by contract, line and customer, and by month; by either one goes through all of
them. A filter by dates is one by months where it has whole ones only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    case,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.statuses import LimitLevel
from projections.tables import FAILED_LEVELS, MONTH, OF_A_CONTRACT
from projections.values.failed_levels import END, within
from projections.values.sums import HALF
from projections.views.backlog.conditions import any_of
from projections.views.backlog.filters import Shape
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.paging import Columns

SUMMED = ("amount", "tax")
PROJECT = "project_id"
MILESTONE = "milestone"
"""The class of what is in the fixed-price view."""
NOTHING = literal_column("''", Text)


class _Month(FunctionElement[str]):
    """The month of a date as text, 2026-10."""

    type = Text()
    inherit_cache = True


@compiles(_Month)
def _to_char(element: _Month, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kwargs)}, 'YYYY-MM')"


@compiles(_Month, "sqlite")
def _beginning(element: _Month, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"substr({compiler.process(element.clauses, **kwargs)}, 1, 7)"


def text_of(value: str) -> ColumnElement[str]:
    """One of our own words in a statement."""
    return literal_column(f"'{value}'", Text)


def month_of(day: ColumnElement[Any]) -> ColumnElement[str]:
    """The month of a date, as totals have it."""
    return _Month(day)


def levels_of(nte_detail: ColumnElement[Any]) -> ColumnElement[str]:
    """The levels in the JSON of a row, as totals have them (`values/failed_levels.py`)."""
    levels: ColumnElement[str] = NOTHING
    for level in LimitLevel:
        has_level = nte_detail.op("LIKE")(literal_column(f"'%{within(level)}%'", Text))
        named = literal_column(f"'{level.value}{END}'", Text)
        levels = levels.op("||")(case((has_level, named), else_=NOTHING))
    return case((nte_detail.is_(None), NOTHING), else_=levels)


ALWAYS: Mapping[View, Mapping[str, str]] = {
    FIXED_PRICE: {
        "class": MILESTONE,
        "nte_status": "",
        FAILED_LEVELS: "",
    },
    TIME_AND_MATERIAL: {},
}
"""What all rows of a view have in common, where the other one has columns for it: milestones have
no verdict (D-17)."""


@dataclass(frozen=True, slots=True)
class Source:
    """What rows are counted from: tables, their columns by name, and which part of them.

    `count` and `sums`, of amount and tax in halves (`values/sums.py`), are those of one row here.
    """

    tables: FromClause
    columns: Columns
    where: Sequence[ColumnElement[bool]]
    count: ColumnElement[int]
    sums: Sequence[ColumnElement[int]]


@dataclass(frozen=True, slots=True)
class Matching:
    """The rows of a view that match a filter, to be counted.

    `among` are the ids of all of them, where something leads to these.
    """

    view: View
    shape: Shape
    has_whole_months: bool = False
    among: Select[Any] | None = None

    def by(self, *names: str) -> Source:
        """What they are counted from by these columns: totals wherever these tell them apart."""
        return self.kept_by(*names) or self._rows_by(*names)

    def kept_by(self, *names: str) -> Source | None:
        """The totals that tell them apart by these columns, if there are some."""
        needed = {*names, *self.shape.names} - ALWAYS[self.view].keys()
        kept = self.view.kept
        # There are fewer months than contracts.
        dates = {"date"} if self.has_whole_months else set[str]()
        if needed - dates <= {*kept.c.keys()} - {*OF_A_CONTRACT}:
            which = [kept.c[name] == NOTHING for name in OF_A_CONTRACT]
            if self.shape.has_date_from:
                which.append(kept.c[MONTH] >= bindparam("month_from", type_=Text))
            if self.shape.has_date_to:
                which.append(kept.c[MONTH] <= bindparam("month_to", type_=Text))
            return self._kept(kept, which)
        if needed <= self.view.kept_columns.keys() - {MONTH}:
            tables = self.view.kept_of_lines if PROJECT in needed else kept
            return self._kept(tables, [kept.c[MONTH] == NOTHING])
        return None

    def _kept(self, tables: FromClause, which: list[ColumnElement[bool]]) -> Source:
        kept, columns = self.view.kept, self.view.kept_columns
        return Source(
            tables,
            {**columns, **_always(self.view)},
            [*which, *any_of(self.shape, columns)],
            kept.c["count"],
            [kept.c[f"{name}_{half}"] for name in SUMMED for half in ("high", "low")],
        )

    def _rows_by(self, *names: str) -> Source:
        view, own = self.view, self.view.table.c
        among = self.among
        looked_at = replace(
            self.shape,
            any_of=(*self.shape.any_of, *((name, 0) for name in names)),
            has_text=self.shape.has_text and among is None,
        )
        columns = {**view.columns, MONTH: month_of(own.date), **_always(view)}
        if "nte_detail" in own:
            columns[FAILED_LEVELS] = levels_of(own.nte_detail)
        return Source(
            view.source(looked_at),
            columns,
            view.where(self.shape) if among is None else [own.item_id.in_(among)],
            literal_column("1", BigInteger),
            [
                own[name].op(sign)(literal_column(str(HALF), BigInteger)).label(f"{name}_{half}")
                for name in SUMMED
                for sign, half in (("/", "high"), ("%", "low"))
            ],
        )


def _always(view: View) -> Columns:
    return {name: text_of(value) for name, value in ALWAYS[view].items()}


def months_within(values: Mapping[str, Any]) -> dict[str, str] | None:
    """The months that dates from and to are, None where these cut one in two."""
    first, last = values.get("date_from"), values.get("date_to")
    if first and first.day != 1:
        return None
    if last and (last + timedelta(days=1)).day != 1:
        return None
    months = {"month_from": first, "month_to": last}
    return {name: day.isoformat()[:7] for name, day in months.items() if day}
