"""What has a text: the texts that rows say, the ids of approvals day by day, and names.

Each database finds texts in its own way by the index that `projections.databases.text_index` made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from projections.databases.connections import Glance
from projections.values.search_texts import SEPARATOR, Sought, folded, key_of


@dataclass(frozen=True, slots=True)
class Approvals:
    """Ids of approvals that have a text."""

    ids: list[str]
    until: int | None
    """The number of the text that they were read up to; None when these are all."""


MOST_AT_ONCE = 1_000
"""Texts that are taken with all their approvals in one look."""
MOST_OF_A_LETTER = 500
"""The same of one letter or two; on PostgreSQL each of a letter takes 0.1 ms."""
SHORTEST = 3
"""Letters that a trigram has."""
LOOKED_AT = 5_000
"""Texts that PostgreSQL looks at in the order of their numbers, in about the time of a page."""
_CUSTOMER = 2
"""The number of customers among kinds of names: after contracts, and their lines."""


class TextLookup:
    """What has a text in views; the text comes folded."""

    def __init__(self, views: Glance, text: str) -> None:
        self._sought = Sought(text, key_of(text))
        of = _Sqlite if views.schema is None else _Postgres
        self._index: _Index = of(views, self._sought)

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
        if self._few is not None:
            found = [text_id for text_id, approval_ids in self._few if approval_ids is None]
        elif self._is_letter:
            return None
        else:
            found = [text_id for (text_id,) in self._index.texts(most + 1)]
        return None if len(found) > most else found

    def approvals(self, first: int, last: int, most: int, *, descending: bool = False) -> Approvals:
        """The approvals that have it in their id, of the texts with these numbers, in their order.

        They are about so many at most; each text has some.
        """
        if self._few is None:
            found = self._index.approvals(first, last, most + 1, descending=descending)
        else:
            several = ((text_id, ids) for text_id, ids in self._few if ids is not None)
            within = (each for each in several if first <= each[0] <= last)
            found = sorted(within, reverse=descending)
        ids: dict[str, None] = {}
        for text_id, several in found[:most]:
            if len(ids) >= most:
                return Approvals(list(ids), text_id)
            each = (one for one in several.split(SEPARATOR) if self._sought.text in folded(one))
            ids.update(dict.fromkeys(each))
        return Approvals(list(ids), found[most][0] if len(found) > most else None)

    @cached_property
    def _few(self) -> Sequence[tuple[int, str | None]] | None:
        """The numbers of all texts that have it, with the approvals of those that are such ids.

        None when they are too many to be taken at once.
        """
        most = MOST_OF_A_LETTER if self._is_short else MOST_AT_ONCE
        found = self._index.all(most + 1)
        return None if len(found) > most else found

    @property
    def _is_short(self) -> bool:
        return len(self._sought.key) < SHORTEST

    @property
    def _is_letter(self) -> bool:
        return len(self._sought.key) == 1


class _Index(Protocol):
    """One kind of database."""

    def names(self, limit: int) -> Sequence[tuple[int, str]]: ...

    def all(self, limit: int) -> Sequence[tuple[int, str | None]]: ...

    def texts(self, limit: int) -> Sequence[tuple[int]]: ...

    def approvals(
        self, first: int, last: int, limit: int, *, descending: bool
    ) -> Sequence[tuple[int, str]]: ...


class _Sqlite:
    """The index is a table, which gives texts in the order of their numbers."""

    def __init__(self, views: Glance, looked_for: Sought) -> None:
        self._driver: sqlite3.Connection = views.driver
        self._sought = looked_for

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

    def all(self, limit: int) -> Sequence[tuple[int, str | None]]:
        return self._matching(
            """SELECT text_id, approval_ids FROM search_index CROSS JOIN search_texts
            ON text_id = search_index.rowid
            WHERE search_index MATCH :match AND instr(text, :text) LIMIT :limit""",
            limit=limit,
        )

    def texts(self, limit: int) -> Sequence[tuple[int]]:
        return self._matching(
            """SELECT text_id FROM search_index CROSS JOIN search_texts
            ON text_id = search_index.rowid
            WHERE search_index MATCH :match AND search_index.rowid >= 0 AND instr(text, :text)
            LIMIT :limit""",
            limit=limit,
        )

    def approvals(
        self, first: int, last: int, limit: int, *, descending: bool
    ) -> Sequence[tuple[int, str]]:
        statement = """SELECT text_id, approval_ids FROM search_index CROSS JOIN search_texts
            ON text_id = search_index.rowid
            WHERE search_index MATCH :match AND search_index.rowid BETWEEN :first AND :last
            AND instr(text, :text) ORDER BY search_index.rowid {} LIMIT :limit"""
        order = "DESC" if descending else ""
        return self._matching(statement.format(order), first=first, last=last, limit=limit)

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

    def _matching(self, statement: str, **values: Any) -> Sequence[Any]:
        match = self._match
        return [] if match is None else self._rows(statement, match=match, **values)

    def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        values |= {"text": self._sought.text, "key": self._sought.key}
        return self._driver.execute(statement, values).fetchall()


class _Postgres:
    """The index is found by the planner, where there is one; it knows no order.

    Numbers of texts are compared as sums: the planner is not to go through all of them by these.
    """

    def __init__(self, views: Glance, looked_for: Sought) -> None:
        self._views, self._text = views, looked_for.text
        self._is_letter = len(looked_for.key) == 1
        # In a regular expression the index finds up to some hundred trigrams; else LIKE is faster.
        self._has_key, self._pattern = "LIKE %(pattern)s", f"%{looked_for.key}%"
        if self._is_letter:
            self._has_key = "LIKE ANY (%(pattern)s)"
            self._pattern = [f"%{key}%" for key in looked_for.alternatives()]
        elif len(looked_for.key) == 2:
            self._has_key, self._pattern = "~ %(pattern)s", f"{looked_for.key}[a-z0-9]"

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

    def all(self, limit: int) -> Sequence[tuple[int, str | None]]:
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
            AND strpos(text, %(text)s) > 0 LIMIT %(limit)s""",  # noqa: S608 - our own words
            limit=limit,
        )

    def texts(self, limit: int) -> Sequence[tuple[int]]:
        return self._rows(
            f"""SELECT text_id FROM {{0}}.search_texts WHERE key {self._has_key}
            AND text_id + 0 >= 0 AND strpos(text, %(text)s) > 0 LIMIT %(limit)s""",  # noqa: S608 - our own words
            limit=limit,
        )

    def approvals(
        self, first: int, last: int, limit: int, *, descending: bool
    ) -> Sequence[tuple[int, str]]:
        order, bounds = "DESC" if descending else "", {"first": first, "last": last, "limit": limit}
        # Many texts have it: some that come first are looked at before the index gathers all.
        found = self._rows(
            f"""SELECT text_id, approval_ids FROM (SELECT text_id, text, approval_ids
                FROM {{0}}.search_texts WHERE text_id BETWEEN %(first)s AND %(last)s
                ORDER BY text_id {order} LIMIT {LOOKED_AT}) AS first
            WHERE strpos(text, %(text)s) > 0 ORDER BY text_id {order} LIMIT %(limit)s""",  # noqa: S608 - our own words
            **bounds,
        )
        if len(found) == limit:
            return found
        return self._rows(
            f"""SELECT text_id, approval_ids FROM {{0}}.search_texts
            WHERE key {self._has_key} AND text_id + 0 BETWEEN %(first)s AND %(last)s
            AND strpos(text, %(text)s) > 0
            ORDER BY text_id + 0 {order} LIMIT %(limit)s""",  # noqa: S608 - our own words
            **bounds,
        )

    def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        statement = statement.format(f'"{self._views.schema}"')
        with self._views.driver.cursor(binary=True) as cursor:
            values |= {"text": self._text, "pattern": self._pattern}
            cursor.execute(statement, values, prepare=True)
            return cursor.fetchall()
