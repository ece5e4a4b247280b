"""The backlog views by a text, as statements: some rows gone through, or those looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union,
    union_all,
)

from projections.views.backlog.filters import MOST_STRANDS, WHOLE, PageShape, Shape, strands_of
from projections.views.backlog.search.texts import says_one_of
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.paging import ROWS, Columns, Order, Paging, merged, past_indexes, together

NAMES_LEAD = {"contract_id", "customer_id"}
"""What leads to rows with a text in a name."""


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
        first = self._first(page, self.view.table.c.item_id).subquery()
        return select(func.count()).select_from(first)

    def gone_through_for_texts(self, page: PageShape) -> Select[Any]:
        """The same of rows that have one of the texts that were found, which an index tells."""
        orders = page.orders
        first = self._first(page, *self._keys.values()).subquery()
        having = select(*(first.c[name] for name in self._keys))
        having = having.where(first.c.is_wanted, says_one_of(first.c.text_id))
        found = _in_order_of(first, having, orders)
        return self.view.page_of(found, orders, keys=self.view.texts.index)

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
        by_text, led = self.view.paging_past_indexes, dict(page.led)

        def wanted(paging: Paging, part: Select[Any]) -> Select[Any]:
            up_to = [paging.until(orders)] if page.has_until else []
            return paging.rows(part.where(*up_to), orders, is_next=is_next)

        sorted_ones = others if led.keys() & NAMES_LEAD else [*others, is_named]
        pages: list[Select[Any] | CompoundSelect[Any]]
        pages = [wanted(by_text, part).limit(ROWS) for part in sorted_ones]
        if "text_id" not in led:
            said = wanted(by_text, says).limit(ROWS)
            if is_plain and self.view.texts.index:
                keys = said.with_only_columns(*self._keys.values())
                said = by_text.page(self._by_index(keys), orders, is_next=False)
            pages.append(said)
        for name, count in led.items():
            parts = [wanted(self.view.paging, part) for part in self._led(shape, name, count)]
            pages.append(merged(parts, orders, on_postgres=page.on_postgres))
        return self.view.page_of(together(pages, orders), orders)

    def most_led(self, shape: Shape, orders: Sequence[Order]) -> int:
        """How many texts, or contracts and customers, may lead to rows in order, each by an index.

        Rows of more than these are sorted.
        """
        statuses = dict(shape.any_of).get("billing_status", 0)
        is_led = self.view.in_own_order(orders) and self.view.texts.index and statuses
        return MOST_STRANDS // statuses if is_led else 0

    def _led(self, shape: Shape, name: str, count: int) -> Iterator[Select[Any]]:
        """The ids of rows that so many values of a column lead to: parts in one index each."""
        plain, own = replace(shape, has_text=False), self.view.table.c
        led_by = {"billing_status": own.billing_status, "date": own.date}
        columns: Columns = {**self._columns, **led_by}
        has_text = [self.view.texts.is_named()] if name in NAMES_LEAD else []
        for n, status in product(range(count), range(dict(shape.any_of)["billing_status"])):
            is_led = own[name] == bindparam(f"{name}_led_{n}", type_=own[name].type)
            where = self.view.where(plain, {"billing_status": status}, columns)
            part = select(own.item_id).select_from(self.view.source(plain))
            yield part.where(is_led, *where, *has_text)

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
        parts = self._looked_up(shape)
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


BY_TEXT = {view: ByText(view) for view in (FIXED_PRICE, TIME_AND_MATERIAL)}
"""Of each view."""
