"""The two backlog views as lists: filtered, sorted, paged, totalled; rows as callers get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.databases.connections import IN_ORDER, Glance, glance_of, plan
from projections.history import can_be_stored
from projections.values.sums import whole
from projections.values.units import from_minor
from projections.views.backlog.asked import Asked, Found, Page
from projections.views.backlog.filters import BacklogFilter, shape_of, starting_at
from projections.views.backlog.ids import Ids, ids_of
from projections.views.backlog.rows import Row, Total, keep_known
from projections.views.backlog.search.searching import Search, among
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.sums.facets import FACETS, facets_of
from projections.views.kept_to import KeptTo
from projections.views.paging import PageRequest


class BacklogList:
    """A backlog view as a list, which shows only some rows unless others are asked for."""

    def __init__(self, view: View, shown: Mapping[str, Sequence[str]]) -> None:
        self._view, self._shown = view, shown

    @property
    def sortable(self) -> list[str]:
        """The fields that it can be sorted by."""
        return self._view.paging.sortable

    def __call__(
        self,
        connection: Connection,
        wanted: BacklogFilter,
        page: PageRequest,
        *,
        totals: bool,
        facets: Sequence[str] = (),
    ) -> Page:
        """A page. Raises BadQuery."""
        asked = self._asked(glance_of(connection), wanted, page)
        of_all = self._asked(asked.views, wanted, replace(page, seek=None)) if page.seek else asked
        summed = _totals(connection, of_all) if totals else None
        if asked.is_in_order:
            plan(asked.views, IN_ORDER)
        rows = Search(asked).rows() if asked.shape.has_text else asked.rows()
        found = self._page(asked, rows, wanted, summed)
        if facets:
            counted = facets_of(connection, self._view, self._matching(wanted), facets)
            found.facets = counted.values
            found.facets_more, found.facets_partial = counted.more, counted.partial
        return found

    @property
    def facets(self) -> Sequence[str]:
        """What it has facets of."""
        return FACETS[self._view]

    def glance(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> Page | None:
        """A page without totals that a single statement finds in order. Raises BadQuery.

        None where rows are looked for by a text, or have to be sorted.
        """
        asked = self._asked(views, wanted, page)
        return self._page(asked, asked.rows(), wanted) if asked.is_in_order else None

    def statement(self, views: Glance, wanted: BacklogFilter, page: PageRequest) -> tuple[str, Any]:
        """What a page is read by: the statement for the driver, with its values."""
        asked = self._asked(views, wanted, page)
        statement = asked.statement()
        return statement.on(views), statement.values(asked.values)

    def ids(self, connection: Connection, wanted: BacklogFilter, page: PageRequest) -> Ids:
        """The ids of the rows of a page of any size. Raises BadQuery."""
        return ids_of(connection, self._asked(glance_of(connection), wanted, page))

    def count(self, connection: Connection, wanted: BacklogFilter) -> int:
        """How many rows there are on all pages."""
        asked = self._asked(glance_of(connection), wanted, PageRequest())
        return sum(total.count for total in _totals(connection, asked))

    def _page(
        self,
        asked: Asked,
        rows: Found,
        wanted: BacklogFilter,
        totals: list[Total] | None = None,
    ) -> Page:
        page = asked.page(rows, totals)
        keep_known(page.items, wanted.kept_to)
        return page

    def _matching(self, wanted: BacklogFilter) -> BacklogFilter:
        return replace(wanted, any_of={**self._shown, **wanted.any_of})

    def _asked(self, views: Glance, wanted: BacklogFilter, request: PageRequest) -> Asked:
        part = self._view.paging.read(request)
        if request.seek:
            wanted = starting_at(wanted, request.seek, part.orders)
        shape, values = shape_of(self._matching(wanted))
        return Asked(self._view, views, shape, part, {**values, **part.values()})


def _totals(connection: Connection, asked: Asked) -> list[Total]:
    """The sums over the whole filter by currency, status and billing type."""
    values, ids = among(connection, asked)
    return [
        Total(
            currency=row["currency"],
            billing_status=row["billing_status"],
            billing_type=row["billing_type"],
            count=int(row["count"]),
            amount=from_minor(whole(row, "amount"), row["currency"]),
            tax=from_minor(whole(row, "tax"), row["currency"]),
        )
        for row in connection.execute(asked.view.totals(asked.shape, ids), values).mappings()
    ]


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


def find_items(connection: Connection, kept_to: KeptTo, item_ids: Sequence[str]) -> list[Row]:
    """The items of either view that have these ids, in no order."""
    plan(glance_of(connection), IN_ORDER)
    found: list[Row] = []
    item_ids = [item_id for item_id in item_ids if can_be_stored(item_id)]
    for view in (FIXED_PRICE, TIME_AND_MATERIAL):
        own = view.table.c
        statement = view.rows.where(own.item_id.in_(item_ids), *kept_to.of_rows(own))
        found += view.shown.rows(connection.execute(statement).all())
    keep_known(found, kept_to)
    return found
