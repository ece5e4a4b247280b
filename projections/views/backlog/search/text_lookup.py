"""What has a text: the texts that rows say, the ids of approvals day by day, and names.

Each database finds texts in its own way by the index that `projections.databases.text_index` made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from projections.databases.connections import BY_INDEX, Glance, plan
from projections.values.search_texts import SEPARATOR, Sought, key_of


@dataclass(frozen=True, slots=True)
class Approvals:
    """Ids of approvals that have a text."""

    ids: list[str]
    until: int | None
    """The number of the text that they were read up to; None when these are all."""


SHORTEST = 3
"""Letters that a trigram has."""
AT_ONCE = {1: 500, 2: 1_200, SHORTEST: 600}
"""Texts that a first look takes, of sales first, then of approvals in the order of the page; by how
many letters a text is looked for, at least.

Of one these are all: on PostgreSQL each takes 0.1 ms. Of two they are many: it takes 10 ms to
gather what has them, each time.
"""
LOOKED_AT = 5_000
"""Texts that tell PostgreSQL, in about the time of a page, whether many have a letter."""
_SIGN = f"'{-(2**63)}'::bigint"
"""The bit by which numbers below 0 differ from others."""
_CUSTOMER = 2
"""The number of customers among kinds of names: after contracts, and their lines."""


class TextLookup:
    """What has a text in views; the text comes folded."""

    def __init__(
        self, views: Glance, text: str, numbers: tuple[int, int], *, descending: bool
    ) -> None:
        """Approvals are looked up of texts with such numbers, from and to, in their order."""
        self._is_letter = len(key_of(text)) == 1
        self._sought = Sought(text, key_of(text))
        of = _Sqlite if views.schema is None else _Postgres
        self._index: _Index = of(views, self._sought, numbers, descending=descending)
        self._texts: list[int] = []
        self._with_approvals: list[tuple[int, str]] = []
        self._taken: int | None = 0
        """How many these are; None where there are no more."""

    def names(self, most: int) -> dict[str, list[str]] | None:
        """What has it in its name; None when that is more.

        By how it leads to rows: all contracts in which anything has it, the keys of contracts,
        lines and customers, and whose rows to look at: contracts (for lines, too) and customers.
        """
        found = self._index.names(most + 1)
        if len(found) > most:
            return None
        kinds = {"named_contracts": 0, "named_lines": 1, "named_customers": _CUSTOMER}
        keys = {
            name: [key for is_of, key in found if is_of == kind] for name, kind in kinds.items()
        }
        split = [(is_of, *key.partition(SEPARATOR)) for is_of, key in found]
        return {
            "contract_ids": list(dict.fromkeys(contract_id for _, contract_id, *_ in split)),
            **keys,
            "contract_id": list(dict.fromkeys(of for kind, of, *_ in split if kind < _CUSTOMER)),
            "customer_id": list(dict.fromkeys(of for kind, *_, of in split if kind == _CUSTOMER)),
        }

    def texts(self, most: int) -> list[int] | None:
        """The numbers of the texts that have it, approvals apart; None when they are more.

        None as well when it is a single letter that many have: to look at each takes too long.
        """
        self._take(AT_ONCE[min(len(self._sought.key), SHORTEST)])
        if self._is_letter and self._taken:
            return None
        if self._taken == len(self._texts):
            self._take(most + 1)
        return None if len(self._texts) > most else self._texts

    def approvals(self, most: int) -> Approvals:
        """The approvals that have it in their id, about so many at most; each text has some.

        They are asked for after the texts, where these are not too many.
        """
        found = self._first(most)
        if found.until is not None and len(found.ids) < most:
            self._take(len(self._texts) + most + 1)
            found = self._first(most)
        return found

    def _first(self, most: int) -> Approvals:
        """The same of those that were taken."""
        ids: dict[str, None] = {}
        for number, (text_id, several) in enumerate(self._with_approvals, len(self._texts) + 1):
            if len(ids) >= most or number == self._taken:
                return Approvals(list(ids), text_id)
            # They are ASCII, so all of them are folded at once.
            each = zip(several.split(SEPARATOR), several.lower().split(SEPARATOR), strict=True)
            ids.update(dict.fromkeys(one for one, folded in each if self._sought.text in folded))
        return Approvals(list(ids), None)

    def _take(self, most: int) -> None:
        """Looks up so many texts: those of sales, then with approvals."""
        rows = self._index.found(most)
        self._texts = [text_id for text_id, ids in rows if ids is None]
        self._with_approvals = [(text_id, ids) for text_id, ids in rows if ids is not None]
        self._taken = len(rows) if len(rows) == most else None


class _Index(Protocol):
    """One kind of database."""

    def names(self, limit: int) -> Sequence[tuple[int, str]]: ...

    def found(self, limit: int) -> Sequence[tuple[int, str | None]]: ...


class _Sqlite:
    """The index is a table, which gives texts in the order of their numbers."""

    def __init__(
        self, views: Glance, sought: Sought, numbers: tuple[int, int], *, descending: bool
    ) -> None:
        self._driver: sqlite3.Connection = views.driver
        self._sought, self._numbers = sought, numbers
        self._order = "DESC" if descending else ""

    def names(self, limit: int) -> Sequence[tuple[int, str]]:
        return self._rows(
            """SELECT 0, contract_id FROM contracts WHERE instr(search_text, :text)
            UNION ALL SELECT 1, contract_id || :separator || line_id
                FROM contract_lines WHERE instr(search_text, :text)
            UNION ALL SELECT 2, contract_id || :separator || customer_id
                FROM contract_customers WHERE instr(search_text, :text)
            LIMIT :limit""",
            separator=SEPARATOR,
            limit=limit,
        )

    def found(self, limit: int) -> Sequence[tuple[int, str | None]]:
        texts = self._matching((0, 2**63 - 1), limit)
        return [*texts, *self._matching(self._numbers, limit - len(texts))]

    def _matching(self, numbers: tuple[int, int], limit: int) -> Sequence[tuple[int, str | None]]:
        match, (first, last) = self._match, numbers
        if match is None:
            return []
        return self._rows(
            f"""SELECT text_id, approval_ids FROM search_index CROSS JOIN search_texts
            ON text_id = search_index.rowid
            WHERE search_index MATCH :match AND search_index.rowid BETWEEN :first AND :last
            AND instr(text, :text) ORDER BY search_index.rowid {self._order} LIMIT :limit""",  # noqa: S608 - our own words
            match=match,
            first=first,
            last=last,
            limit=limit,
        )

    @cached_property
    def _match(self) -> str | None:
        """What the index is asked for; None when no text has such a trigram.

        Of a short text this is any trigram that begins with it.
        """
        trigrams, choice = self._sought.trigrams(), " "
        if len(self._sought.key) < SHORTEST:
            statement = "SELECT term FROM search_terms WHERE term >= :key AND term < :key || '{'"
            trigrams, choice = [term for (term,) in self._rows(statement)], " OR "
        return choice.join(f'"{trigram}"' for trigram in trigrams) or None

    def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        values |= {"text": self._sought.text, "key": self._sought.key}
        return self._driver.execute(statement, values).fetchall()


class _Postgres:
    """The index is found by the planner, where there is one; it knows no order, and gathers all
    that there is.

    Numbers of texts are compared as sums: the planner is not to go through all of them by these.
    """

    def __init__(
        self, views: Glance, sought: Sought, numbers: tuple[int, int], *, descending: bool
    ) -> None:
        self._views, self._text = views, sought.text
        self._first, self._last = numbers
        # In either order texts of sales come before those with approvals, which are below 0.
        self._order = "(text_id + 0) DESC" if descending else f"text_id # {_SIGN}"
        self._is_letter = len(sought.key) == 1
        # In a regular expression the index finds up to some hundred trigrams; else LIKE is faster.
        self._has_key, self._pattern = "LIKE %(pattern)s", f"%{sought.key}%"
        if self._is_letter:
            self._has_key = "LIKE ANY (%(pattern)s)"
            self._pattern = [f"%{key}%" for key in sought.alternatives()]
        elif len(sought.key) == 2:
            self._has_key, self._pattern = "~ %(pattern)s", f"{sought.key}[a-z0-9]"

    def names(self, limit: int) -> Sequence[tuple[int, str]]:
        return self._rows(
            """SELECT 0, contract_id FROM {0}.contracts WHERE strpos(search_text, %(text)s) > 0
            UNION ALL SELECT 1, contract_id || %(separator)s || line_id
                FROM {0}.contract_lines WHERE strpos(search_text, %(text)s) > 0
            UNION ALL SELECT 2, contract_id || %(separator)s || customer_id
                FROM {0}.contract_customers WHERE strpos(search_text, %(text)s) > 0
            LIMIT %(limit)s""",
            separator=SEPARATOR,
            limit=limit,
        )

    def found(self, limit: int) -> Sequence[tuple[int, str | None]]:
        plan(self._views, BY_INDEX)
        if self._is_letter:
            # The index takes seconds to gather what thousands have: some tell whether it is so.
            found = self._rows(
                f"""SELECT text_id, approval_ids FROM (SELECT text_id, text, approval_ids
                    FROM {{0}}.search_texts ORDER BY text_id LIMIT {LOOKED_AT}) AS first
                WHERE strpos(text, %(text)s) > 0 LIMIT %(limit)s""",  # noqa: S608 - our own words
                limit=limit,
            )
            if len(found) == limit:
                return found
        return self._rows(
            f"""SELECT text_id, approval_ids FROM {{0}}.search_texts WHERE key {self._has_key}
            AND strpos(text, %(text)s) > 0
            AND (text_id + 0 >= 0 OR text_id + 0 BETWEEN %(first)s AND %(last)s)
            ORDER BY {self._order} LIMIT %(limit)s""",  # noqa: S608 - our own words
            first=self._first,
            last=self._last,
            limit=limit,
        )

    def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        statement = statement.format(f'"{self._views.schema}"')
        with self._views.driver.cursor(binary=True) as cursor:
            values |= {"text": self._text, "pattern": self._pattern}
            cursor.execute(statement, values, prepare=True)
            return cursor.fetchall()
