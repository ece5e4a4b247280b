"""The two backlog views as statements: what they show, are filtered and sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    SelectBase,
    Table,
    Text,
    and_,
    func,
    literal,
    select,
)

from projections.tables import (
    MONTH,
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
from projections.views.backlog.conditions import Unindexed, any_of, in_range
from projections.views.backlog.filters import WHOLE, PageShape, Shape, is_scattered, strands_of
from projections.views.backlog.rows import FixedPriceRow, SalesRow, Shown
from projections.views.backlog.search.texts import Texts, of_parts, of_sales
from projections.views.paging import (
    Columns,
    Order,
    Paging,
    empty_first,
    merged,
    past_indexes,
)

_OWN: Columns = {}
_PAST_OTHERS = ("date", "adjustment_status")
_BESIDE_A_PROJECT = ("resource", "customer_id", "nte_status", "billing_status")


# Short names, for the driver reads every statement anew.
_contract = contracts.alias("contract")
_line = contract_lines.alias("line")
_customer = contract_customers.alias("customer")
_milestone = milestones.alias("milestone")
_part = fixed_price.alias("item")
_sale = time_and_material.alias("item")
_KEPT: Mapping[FromClause, Table] = {_part: TOTALS[fixed_price], _sale: TOTALS[time_and_material]}
_seen = select(tracking.c.position).where(tracking.c.name == VIEWS).cte("seen")
_SEARCHED_NAMES = (_contract.c.search_text, _line.c.search_text, _customer.c.search_text)
_SEEN = select(_seen.c.position).scalar_subquery().label("seen")
"""How far the views are, as of the same moment as the rows."""


class View:
    """One backlog view: its table, the names joined to it, and how a row reads."""

    def __init__(
        self,
        table: FromClause,
        with_names: Callable[[FromClause], FromClause],
        own: Columns,
        texts_of: Callable[[FromClause], Texts],
        shown: Shown,
    ) -> None:
        self.table = table
        self.shown = shown
        self.kept = _KEPT[table]
        self.joins = with_names(table.outerjoin(_line, _line_of(table)))
        self._joins_of_projects = with_names(table.join(_line, _line_of(table)))
        self.texts_of = texts_of
        self.texts = texts_of(table)
        names: Columns = {
            "contract_name": _contract.c.name,
            "line_name": _line.c.name,
            "project_id": _line.c.project_id,
            "customer_name": _customer.c.name,
        }
        self._named = {**names, **own}
        self.columns: Columns = {**table.c, **self._named}
        """All that rows have, and what is joined to them."""
        self.kept_columns: Columns = {**self.kept.c, "project_id": _line.c.project_id}
        self.kept_of_lines = self.kept.join(_line, _line_of(self.kept))
        # Rows are gone through in their order: what is joined to them alone leads to none.
        self._found_by: Columns = {**names, **{n: past_indexes(c) for n, c in own.items()}}
        plain = {c.name: empty_first(c) for c in table.c if c.name not in _NOT_SORTED}
        sorted_by = {**plain, **self._named}
        # Where rows are in a sequence, that ends the indexes: a third of the bytes of an id.
        key = "sequence" if "sequence" in plain else "item_id"
        self.paging = Paging(sorted_by, key=key, default="date")
        past = {name: past_indexes(column) for name, column in sorted_by.items()}
        self.paging_past_indexes = Paging(past, key=key, default="date")
        # A project's lines lead to its rows. By another index a database might go through all that
        # there is: by date, in hope of finding some soon, or because SQLite takes any for as good.
        self._beside_a_project: Columns = {
            **{name: past_indexes(table.c[name]) for name in _PAST_OTHERS if name in table.c},
            **{name: Unindexed(table.c[name]) for name in _BESIDE_A_PROJECT if name in table.c},
        }
        self._paging_of_projects = Paging(
            {**sorted_by, "date": past_indexes(table.c.date)}, key=key, default="date"
        )
        # A customer, say, leads to its rows. PostgreSQL, which knows little of a new table, takes
        # the index of statuses for as good else, and goes through the rows of all customers.
        self._beside_a_leader: Columns = {
            name: past_indexes(table.c[name]) for name in ("adjustment_status",) if name in table.c
        }
        # An item or an invoice leads to its rows, and no other index is any better.
        columns = {**table.c, **self._found_by}
        self._beside_a_key: Columns = {n: past_indexes(c) for n, c in columns.items()}

    @property
    def rows(self) -> Select[Any]:
        """Every row."""
        return self._rows(self.joins)

    def _rows(self, joins: FromClause) -> Select[Any]:
        shown = (self.columns[name].label(name) for name in self.shown.fields)
        return select(*shown).select_from(joins)

    def page(self, page: PageShape) -> Select[Any]:
        """The rows of a page; after what is shown, the position of the views."""
        shape, orders, is_next = page.filter, page.orders, page.is_next
        if len(self._strands(page)) > 1:
            return self.page_of(self.ids(page), orders)
        joins = self._joins_of_projects if shape.has_project else self.joins
        joins = self.texts.join(joins) if shape.has_text else joins
        rows = self._rows(joins).add_columns(_SEEN).where(*self.where(shape))
        return self._paging_of(shape).page(rows, orders, is_next=is_next)

    def ids(self, page: PageShape) -> Select[Any] | CompoundSelect[Any]:
        """The ids of the rows of a page, each with what it is sorted by."""
        shape, orders, is_next = page.filter, page.orders, page.is_next
        paging = self._paging_of(shape)
        source = select(self.table.c.item_id).select_from(self.source(shape))
        strands = self._strands(page)
        parts = [source.where(*self.where(shape, one)) for one in strands]
        if len(parts) == 1:
            return paging.page(parts[0], orders, is_next=is_next)
        rows = [paging.rows(part, orders, is_next=is_next) for part in parts]
        return merged(rows, orders, on_postgres=page.on_postgres)

    def ids_among(self, page: PageShape, among: Select[Any]) -> Select[Any]:
        """The same of rows whose ids are found some other way, in few places."""
        ids = select(self.table.c.item_id).where(self.table.c.item_id.in_(among))
        return self.paging.page(ids, page.orders, is_next=page.is_next)

    def _paging_of(self, shape: Shape) -> Paging:
        """How rows are sorted that a filter leads to."""
        if shape.key:
            return self.paging_past_indexes
        return self._paging_of_projects if shape.has_project else self.paging

    def _strands(self, page: PageShape) -> Sequence[Mapping[str, int]]:
        """The parts that a page is read in."""
        return strands_of(page.filter) if self.in_own_order(page.orders) else [WHOLE]

    def page_of(
        self,
        found: SelectBase,
        orders: Sequence[Order],
        *more: ColumnElement[Any],
        keys: Sequence[str] = ("item_id",),
    ) -> Select[Any]:
        """The page of the rows whose keys were found, which are not more than it holds."""
        rows = self._rows(self.joins).add_columns(_SEEN, *more)
        told = found.subquery()
        is_found = (self.table.c[key] == told.c[key] for key in keys)
        return self.paging.page(rows.where(*is_found), orders, is_next=False)

    def is_in_order(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether indexes lead to few rows, or through rows in the order of a page."""
        in_order = self.in_own_order(orders) and not is_scattered(shape)
        return (in_order or shape.key is not None) and not shape.has_text

    def in_own_order(self, orders: Sequence[Order]) -> bool:
        """Whether a page is sorted as it is where nothing is said, or the other way round."""
        return [order.name for order in orders] == [order.name for order in self.paging.default]

    def totals(self, shape: Shape, among: Select[Any] | None = None) -> Select[Any]:
        """The sums over the whole filter by currency, status and billing type.

        They are kept by kinds of rows; rows are read if the filter tells those of a kind apart.
        `among` are the ids of all its rows, where something leads to them.
        """
        if shape.names - {"project_id"} <= set(self.kept.c.keys()):
            return self._kept_totals(shape)
        own: Columns = dict(self.table.c)
        sums = [half for name in _SUMMED for half in halves(own[name], name)]
        if among is not None:
            is_among = own["item_id"].in_(among)
            return _by_status(own, func.count(), sums, self.table, [is_among])
        return _by_status(own, func.count(), sums, self.source(shape), self.where(shape))

    def _kept_totals(self, shape: Shape) -> Select[Any]:
        own: Columns = dict(self.kept.c)
        source = self.kept_of_lines if shape.has_project else self.kept
        count = func.sum(own["count"], type_=BigInteger)
        sums = [half for name in _SUMMED for half in kept_halves(self.kept, name)]
        of_a_contract = own[MONTH] == literal("", Text)
        return _by_status(
            own, count, sums, source, [of_a_contract, *any_of(shape, self.kept_columns)]
        )

    def source(self, shape: Shape) -> FromClause:
        """What a filter looks at: the table, and the names joined to it only if it does."""
        joins = self._joins_of_projects if shape.has_project else self.joins
        if shape.has_text:
            return self.texts.join(joins)
        return joins if shape.names & self._found_by.keys() else self.table

    def where(
        self, shape: Shape, strand: Mapping[str, int] = WHOLE, columns: Columns = _OWN
    ) -> list[ColumnElement[bool]]:
        """The conditions of a filter, or a strand of it; on other columns where these are given."""
        beside = self._beside_a_leader if shape.has_leader else _OWN
        columns = {**self.table.c, **self._found_by, **beside, **columns}
        if shape.key:
            columns |= {**self._beside_a_key, shape.key: self.table.c[shape.key]}
        elif shape.has_project:
            columns |= self._beside_a_project
        conditions = [*any_of(shape, columns, strand), *in_range(shape, columns)]
        if shape.has_text:
            conditions.append(self.texts.row_by_row(*_SEARCHED_NAMES))
        return conditions


_NOT_SORTED = {"nte_detail", "ordinal", "text_id"}
_SUMMED = ("amount", "tax")


def _by_status(
    own: Columns,
    count: ColumnElement[int],
    sums: Sequence[ColumnElement[int]],
    source: FromClause,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    keys = [own[name] for name in ("currency", "billing_status", "billing_type")]
    return (
        select(*keys, count.label("count"), *sums)
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
    {
        "milestone_name": _milestone.c.name,
        "milestone_status": _milestone.c.status,
        "task_id": empty_first(_milestone.c.task_id),
    },
    of_parts,
    Shown(FixedPriceRow),
)

TIME_AND_MATERIAL = View(_sale, _sale_names, {}, of_sales, Shown(SalesRow))
