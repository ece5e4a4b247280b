"""The two backlog views as statements: what they show, are filtered and sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.statuses import BillingType
from projections.tables import (
    TOTALS,
    VIEWS,
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    milestones,
    time_and_material,
    tracking,
)
from projections.values.sums import halves, kept_halves
from projections.views.backlog.filters import WHOLE, Shape, is_scattered, strands_of
from projections.views.backlog.rows import FixedPriceRow, SalesRow, Shown
from projections.views.backlog.texts import Texts, of_parts, of_sales
from projections.views.paging import Columns, Order, Paging, empty_first, merged, past_indexes

_OWN: Columns = {}


_BESIDE_A_PROJECT = ("resource", "customer_id", "nte_status", "billing_status")


class _Unindexed(FunctionElement[Any]):
    """A column that SQLite is to find by no index; PostgreSQL knows better, for it counts rows."""

    inherit_cache = True


@compiles(_Unindexed)
def _plain(element: _Unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.clauses, **kwargs)


@compiles(_Unindexed, "sqlite")
def _signed(element: _Unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"+{compiler.process(element.clauses, **kwargs)}"


# Short names, for the driver reads every statement anew.
_contract = contracts.alias("contract")
_line = contract_lines.alias("line")
_customer = contract_customers.alias("customer")
_milestone = milestones.alias("milestone")
_part = fixed_price.alias("item")
_sale = time_and_material.alias("item")
_KEPT: Mapping[FromClause, Table] = {_part: TOTALS[fixed_price], _sale: TOTALS[time_and_material]}
_seen = select(tracking.c.position).where(tracking.c.name == VIEWS).cte("seen")
"""How far the views are, as of the same moment as the rows."""


class View:
    """One backlog view: its table, the names joined to it, and how a row reads."""

    def __init__(
        self,
        table: FromClause,
        with_names: Callable[[FromClause], FromClause],
        own: Columns,
        texts: Texts,
        shown: Shown,
    ) -> None:
        self.table = table
        self.shown = shown
        self._kept = _KEPT[table]
        self._joins = with_names(table.outerjoin(_line, _line_of(table)))
        self._joins_of_projects = with_names(table.join(_line, _line_of(table)))
        self._texts = texts
        names: Columns = {
            "contract_name": _contract.c.name,
            "line_name": _line.c.name,
            "project_id": _line.c.project_id,
            "customer_name": _customer.c.name,
        }
        self._named = {**names, **own}
        plain = {c.name: empty_first(c) for c in table.c if c.name not in _NOT_SORTED}
        sorted_by = {**plain, **self._named}
        # Where rows are in a sequence, that ends the indexes: a third of the bytes of an id.
        key = "sequence" if "sequence" in plain else "item_id"
        self.paging = Paging(sorted_by, key=key, default="date")
        # A project's lines lead to its rows. By another index a database might go through all that
        # there is: by date, in hope of finding some soon, or because SQLite takes any for as good.
        date = past_indexes(table.c.date)
        self._beside_a_project: Columns = {
            "date": date,
            **{name: _Unindexed(table.c[name]) for name in _BESIDE_A_PROJECT if name in table.c},
        }
        self._paging_of_projects = Paging({**sorted_by, "date": date}, key=key, default="date")
        self._beside_a_text: Columns = {
            **{column.name: _Unindexed(column) for column in table.c},
            "date": date,
        }

    @cached_property
    def rows(self) -> Select[Any]:
        """Every row."""
        return self._rows(self._joins)

    def _rows(self, joins: FromClause) -> Select[Any]:
        known: dict[str, ColumnElement[Any]] = {**self.table.c, **self._named}
        shown = (known[name].label(name) for name in self.shown.fields)
        return select(*shown).select_from(joins)

    def page(self, shape: Shape, orders: Sequence[Order], *, is_behind: bool) -> Select[Any]:
        """The rows of a page; behind what is shown, the position of the views."""
        of_projects = shape.has_project
        joins = self._joins_of_projects if of_projects else self._joins
        if shape.has_text and not (shape.looked_up or shape.has_until):
            joins = self._texts.join(joins)
        seen = select(_seen.c.position).scalar_subquery().label("seen")
        rows = self._rows(joins).add_columns(seen)
        strands = strands_of(shape) if self._in_own_order(orders) else [WHOLE]
        if len(strands) == 1 and not (shape.looked_up or shape.has_until):
            paging = self._paging_of_projects if of_projects else self.paging
            return paging.page(rows.where(*self._where(shape)), orders, is_behind=is_behind)
        item_id = self.table.c.item_id
        if shape.looked_up:
            plain = all(order.name in self.table.c for order in orders)
            paging = self._paging_of_projects
            up_to = [paging.until(orders)] if shape.has_until else []
            source = self.table if plain else self._joins
            parts = [part.where(*up_to) for part in self._looked_up(shape, source)]
        else:
            up_to = [self.paging.until(orders)] if shape.has_until else []
            source, paging = select(item_id).select_from(self._source(shape)), self.paging
            parts = [source.where(*self._where(shape, one), *up_to) for one in strands]
        pages = [paging.page(part, orders, is_behind=is_behind) for part in parts]
        found = select(merged(pages, orders, apart=not shape.looked_up).subquery().c.item_id)
        return self.paging.page(rows.where(item_id.in_(found)), orders, is_behind=False)

    def edge(self, shape: Shape, orders: Sequence[Order], *, is_behind: bool) -> Select[Any] | None:
        """How far a page may be gone through for a text: to the sort keys of this, if any.

        Up to there are at most `skip` rows of each part that lies in one index. None where no index
        leads through rows in the order of the page.
        """
        one_way = len({order.descending for order in orders}) == 1
        if shape.has_project or not (one_way and self._in_own_order(orders)):
            return None
        strands = strands_of(shape)
        if not strands or (strands == [WHOLE] and "billing_status" in shape.names):
            return None
        edges: list[Select[Any]] = []
        for one in strands:
            only = tuple(of for of in shape.any_of if of[0] in one)
            within = self._where(replace(shape, any_of=only, has_text=False), one)
            part = select(self.table.c.item_id).where(*within)
            edges.append(self.paging.edge(part, orders, is_behind=is_behind))
        return merged(edges, orders, limit=1)

    def is_in_order(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether indexes lead to few rows, or through rows in the order of a page."""
        in_order = self._in_own_order(orders) and not is_scattered(shape)
        return in_order and not shape.has_text

    def _in_own_order(self, orders: Sequence[Order]) -> bool:
        return [order.name for order in orders] == [order.name for order in self.paging.default]

    def _looked_up(self, shape: Shape, source: FromClause) -> list[Select[Any]]:
        """The ids of rows that are looked up by what has a text; one may be found several times."""
        others = self._where(replace(shape, has_text=False), columns=self._beside_a_text)
        part = select(self.table.c.item_id).select_from(source).where(*others)
        return [part.where(by) for by in self._texts.looked_up()]

    def candidates(self, shape: Shape) -> Select[Any]:
        """How many rows are looked up by what has a text, or rather `limit` if there are more."""
        limit = bindparam("limit", type_=Integer)
        parts = [
            part.limit(limit).subquery().select() for part in self._looked_up(shape, self.table)
        ]
        return select(func.count()).select_from(union_all(*parts).subquery())

    @property
    def has_approvals(self) -> bool:
        """Whether its rows come of approvals."""
        return "approval_id" in self.table.c

    def totals(self, shape: Shape) -> Select[Any]:
        """The sums over the whole filter by currency, status and billing type.

        They are kept by kinds of rows; rows are read if the filter tells those of a kind apart.
        """
        if shape.names - {"project_id"} <= set(self._kept.c.keys()):
            return self._kept_totals(shape)
        own: Columns = dict(self.table.c)
        sums = [half for name in _SUMMED for half in halves(own[name], name)]
        if shape.looked_up:
            ids = union(*self._looked_up(shape, self.table)).subquery().select()
            return _by_status(own, func.count(), sums, self.table, [own["item_id"].in_(ids)])
        return _by_status(own, func.count(), sums, self._source(shape), self._where(shape))

    def _kept_totals(self, shape: Shape) -> Select[Any]:
        own: Columns = dict(self._kept.c)
        source = self._kept.join(_line, _line_of(self._kept)) if shape.has_project else self._kept
        columns = {**own, "project_id": _line.c.project_id}
        count = func.sum(own["count"], type_=BigInteger)
        sums = [half for name in _SUMMED for half in kept_halves(self._kept, name)]
        return _by_status(own, count, sums, source, _any_of(shape, columns))

    def _source(self, shape: Shape) -> FromClause:
        """What a filter looks at: the table, and the names joined to it only if it does."""
        source = self._joins_of_projects if shape.has_project else self.table
        return self._texts.join(source) if shape.has_text else source

    def _where(
        self, shape: Shape, strand: Mapping[str, int] = WHOLE, columns: Columns = _OWN
    ) -> list[ColumnElement[bool]]:
        columns = {**self.table.c, **self._named, **columns}
        if shape.has_project:
            columns |= self._beside_a_project
        conditions = _any_of(shape, columns, strand)
        if shape.has_date_from:
            conditions.append(columns["date"] >= bindparam("date_from", type_=Date))
        if shape.has_date_to:
            conditions.append(columns["date"] <= bindparam("date_to", type_=Date))
        if shape.has_text:
            conditions.append(self._texts.row_by_row())
        return conditions


