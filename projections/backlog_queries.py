"""The two backlog views as lists: filtered, sorted, paged, totalled; rows as callers get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.backlog_rows import Fields, Row
from projections.backlog_views import (
    FIXED_PRICE,
    TIME_AND_MATERIAL,
    BacklogFilter,
    Shape,
    View,
    shape_of,
)
from projections.changes import from_minor
from projections.database import Glance, glance_of
from projections.history import can_be_stored
from projections.paging import Order, PageRequest, Part
from projections.prepared import Prepared, prepare
from projections.sums import whole

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list: its rows, where the next one starts, totals over the whole filter."""

    items: Sequence[Fields]
    next_cursor: str | None
    totals: Rows | None = None
    position: int | None = None
    """What the views showed, where a row told."""


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
        asked = self._asked(views, wanted, page)
        rows = asked.statement.rows(views, asked.values)
        with_totals = _totals(connection, self._view, self._matching(wanted)) if totals else None
        return asked.page(rows, with_totals)

    async def at_once(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> Page | None:
        """A page without totals, by a single statement within an event loop. Raises BadQuery.

        None when that would hold the loop up.
        """
        asked = self._asked(views, wanted, page)
        rows = await asked.statement.rows_at_once(views, asked.values)
        return None if rows is None else asked.page(rows)

    def statement(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> tuple[str, Any]:
        """What a page is read by: the statement for the driver, with its values."""
        asked = self._asked(views, wanted, page)
        return asked.statement.on(views), asked.statement.values(asked.values)

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

    view: View
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
    view: View, shape: Shape, orders: tuple[Order, ...], *, is_behind: bool, on_postgres: bool
) -> Prepared:
    return prepare(view.page(shape, orders, is_behind=is_behind), on_postgres=on_postgres)


def _totals(connection: Connection, view: View, wanted: BacklogFilter) -> Rows:
    shape, values = shape_of(wanted)
    return [
        {
            "currency": row["currency"],
            "billing_status": row["billing_status"],
            "billing_type": row["billing_type"],
            "count": int(row["count"]),
            "amount": from_minor(whole(row, "amount"), row["currency"]),
            "tax": from_minor(whole(row, "tax"), row["currency"]),
        }
        for row in connection.execute(view.totals(shape), values).mappings()
    ]
