"""The two backlog views as lists: filtered, sorted, paged, totalled; rows as callers get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from msgspec import UNSET
from sqlalchemy import Connection

from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.databases.connections import Glance, glance_of
from projections.history import can_be_stored
from projections.values.sums import whole
from projections.values.units import from_minor
from projections.views.backlog.filters import BacklogFilter, Shape, shape_of
from projections.views.backlog.rows import Row, Total, TotalledPage
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.paging import Order, PageRequest, Part
from projections.views.prepared import Prepared, prepare

Page = TotalledPage[Row]
Found = Sequence[Sequence[Any]]
"""Rows as they are found."""
GONE_THROUGH = 4
"""Rows of a strand that are gone through for each with a text, before it is looked up: in about the
time that a page takes."""
LOOKED_UP = 5_000
"""Rows with a text from which their totals are taken by going through all rows."""


class BacklogList:
    """A backlog view as a list, which shows only some rows unless others are asked for."""

    def __init__(self, view: View, shown: Mapping[str, Sequence[str]]) -> None:
        self._view, self._shown = view, shown

    @property
    def sortable(self) -> list[str]:
        """The fields that it can be sorted by."""
        return self._view.paging.sortable

    def __call__(
        self, connection: Connection, wanted: BacklogFilter, page: PageRequest, *, totals: bool
    ) -> Page:
        """A page. Raises BadQuery."""
        views = glance_of(connection)
        matching = self._matching(wanted)
        part = self._view.paging.read(page)
        shape, values = shape_of(matching)
        asked = _Asked(self._view, views, shape, part, {**values, **part.values()})
        rows = asked.by_text() if shape.has_text else asked.rows()
        return asked.page(rows, _totals(connection, self._view, shape, values) if totals else None)

    async def at_once(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> Page | None:
        """A page without totals, by a single statement within an event loop. Raises BadQuery.

        None when that would hold the loop up, or takes several.
        """
        asked = self._asked(views, wanted, page)
        if asked.shape.has_text:
            return None
        rows = await asked.statement().rows_at_once(views, asked.values)
        return None if rows is None else asked.page(rows)

    def statement(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> tuple[str, Any]:
        """What a page is read by: the statement for the driver, with its values."""
        asked = self._asked(views, wanted, page)
        statement = asked.statement()
        return statement.on(views), statement.values(asked.values)

    def _matching(self, wanted: BacklogFilter) -> BacklogFilter:
        return BacklogFilter(
            any_of={**self._shown, **wanted.any_of},
            date_from=wanted.date_from,
            date_to=wanted.date_to,
            text=wanted.text,
        )

    def _asked(self, views: Glance, wanted: BacklogFilter, request: PageRequest) -> _Asked:
        part = self._view.paging.read(request)
        shape, values = shape_of(self._matching(wanted))
        return _Asked(self._view, views, shape, part, {**values, **part.values()})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page that is asked for, and how it is read."""

    view: View
    views: Glance
    shape: Shape
    part: Part
    values: dict[str, Any]

    def statement(self, **how: bool) -> Prepared:
        """What it is read by; `how` the text is searched, if there is one."""
        return _page(
            self.view,
            replace(self.shape, **how),
            self.part.orders,
            is_behind=self.part.behind is not None,
            on_postgres=self.views.schema is not None,
        )

    def rows(self) -> Found:
        """The rows of the page, and one more if there is."""
        return self.statement().rows(self.views, self.values)

    def by_text(self) -> Found:
        """The same of rows with a text: few are gone through in order, for what many rows have.

        That fills the page, or else few have it, and these are looked up. Rows of a project, which
        are sorted anyway, are all gone through.
        """
        if self.shape.has_project:
            return self.rows()
        wanted = self.part.limit + 1
        first = skip = GONE_THROUGH * wanted
        for _ in range(2):
            edge = self._edge(skip)
            if edge is None:
                break
            rows = self.statement(has_until=bool(edge)).rows(self.views, {**self.values, **edge})
            if len(rows) == wanted or not edge:
                return rows
            if len(rows) * 8 < wanted:
                break
            # Once more, as far as there should be enough: to look so many up would take longer.
            skip = first * wanted * 5 // (4 * len(rows))
        return self.statement(looked_up=True).rows(self.views, self.values)

    def _edge(self, skip: int) -> dict[str, Any] | None:
        """The sort keys that rows are gone through up to: none where that is the end of the list.

        None where they can't be gone through in order.
        """
        statement = _edge(
            self.view,
            self.shape,
            self.part.orders,
            is_behind=self.part.behind is not None,
            on_postgres=self.views.schema is not None,
        )
        if statement is None:
            return None
        found = statement.rows(self.views, {**self.values, "skip": skip})
        return {f"until_{n}": value for row in found for n, value in enumerate(row)}

    def page(self, rows: Sequence[Sequence[Any]], totals: list[Total] | None = None) -> Page:
        """The page of the rows that were found."""
        shown = self.view.shown
        return Page(
            items=shown.rows(rows[: self.part.limit]),
            next=self.view.paging.next_cursor(rows, self.part),
            position=rows[0][len(shown.fields)] if rows else UNSET,
            totals=UNSET if totals is None else totals,
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
def _edge(
    view: View, shape: Shape, orders: tuple[Order, ...], *, is_behind: bool, on_postgres: bool
) -> Prepared | None:
    statement = view.edge(shape, orders, is_behind=is_behind)
    return None if statement is None else prepare(statement, on_postgres=on_postgres)


@lru_cache(maxsize=256)
def _page(
    view: View, shape: Shape, orders: tuple[Order, ...], *, is_behind: bool, on_postgres: bool
) -> Prepared:
    return prepare(view.page(shape, orders, is_behind=is_behind), on_postgres=on_postgres)


def _totals(
    connection: Connection, view: View, shape: Shape, values: dict[str, Any]
) -> list[Total]:
    if shape.has_text and not shape.has_project:
        few = {**values, "limit": LOOKED_UP}
        found = connection.execute(view.candidates(shape), few).scalar_one()
        shape = replace(shape, looked_up=found < LOOKED_UP)
    return [
        Total(
            currency=row["currency"],
            billing_status=row["billing_status"],
            billing_type=row["billing_type"],
            count=int(row["count"]),
            amount=from_minor(whole(row, "amount"), row["currency"]),
            tax=from_minor(whole(row, "tax"), row["currency"]),
        )
        for row in connection.execute(view.totals(shape), values).mappings()
    ]