_NOT_SORTED = {"nte_detail", "ordinal", "text_id"}
_CHARGEABLE = literal(BillingType.CHARGEABLE.value, Text).label("billing_type")
"""What milestones always are."""
_SUMMED = ("amount", "tax")


def _any_of(
    shape: Shape, columns: Columns, strand: Mapping[str, int] = WHOLE
) -> list[ColumnElement[bool]]:
    """The conditions on columns that a filter has values of, of which a strand has one."""
    conditions: list[ColumnElement[bool]] = []
    for name, count in shape.any_of:
        numbers = (strand[name],) if name in strand else range(count)
        values = [bindparam(f"{name}_{n}", type_=Text) for n in numbers]
        conditions.append(
            columns[name] == values[0] if len(values) == 1 else columns[name].in_(values)
        )
    return conditions


def _by_status(
    own: Columns,
    count: ColumnElement[int],
    sums: Sequence[ColumnElement[int]],
    source: FromClause,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    keys = [own[name] for name in ("currency", "billing_status", "billing_type") if name in own]
    always = [] if "billing_type" in own else [_CHARGEABLE]
    return (
        select(*keys, *always, count.label("count"), *sums)
        .select_from(source)
        .where(*conditions)
        .group_by(*keys)
        .order_by(*keys)
    )


def _line_of(table: FromClause) -> ColumnElement[bool]:
    return and_(_line.c.contract_id == table.c.contract_id, _line.c.line_id == table.c.line_id)


def _sale_names(joins: FromClause) -> FromClause:
    return _names_of(_sale, joins)


def _part_names(joins: FromClause) -> FromClause:
    of_milestone = _milestone.c.milestone_id == _part.c.milestone_id
    return _names_of(_part, joins).outerjoin(_milestone, of_milestone)


def _names_of(table: FromClause, joins: FromClause) -> FromClause:
    """The joins with the names of a row's contract and customer; joined so that none is lost."""
    of_customer = and_(
        _customer.c.contract_id == table.c.contract_id,
        _customer.c.customer_id == table.c.customer_id,
    )
    of_contract = _contract.c.contract_id == table.c.contract_id
    return joins.outerjoin(_contract, of_contract).outerjoin(_customer, of_customer)


FIXED_PRICE = View(
    _part,
    _part_names,
    {"milestone_name": _milestone.c.name, "milestone_status": _milestone.c.status},
    of_parts(_part, _milestone),
    Shown(FixedPriceRow),
)

TIME_AND_MATERIAL = View(
    _sale,
    _sale_names,
    {},
    of_sales(_sale, func.lower(_sale.c.approval_id)),
    Shown(SalesRow),
)
