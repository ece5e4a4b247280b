"""The two backlog views as lists: filtered, sorted, paged, totalled; rows as callers get them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.backlog_rows import Fields, Row, Shown
from projections.changes import from_minor
from projections.database import Glance, glance_of
from projections.history import can_be_stored
from projections.paging import Columns, Order, PageRequest, Paging, Part, empty_first
from projections.prepared import Prepared, prepare
from projections.tables import (
    VIEWS,
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    milestones,
    time_and_material,
    tracking,
)

Rows = list[dict[str, Any]]


_HALF = 1_000_000
"""Sums are taken in two halves, so that no sum of 64-bit amounts overflows in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFilter:
    """What to list: values per column (any of them), dates from and to, text to look for."""

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    date_from: date | None = None
    date_to: date | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list: its rows, where the next one starts, totals over the whole filter."""

    items: Sequence[Fields]
    next_cursor: str | None
    totals: Rows | None = None
    position: int | None = None
    """What the views showed, where a row told."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A filter without its values: what its statement depends on."""

    any_of: tuple[tuple[str, int], ...]
    has_date_from: bool
    has_date_to: bool
    has_text: bool


def _shape(wanted: BacklogFilter) -> tuple[_Shape, dict[str, Any]]:
    """The shape of a filter, and the values that its statement is executed with."""
    values: dict[str, Any] = {
        f"{name}_{n}": value
        for name, several in wanted.any_of.items()
        for n, value in enumerate(several)
    }
    if wanted.date_from:
        values["date_from"] = wanted.date_from
    if wanted.date_to:
        values["date_to"] = wanted.date_to
    if wanted.text:
        values["text"] = f"%{_ESCAPED.sub(_as_itself, wanted.text)}%"
    shape = _Shape(
        any_of=tuple((name, len(several)) for name, several in wanted.any_of.items()),
        has_date_from="date_from" in values,
        has_date_to="date_to" in values,
        has_text="text" in values,
    )
    return shape, values


_ESCAPE = "/"
_ESCAPED = re.compile("[/%_]")


def _as_itself(special: re.Match[str]) -> str:
    return _ESCAPE + special[0]


# Short names, for the driver reads every statement anew.
_contract = contracts.alias("contract")
_line = contract_lines.alias("line")
_customer = contract_customers.alias("customer")
_milestone = milestones.alias("milestone")
_part = fixed_price.alias("item")
_sale = time_and_material.alias("item")
_seen = select(tracking.c.position).where(tracking.c.name == VIEWS).cte("seen")
"""How far the views are, as of the same moment as the rows."""


class _View:
    """One backlog view: its table, the names joined to it, and how a row reads."""

    def __init__(
        self,
        table: FromClause,
        joins: FromClause,
        own: Columns,
        searched: Sequence[ColumnElement[Any]],
        shown: Shown,
    ) -> None:
        self.table = table
        self.shown = shown
        self._joins = joins
        self._own = own
        self._searched = searched
        names: Columns = {
            "contract_name": _contract.c.name,
            "line_name": _line.c.name,
            "project_id": _line.c.project_id,
            "customer_name": _customer.c.name,
        }
        self._named = {**names, **own}
        plain = {c.name: empty_first(c) for c in table.c if c.name not in _NOT_SORTED}
        self.paging = Paging({**plain, **self._named}, key="item_id", default="date")

    @cached_property
    def rows(self) -> Select[Any]:
        """Every row."""
        known: dict[str, ColumnElement[Any]] = {**self.table.c, **self._named}
        return select(*(known[name].label(name) for name in self.shown.fields)).select_from(
            self._joins
        )

    def page(self, shape: _Shape, orders: Sequence[Order], *, is_behind: bool) -> Select[Any]:
        """The rows of a page; behind what is shown, the position of the views."""
        rows = self.rows.add_columns(select(_seen.c.position).scalar_subquery().label("seen"))
        return self.paging.page(rows.where(*self._where(shape)), orders, is_behind=is_behind)

    def totals(self, shape: _Shape) -> Select[Any]:
        """The sums over the whole filter by currency and status."""
        own = self.table.c
        sums = [half for name in ("amount", "tax") for half in halves(own[name], name)]
        return (
            select(own.currency, own.billing_status, func.count().label("count"), *sums)
            .select_from(self._joins)
            .where(*self._where(shape))
            .group_by(own.currency, own.billing_status)
            .order_by(own.currency, own.billing_status)
        )

    def _where(self, shape: _Shape) -> list[ColumnElement[bool]]:
        columns: dict[str, ColumnElement[Any]] = {**self.table.c, **self._named}
        conditions: list[ColumnElement[bool]] = [
            columns[name].in_([bindparam(f"{name}_{n}", type_=Text) for n in range(count)])
            for name, count in shape.any_of
        ]
        if shape.has_date_from:
            conditions.append(self.table.c.date >= bindparam("date_from"))
        if shape.has_date_to:
            conditions.append(self.table.c.date <= bindparam("date_to"))
        if shape.has_text:
            text = func.lower(bindparam("text", type_=Text))
            found = (func.lower(c).like(text, escape=_ESCAPE) for c in self._texts())
            conditions.append(or_(*found))
        return conditions

    def _texts(self) -> list[ColumnElement[Any]]:
        names = [self._named[name] for name in ("contract_name", "line_name", "customer_name")]
        return [*names, *self._searched]


