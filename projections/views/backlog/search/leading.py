"""Rows of a backlog list by what has its text: each text, contract or customer leads to some."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from projections.databases.connections import BY_INDEX, IN_ORDER
from projections.views.backlog.asked import Asked, Found
from projections.views.backlog.filters import MOST_STRANDS
from projections.views.backlog.search.by_text import BY_TEXT, NAMES_LEAD, PLAIN
from projections.views.backlog.search.matches import Lists
from projections.views.backlog.search.reading import Reading

MOST_SORTED = 2_000
"""Rows that are sorted, or left out by a filter, in about the time of a page."""
MOST_BY_INDEX = 30_000
"""Rows of the list that are gone through at most by an index that tells their texts: 0.15 µs each,
where each of many texts that leads to rows takes 2 µs."""
MOST_WITHIN = 60_000
"""The same within one contract or customer, where texts would lead to very many rows of others."""


class Leading:
    """How texts and names, and approvals with them, lead to the rows of a page."""

    def __init__(self, asked: Asked, texts: Lists) -> None:
        self._part, self._shape, self._texts = asked.part, asked.shape, texts
        self._by_text, self._reading = BY_TEXT[asked.view], Reading(asked)
        self._are_led = self._by_text.leads(asked.shape, asked.part.orders)
        """Whether each text, contract and customer leads to its rows in the order of the page."""
        self._is_told = self._are_led and self._by_text.is_told(asked.shape)
        """Whether an index tells of each of these rows whether the list has it."""
        self._is_within = self._is_told and not NAMES_LEAD.isdisjoint(asked.shape.names)
        """Whether the list is of one contract or customer, whose index tells the texts of rows."""

    @property
    def _most_led(self) -> int:
        """How many texts, contracts or customers may lead to rows without another look."""
        return MOST_STRANDS // dict(self._shape.any_of)["billing_status"] if self._are_led else 0

    def are_dear(self, approvals: list[str]) -> bool:
        """Whether they lead to very many rows: to be sorted, or that a filter leaves out."""
        names = sum(len(self._texts[name]) for name in NAMES_LEAD)
        if self._is_told:
            return self._is_within and names > self._most_led
        if self._shape.names <= PLAIN:
            return names > 0
        lists = {**self._texts, "approval_ids": approvals}
        of_all, limit = self._by_text.count_of_all, {"limit": MOST_SORTED}
        [(count,)] = self._reading.rows(of_all, lists, limit, how=BY_INDEX)
        return count >= MOST_SORTED

    def by_index_alone(self, enough: int) -> Found | None:
        """The rows with texts alone, by an index that tells the texts of rows in order.

        About `enough` rows of the list fill the page. None when it takes too many to find them so.
        """
        if len(self._texts["text_ids"]) > self._most_led > 0 and enough <= MOST_BY_INDEX:
            way = self._by_text.gone_through_for_texts
            rows = self._reading.rows(way, self._texts, {"skip": enough})
            if len(rows) > self._part.limit:
                return rows
        if self._is_within:
            [(count,)] = self._reading.rows(self._by_text.count_within, {}, {"skip": MOST_WITHIN})
            if count < MOST_WITHIN:
                return self._reading.rows(self._by_text.within, self._texts)
        return None

    def rows(self, approvals: list[str], end: dict[str, Any]) -> Found:
        """The rows of a page that these lead to, up to an end if there is one."""
        lists = {**self._texts, "approval_ids": approvals}
        if not any(lists.values()):
            return []
        led, ends = self._led
        end = self._first_of([*ends, end])
        lists |= {f"{name}_led": ids for name, ids in led.items()}
        how = IN_ORDER if self._are_led else BY_INDEX
        way, is_until = self._by_text.looked_up, bool(end)
        return self._reading.rows(way, lists, end, how=how, has_until=is_until, led=tuple(led))

    @cached_property
    def _led(self) -> tuple[Lists, list[dict[str, Any]]]:
        """What leads to rows of the page in its order, and sort keys that it does not go beyond.

        Of many texts, contracts or customers only those that the page has rows of.
        """
        if not self._are_led:
            return {}, []
        by = {"text_id": "text_ids", **{name: name for name in sorted(NAMES_LEAD)}}
        led = {name: self._texts[kind] for name, kind in by.items() if self._texts[kind]}
        ends: list[dict[str, Any]] = []
        for name, ids in led.items():
            if len(ids) > self._most_led:
                lists = {**self._texts, f"{name}_led": ids}
                rows = self._reading.rows(self._by_text.first_of_each, lists, led=(name,))
                led[name] = list(dict.fromkeys(row[0] for row in rows))
                if len(rows) > self._part.limit:
                    ends.append({f"until_{n}": key for n, key in enumerate(rows[-1][1:])})
        return led, ends

    def _first_of(self, ends: list[dict[str, Any]]) -> dict[str, Any]:
        """The end that comes first in the order of the page; none where there is none."""
        some = [end for end in ends if end]
        some.sort(key=lambda end: (str(end["until_0"]), end["until_1"]))
        if not some:
            return {}
        return some[-1] if self._part.orders[0].descending else some[0]
