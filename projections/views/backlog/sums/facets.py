"""Facets of a backlog view: which values rows have, and how many have each, over a whole filter.

Of each facet its own filter is left out, so that other values can still be chosen. Totals that are
kept tell them, or as many rows as can be looked at in good time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from aggregates.statuses import BillingStatus
from projections.databases.connections import ALL_OF_THEM, IN_ORDER, Glance, glance_of, plan
from projections.views.backlog.asked import Asked
from projections.views.backlog.conditions import any_of
from projections.views.backlog.filters import BacklogFilter, Shape, shape_of, strands_of
from projections.views.backlog.search.searching import among
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.sums.counting import NOTHING, Matching, months_within, text_of
from projections.views.backlog.sums.faceted import FacetValue, FixedPriceFacet, SalesFacet
from projections.views.backlog.sums.names import (
    Key,
    Names,
    contract_names,
    customer_names,
    names_of_lines,
)
from projections.views.kept_to import KeptTo
from projections.views.paging import Columns, PageRequest, merged
from projections.views.prepared import Prepared, prepare

FACETS: Mapping[View, Sequence[str]] = {
    FIXED_PRICE: get_args(FixedPriceFacet),
    TIME_AND_MATERIAL: get_args(SalesFacet),
}
"""What each view has facets of."""
MOST_VALUES = 100
"""Values of a facet that are told: those that most rows have."""
MOST_ROWS = 20_000
"""Rows that are counted one by one, at most: the first of the list."""
_NAMES: Mapping[str, Callable[[Glance, KeptTo, Collection[Key]], Names]] = {
    "contract_id": contract_names,
    "line_id": names_of_lines,
    "customer_id": customer_names,
}
_MOST = bindparam("most", type_=Integer)
_ONE = literal_column("1", BigInteger)
_ALL = ""
"""The name of what is no facet: how many rows were counted."""


Row = tuple[str, str, int, int]
"""A facet, one of its values, how many items have it, how many values the facet has."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Facets, the most frequent values first.

    `more`: how many values more some of them have. `partial`: how many items, the first of the
    list, some of them were counted over, where there may be more.
    """

    values: dict[str, list[FacetValue]]
    more: dict[str, int]
    partial: dict[str, int]


def facets_of(
    connection: Connection, view: View, wanted: BacklogFilter, names: Sequence[str]
) -> Facets:
    """The facets with these names, all of which the view has, over a filter."""
    shape, values = shape_of(wanted)
    months = months_within(values)
    values = {**values, **(months or {}), "most": MOST_ROWS}
    matching = Matching(view, shape, months is not None)
    kept = tuple(name for name in names if matching.kept_by(name))
    others = tuple(name for name in names if name not in kept)
    rows, partial = list[Row](), dict[str, int]()
    if kept:
        views = glance_of(connection)
        plan(views, {})
        rows += _prepared(matching, kept, views.schema is not None).rows(views, values)
    for some in _over_the_same_rows(shape, others):
        found, are_all = _row_by_row(connection, matching, some, values)
        rows += found
        partial |= {} if are_all else dict.fromkeys(some, MOST_ROWS)
    rows.sort(key=lambda row: (-row[2], row[1]))
    told = {name: [row for row in rows if row[0] == name] for name in names}
    more = {name: of[0][3] - len(of) for name, of in told.items() if of and of[0][3] > len(of)}
    return Facets(_named(glance_of(connection), wanted.kept_to, told), more, partial)


def _over_the_same_rows(shape: Shape, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Facets by which rows they are of: all that match, or more by the filter that is left out."""
    filtered = {name for name, _ in shape.any_of}
    plain = tuple(name for name in names if name not in filtered)
    return [some for some in (plain, *((name,) for name in names if name in filtered)) if some]


def _row_by_row(
    connection: Connection, matching: Matching, names: tuple[str, ...], values: Mapping[str, Any]
) -> tuple[list[Row], bool]:
    """Facets that no totals tell, and whether all rows were counted."""
    view, views = matching.view, glance_of(connection)
    part, loose = view.paging.read(PageRequest()), _without(matching, names)
    plan(views, IN_ORDER if view.is_in_order(loose.shape, part.orders) else ALL_OF_THEM)
    asked = Asked(view, views, loose.shape, part, dict(values))
    values, ids = among(connection, asked)
    make = _prepared if ids is None else _prepared.__wrapped__
    statement = make(replace(matching, among=ids), names, views.schema is not None)
    rows: list[Row] = [*statement.rows(views, values)]
    counted = next(count for facet, _, count, _ in rows if facet == _ALL)
    return rows, counted < MOST_ROWS