_NOT_SORTED = {"nte_detail", "ordinal"}


def _with_names(table: FromClause) -> FromClause:
    """The table with the names of its contract, line and customer; joined so that none is lost."""
    return (
        table.outerjoin(_contract, _contract.c.contract_id == table.c.contract_id)
        .outerjoin(
            _line,
            and_(_line.c.contract_id == table.c.contract_id, _line.c.line_id == table.c.line_id),
        )
        .outerjoin(
            _customer,
            and_(
                _customer.c.contract_id == table.c.contract_id,
                _customer.c.customer_id == table.c.customer_id,
            ),
        )
    )


_COMMON = (
    "item_id",
    "contract_id",
    "contract_name",
    "line_id",
    "line_name",
    "project_id",
    "customer_id",
    "customer_name",
    "date",
    "amount",
    "tax",
    "currency",
    "billing_status",
    "invoice_id",
)
FIXED_PRICE = _View(
    _part,
    _with_names(_part).outerjoin(_milestone, _milestone.c.milestone_id == _part.c.milestone_id),
    {"milestone_name": _milestone.c.name, "milestone_status": _milestone.c.status},
    [_milestone.c.name, _part.c.milestone_id],
    Shown((*_COMMON, "milestone_id", "milestone_name", "milestone_status")),
)

TIME_AND_MATERIAL = _View(
    _sale,
    _with_names(_sale),
    {},
    [
        _sale.c[name]
        for name in ("description", "resource", "role", "category", "task_id", "approval_id")
    ],
    Shown(
        (
            *_COMMON,
            "approval_id",
            "class",
            "resource",
            "role",
            "category",
            "task_id",
            "description",
            "billing_type",
            "nte_status",
            "quantity",
            "unit_price",
            "nte_detail",
        )
    ),
)


