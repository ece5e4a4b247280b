"""Rows of a backlog list by a text: gone through in order, or looked up by what has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select

from projections.databases.connections import ALL_OF_THEM, BY_INDEX, IN_ORDER, plan
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.values.search_texts import approvals_text_id, day_and_position
from projections.views.backlog.asked import Asked, Found, Way
from projections.views.backlog.filters import MOST_STRANDS
from projections.views.backlog.search.by_text import BY_TEXT, NAMES_LEAD
from projections.views.backlog.search.text_lookup import Approvals, TextLookup
from projections.views.backlog.search.texts import NAMES

Texts = Mapping[str, list[Any]]
"""What has a text, by how it leads to rows."""
GONE_THROUGH = 3
"""Rows that are gone through for each with a text, before it is looked up: in about the time that a
page takes."""
FAR = 8_000
"""Rows that are gone through at most to fill a page, as far as those before tell; else what has the
text is looked up."""
DEAR = 2_000
"""Rows that are gone through before very many are looked up, to be sorted or left out."""
MOST_SORTED = 2_000
"""Rows that are sorted, or left out by a filter, in about the time of a page."""
FIRST = 10_000
"""Rows that are gone through at most for those with one of many texts, which an index tells."""
MOST_GONE_THROUGH = 100_000
"""Rows, from which on they are gone through for a text without such steps."""
MOST_TEXTS = 5_000
MANY_ROWS = 5_000
"""Rows with a text from which their totals are taken by going through all rows."""
MOST_APPROVALS = 50_000
"""Texts, names and approvals that are looked up at most: for more, all rows are gone through."""
_ALL = (-(2**63), -1)
"""The numbers of all texts with approvals."""


def among(connection: Connection, asked: Asked) -> tuple[dict[str, Any], Select[Any] | None]:
    """The ids of all rows of the list, where its text leads to few; and the values for them.

    None where the rows are found by the filter alone. What follows is planned accordingly.
    """
    if not asked.shape.has_text or asked.shape.has_project or asked.shape.key:
        return asked.values, None
    plan(asked.views, BY_INDEX)
    few = Search(asked).few(connection)
    if few:
        return {**asked.values, **few}, BY_TEXT[asked.view].all_looked_up(asked.shape)
    plan(asked.views, ALL_OF_THEM)
    return asked.values, None


class Search:
    """How a page is read that is asked for by a text."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._by_text = asked, BY_TEXT[asked.view]
        self._views, self._shape, self._part = asked.views, asked.shape, asked.part
        self._values = asked.values

    def rows(self) -> Found:
        """The rows of the page, and one more if there is.

        Some rows are gone through in order first: what many rows have fills the page. Else what has
        the text is looked up, and the rows of that; where many texts have it, only after more rows
        were gone through if some had it; and where that is too much, still more are. Rows of
        items, an invoice or a project, which are sorted anyway, are all gone through.
        """
        if self._shape.key:
            plan(self._views, IN_ORDER)
        if self._shape.key or self._shape.has_project:
            return self._asked.rows()
        is_in_order = self._by_text.leads_in_order(self._shape, self._part.orders)
        rows = self._in_order() if is_in_order and self._names is not None else self._looked_up()
        if rows is None:
            plan(self._views, IN_ORDER if is_in_order else ALL_OF_THEM)
            rows = self._asked.rows()
        return rows

    def _in_order(self) -> Found | None:
        """The same, where rows can be gone through in order; None when that takes too many."""
        wanted, is_letter = self._part.limit + 1, len(self._values["text"]) == 1
        is_looked_up = was_dear = False
        skip = GONE_THROUGH * wanted
        while skip < MOST_GONE_THROUGH:
            rows, are_all = self._gone_through(skip)
            if are_all:
                return rows
            enough = skip * wanted * 5 // (4 * max(1, len(rows)))
            # A single letter leads to very many trigrams: not if rows here have it.
            is_rare = not rows if is_letter else enough > FAR
            is_next = is_rare or (not is_letter and self._is_led)
            dearly = skip >= DEAR
            if is_next and (not is_looked_up or dearly > was_dear):
                is_looked_up, was_dear = True, dearly
                looked_up = self._looked_up(enough, dearly=dearly)
                if looked_up is not None:
                    return looked_up
            skip = min(max(enough, 2 * skip), 8 * skip)
        return None

    @property
    def _is_led(self) -> bool:
        """Whether texts and names with the text are so few that rows are read in order of them."""
        plan(self._views, BY_INDEX)
        most = self._most_led
        names = self._names or {}
        led = sum(len(names.get(name, ())) for name in NAMES_LEAD)
        return led <= most and self._lookup.texts(most) is not None

    @property
    def _most_led(self) -> int:
        """How many texts, contracts or customers may lead to rows without another look."""
        is_led = self._by_text.leads(self._shape, self._part.orders)
        return MOST_STRANDS // dict(self._shape.any_of)["billing_status"] if is_led else 0

    def _gone_through(self, skip: int) -> tuple[Found, bool]:
        """The rows of the page among the first of the list, and whether these are all."""
        rows = self._first(self._by_text.gone_through, skip, self._names or {})
        if len(rows) > self._part.limit:
            return rows, True
        if rows:
            gone = rows[0][len(self._asked.view.shown.fields) + 1]
        elif self._is_plain:
            return rows, False
        else:
            [(gone,)] = self._first(self._by_text.count_of_first, skip, {})
        return rows, gone < skip

    def _first(self, way: Way, skip: int, lists: Texts) -> Found:
        """Those of the first rows that have what was looked up."""
        plan(self._views, IN_ORDER)
        has_names = any(lists.get(name) for name in NAMES)
        statement = self._asked.prepared(way, has_names=has_names)
        return statement.rows(self._views, {**self._values, **self._listed(lists), "skip": skip})

    def few(self, connection: Connection) -> dict[str, Any]:
        """What has the text, if that leads to a few rows only; else nothing."""
        texts = self._texts
        if texts is None:
            return {}
        approvals = self._approvals(MANY_ROWS, of_all_pages=True)
        if approvals.until is not None:
            return {}
        found = dict(self._listed({**texts, "approval_ids": approvals.ids}))
        values = {**self._values, **found, "limit": MANY_ROWS}
        count = connection.execute(self._by_text.candidates(self._shape), values).scalar_one()
        return found if count < MANY_ROWS else {}

    def _looked_up(self, enough: int = MOST_GONE_THROUGH, *, dearly: bool = True) -> Found | None:
        """The rows by what has the text; None when that is too much, or takes long and is not to.

        Approvals may be many: first those that fill the page. Texts may lead to very many rows:
        first those that the page begins with, where about `enough` of the list have these.
        """
        plan(self._views, BY_INDEX)
        texts = self._texts
        if texts is None:
            return None
        few = GONE_THROUGH * (self._part.limit + 1)
        for most in (few, 8 * few, MOST_APPROVALS):
            approvals = self._approvals(most)
            end = self._before(approvals.until)
            if approvals == Approvals([], None) and self._are_soon(texts, enough):
                rows = self._first(self._by_text.gone_through_for_texts, enough, texts)
                if len(rows) > self._part.limit:
                    return rows
            if not dearly and self._are_dear({**texts, "approval_ids": approvals.ids}):
                return None
            if end is not None:
                rows = self._rows_of(texts, approvals.ids, end)
                if len(rows) > self._part.limit or approvals.until is None:
                    return rows
        return None

    def _are_dear(self, lists: Texts) -> bool:
        """Whether it leads to very many rows: to be sorted, or that a filter leaves out."""
        if self._is_plain:
            are_named = any(lists[name] for name in NAMES_LEAD)
            return are_named and not NAMES_LEAD & self._led(lists).keys()
        values = {**self._values, **self._listed(lists), "limit": MOST_SORTED}
        [(count,)] = self._asked.prepared(self._by_text.count_of_all).rows(self._views, values)
        return count >= MOST_SORTED

    @property
    def _is_plain(self) -> bool:
        """Whether nothing leaves rows out but what the list leaves out by itself."""
        return self._shape.names <= {"billing_status", "adjustment_status", "text"}

    def _are_soon(self, texts: Texts, enough: int) -> bool:
        """Whether rows with many texts, and no name, are likely to be met soon."""
        most = self._most_led
        are_texts = len(texts["text_ids"]) > most > 0 and not any(map(texts.get, NAMES))
        return are_texts and enough <= FIRST

    def _rows_of(self, texts: Texts, approvals: list[str], end: dict[str, Any]) -> Found:
        """The rows of a page of those with one of what was found, up to an end if there is one."""
        lists = {**texts, "approval_ids": approvals}
        if not any(lists.values()):
            return []
        led = self._led(lists)
        values = {**self._values, **self._listed(lists)}
        if led:
            plan(self._views, IN_ORDER)
        for name, several in led.items():
            if len(several) > self._most_led:
                led[name], end = self._first_led(name, several, {**values, **end})
        values |= {**self._listed({f"{name}_led": ids for name, ids in led.items()}), **end}
        statement = self._asked.prepared(
            self._by_text.looked_up, has_until=bool(end), led=tuple(led)
        )
        return statement.rows(self._views, values)

    def _first_led(
        self, name: str, several: list[Any], values: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Those of them that the page has rows of, and the sort keys that it goes up to."""
        has_until = "until_0" in values
        way = self._by_text.first_of_each
        statement = self._asked.prepared(way, led=(name,), has_until=has_until)
        rows = statement.rows(self._views, {**values, **self._listed({f"{name}_led": several})})
        keys = len(self._part.orders)
        end = {key: value for key, value in values.items() if key.startswith("until_")}
        if len(rows) > self._part.limit:
            end = {f"until_{n}": key for n, key in enumerate(rows[-1][-keys:])}
        return list(dict.fromkeys(row[0] for row in rows)), end

    def _led(self, lists: Texts) -> dict[str, list[Any]]:
        """What leads to rows that are read in order."""
        if not self._by_text.leads(self._shape, self._part.orders):
            return {}
        led = {"text_id": lists["text_ids"], **{name: lists[name] for name in sorted(NAMES_LEAD)}}
        return {name: ids for name, ids in led.items() if ids}

    def _listed(self, lists: Texts) -> Mapping[str, Any]:
        """What was found, as statements take it."""
        if self._views.schema is not None:
            return lists
        return {name: json.dumps(several) for name, several in lists.items()}

    @cached_property
    def _texts(self) -> Texts | None:
        """What has the text, approvals apart; None when it is too much."""
        names = self._names
        texts = None if names is None else self._lookup.texts(MOST_TEXTS)
        return None if texts is None or names is None else {"text_ids": texts, **names}

    @cached_property
    def _names(self) -> Texts | None:
        """What has the text in its name; None when it is too much."""
        return self._lookup.names(MOST_TEXTS)

    def _approvals(self, most: int, *, of_all_pages: bool = False) -> Approvals:
        """Approvals that have the text in their id, in the order of the page where it is theirs."""
        if not self._by_text.has_approvals:
            return Approvals([], None)
        first, last = _ALL
        descending = self._part.orders[0].descending
        if self._is_by_approvals and self._part.after is not None and not of_all_pages:
            day, sequence = self._part.after
            edge = approvals_text_id(day, sequence // MOST_OF_AN_EVENT)
            first, last = (first, edge) if descending else (edge, last)
        if not of_all_pages:
            if day := self._values.get("date_from"):
                first = max(first, approvals_text_id(day, 0))
            if day := self._values.get("date_to"):
                last = min(last, approvals_text_id(day + timedelta(days=1), 0) - 1)
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
        after = self._part.orders[0].descending
        return {"until_0": day, "until_1": (position + after) * MOST_OF_AN_EVENT - (not after)}

    @property
    def _is_by_approvals(self) -> bool:
        """Whether the page is in the order of the texts with approvals."""
        orders = self._part.orders
        names = [order.name for order in orders]
        return names == ["date", "sequence"] and orders[0].descending == orders[1].descending

    @cached_property
    def _lookup(self) -> TextLookup:
        return TextLookup(self._views, self._values["text"])
