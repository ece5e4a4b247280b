"""The conditions of a filter, on whatever columns they are to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Text, bindparam, case, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.money import MINOR_UNITS
from projections.views.backlog.filters import DECIMALS, WHOLE, Shape
from projections.views.kept_to import kept
from projections.views.paging import Columns

_MOST_HAVE = 2
"""Decimals that most currencies have."""
_OTHERS: dict[int, list[ColumnElement[str]]] = {
    decimals: [literal_column(f"'{code}'") for code, has in MINOR_UNITS.items() if has == decimals]
    for decimals in DECIMALS
    if decimals != _MOST_HAVE
}
"""The currencies that have not, by how many they have."""


class Unindexed(FunctionElement[Any]):
    """A column that SQLite is to find by no index; PostgreSQL knows better, for it counts rows."""

    inherit_cache = True


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.clauses, **kwargs)


@compiles(Unindexed, "sqlite")
def _signed(element: Unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"+{compiler.process(element.clauses, **kwargs)}"


def any_of(
    shape: Shape, columns: Columns, strand: Mapping[str, int] = WHOLE
) -> list[ColumnElement[bool]]:
    """The conditions on columns that a filter has values of, of which a strand has one.

    Always with those that keep to what its reader may know of.
    """
    conditions: list[ColumnElement[bool]] = []
    for name, count in shape.any_of:
        numbers = (strand[name],) if name in strand else range(count)
        values = [bindparam(f"{name}_{n}", type_=Text) for n in numbers]
        conditions.append(
            columns[name] == values[0] if len(values) == 1 else columns[name].in_(values)
        )
    return [*conditions, *(kept(columns[name], name) for name in shape.kept)]


def in_range(shape: Shape, columns: Columns) -> list[ColumnElement[bool]]:
    """The conditions that dates and amounts lie within the bounds that a filter has."""
    conditions: list[ColumnElement[bool]] = []
    if shape.has_date_from:
        conditions.append(columns["date"] >= bindparam("date_from", type_=Date))
    if shape.has_date_to:
        conditions.append(columns["date"] <= bindparam("date_to", type_=Date))
    if shape.has_amount_min:
        conditions.append(columns["amount"] >= _in_own_units("amount_min", columns["currency"]))
    if shape.has_amount_max:
        conditions.append(columns["amount"] <= _in_own_units("amount_max", columns["currency"]))
    return conditions


def _in_own_units(name: str, currency: ColumnElement[str]) -> ColumnElement[int]:
    """A bound of amounts in the minor units of a row's currency."""
    bounds = {each: bindparam(f"{name}_{each}", type_=BigInteger) for each in DECIMALS}
    others = ((currency.in_(codes), bounds[each]) for each, codes in _OTHERS.items())
    return case(*others, else_=bounds[_MOST_HAVE])
