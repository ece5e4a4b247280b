"""Rows of a backlog list by a text: gone through in order, or looked up by what has it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select

from projections.databases.connections import ALL_OF_THEM, BY_INDEX, IN_ORDER, plan
from projections.views.backlog.asked import Asked, Found
from projections.views.backlog.search.by_text import BY_TEXT, PLAIN
from projections.views.backlog.search.leading import Leading
from projections.views.backlog.search.matches import Matches
from projections.views.backlog.search.reading import Reading
from projections.views.backlog.search.text_lookup import Approvals
from projections.views.backlog.search.texts import NAMES

GONE_THROUGH = 3
"""Rows that are gone through for each of a page, before its text is looked up, in about the time
that a page takes; and approvals that are looked up first."""
STEP = 8
"""How many times as far each step goes at most: of rows or of approvals."""
FAR = 2_000
"""Rows that are gone through rather than look the text up, in some pages' time: to fill the page as
far as those before tell, or where the look-up may lead to very many rows."""
MOST_GONE_THROUGH = 100_000
"""Rows, from which on they are gone through for a text without such steps."""
MANY_ROWS = 5_000
"""Rows with a text from which their totals are taken by going through all rows."""
MOST_APPROVALS = 50_000
"""Approvals that are looked up at most: for more, all rows are gone through."""


def among(connection: Connection, asked: Asked) -> tuple[dict[str, Any], Select[Any] | None]:
    """The ids of all rows of the list, where its text leads to few; and the values for them.

    None where the rows are found by the filter alone. What follows is planned accordingly.
    """
    if not asked.shape.has_text or asked.shape.has_project or asked.shape.key:
        return asked.values, None
    few = _few(connection, asked)
    if few:
        plan(asked.views, BY_INDEX)
        return {**asked.values, **few}, BY_TEXT[asked.view].all_looked_up(asked.shape)
    plan(asked.views, ALL_OF_THEM)
    return asked.values, None


def _few(connection: Connection, asked: Asked) -> dict[str, Any]:
    """What has the text, if that leads to a few rows only; else nothing."""
    matches = Matches(asked, of_all_pages=True)
    texts = matches.texts
    if texts is None:
        return {}
    approvals = matches.approvals(MANY_ROWS)
    if approvals.until is not None:
        return {}
    found = dict(Reading(asked).listed({**texts, "approval_ids": approvals.ids}))
    values = {**asked.values, **found, "limit": MANY_ROWS}
    candidates = BY_TEXT[asked.view].candidates(asked.shape)
    return found if connection.execute(candidates, values).scalar_one() < MANY_ROWS else {}


class Search:
    """How a page is read that is asked for by a text."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._by_text = asked, BY_TEXT[asked.view]
        self._wanted = asked.part.limit + 1
        self._reading, self._matches = Reading(asked), Matches(asked)

    def rows(self) -> Found:
        """The rows of the page, and one more if there is.

        Rows of items, an invoice or a project, which are sorted anyway, are all gone through.
        """
        shape, orders = self._asked.shape, self._asked.part.orders
        if shape.key:
            plan(self._asked.views, IN_ORDER)
        if shape.key or shape.has_project:
            return self._asked.rows()
        is_in_order = self._by_text.leads_in_order(shape, orders)
        is_by_steps = is_in_order and self._matches.names is not None
        rows = self._by_steps() if is_by_steps else self._looked_up(MOST_GONE_THROUGH)
        if rows is None:
            plan(self._asked.views, IN_ORDER if is_in_order else ALL_OF_THEM)
            rows = self._asked.rows()
        return rows

    def _by_steps(self) -> Found | None:
        """The same, where rows can be gone through in order; None when that takes too many.

        What many rows have, the first ones tell. What few have is looked up, once: soon, or a step
        later.
        """
        is_looked_up = False
        skip = GONE_THROUGH * self._wanted
        while skip < MOST_GONE_THROUGH:
            rows, are_all = self._gone_through(skip)
            if are_all or len(rows) >= self._wanted:
                return rows
            enough = skip * self._wanted * 5 // (4 * max(1, len(rows)))
            is_rare = enough - skip > FAR
            if is_rare and not is_looked_up and (skip >= FAR or self._is_soon(skip)):
                is_looked_up = True
                looked_up = self._looked_up(enough)
                if looked_up is not None:
                    return looked_up
            skip = min(max(enough, 2 * skip), STEP * skip)
        return None

    def _gone_through(self, skip: int) -> tuple[Found, bool]:
        """The rows of the page among the first of the list, and whether it has no more than these.

        An index counts them where none of them has the text.
        """
        names = self._matches.names or {}
        rows = self._reading.rows(self._by_text.gone_through, names, {"skip": skip})
        gone = rows[0][len(self._asked.view.shown.fields) + 1] if rows else self._length(skip)
        return rows, gone < skip

    def _length(self, most: int) -> int:
        """How many rows the list has, up to so many; a list that leaves nothing out is long."""
        if self._asked.shape.names <= PLAIN:
            return most
        [(length,)] = self._reading.rows(self._by_text.count_of_first, values={"skip": most})
        return length

    def _is_soon(self, skip: int) -> bool:
        """Whether to look it up after a first step: not where the next one comes to the end of the
        list, nor where what has the text may lead to very many rows."""
        if self._length(STEP * skip) < STEP * skip or self._matches.texts is None:
            return False
        approvals = self._matches.approvals(GONE_THROUGH * self._wanted)
        return not Leading(self._asked, self._matches.texts).are_dear(approvals.ids)

    def _looked_up(self, enough: int) -> Found | None:
        """The rows by what has the text; None when that is too much.

        Approvals may be many: first those that fill the page. Texts may lead to very many rows:
        first those that the page begins with, where about `enough` of the list have these.
        """
        texts = self._matches.texts
        if texts is None:
            return None
        leading = Leading(self._asked, texts)
        first = GONE_THROUGH * self._wanted
        for most in (first, STEP * first, MOST_APPROVALS):
            approvals = self._matches.approvals(most)
            if approvals == Approvals([], None) and not any(map(texts.get, NAMES)):
                rows = leading.by_index_alone(enough)
                if rows is not None:
                    return rows
            end = self._matches.end(approvals)
            if end is not None:
                rows = leading.rows(approvals.ids, end)
                if len(rows) > self._asked.part.limit or approvals.until is None:
                    return rows
        return None
