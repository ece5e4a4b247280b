"""The two backlog views as they are asked for: what they show, are filtered and sorted by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from projections.backlog_rows import Shown
from projections.paging import Columns, Order, Paging, empty_first
from projections.sums import halves
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFilter:
    """What to list: values per column (any of them), dates from and to, text to look for."""

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    date_from: date | None = None
    date_to: date | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A filter without its values: what its statement depends on."""

    any_of: tuple[tuple[str, int], ...]
    has_date_from: bool
    has_date_to: bool
    has_text: bool


def shape_of(wanted: BacklogFilter) -> tuple[Shape, dict[str, Any]]:
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
    shape = Shape(
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


class View:
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

    def page(self, shape: Shape, orders: Sequence[Order], *, is_behind: bool) -> Select[Any]:
        """The rows of a page; behind what is shown, the position of the views."""
        rows = self.rows.add_columns(select(_seen.c.position).scalar_subquery().label("seen"))
        return self.paging.page(rows.where(*self._where(shape)), orders, is_behind=is_behind)

    def totals(self, shape: Shape) -> Select[Any]:
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

    def _where(self, shape: Shape) -> list[ColumnElement[bool]]:
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
FIXED_PRICE = View(
    _part,
    _with_names(_part).outerjoin(_milestone, _milestone.c.milestone_id == _part.c.milestone_id),
    {"milestone_name": _milestone.c.name, "milestone_status": _milestone.c.status},
    [_milestone.c.name, _part.c.milestone_id],
    Shown((*_COMMON, "milestone_id", "milestone_name", "milestone_status")),
)

TIME_AND_MATERIAL = View(
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
