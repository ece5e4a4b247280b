"""The backlog of both views summed up: by customer, contract, month and so on; how far it has come.

Each item is in one state, so that the parts of a summary add up to the whole: as its billing status
says, or blocked, where it is not ready since its verdict is `failed` (D-26).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from msgspec import UNSET
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
)

from aggregates.statuses import AdjustmentStatus, BillingStatus, NTEStatus
from projections.databases.connections import Glance, glance_of
from projections.tables import FAILED_LEVELS, MONTH
from projections.values.failed_levels import told_apart
from projections.values.sums import HALF
from projections.views.backlog.asked import Asked
from projections.views.backlog.counting import (
    ALWAYS,
    NOTHING,
    SUMMED,
    Matching,
    months_within,
    text_of,
)
from projections.views.backlog.filters import BacklogFilter, shape_of
from projections.views.backlog.names import Key, Names, contract_names, customer_names, line_names
from projections.views.backlog.searching import among
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.summed import BLOCKED, FUNNEL, Summary, SummaryItem, Sums, item_of
from projections.views.paging import PageRequest, Paging, Part
from projections.views.prepared import Prepared, prepare

BY: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer_id",),
    "contract": ("contract_id",),
    "line": ("contract_id", "line_id"),
    "project": ("project_id",),
    "class": ("class",),
    "month": (MONTH,),
    "nte_status": ("nte_status",),
    "billing_status": ("billing_status",),
}
"""What a backlog can be summed up by, and the columns that tell it."""
VIEWS = {"fixed-price": FIXED_PRICE, "time-and-material": TIME_AND_MATERIAL}
_NAMES: Mapping[str, Callable[[Glance, Collection[Key]], Names]] = {
    "customer": customer_names,
    "contract": contract_names,
    "line": line_names,
}
_ALWAYS_BY = ("currency", "billing_type")
_ROWS = bindparam("rows", type_=BigInteger)
_ROWS_OF_AN_ITEM = (5, 20)
"""How many rows make an item: one for each state, if all that is blocked failed at the same levels;
at most one for each set of levels."""


def summarize(
    connection: Connection,
    wanted: BacklogFilter,
    by: Sequence[str],
    request: PageRequest,
    views: Sequence[View] = (FIXED_PRICE, TIME_AND_MATERIAL),
) -> Summary:
    """What the items that match come to, by some of `BY`, currency and billing type.

    Posted items are among them, unless statuses are named: a summary shows how far all has come.
    Canceled ones are in none. Raises BadQuery.
    """
    columns = tuple(dict.fromkeys([*(name for one in by for name in BY[one]), *_ALWAYS_BY]))
    paging = _paging(columns)
    part = paging.read(request)
    sums = defaultdict[Key, Sums](Sums)
    for view in views:
        matching = _of(view, wanted)
        if matching:
            _add_up(sums, _rows(connection, view, matching, columns, part), len(columns))
    keys = sorted(sums)[: part.limit + 1]
    page = keys[: part.limit]
    return Summary(
        items=_items(glance_of(connection), by, columns, {key: sums[key] for key in page}),
        next=paging.next_cursor(keys, part),
        position=UNSET,
    )


def _of(view: View, wanted: BacklogFilter) -> BacklogFilter | None:
    """The part of a filter that a view has columns for; None when none of its rows can match."""
    any_of: dict[str, Sequence[str]] = {"billing_status": sorted(FUNNEL)}
    if view is TIME_AND_MATERIAL:
        any_of["adjustment_status"] = (AdjustmentStatus.ADJUSTABLE.value,)
    for name, values in wanted.any_of.items():
        if name in ALWAYS[view]:
            if ALWAYS[view][name] not in values:
                return None
        elif name not in view.columns:
            return None
        else:
            any_of[name] = values
    any_of["billing_status"] = [each for each in any_of["billing_status"] if each in FUNNEL]
    return replace(wanted, any_of=any_of) if any_of["billing_status"] else None


def _rows(
    connection: Connection, view: View, wanted: BacklogFilter, columns: Key, part: Part
) -> Sequence[Sequence[Any]]:
    """Counts and sums by these columns and state, in their order."""
    shape, values = shape_of(wanted)
    months = months_within(values)
    views = glance_of(connection)
    asked = Asked(view, views, shape, view.paging.read(PageRequest()), values)
    values, ids = among(connection, asked)
    matching = Matching(view, shape, months is not None, ids)
    values = {**values, **(months or {}), **part.values()}
    is_next, on_postgres = part.after is not None, views.schema is not None
    make = _prepared if ids is None else _prepared.__wrapped__
    statement = make(matching, columns, is_next, on_postgres)
    few, most = ((part.limit + 1) * of_an_item for of_an_item in _ROWS_OF_AN_ITEM)
    rows = statement.rows(views, {**values, "rows": few})
    if len(rows) == few and len({row[: len(columns)] for row in rows}) <= part.limit + 1:
        rows = statement.rows(views, {**values, "rows": most})
    return rows


@lru_cache(maxsize=256)
def _prepared(matching: Matching, columns: Key, is_next: bool, on_postgres: bool) -> Prepared:
    return prepare(_statement(matching, columns, is_next=is_next), on_postgres=on_postgres)


def _statement(matching: Matching, columns: Key, *, is_next: bool) -> Select[Any]:
    source = matching.by(*columns, "nte_status", FAILED_LEVELS)
    own = source.columns
    state = _state(own)
    levels = case((state == text_of(BLOCKED), own[FAILED_LEVELS]), else_=NOTHING)
    told = {name: own[name] for name in columns} | {"state": state, "levels": levels}
    names = [f"{name}_{half}" for name in SUMMED for half in ("high", "low")]
    summed = dict(zip(("count", *names), (source.count, *source.sums), strict=True))
    # By columns of a table, for PostgreSQL groups and sorts by no constant.
    one = (
        select(*(each.label(name) for name, each in (told | summed).items()))
        .select_from(source.tables)
        .where(*source.where)
        .subquery("one")
    )
    paging = _paging(columns)
    by = [one.c[name] for name in told]
    # Of whole numbers PostgreSQL gives the sum as a decimal.
    sums = [cast(func.sum(one.c[name]), BigInteger) for name in summed]
    columns_and_sums: list[ColumnElement[Any]] = [*by, *sums]
    grouped = select(*columns_and_sums).group_by(*by)
    rows = paging.rows(grouped, paging.default, is_next=is_next)
    # In the whole order of the groups, so that SQLite needs no second one.
    return rows.order_by(one.c.state, one.c.levels).limit(_ROWS)


def _state(own: Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    is_blocked = and_(
        own["billing_status"] == text_of(BillingStatus.NOT_READY),
        own["nte_status"] == text_of(NTEStatus.FAILED),
    )
    return case((is_blocked, text_of(BLOCKED)), else_=own["billing_status"])


def _paging(columns: Key) -> Paging:
    by: dict[str, ColumnElement[Any]] = {name: column(name, Text) for name in columns}
    return Paging(by, key=columns[-1], default=",".join(columns))


def _add_up(sums: Mapping[Key, Sums], rows: Iterable[Sequence[Any]], width: int) -> None:
    """Adds the rows of a view to the sums of each key, which has so many columns."""
    for row in rows:
        state, levels, count, high, low, tax_high, tax_low = row[width : width + 7]
        amount, of_key = high * HALF + low, sums[tuple(row[:width])]
        of_key.tax += tax_high * HALF + tax_low
        of_key.add(state, count, amount)
        if levels:
            for level in told_apart(levels):
                of_key.add(level, count, amount)


def _items(
    views: Glance, by: Sequence[str], columns: Key, sums: Mapping[Key, Sums]
) -> list[SummaryItem]:
    keys = {key: dict(zip(columns, key, strict=True)) for key in sums}
    names: dict[Key, dict[str, str | None]] = {key: {} for key in sums}
    for one in by:
        if one in _NAMES and sums:
            ids = {key: tuple(told[name] for name in BY[one]) for key, told in keys.items()}
            found = _NAMES[one](views, set(ids.values()))
            for key, of_one in ids.items():
                names[key][f"{one}_name"] = found.get(of_one)
    return [item_of(keys[key], each, names[key]) for key, each in sums.items()]
