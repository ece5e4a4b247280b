"""The backlog views by a text, as statements: some rows gone through, or those looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from sqlalchemy import (
    Alias,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)

from projections.views.backlog.filters import WHOLE, PageShape, Shape, strands_of
from projections.views.backlog.search.texts import each_of, says_one_of
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.paging import ROWS, Columns, Order, Paging, merged, past_indexes, together

NAMES_LEAD = {"contract_id", "customer_id"}
"""What leads to rows with a text in a name."""

PLAIN = {"billing_status", "adjustment_status", "text"}
"""What a list by a text is always by; nothing else leaves rows out there."""

_ONE = literal_column("1", Integer).label("one")
"""Stands for rows that are counted: it is read from no table, so that indexes are enough."""


class ByText:
    """How rows of a view are found by a text."""

    def __init__(self, view: View) -> None:
        self.view = view
        # What has a text leads to its rows, and no other index is any better.
        self._columns: Columns = {each.name: past_indexes(each) for each in view.table.c}

    def leads_in_order(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether indexes lead through rows in the order of a page, whatever text they have."""
        one_way = len({order.descending for order in orders}) == 1
        strands = strands_of(shape)
        is_sorted = bool(strands) and (strands != [WHOLE] or "billing_status" not in shape.names)
        return one_way and is_sorted and not shape.has_project and self.view.in_own_order(orders)

    def gone_through(self, page: PageShape) -> Select[Any]:
        """The rows of a page with a text among the first `skip` of the list, in its order.

        After the position of the views, how many were gone through.
        """
        orders = page.orders
        columns = [self.view.table.c[name] for name in ("item_id", *self.view.texts.needs)]
        first = self._first(page, *columns).cte("first").prefix_with("MATERIALIZED")
        texts = self.view.texts_of(first)
        having = select(first.c.item_id).select_from(texts.join(first))
        named = [texts.is_named()] if page.has_names else []
        having = having.where(first.c.is_wanted, or_(texts.row_by_row(), *named))
        gone = select(func.count()).select_from(first).scalar_subquery().label("gone")
        return self.view.page_of(_in_order_of(first, having, orders), orders, gone)

    def count_of_first(self, page: PageShape) -> Select[Any]:
        """How many rows the list has, or `skip` if there are more."""
        first = self._first(page).subquery()
        return select(func.count()).select_from(first)

    def gone_through_for_texts(self, page: PageShape) -> Select[Any]:
        """The same of rows that have one of the texts that were found, which an index tells."""
        orders = page.orders
        sorted_by = {order.name: f"sort_{order.name}" for order in orders}
        others = (key for name, key in self._keys.items() if name not in sorted_by)
        first = self._first(page, *others).subquery()
        having = select(*(first.c[sorted_by.get(name, name)].label(name) for name in self._keys))
        having = having.where(first.c.is_wanted, says_one_of(first.c.text_id))
        found = _in_order_of(first, having, orders)
        return self.view.page_of(found, orders, keys=self.view.texts.index)

    def within(self, page: PageShape) -> Select[Any]:
        """The same of all rows of one contract or customer, whose index tells their texts."""
        found = self._within(page, *self._keys.values())
        found = found.where(says_one_of(self._columns["text_id"]))
        found = self.view.paging_past_indexes.page(found, page.orders, is_next=page.is_next)
        return self.view.page_of(found, page.orders, keys=self.view.texts.index)

    def count_within(self, page: PageShape) -> Select[Any]:
        """How many these are, or `skip` if there are more."""
        rows = self._within(page, _ONE)
        return select(func.count()).select_from(
            rows.limit(bindparam("skip", type_=Integer)).subquery()
        )

    def _within(self, page: PageShape, *columns: ColumnElement[Any]) -> Select[Any]:
        plain, own = replace(page.filter, has_text=False), self.view.table.c
        led_by = {name: own[name] for name in (*NAMES_LEAD, "billing_status", "date")}
        where = self.view.where(plain, columns={**self._columns, **led_by})
        return select(*columns).select_from(self.view.table).where(*where)

    def _first(self, page: PageShape, *columns: ColumnElement[Any]) -> CompoundSelect[Any]:
        """The first `skip` rows of the list, in its order, and whether each `is_wanted`."""
        plain, orders = replace(page.filter, has_text=False), page.orders
        rows: list[Select[Any]] = []
        for one in strands_of(plain):
            own = tuple(of for of in plain.any_of if of[0] in one)
            others = tuple(of for of in plain.any_of if of[0] not in one)
            within = replace(plain, any_of=own, has_amount_min=False, has_amount_max=False)
            beside = replace(plain, any_of=others, has_date_from=False, has_date_to=False)
            is_wanted = and_(true(), *self.view.where(beside)).label("is_wanted")
            part = select(*columns, is_wanted).select_from(self.view.source(plain))
            part = part.where(*self.view.where(within, one))
            rows.append(self.view.paging.rows(part, orders, is_next=page.is_next))
        skip = bindparam("skip", type_=Integer)
        return merged(rows, orders, limit=skip, on_postgres=page.on_postgres)

    def looked_up(self, page: PageShape) -> Select[Any]:
        """The rows of a page by what has its text; one may be found in several ways."""
        shape, orders, is_next = page.filter, page.orders, page.is_next
        is_plain = all(order.name in self.view.table.c for order in orders)
        says, *others, is_named = self._looked_up(shape, None if is_plain else self.view.joins)
        by_text = self.view.paging_past_indexes

        def wanted(part: Select[Any]) -> Select[Any]:
            up_to = [by_text.until(orders)] if page.has_until else []
            return by_text.rows(part.where(*up_to), orders, is_next=is_next)

        if page.has_names and not NAMES_LEAD & {*page.led}:
            others.append(is_named)
        pages = [wanted(part).limit(ROWS) for part in others]
        if page.has_texts and "text_id" not in page.led:
            said = wanted(says).limit(ROWS)
            if is_plain and self.view.texts.index:
                keys = said.with_only_columns(*self._keys.values())
                said = by_text.page(self._by_index(keys), orders, is_next=False)
            pages.append(said)
        pages += [self._of_each(page, name, ROWS, "item_id") for name in page.led]
        return self.view.page_of(together(pages, orders), orders)

    def leads(self, shape: Shape, orders: Sequence[Order]) -> bool:
        """Whether each text, contract or customer leads to its rows in order, by an index."""
        is_led = self.view.in_own_order(orders) and self.view.texts.index
        is_by_own = shape.names <= {*self.view.table.c.keys(), "text"}
        return bool(is_led) and is_by_own and "billing_status" in dict(shape.any_of)

    def is_told(self, shape: Shape) -> bool:
        """Whether indexes tell of each row, of one contract or customer, if it is in the list."""
        beside = shape.names - PLAIN - {"date"}
        return beside <= NAMES_LEAD and len(beside) <= 1

    def first_of_each(self, page: PageShape) -> Select[Any]:
        """The texts, contracts or customers that the first rows have: as many as a page has rows.

        After each, the sort keys of its first row. No other has a row on the page.
        """
        (name,) = page.led
        return self._of_each(page, name, bindparam("one", 1, Integer), "led")

    def _of_each(
        self, page: PageShape, name: str, most: BindParameter[int], column: str
    ) -> Select[Any]:
        """A page of the rows that the values of a column lead to: at most so many of each."""
        orders, on_postgres = page.orders, page.on_postgres
        led, own, status = self._led, self.view.table.c, self._statuses(page.filter)
        each = each_of(f"{name}_led", own[name].type, on_postgres=on_postgres)
        keys = {order.name: led.c[order.name] for order in orders}
        paging = Paging(keys, key=orders[-1].name, default=orders[-1].name)
        is_led = and_(led.c[name] == each.c.value, led.c.billing_status == status.c.value)
        up_to = [paging.until(orders)] if page.has_until else []
        if name in NAMES_LEAD:
            up_to.append(self.view.texts_of(led).is_named())
        plain = replace(page.filter, has_text=False, any_of=_but_status(page.filter))
        # No other index is any better, whatever a filter is by.
        columns = {each.name: past_indexes(each) for each in led.c} | {"date": led.c.date}
        where = self.view.where(plain, columns=columns)
        part = select(led.c.item_id).where(is_led, *where, *up_to)
        if on_postgres:
            part = paging.rows(part, orders, is_next=page.is_next).limit(most).lateral()
            found = select(each.c.value.label("led"), *part.c)
            found = found.select_from(each.join(status, true()).join(part, true()))
        else:
            part = part.with_only_columns(_rowid(led))
            part = paging.following(part, orders, is_next=page.is_next).limit(most)
            sorted_by = (own[key].label(f"sort_{key}") for key in keys)
            found = select(each.c.value.label("led"), own.item_id, *sorted_by)
            found = found.select_from(each.join(status, true()).join(self.view.table, true()))
            found = found.where(_rowid(self.view.table).in_(part.scalar_subquery()))
        rows = found.subquery()
        return _in_order_of(rows, select(rows.c[column]), orders)

    @cached_property
    def _led(self) -> FromClause:
        return cast("Alias", self.view.table).element.alias("led")

    def _statuses(self, shape: Shape) -> FromClause:
        """The statuses of a filter, each a row."""
        names = [f"billing_status_{n}" for n in range(dict(shape.any_of)["billing_status"])]
        each = (select(bindparam(name, type_=Text).label("value")) for name in names)
        return union_all(*each).subquery("status")

    @property
    def _keys(self) -> Columns:
        """What tells rows apart in the index of texts."""
        return {name: self.view.table.c[name] for name in self.view.texts.index}

    def _by_index(self, page: Select[Any]) -> Select[Any]:
        """The rows of a page of such keys, which were told by an index before they are read."""
        found = page.subquery()
        is_found = [key == found.c[name] for name, key in self._keys.items()]
        return select(self.view.table.c.item_id).join_from(found, self.view.table, and_(*is_found))

    def _looked_up(self, shape: Shape, source: FromClause | None = None) -> list[Select[Any]]:
        """The ids of rows that are looked up by what has a text; one may be found several times."""
        plain, table = replace(shape, has_text=False), self.view.table
        looked_at = self.view.source(plain) if source is None else source
        part = select(table.c.item_id).select_from(looked_at)
        says, *others = self.view.texts.looked_up()
        # The index of texts has the status, too.
        of_text = {**self._columns, "billing_status": table.c.billing_status}
        by_text = part.where(*self.view.where(plain, columns=of_text), says)
        where = self.view.where(plain, columns=self._columns)
        return [by_text, *(part.where(*where, by) for by in others)]

    def all_looked_up(self, shape: Shape) -> Select[Any]:
        """The ids of all rows that are looked up by what has a text, each once."""
        return union(*self._looked_up(shape)).subquery().select()

    def candidates(self, shape: Shape) -> Select[Any]:
        """How many rows are looked up by what has a text, or rather `limit` if there are more."""
        limit = bindparam("limit", type_=Integer)
        parts = (part.with_only_columns(_ONE) for part in self._looked_up(shape))
        some = union_all(*(part.limit(limit).subquery().select() for part in parts))
        return select(func.count()).select_from(some.subquery())

    def count_of_all(self, page: PageShape) -> Select[Any]:
        """The same of rows that no filter leaves out."""
        of_text = Shape((), has_date_from=False, has_date_to=False, has_text=page.filter.has_text)
        return self.candidates(of_text)

    @property
    def has_approvals(self) -> bool:
        """Whether its rows come of approvals."""
        return "approval_id" in self.view.table.c


def _in_order_of(first: FromClause, having: Select[Any], orders: Sequence[Order]) -> Select[Any]:
    """The page of those that have the text."""
    sorted_by = {order.name: first.c[f"sort_{order.name}"] for order in orders}
    paging = Paging(sorted_by, key=orders[-1].name, default=orders[-1].name)
    return paging.page(having, orders, is_next=False)


def _but_status(shape: Shape) -> tuple[tuple[str, int], ...]:
    return tuple(of for of in shape.any_of if of[0] != "billing_status")


def _rowid(table: FromClause) -> ColumnElement[int]:
    """What SQLite finds a row by, once an index has told it."""
    return literal_column(f"{cast('Alias', table).name}.rowid", Integer)


BY_TEXT = {view: ByText(view) for view in (FIXED_PRICE, TIME_AND_MATERIAL)}
"""Of each view."""
