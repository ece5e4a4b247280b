"""A page of a backlog view, and its totals, as they are read: in order, or looked up by a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from msgspec import UNSET
from sqlalchemy import Connection

from projections.databases.connections import FOR_THESE_VALUES, Glance, plan
from projections.time_and_material import MOST_OF_AN_EVENT
from projections.values.search_texts import approvals_text_id, day_and_position
from projections.values.sums import whole
from projections.values.units import from_minor
from projections.views.backlog.filters import Shape
from projections.views.backlog.rows import Row, Total, TotalledPage
from projections.views.backlog.statements import View
from projections.views.backlog.text_lookup import Approvals, TextLookup
from projections.views.paging import Order, Part
from projections.views.prepared import Prepared, prepare

Page = TotalledPage[Row]
Found = Sequence[Sequence[Any]]
"""Rows as they are found."""
Texts = dict[str, list[Any]]
"""What has a text, by how it leads to rows."""
GONE_THROUGH = 4
"""Rows of a strand that are gone through for each with a text, before it is looked up: in about the
time that a page takes."""
MOST_TEXTS = 5_000
LOOKED_UP = 5_000
"""Rows with a text from which their totals are taken by going through all rows."""
MOST_APPROVALS = 50_000
"""Texts, and approvals beside, that are looked up at most: for more, rows are gone through."""
_ALL = (-(2**63), -1)
"""The numbers of all texts with approvals."""


@dataclass(frozen=True)
class Asked:
    """A page that is asked for, and how it is read."""

    view: View
    views: Glance
    shape: Shape
    part: Part
    values: dict[str, Any]

    @property
    def is_in_order(self) -> bool:
        """Whether it is planned as `IN_ORDER` says."""
        return self.view.is_in_order(self.shape, self.part.orders)

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
        rows = self._gone_through()
        return self._looked_up() if rows is None else rows

    def _gone_through(self) -> Found | None:
        """The rows of the page among the first of the list; None when they do not fill it."""
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
        return None

    def totals(self, connection: Connection) -> list[Total]:
        """The sums over the whole filter by currency, status and billing type."""
        shape, values = self.shape, self.values
        if shape.has_text and not shape.has_project:
            found = {**values, **self._few(connection)}
            shape, values = replace(shape, looked_up=found != values), found
        return [
            Total(
                currency=row["currency"],
                billing_status=row["billing_status"],
                billing_type=row["billing_type"],
                count=int(row["count"]),
                amount=from_minor(whole(row, "amount"), row["currency"]),
                tax=from_minor(whole(row, "tax"), row["currency"]),
            )
            for row in connection.execute(self.view.totals(shape), values).mappings()
        ]

    def _few(self, connection: Connection) -> dict[str, Any]:
        """What has the text, if that leads to a few rows only; else nothing."""
        texts, approvals = self._texts, self._approvals(LOOKED_UP, of_all_pages=True)
        if texts is None or approvals.until is not None:
            return {}
        found = self._listed(texts, approvals.ids)
        values = {**self.values, **found, "limit": LOOKED_UP}
        count = connection.execute(self.view.candidates(self.shape), values).scalar_one()
        return found if count < LOOKED_UP else {}

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

    def _looked_up(self) -> Found:
        """The rows by what has the text. Approvals may be many: first those that fill the page."""
        texts = self._texts
        if texts is None:
            return self.rows()
        for most in (GONE_THROUGH * (self.part.limit + 1), MOST_APPROVALS):
            approvals = self._approvals(most)
            end = self._before(approvals.until)
            if end is not None:
                rows = self._rows_of(texts, approvals.ids, end)
                if len(rows) > self.part.limit or approvals.until is None:
                    return rows
        return self.rows()

    def _rows_of(self, texts: Texts, approvals: list[str], end: dict[str, Any]) -> Found:
        """The rows of a page of those with one of what was found, up to an end if there is one."""
        if not (approvals or any(texts.values())):
            return []
        statement = self.statement(looked_up=True, has_until=bool(end))
        return statement.rows(self.views, {**self.values, **self._listed(texts, approvals), **end})

    def _listed(self, texts: Texts, approvals: list[str]) -> dict[str, Any]:
        """What was found, as statements take it."""
        lists = {**texts, "approval_ids": approvals}
        if self.views.schema is not None:
            return lists
        return {name: json.dumps(several) for name, several in lists.items()}

    @cached_property
    def _texts(self) -> Texts | None:
        """What has the text, approvals apart; None when it is too much."""
        texts = self._lookup.texts(MOST_TEXTS)
        if texts is None:
            return None
        return {"text_ids": texts, "contract_ids": self._lookup.contracts()}

    def _approvals(self, most: int, *, of_all_pages: bool = False) -> Approvals:
        """Approvals that have the text in their id, in the order of the page where it is theirs."""
        if not self.view.has_approvals:
            return Approvals([], None)
        first, last = _ALL
        descending = self.part.orders[0].descending
        if self._is_by_approvals and self.part.behind is not None and not of_all_pages:
            day, sequence = self.part.behind
            edge = approvals_text_id(day, sequence // MOST_OF_AN_EVENT)
            first, last = (first, edge) if descending else (edge, last)
        return self._lookup.approvals(first, last, most, descending=descending)

    def _before(self, until: int | None) -> dict[str, Any] | None:
        """The sort keys of the page before the approvals with that number: none where all are.

        None when the page is in another order.
        """
        if until is None:
            return {}
        if not self._is_by_approvals:
            return None
        day, position = day_and_position(until)
        after = self.part.orders[0].descending
        return {"until_0": day, "until_1": (position + after) * MOST_OF_AN_EVENT - (not after)}

    @property
    def _is_by_approvals(self) -> bool:
        """Whether the page is in the order of the texts with approvals."""
        orders = self.part.orders
        names = [order.name for order in orders]
        return names == ["date", "sequence"] and orders[0].descending == orders[1].descending

    @cached_property
    def _lookup(self) -> TextLookup:
        plan(self.views, FOR_THESE_VALUES)
        return TextLookup(self.views, self.values["text"])

    def page(self, rows: Found, totals: list[Total] | None = None) -> Page:
        """The page of the rows that were found."""
        shown = self.view.shown
        return Page(
            items=shown.rows(rows[: self.part.limit]),
            next=self.view.paging.next_cursor(rows, self.part),
            position=rows[0][len(shown.fields)] if rows else UNSET,
            totals=UNSET if totals is None else totals,
        )


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
