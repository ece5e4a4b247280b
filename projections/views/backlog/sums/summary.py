"""The backlog of both views summed up: by customer, contract, month and so on; how far it has come.

Each item is in one state, so that the parts of a summary add up to the whole: as its billing status
says, or blocked, where it is not ready since its verdict is `failed` (D-26).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from msgspec import UNSET
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Text,
    and_,
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
from projections.views.backlog.filters import BacklogFilter, shape_of
from projections.views.backlog.search.searching import among
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.sums.counting import ALWAYS, SUMMED, Matching, months_within, text_of
from projections.views.backlog.sums.names import (
    Key,
    Names,
    contract_names,
    customer_names,
    line_names,
)
from projections.views.backlog.sums.summed import STATUSES, Summary, SummaryItem, Sums, item_of
from projections.views.paging import ROWS, PageRequest, Paging, Part
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
_PART = ("count", "amount_high", "amount_low")
"""What is summed up of the items in a status: how many, and their amounts in halves."""
_TAX = ("tax_high", "tax_low")
_Way = Callable[[Matching, Key, bool], Select[Any]]
"""How items are counted: of what, by which columns, and whether other pages came before."""


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
    sums, all_asked = defaultdict[Key, Sums](Sums), list[_Asked]()
    for view in views:
        of_view = _of(view, wanted)
        if of_view:
            asked = _asked(connection, view, of_view, columns, part)
            asked.add_up(sums)
            all_asked.append(asked)
    keys = sorted(sums)[: part.limit + 1]
    page = keys[: part.limit]
    for asked in all_asked:
        if any(key in asked.failed for key in page):
            asked.add_up_blocked(sums, until=page[-1])
    return Summary(
        items=_items(glance_of(connection), by, columns, {key: sums[key] for key in page}),
        next=paging.next_cursor(keys, part),
        position=UNSET,
    )


def _of(view: View, wanted: BacklogFilter) -> BacklogFilter | None:
    """The part of a filter that a view has columns for; None when none of its rows can match."""
    any_of = dict[str, Sequence[str]]()
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
    return replace(wanted, any_of=any_of)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a view is asked for: rows of which, by which columns, with which values.

    Statements are planned for the view that was asked last.
    """

    views: Glance
    matching: Matching
    columns: Key
    values: Mapping[str, Any]
    is_next: bool
    failed: set[Key] = field(default_factory=set[Key])
    """What has blocked items, of all that was added up."""

    def add_up(self, sums: Mapping[Key, Sums]) -> None:
        """Adds what items come to, by status, for the keys of the page and the next one."""
        width = len(self.columns)
        for row in self._rows(_by_status, {}):
            tax_high, tax_low, failed, *parts = row[width:]
            key = row[:width]
            of_key = sums[key]
            of_key.tax += tax_high * HALF + tax_low
            for status, count, high, low in zip(
                STATUSES, parts[::3], parts[1::3], parts[2::3], strict=True
            ):
                if count:
                    of_key.add(status, count, high * HALF + low)
            if failed:
                self.failed.add(key)

    def add_up_blocked(self, sums: Mapping[Key, Sums], until: Key) -> None:
        """Takes what is blocked out of what is not ready, by level, for keys up to this one."""
        values = {f"until_{n}": value for n, value in enumerate(until)}
        for *key, levels, count, high, low in self._rows(_by_levels, values):
            sums[tuple(key)].block(told_apart(levels), count, high * HALF + low)

    def _rows(self, way: _Way, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        # Ids that rows are among are a statement of their own, which no other request has.
        make = _prepared if self.matching.among is None else _prepared.__wrapped__
        on_postgres = self.views.schema is not None
        statement = make(way, self.matching, self.columns, self.is_next, on_postgres)
        return statement.rows(self.views, {**self.values, **values})


def _asked(
    connection: Connection, view: View, wanted: BacklogFilter, columns: Key, part: Part
) -> _Asked:
    shape, values = shape_of(wanted)
    months = months_within(values)
    views = glance_of(connection)
    asked = Asked(view, views, shape, view.paging.read(PageRequest()), values)
    values, ids = among(connection, asked)
    matching = Matching(view, shape, months is not None, ids)
    values = {**values, **(months or {}), **part.values()}
    return _Asked(views, matching, columns, values, part.after is not None)


@lru_cache(maxsize=256)
def _prepared(
    way: _Way, matching: Matching, columns: Key, is_next: bool, on_postgres: bool
) -> Prepared:
    return prepare(way(matching, columns, is_next), on_postgres=on_postgres)


def _by_status(matching: Matching, columns: Key, is_next: bool) -> Select[Any]:
    """By these columns, in their order: tax, how many are blocked, and the part of each status.

    A status is a part of a row, not a row: there is as much to sort and to fetch as is shown.
    """
    one = _one_by_one(matching, *columns, "billing_status", "nte_status")
    blocked = func.sum(one.c["count"]).filter(_is_blocked(one))
    parts = (
        func.sum(one.c[name]).filter(one.c.billing_status == text_of(status))
        for status in STATUSES
        for name in _PART
    )
    sums = [*(func.sum(one.c[name]) for name in _TAX), blocked, *parts]
    by, paging = [one.c[name] for name in columns], _paging(columns)
    grouped = select(*by, *map(_whole, sums)).group_by(*by)
    return paging.following(grouped, paging.default, is_next=is_next).limit(ROWS)


def _by_levels(matching: Matching, columns: Key, is_next: bool) -> Select[Any]:
    """What is blocked, by the same columns up to those of `until_0` and so on, and by levels."""
    one = _one_by_one(matching, *columns, "billing_status", "nte_status", FAILED_LEVELS)
    by, paging = [one.c[name] for name in (*columns, FAILED_LEVELS)], _paging(columns)
    sums = (_whole(func.sum(one.c[name])) for name in _PART)
    grouped = select(*by, *sums).group_by(*by)
    is_shown = grouped.where(_is_blocked(one), paging.until(paging.default))
    return paging.following(is_shown, paging.default, is_next=is_next)


def _one_by_one(matching: Matching, *names: str) -> Subquery:
    """What is counted, with these columns: of a table, for PostgreSQL groups by no constant."""
    source = matching.by(*names)
    halves = [f"{name}_{half}" for name in SUMMED for half in ("high", "low")]
    summed = dict(zip(("count", *halves), (source.count, *source.sums), strict=True))
    told = {name: source.columns[name] for name in names}
    columns = (each.label(name) for name, each in (told | summed).items())
    is_counted = source.columns["billing_status"] != text_of(BillingStatus.CANCELED)
    rows = select(*columns).select_from(source.tables).where(*source.where, is_counted)
    return rows.subquery("one")


def _is_blocked(one: Subquery) -> ColumnElement[bool]:
    return and_(
        one.c.billing_status == text_of(BillingStatus.NOT_READY),
        one.c.nte_status == text_of(NTEStatus.FAILED),
    )


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    # Of whole numbers PostgreSQL gives the sum as a decimal.
    return cast(total, BigInteger)


@lru_cache(maxsize=256)
def _paging(columns: Key) -> Paging:
    by: dict[str, ColumnElement[Any]] = {name: column(name, Text) for name in columns}
    return Paging(by, key=columns[-1], default=",".join(columns))


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