@lru_cache(maxsize=256)
def _prepared(matching: Matching, names: tuple[str, ...], on_postgres: bool) -> Prepared:
    return prepare(_statement(matching, names, on_postgres), on_postgres=on_postgres)


def _statement(matching: Matching, names: tuple[str, ...], on_postgres: bool) -> Any:
    """Facets by what matches but for their own filters, which is read once; and how many it is."""
    loose = _without(matching, names)
    some = _kept(loose, names)
    if some is None:
        some = _first(loose, names, "billing_status" in names, on_postgres)
    own = tuple(of for of in matching.shape.any_of if of[0] in names)
    columns: Columns = dict(some.c)
    parts: list[Select[Any]] = []
    for name in names:
        others = Shape(tuple(of for of in own if of[0] != name), False, False, False)
        one = select(*[columns[name].label("value"), columns["count"].label("count")])
        parts.append(_facet(name, one.where(*any_of(others, columns), columns[name] != NOTHING)))
    count = select(text_of(_ALL), text_of(""), func.count(), _ONE).select_from(some)
    return union_all(*parts, count)


def _kept(matching: Matching, names: tuple[str, ...]) -> CTE | None:
    """The totals that are kept of what matches, if these tell all that facets are of."""
    source = matching.kept_by(*names)
    if source is None:
        return None
    columns = [*(source.columns[name].label(name) for name in names), source.count.label("count")]
    kinds = select(*columns).select_from(source.tables).where(*source.where)
    return kinds.cte("some").prefix_with("MATERIALIZED")


def _first(
    matching: Matching, names: tuple[str, ...], of_any_status: bool, on_postgres: bool
) -> CTE:
    """The columns that facets are of, of the first rows of the list, whatever status they have."""
    view, shape = matching.view, matching.shape
    orders = view.paging.default
    columns = [*(view.columns[name].label(name) for name in names), _ONE.label("count")]
    looked_at = replace(shape, any_of=(*shape.any_of, *((name, 0) for name in names)))
    status = view.table.c.billing_status
    # Each status is in a place of its own in an index, in the order of the list.
    statuses: list[list[ColumnElement[bool]]] = [[]]
    if of_any_status:
        statuses = [[status == text_of(each)] for each in BillingStatus]
    if matching.among is not None:
        is_among = view.table.c.item_id.in_(matching.among)
        plain = replace(looked_at, has_text=False)
        rows = [select(*columns).select_from(view.source(plain)).where(is_among)]
    else:
        rows = [
            select(*columns).select_from(view.source(looked_at)).where(*view.where(shape, one), *of)
            for one in strands_of(shape)
            for of in statuses
        ]
    leads_elsewhere = shape.has_project or shape.key or shape.has_text
    paging = view.paging_past_indexes if leads_elsewhere else view.paging
    parts = [paging.rows(part, orders, is_next=False) for part in rows]
    found = merged(parts, orders, limit=_MOST, on_postgres=on_postgres)
    return found.cte("some").prefix_with("MATERIALIZED")


def _facet(name: str, one: Select[Any]) -> Select[Any]:
    """The values of a facet by how many rows have each, of one row or kind with each."""
    each = one.subquery("one")
    count = cast(func.sum(each.c["count"]), BigInteger)
    value = each.c["value"]
    values = func.count().over()
    found = select(text_of(name).label("facet"), value, count.label("count"), values.label("of"))
    ordered = found.group_by(value).order_by(count.desc(), value).limit(MOST_VALUES)
    return ordered.subquery().select()


def _without(matching: Matching, own: Collection[str]) -> Matching:
    """The rows that match, whatever they have in some columns."""
    shape = matching.shape
    others = tuple(of for of in shape.any_of if of[0] not in own)
    return replace(matching, shape=replace(shape, any_of=others))


def _named(
    views: Glance, kept_to: KeptTo, told: Mapping[str, Sequence[Row]]
) -> dict[str, list[FacetValue]]:
    """The values with the names that they have."""
    facets: dict[str, list[FacetValue]] = {}
    for facet, rows in told.items():
        keys = {(value,) for _, value, _, _ in rows}
        names: Names = _NAMES[facet](views, kept_to, keys) if facet in _NAMES and keys else {}
        facets[facet] = [
            FacetValue(value=value, name=names.get((value,)), count=int(count))
            for _, value, count, _ in rows
        ]
    return facets
