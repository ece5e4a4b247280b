"""How rows of the backlog views are found by a text: looked up in an index, or row by row.

A row has the text in a name (of its contract, line or customer), or in what it says itself. What
rows say is kept once, folded, in `search_texts`; names, of which there are few, beside each name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
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
from sqlalchemy.types import TypeEngine

from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    milestones,
    search_texts,
)

text = search_texts.alias("text")
"""Joined to the rows that are gone through one by one."""
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


class _OneOf(FunctionElement[Any]):
    """Whether a column has one of a list of values."""

    inherit_cache = True


@compiles(_OneOf)
def _any(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = (compiler.process(each, **kwargs) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_OneOf, "sqlite")
def _each(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = (compiler.process(each, **kwargs) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - parts of ours


@dataclass(frozen=True, slots=True)
class Texts:
    """How rows of one view are found by a text."""

    table: FromClause
    join: Callable[[FromClause], FromClause]
    """Adds `text` to what rows are taken from."""
    beside: Sequence[ColumnElement[str]]
    """What they say elsewhere than there."""
    own: Sequence[ColumnElement[bool]]
    """Which rows have one of the texts or approvals that were found, each by an index."""

    def row_by_row(self) -> ColumnElement[bool]:
        """Whether a row has the sought text."""
        return or_(*(_holds(column) for column in (text.c.text, *self.beside)), self._is_named())

    def looked_up(self) -> list[ColumnElement[bool]]:
        """Conditions each of which leads to rows that have it; a row may meet several."""
        of_contracts = _one_of(self.table.c.contract_id, "contract_ids", Text)
        return [*self.own, and_(of_contracts, self._is_named())]

    def _is_named(self) -> ColumnElement[bool]:
        """Whether its contract, its line or its customer have the sought text in their names."""
        return or_(
            self._has_name(contracts, "contract_id"),
            self._has_name(contract_lines, "contract_id", "line_id"),
            self._has_name(contract_customers, "contract_id", "customer_id"),
        )

    def _has_name(self, names: Table, *keys: str) -> ColumnElement[bool]:
        named = names.alias("named").c
        found = select(*(named[key] for key in keys)).where(_holds(named.search_text))
        return tuple_(*(self.table.c[key] for key in keys)).in_(found)


def of_sales(sale: FromClause, folded_approval: ColumnElement[str]) -> Texts:
    """Sales have texts of their own, and the ids of their approvals."""
    own = [
        _one_of(sale.c.text_id, "text_ids", BigInteger),
        _one_of(sale.c.approval_id, "approval_ids", Text),
    ]

    def join(source: FromClause) -> FromClause:
        return source.outerjoin(text, text.c.text_id == sale.c.text_id)

    return Texts(sale, join, [folded_approval], own)


def of_parts(part: FromClause, milestone: FromClause) -> Texts:
    """Parts of milestones have the texts of these."""
    having = milestones.alias("having").c
    said = select(having.milestone_id).where(_one_of(having.text_id, "text_ids", BigInteger))
    own = [part.c.milestone_id.in_(said)]

    def join(source: FromClause) -> FromClause:
        if source is part:
            source = part.outerjoin(milestone, milestone.c.milestone_id == part.c.milestone_id)
        return source.outerjoin(text, text.c.text_id == milestone.c.text_id)

    return Texts(part, join, [], own)


def _holds(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return _Holds(column, _sought)


def _one_of(column: ColumnElement[Any], name: str, kind: type[TypeEngine[Any]]) -> _OneOf:
    values = bindparam(name, type_=ARRAY(kind()).with_variant(Text(), "sqlite"))
    return _OneOf(column, values)
