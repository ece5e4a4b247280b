"""How rows of the backlog views are found by a text: looked up in an index, or row by row.

A row has the text in a name (of its contract, line or customer), or in what it says itself. What
rows say is kept once, folded, in `search_texts`; names, of which there are few, beside each name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    bindparam,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    milestones,
    search_texts,
)

text = search_texts.alias("text")
"""Joined to the rows that are gone through one by one."""
_found = search_texts.alias("found")
_sought = bindparam("text", type_=Text)


class _Holds(FunctionElement[Any]):
    """Whether the first text has the second one in it, character by character."""

    inherit_cache = True


@compiles(_Holds)
def _position(element: _Holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kwargs)}) > 0"


@compiles(_Holds, "sqlite")
def _instr(element: _Holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kwargs)}) > 0"


class _HasTrigrams(FunctionElement[Any]):
    """Whether a text may have the sought one in it, by the index of trigrams."""

    inherit_cache = True


@compiles(_HasTrigrams)
def _like(element: _HasTrigrams, compiler: SQLCompiler, **kwargs: Any) -> str:
    key, _, pattern, _ = element.clauses
    return f"{compiler.process(key, **kwargs)} LIKE {compiler.process(pattern, **kwargs)}"


@compiles(_HasTrigrams, "sqlite")
def _match(element: _HasTrigrams, compiler: SQLCompiler, **kwargs: Any) -> str:
    _, text_id, _, trigrams = element.clauses
    number, wanted = (compiler.process(each, **kwargs) for each in (text_id, trigrams))
    found = "SELECT rowid FROM search_index WHERE search_index MATCH"
    return f"{number} IN ({found} {wanted})"


@dataclass(frozen=True, slots=True)
class Texts:
    """How rows of one view are found by a text."""

    table: FromClause
    join: Callable[[FromClause], FromClause]
    """Adds `text` to what rows are taken from."""
    beside: Sequence[ColumnElement[str]]
    """What they say elsewhere than there."""
    own: Callable[[CTE], Sequence[ColumnElement[bool]]]
    """Which rows have one of these of `search_texts`, each condition by an index."""

    def row_by_row(self) -> ColumnElement[bool]:
        """Whether a row has the sought text."""
        own = (_holds(column) for column in (text.c.text, *self.beside))
        return or_(*own, *(named for named, _ in self._named()))

    def looked_up(self, *, indexed: bool) -> list[ColumnElement[bool]]:
        """Conditions each of which leads to rows that have it; a row may meet several."""
        matching = select(_found.c.text_id, _found.c.approval_id).where(_holds(_found.c.text))
        if indexed:
            pattern, match = (bindparam(name, type_=Text) for name in ("pattern", "match"))
            matching = matching.where(_HasTrigrams(_found.c.key, _found.c.text_id, pattern, match))
        by_name = (and_(leading, named) for named, leading in self._named())
        return [*self.own(matching.cte("matching")), *by_name]

    def _named(self) -> list[tuple[ColumnElement[bool], ColumnElement[bool]]]:
        """By each kind of name: whether a row has such a name; and what leads to its contract."""
        return [
            self._by_name(contracts),
            self._by_name(contract_lines, "line_id"),
            self._by_name(contract_customers, "customer_id"),
        ]

    def _by_name(
        self, names: Table, *further: str
    ) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        named = names.alias("named").c
        contract_id = self.table.c.contract_id
        in_contracts = select(named.contract_id).where(_holds(named.search_text))
        leading = contract_id.in_(in_contracts)
        if not further:
            return leading, leading
        keys = ("contract_id", *further)
        found = select(*(named[key] for key in keys)).where(_holds(named.search_text))
        return tuple_(*(self.table.c[key] for key in keys)).in_(found), leading


def of_sales(sale: FromClause, folded_approval: ColumnElement[str]) -> Texts:
    """Sales have texts of their own, and those of their approvals."""

    def own(matching: CTE) -> list[ColumnElement[bool]]:
        approval_id = matching.c.approval_id
        approvals = select(approval_id).where(approval_id.is_not(None))
        return [
            sale.c.text_id.in_(select(matching.c.text_id)),
            sale.c.approval_id.in_(approvals),
        ]

    def join(source: FromClause) -> FromClause:
        return source.outerjoin(text, text.c.text_id == sale.c.text_id)

    return Texts(sale, join, [folded_approval], own)


def of_parts(part: FromClause, milestone: FromClause) -> Texts:
    """Parts of milestones have the texts of these."""

    def join(source: FromClause) -> FromClause:
        if source is part:
            source = part.outerjoin(milestone, milestone.c.milestone_id == part.c.milestone_id)
        return source.outerjoin(text, text.c.text_id == milestone.c.text_id)

    def own(matching: CTE) -> list[ColumnElement[bool]]:
        having = milestones.alias("having").c
        said = select(matching.c.text_id)
        named = select(having.milestone_id).where(having.text_id.in_(said))
        return [part.c.milestone_id.in_(named)]

    return Texts(part, join, [], own)


def _holds(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return _Holds(column, _sought)