class BacklogList:
    """A backlog view as a list, which shows only some rows unless others are asked for."""

    def __init__(self, view: _View, shown: Mapping[str, Sequence[str]]) -> None:
        self._view, self._shown = view, shown

    def __call__(
        self, connection: Connection, wanted: BacklogFilter, page: PageRequest, *, totals: bool
    ) -> Page:
        """A page. Raises BadQuery."""
        with_totals = _totals(connection, self._view, self._matching(wanted)) if totals else None
        return self.glance(glance_of(connection), wanted, page, totals=with_totals)

    def glance(
        self,
        views: Glance,
        wanted: BacklogFilter,
        page: PageRequest,
        totals: Rows | None = None,
    ) -> Page:
        """A page by a single statement. Raises BadQuery."""
        asked = self._asked(views, wanted, page)
        return asked.page(asked.statement.rows(views, asked.values), totals)

    async def at_once(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> Page | None:
        """As `glance`, within an event loop; None when that would hold it up. Raises BadQuery."""
        asked = self._asked(views, wanted, page)
        rows = await asked.statement.rows_at_once(views, asked.values)
        return None if rows is None else asked.page(rows)

    def statement(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> tuple[str, Any]:
        """What a page is read by: the statement for the driver, with its values."""
        asked = self._asked(views, wanted, page)
        return asked.statement.on(views), asked.statement.values(asked.values)

    def _matching(self, wanted: BacklogFilter) -> BacklogFilter:
        return replace(wanted, any_of={**self._shown, **wanted.any_of})

    def _asked(self, views: Glance, wanted: BacklogFilter, request: PageRequest) -> _Asked:
        part = self._view.paging.read(request)
        shape, values = _shape(self._matching(wanted))
        statement = _page(
            self._view,
            shape,
            part.orders,
            is_behind=part.behind is not None,
            on_postgres=views.schema is not None,
        )
        return _Asked(self._view, part, statement, {**values, **part.values()})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page that is asked for, and how it is read."""

    view: _View
    part: Part
    statement: Prepared
    values: dict[str, Any]

    def page(self, rows: Sequence[Sequence[Any]], totals: Rows | None = None) -> Page:
        """The page of the rows that were found."""
        shown = self.view.shown
        return Page(
            items=shown.rows(rows[: self.part.limit]),
            next_cursor=self.view.paging.next_cursor(rows, self.part),
            totals=totals,
            position=rows[0][len(shown.fields)] if rows else None,
        )


list_fixed_price = BacklogList(FIXED_PRICE, {})
"""The fixed-price view: every customer milestone that matches, in whatever status."""

list_time_and_material = BacklogList(
    TIME_AND_MATERIAL,
    {
        "billing_status": (
            BillingStatus.NOT_READY.value,
            BillingStatus.READY.value,
            BillingStatus.INVOICE_CREATED.value,
        ),
        "adjustment_status": (AdjustmentStatus.ADJUSTABLE.value,),
    },
)
"""The T&M view (D-20): unbilled sales that are not adjusted; posted ones when asked for."""


def find_items(connection: Connection, item_ids: Sequence[str]) -> list[Row]:
    """The items of either view that have these ids."""
    found: list[Row] = []
    item_ids = [item_id for item_id in item_ids if can_be_stored(item_id)]
    for view in (FIXED_PRICE, TIME_AND_MATERIAL):
        statement = view.rows.where(view.table.c.item_id.in_(item_ids))
        found += view.shown.rows(connection.execute(statement).all())
    return found


@lru_cache(maxsize=256)
def _page(
    view: _View, shape: _Shape, orders: tuple[Order, ...], *, is_behind: bool, on_postgres: bool
) -> Prepared:
    return prepare(view.page(shape, orders, is_behind=is_behind), on_postgres=on_postgres)


def halves(column: ColumnElement[int], name: str) -> list[ColumnElement[int]]:
    """The sum of a column in two columns, to be put together by `whole`."""
    high = func.sum(column.op("/")(_HALF), type_=BigInteger).label(f"{name}_high")
    return [high, func.sum(column.op("%")(_HALF), type_=BigInteger).label(f"{name}_low")]


def _totals(connection: Connection, view: _View, wanted: BacklogFilter) -> Rows:
    shape, values = _shape(wanted)
    return [
        {
            "currency": row["currency"],
            "billing_status": row["billing_status"],
            "count": row["count"],
            "amount": from_minor(whole(row, "amount"), row["currency"]),
            "tax": from_minor(whole(row, "tax"), row["currency"]),
        }
        for row in connection.execute(view.totals(shape), values).mappings()
    ]


def whole(row: RowMapping, name: str) -> int:
    """The sum that was taken in `halves`."""
    return int(row[f"{name}_high"]) * _HALF + int(row[f"{name}_low"])
