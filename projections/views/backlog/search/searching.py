"""Rows of a backlog list by a text: gone through in order, or looked up by what has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select

from projections.databases.connections import ALL_OF_THEM, BY_INDEX, IN_ORDER, plan
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.values.search_texts import LAST_POSITION, approvals_text_id, day_and_position
from projections.views.backlog.asked import Asked, Found, Way
from projections.views.backlog.filters import MOST_STRANDS
from projections.views.backlog.search.by_text import BY_TEXT, NAMES_LEAD, PLAIN
from projections.views.backlog.search.text_lookup import Approvals, TextLookup
from projections.views.backlog.search.texts import NAMES

Texts = Mapping[str, list[Any]]
"""What has a text, by how it leads to rows."""
GONE_THROUGH = 3
"""Rows that are gone through for each with a text, before it is looked up: in about the time that a
page takes."""
FAR = 2_000
"""Rows that are gone through at most to fill a page, as far as those before tell; else what has the
text is looked up."""
DEAR = 2_000
"""Rows that are gone through before very many are looked up, to be sorted or left out."""
MOST_SORTED = 2_000
"""Rows that are sorted, or left out by a filter, in about the time of a page."""
FIRST = 30_000
"""Rows that are gone through at most for those with one of many texts, which an index tells."""
MOST_WITHIN = 60_000
"""The same within a filter, of one contract or customer."""
MANY = 8
"""Times as many approvals are looked up where the first ones do not fill the page."""
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
        self._tried = 0
        """How many numbers of approvals were looked up that did not fill the page."""

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
            rows, gone = self._gone_through(skip)
            if len(rows) >= wanted or gone < skip:
                return rows
            enough = skip * wanted * 5 // (4 * max(1, len(rows)))
            # A single letter leads to very many trigrams: not if rows here have it.
            is_rare = not rows if is_letter else enough - skip > FAR
            is_next = is_rare or (not is_letter and self._is_led)
            dearly = skip >= DEAR
            if is_next and not dearly:
                is_next = gone > MANY * skip and not self._is_slow
            if is_next and (not is_looked_up or dearly > was_dear):
                is_looked_up, was_dear = True, dearly
                looked_up = self._looked_up(enough, dearly=dearly)
                if looked_up is not None:
                    return looked_up
            skip = min(max(enough, 2 * skip), MANY * skip)
        return None

    @property
    def _is_slow(self) -> bool:
        """Whether it takes long to look it up, for it is short and very many texts have it."""
        plan(self._views, BY_INDEX)
        return self._lookup.is_slow

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
        return MOST_STRANDS // dict(self._shape.any_of)["billing_status"] if self._are_led else 0

    def _gone_through(self, skip: int) -> tuple[Found, int]:
        """The rows of the page among the first of the list, and how many it has.

        That is about as many as are gone through next, if it has more."""
        rows = self._first(self._by_text.gone_through, skip, self._names or {})
        gone = rows[0][len(self._asked.view.shown.fields) + 1] if rows else skip
        if gone < skip or len(rows) > self._part.limit:
            return rows, gone
        if self._is_plain:
            return rows, MANY * skip + 1
        [(gone,)] = self._first(self._by_text.count_of_first, MANY * skip + 1, {})
        return rows, gone

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
        sizes = (few, MANY * few, MOST_APPROVALS)
        for most in sizes[self._tried :] if dearly else sizes[self._tried : 2]:
            approvals = self._approvals(most)
            end = self._before(approvals.until)
            if approvals == Approvals([], None) and not any(map(texts.get, NAMES)):
                rows = self._soon(texts, enough)
                if rows is not None:
                    return rows
            if not dearly and self._are_dear({**texts, "approval_ids": approvals.ids}):
                return None
            if end is not None:
                rows = self._rows_of(texts, approvals.ids, end)
                if len(rows) > self._part.limit or approvals.until is None:
                    return rows
            self._tried += 1
        return None

    def _are_dear(self, lists: Texts) -> bool:
        """Whether it leads to very many rows: to be sorted, or that a filter leaves out."""
        if self._is_plain:
            return any(lists[name] for name in NAMES_LEAD) and not self._are_led
        if self._is_told:
            names = sum(len(lists[name]) for name in NAMES_LEAD)
            return bool(NAMES_LEAD & self._shape.names) and names > self._most_led
        values = {**self._values, **self._listed(lists), "limit": MOST_SORTED}
        [(count,)] = self._asked.prepared(self._by_text.count_of_all).rows(self._views, values)
        return count >= MOST_SORTED

    @property
    def _is_plain(self) -> bool:
        """Whether nothing leaves rows out but what the list leaves out by itself."""
        return self._shape.names <= PLAIN

    @property
    def _is_told(self) -> bool:
        """Whether an index tells of each row that it leads to whether the list has it."""
        return self._are_led and self._by_text.is_told(self._shape)

    def _soon(self, texts: Texts, enough: int) -> Found | None:
        """The rows with texts alone, by an index that tells the texts of rows in order.

        None when it takes too many to find them so.
        """
        if len(texts["text_ids"]) > self._most_led > 0 and enough <= FIRST:
            rows = self._first(self._by_text.gone_through_for_texts, enough, texts)
            if len(rows) > self._part.limit:
                return rows
        if self._is_told and NAMES_LEAD & self._shape.names:
            plan(self._views, BY_INDEX)
            [(count,)] = self._first(self._by_text.count_within, MOST_WITHIN, {})
            if count < MOST_WITHIN:
                return self._first(self._by_text.within, MOST_WITHIN, texts)
        return None

    def _rows_of(self, texts: Texts, approvals: list[str], end: dict[str, Any]) -> Found:
        """The rows of a page of those with one of what was found, up to an end if there is one."""
        if not (approvals or any(texts.values())):
            return []
        if self._are_led:
            plan(self._views, IN_ORDER)
            led, ends = self._led
            end = self._first_of([*ends, *([end] if end else [])])
        else:
            led = {}
        lists = {**texts, "approval_ids": approvals}
        lists |= {f"{name}_led": ids for name, ids in led.items()}
        how = {"has_until": bool(end), "led": tuple(led)}
        statement = self._asked.prepared(self._by_text.looked_up, **how)
        return statement.rows(self._views, {**self._values, **self._listed(lists), **end})

    @cached_property
    def _led(self) -> tuple[dict[str, list[Any]], list[dict[str, Any]]]:
        """What leads to rows of the page in its order, and sort keys that it does not go beyond."""
        lists = self._texts or {}
        ends: list[dict[str, Any]] = []
        led = {"text_id": lists["text_ids"], **{name: lists[name] for name in sorted(NAMES_LEAD)}}
        led = {name: ids for name, ids in led.items() if ids}
        for name, ids in led.items():
            if len(ids) > self._most_led:
                rows = self._first_led(name, lists)
                led[name] = list(dict.fromkeys(row[0] for row in rows))
                if len(rows) > self._part.limit:
                    ends.append({f"until_{n}": key for n, key in enumerate(rows[-1][1:])})
        return led, ends

    def _first_led(self, name: str, lists: Texts) -> Found:
        """Those texts, contracts or customers that the page has rows of."""
        statement = self._asked.prepared(self._by_text.first_of_each, led=(name,))
        values = self._listed({**lists, f"{name}_led": lists.get(name, lists["text_ids"])})
        return statement.rows(self._views, {**self._values, **values})

    def _first_of(self, ends: list[dict[str, Any]]) -> dict[str, Any]:
        """The end that comes first in the order of the page; none where there is none."""
        ends = sorted(ends, key=lambda end: (str(end["until_0"]), end["until_1"]))
        if not ends:
            return {}
        return ends[-1] if self._part.orders[0].descending else ends[0]

    @property
    def _are_led(self) -> bool:
        """Whether texts, contracts and customers lead to rows in the order of the page."""
        return self._by_text.leads(self._shape, self._part.orders)

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
        if self._shape.has_date_from:
            first = max(first, approvals_text_id(self._values["date_from"], 0))
        if self._shape.has_date_to:
            last = min(last, approvals_text_id(self._values["date_to"], LAST_POSITION))
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
