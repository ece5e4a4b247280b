"""What has the text that a page is asked for by: texts that rows say, names and approvals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.values.search_texts import LAST_POSITION, approvals_text_id, day_and_position
from projections.views.backlog.asked import Asked
from projections.views.backlog.search.by_text import BY_TEXT
from projections.views.backlog.search.text_lookup import Approvals, TextLookup

Lists = Mapping[str, list[Any]]
"""What has a text, by how it leads to rows."""
MOST_TEXTS = 5_000
"""Texts, or names, that are looked up at most: for more, all rows are gone through."""
_ALL, _NONE = (-(2**63), -1), (-1, -2)
"""The first and the last number of all texts with approvals; and of none."""


class Matches:
    """What has the text of a page that is asked for, or of all pages."""

    def __init__(self, asked: Asked, *, of_all_pages: bool = False) -> None:
        self._asked = asked
        numbers = self._days() if of_all_pages else self._days_of_page()
        descending = asked.part.orders[0].descending
        text = asked.values["text"]
        self._lookup = TextLookup(asked.views, text, numbers, descending=descending)
        self._approvals: dict[int, Approvals] = {}

    @cached_property
    def names(self) -> Lists | None:
        """What has the text in its name; None when it is too much."""
        return self._lookup.names(MOST_TEXTS)

    @cached_property
    def texts(self) -> Lists | None:
        """What has the text, approvals apart; None when it is too much."""
        names = self.names
        texts = None if names is None else self._lookup.texts(MOST_TEXTS)
        return None if texts is None or names is None else {"text_ids": texts, **names}

    def approvals(self, most: int) -> Approvals:
        """Approvals that have the text in their id, in the order of the page where it is theirs.

        About so many at most, of the days that the page may have, or all pages.
        """
        if most not in self._approvals:
            self._approvals[most] = self._lookup.approvals(most)
        return self._approvals[most]

    def _days(self) -> tuple[int, int]:
        """The first and the last number of texts with approvals that the list may have rows of."""
        first, last = _ALL if BY_TEXT[self._asked.view].has_approvals else _NONE
        shape, values = self._asked.shape, self._asked.values
        if shape.has_date_from:
            first = approvals_text_id(values["date_from"], 0)
        if shape.has_date_to:
            last = approvals_text_id(values["date_to"], LAST_POSITION)
        return first, last

    def _days_of_page(self) -> tuple[int, int]:
        """The same of the page: those after the cursor, where it is in their order."""
        first, last = self._days()
        part = self._asked.part
        if part.after is None or not self._is_by_approvals:
            return first, last
        day, sequence = part.after
        edge = approvals_text_id(day, sequence // MOST_OF_AN_EVENT)
        return (first, min(last, edge)) if part.orders[0].descending else (max(first, edge), last)

    def end(self, approvals: Approvals) -> dict[str, Any] | None:
        """The sort keys up to which these approvals are all of the page; none where they are all.

        None when the page is in another order.
        """
        if approvals.until is None:
            return {}
        if not self._is_by_approvals:
            return None
        day, position = day_and_position(approvals.until)
        after = self._asked.part.orders[0].descending
        return {"until_0": day, "until_1": (position + after) * MOST_OF_AN_EVENT - (not after)}

    @property
    def _is_by_approvals(self) -> bool:
        """Whether the page is in the order of the texts with approvals."""
        orders = self._asked.part.orders
        names = [order.name for order in orders]
        return names == ["date", "sequence"] and orders[0].descending == orders[1].descending
