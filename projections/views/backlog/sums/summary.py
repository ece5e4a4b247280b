"""The backlog of both views summed up: by customer, contract, month and so on; how far it has come.

Each item is in one state, so that the parts of a summary add up to the whole: as its billing status
says, or blocked, where it is not ready since its verdict is `failed` (D-26).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import add
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
    literal_column,
    select,
)

from aggregates.statuses import AdjustmentStatus, BillingStatus, LimitLevel, NTEStatus
from projections.databases.connections import Glance, glance_of
from projections.tables import FAILED_LEVELS, MONTH
from projections.values.failed_levels import told_apart
from projections.values.sums import HALF
from projections.views.backlog.asked import Asked
from projections.views.backlog.filters import BacklogFilter, shape_of
from projections.views.backlog.search.searching import among
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.sums.ahead import HAVE_IDS, ids_ahead
from projections.views.backlog.sums.counting import ALWAYS, SUMMED, Matching, months_within, text_of
from projections.views.backlog.sums.items import (
    HAS_BLOCKED,
    STATUSES,
    AtLevels,
    Sums,
    items_of,
    names_in,
)
from projections.views.backlog.sums.names import Key, Names
from projections.views.backlog.sums.summed import Summary
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
_ALWAYS_BY = ("currency", "billing_type")
_PART = ("count", "amount_high", "amount_low")
"""What is summed up of the items in a status: how many, and their amounts in halves."""
_TAX = ("tax_high", "tax_low")
_NONE = literal_column("0", BigInteger)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Which keys are summed up: after others or from the first on, up to values of some columns."""

    is_next: bool
    until: int
    """How many columns, from the first on: none where there is no end."""


_Way = Callable[[Matching, Key, _Keys], Select[Any]]
"""How items are counted: of what, by which columns, and for which keys."""


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
    named, until = _ahead(glance_of(connection), wanted, by, part)
    asked = [
        _asked(connection, view, of_view, columns, part)
        for view in views
        if (of_view := _of(view, wanted))
    ]
    sums = _added_up(asked, until)
    if until and len(sums) <= part.limit:
        named = dict[str, Names]()
        sums = _added_up(asked, ())
    keys = sorted(sums)[: part.limit + 1]
    page = keys[: part.limit]
    blocked = defaultdict[Key, list[AtLevels]](list)
    for each in asked:
        if not each.failed.isdisjoint(page):
            each.add_blocked(blocked, until=page[-1])
    told = {key: (sums[key], blocked.get(key, ())) for key in page}
    return Summary(
        items=items_of(
            names_in(glance_of(connection), wanted.kept_to),
            {one: BY[one] for one in by},
            columns,
            named,
            told,
        ),
        next=paging.next_cursor(keys, part),
        position=UNSET,
    )


def _ahead(
    views: Glance, wanted: BacklogFilter, by: Sequence[str], part: Part
) -> tuple[Mapping[str, Names], Key]:
    """Names of what comes first in the summary, and up to which ids a page goes at most.

    Nothing of both is told by a filter, which may leave most ids out.
    """
    if not by or by[0] not in HAVE_IDS or wanted != BacklogFilter():
        return {}, ()
    ahead = ids_ahead(views, by[0], part)
    return {by[0]: ahead.names}, ahead.until or ()


def _added_up(asked: Sequence[_Asked], until: Key) -> Mapping[Key, Sums]:
    """What items come to in all views together, for the keys of the page and the next one."""
    sums = dict[Key, Sums]()
    for each in asked:
        each.add_up(sums, until)
    return sums


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
    levels: frozenset[LimitLevel]
    """At which levels it is told that items failed."""
    failed: set[Key] = field(default_factory=set[Key])
    """What has blocked items, of all that was added up."""

    def add_up(self, sums: dict[Key, Sums], until: Key) -> None:
        """Adds what items come to, for the first keys that are not beyond these ids."""
        width = len(self.columns)
        for row in self._rows(_by_status, until):
            key, of_key = row[:width], row[width:]
            if of_key[HAS_BLOCKED]:
                self.failed.add(key)
            known = sums.get(key)
            sums[key] = of_key if known is None else tuple(map(add, known, of_key))

    def add_blocked(self, blocked: Mapping[Key, list[AtLevels]], until: Key) -> None:
        """Adds what is blocked, by the levels that failed, for keys up to this one."""
        for *key, levels, count, high, low in self._rows(_by_levels, until):
            told = [level for level in told_apart(levels) if level in self.levels]
            blocked[tuple(key)].append((told, count, high * HALF + low))

    def _rows(self, way: _Way, until: Key) -> Sequence[tuple[Any, ...]]:
        # Ids that rows are among are a statement of their own, which no other request has.
        make = _prepared if self.matching.among is None else _prepared.__wrapped__
        on_postgres = self.views.schema is not None
        keys = _Keys(self.is_next, len(until))
        statement = make(way, self.matching, self.columns, keys, on_postgres)
        values = {f"until_{n}": value for n, value in enumerate(until)}
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
    return _Asked(views, matching, columns, values, part.after is not None, wanted.kept_to.levels)


@lru_cache(maxsize=256)
def _prepared(
    way: _Way, matching: Matching, columns: Key, keys: _Keys, on_postgres: bool
) -> Prepared:
    return prepare(way(matching, columns, keys), on_postgres=on_postgres)


def _by_status(matching: Matching, columns: Key, keys: _Keys) -> Select[Any]:
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
    if keys.until:
        grouped = grouped.where(paging.until(paging.default[: keys.until]))
    return paging.following(grouped, paging.default, is_next=keys.is_next).limit(ROWS)


def _by_levels(matching: Matching, columns: Key, keys: _Keys) -> Select[Any]:
    """What is blocked, by the same columns up to some values of theirs, and by levels."""
    one = _one_by_one(matching, *columns, "billing_status", "nte_status", FAILED_LEVELS)
    by, paging = [one.c[name] for name in (*columns, FAILED_LEVELS)], _paging(columns)
    sums = (_whole(func.sum(one.c[name])) for name in _PART)
    grouped = select(*by, *sums).group_by(*by)
    is_shown = grouped.where(_is_blocked(one), paging.until(paging.default[: keys.until]))
    return paging.following(is_shown, paging.default, is_next=keys.is_next)


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
    # Of whole numbers PostgreSQL gives the sum as a decimal; of none, both databases give nothing.
    return cast(func.coalesce(total, _NONE), BigInteger)


@lru_cache(maxsize=256)
def _paging(columns: Key) -> Paging:
    by: dict[str, ColumnElement[Any]] = {name: column(name, Text) for name in columns}
    return Paging(by, key=columns[-1], default=",".join(columns))
