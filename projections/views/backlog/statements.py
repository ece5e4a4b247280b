"""The two backlog views as statements: what they show, are filtered and sorted by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Date,
    FromClause,
    Integer,
    Select,
    SelectBase,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
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
from projections.views.backlog.filters import MOST_STRANDS, WHOLE, Shape, is_scattered, strands_of
from projections.views.backlog.rows import FixedPriceRow, SalesRow, Shown
from projections.views.backlog.texts import Texts, of_parts, of_sales
from projections.views.paging import (
    ROWS,
    Columns,
    Order,
    Paging,
    empty_first,
    merged,
    past_indexes,
    together,
)

_OWN: Columns = {}
_NAMES_LEAD = {"contract_id", "customer_id"}
"""What leads to rows with a text in a name."""

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
_SEARCHED_NAMES = (_contract.c.search_text, _line.c.search_text, _customer.c.search_text)
_SEEN = select(_seen.c.position).scalar_subquery().label("seen")
"""How far the views are, as of the same moment as the rows."""


@dataclass(frozen=True, slots=True)
class PageShape:
    """What the statement of a page depends on."""

    filter: Shape
    orders: tuple[Order, ...]
    is_next: bool
    """Whether other parts of the list came before."""
    on_postgres: bool
    has_names: bool = True
    """Whether names have its text."""
    has_until: bool = False
    """Whether only rows up to some sort keys are looked up."""
    led: tuple[tuple[str, int], ...] = ()
    """How many texts, contracts and customers lead to rows with a text, which are read in order."""


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
        self._kept = _KEPT[table]
        self._joins = with_names(table.outerjoin(_line, _line_of(table)))
        self._joins_of_projects = with_names(table.join(_line, _line_of(table)))
        self._texts_of = texts_of
        self._texts = texts_of(table)
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
        # What has a text leads to its rows, and no other index is any better.
        self._beside_a_text: Columns = {column.name: past_indexes(column) for column in table.c}
        beside = {name: past_indexes(column) for name, column in sorted_by.items()}
        self._paging_of_texts = Paging(beside, key=key, default="date")

    @cached_property
    def rows(self) -> Select[Any]:
        """Every row."""
        return self._rows(self._joins)

    def _rows(self, joins: FromClause) -> Select[Any]:
        known: dict[str, ColumnElement[Any]] = {**self.table.c, **self._named}
        shown = (known[name].label(name) for name in self.shown.fields)
        return select(*shown).select_from(joins)

    def page(self, page: PageShape) -> Select[Any]:
        """The rows of a page; after what is shown, the position of the views."""
        shape, orders, is_next = page.filter, page.orders, page.is_next
        joins, paging = self._joins, self.paging
        if shape.has_project:
            joins, paging = self._joins_of_projects, self._paging_of_projects
        strands = strands_of(shape) if self._in_own_order(orders) else [WHOLE]
        if len(strands) == 1:
            joins = self._texts.join(joins) if shape.has_text else joins
            rows = self._rows(joins).add_columns(_SEEN).where(*self._where(shape))
            return paging.page(rows, orders, is_next=is_next)
        source = select(self.table.c.item_id).select_from(self._source(shape))
        parts = (source.where(*self._where(shape, one)) for one in strands)
        rows = [paging.rows(part, orders, is_next=is_next) for part in parts]
        found = merged(rows, orders, on_postgres=page.on_postgres)
        return self._page_of(found, orders)

    def leads_in_order(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether indexes lead through rows in the order of a page, whatever text they have."""
        one_way = len({order.descending for order in orders}) == 1
        strands = strands_of(shape)
        is_sorted = bool(strands) and (strands != [WHOLE] or "billing_status" not in shape.names)
        return one_way and is_sorted and not shape.has_project and self._in_own_order(orders)

    def gone_through(self, page: PageShape) -> Select[Any]:
        """The rows of a page with a text among the first `skip` of the list, in its order.

        After the position of the views, how many were gone through.
        """
        shape, orders = page.filter, page.orders
        skip = bindparam("skip", type_=Integer)
        plain = replace(shape, has_text=False)
        is_wanted = and_(true(), *self._where(plain)).label("is_wanted")
        columns = [self.table.c[name] for name in ("item_id", *self._texts.needs)]
        rows: list[Select[Any]] = []
        for one in strands_of(shape):
            only = tuple(of for of in shape.any_of if of[0] in one)
            part = select(*columns, is_wanted).where(*self._where(replace(plain, any_of=only), one))
            rows.append(self.paging.rows(part, orders, is_next=page.is_next))
        some = merged(rows, orders, limit=skip, on_postgres=page.on_postgres)
        first = some.cte("first").prefix_with("MATERIALIZED")
        texts = self._texts_of(first)
        having = select(first.c.item_id).select_from(texts.join(first))
        named = [texts.is_named()] if page.has_names else []
        having = having.where(first.c.is_wanted, or_(texts.row_by_row(), *named))
        sorted_by = {order.name: first.c[f"sort_{order.name}"] for order in orders}
        paging = Paging(sorted_by, key=orders[-1].name, default=orders[-1].name)
        gone = select(func.count()).select_from(first).scalar_subquery().label("gone")
        return self._page_of(paging.page(having, orders, is_next=False), orders, gone)

    def looked_up(self, page: PageShape) -> Select[Any]:
        """The rows of a page by what has its text; one may be found in several ways."""
        shape, orders, is_next = page.filter, page.orders, page.is_next
        is_plain = all(order.name in self.table.c for order in orders)
        says, *others, is_named = self._looked_up(shape, self.table if is_plain else self._joins)

        by_text, led = self._paging_of_texts, dict(page.led)

        def wanted(paging: Paging, part: Select[Any]) -> Select[Any]:
            up_to = [paging.until(orders)] if page.has_until else []
            return paging.rows(part.where(*up_to), orders, is_next=is_next)

        sorted_ones = others if led.keys() & _NAMES_LEAD else [*others, is_named]
        pages: list[Select[Any] | CompoundSelect[Any]]
        pages = [wanted(by_text, part).limit(ROWS) for part in sorted_ones]
        if "text_id" not in led:
            said = wanted(by_text, says).limit(ROWS)
            if is_plain and self._texts.index:
                said = by_text.page(self._by_index(said), orders, is_next=False)
            pages.append(said)
        for name, count in led.items():
            parts = [wanted(self.paging, part) for part in self._led(shape, name, count)]
            pages.append(merged(parts, orders, on_postgres=page.on_postgres))
        return self._page_of(together(pages, orders), orders)

    def most_led(self, shape: Shape, orders: Sequence[Order]) -> int:
        """How many texts, or contracts and customers, may lead to rows in order, each by an index.

        Rows of more than these are sorted.
        """
        statuses = dict(shape.any_of).get("billing_status", 0)
        is_led = self._in_own_order(orders) and self._texts.index and statuses
        return MOST_STRANDS // statuses if is_led else 0

    def _led(self, shape: Shape, name: str, count: int) -> Iterator[Select[Any]]:
        """The ids of rows that so many values of a column lead to: parts in one index each."""
        plain, own = replace(shape, has_text=False), self.table.c
        led_by = {"billing_status": own.billing_status, "date": own.date}
        columns: Columns = {**self._beside_a_text, **led_by}
        has_text = [self._texts.is_named()] if name in _NAMES_LEAD else []
        for n, status in product(range(count), range(dict(shape.any_of)["billing_status"])):
            is_led = own[name] == bindparam(f"{name}_led_{n}", type_=own[name].type)
            where = (is_led, *self._where(plain, {"billing_status": status}, columns), *has_text)
            yield select(own.item_id).where(*where)

    def _by_index(self, page: Select[Any]) -> Select[Any]:
        """The rows of a page that is made from the index of texts, before they are read."""
        keys = [self.table.c[name] for name in self._texts.index]
        found = page.with_only_columns(*keys).subquery()
        is_found = and_(*(key == found.c[key.name] for key in keys))
        return select(self.table.c.item_id).join_from(found, self.table, is_found)

    def _page_of(
        self, found: SelectBase, orders: Sequence[Order], *more: ColumnElement[Any]
    ) -> Select[Any]:
        """The page of the rows whose ids were found, which are not more than it holds."""
        rows = self._rows(self._joins).add_columns(_SEEN, *more)
        is_found = self.table.c.item_id.in_(select(found.subquery().c.item_id))
        return self.paging.page(rows.where(is_found), orders, is_next=False)

    def is_in_order(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether indexes lead to few rows, or through rows in the order of a page."""
        in_order = self._in_own_order(orders) and not is_scattered(shape)
        return in_order and not shape.has_text

    def _in_own_order(self, orders: Sequence[Order]) -> bool:
        return [order.name for order in orders] == [order.name for order in self.paging.default]

    def _looked_up(self, shape: Shape, source: FromClause) -> list[Select[Any]]:
        """The ids of rows that are looked up by what has a text; one may be found several times."""
        plain, beside = replace(shape, has_text=False), self._beside_a_text
        part = select(self.table.c.item_id).select_from(source)
        # The index of texts has the status, too.
        says, *others = self._texts.looked_up()
        status = {"billing_status": self.table.c.billing_status}
        by_text = part.where(*self._where(plain, columns={**beside, **status}), says)
        return [by_text, *(part.where(*self._where(plain, columns=beside), by) for by in others)]

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
        if shape.has_text:
            return self._texts.join(self._joins_of_projects if shape.has_project else self._joins)
        return self._joins_of_projects if shape.has_project else self.table

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
            conditions.append(self._texts.row_by_row(*_SEARCHED_NAMES))
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
    of_parts,
    Shown(FixedPriceRow),
)

TIME_AND_MATERIAL = View(
    _sale,
    _sale_names,
    {},
    of_sales,
    Shown(SalesRow),
)
