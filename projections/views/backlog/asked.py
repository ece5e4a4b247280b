"""What is asked of a backlog view: a part of its list by a filter, and how that is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import UNSET
from sqlalchemy import Select

from projections.databases.connections import Glance
from projections.views.backlog.filters import PageShape, Shape
from projections.views.backlog.rows import Row, Total, TotalledPage
from projections.views.backlog.statements import View
from projections.views.paging import Part
from projections.views.prepared import Prepared, prepare

Page = TotalledPage[Row]
Found = Sequence[Sequence[Any]]
"""Rows as they are found."""
Way = Callable[[PageShape], Select[Any]]
"""How rows are found: a method of a view, or by text, that makes the statement."""


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

    def statement(self) -> Prepared:
        """What it is read by; where it is by a text, row by row in its order."""
        return self.prepared(self.view.page)

    def rows(self) -> Found:
        """The rows of the page, and one more if there is."""
        return self.statement().rows(self.views, self.values)

    def prepared(self, way: Way, **how: Any) -> Prepared:
        """The statement that finds rows in such a way."""
        return _prepared(way, self.page_shape(**how))

    def page_shape(self, **how: Any) -> PageShape:
        """What its statement depends on, and how rows are found."""
        return PageShape(
            self.shape,
            self.part.orders,
            is_next=self.part.after is not None,
            on_postgres=self.views.schema is not None,
            **how,
        )

    def page(self, rows: Found, totals: list[Total] | None = None) -> Page:
        """The page of the rows that were found."""
        shown = self.view.shown
        return Page(
            items=shown.rows(rows[: self.part.limit]),
            next=self.view.paging.next_cursor(rows, self.part),
            position=rows[0][len(shown.fields)] if rows else UNSET,
            totals=UNSET if totals is None else totals,
        )


@lru_cache(maxsize=512)
def _prepared(way: Way, page: PageShape) -> Prepared:
    return prepare(way(page), on_postgres=page.on_postgres)
