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
    BindParameter,
    ColumnElement,
    FromClause,
    Text,
    and_,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from projections.tables import (
    BY_TEXT,
    milestones,
    search_texts,
)
from projections.values.search_texts import SEPARATOR

text = search_texts.alias("text")
"""Joined to the rows that are gone through one by one."""
_between = literal(SEPARATOR, Text)
NAMES = ("named_contracts", "named_lines", "named_customers")
"""The lists of what has a text in its name: keys of contracts, of lines and of customers."""
_NAMED_BY = ("contract_id", "line_id", "customer_id")
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


class _IsAmong(FunctionElement[Any]):
    """Whether a column has one of many values, which are put into a table of their own once.

    PostgreSQL would join a plain condition to them; what is said of its truth it leaves as it is.
    """

    inherit_cache = True


@compiles(_IsAmong)
def _hashed(element: _IsAmong, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = (compiler.process(each, **kwargs) for each in element.clauses)
    return f"({column} IN (SELECT unnest({values}))) IS TRUE"


compiles(_IsAmong, "sqlite")(_each)


@dataclass(frozen=True, slots=True)
class Texts:
    """How rows of one view are found by a text."""

    table: FromClause
    needs: Sequence[str]
    """The columns of it that tell whether a row has a text."""
    join: Callable[[FromClause], FromClause]
    """Adds `text` to what rows are taken from."""
    beside: Sequence[ColumnElement[str]]
    """What they say elsewhere than there."""
    own: Sequence[ColumnElement[bool]]
    """Which rows have one of the texts, or approvals, that were found; each by an index."""
    index: Sequence[str] = ()
    """Columns that tell rows apart in the index of the texts, where it has what they are sorted and
    most often filtered by."""

    def row_by_row(self, *names: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a row has the sought text: it says so, or one of the names joined to it."""
        says = (text.c.text, *self.beside)
        return or_(*(_Holds(column, _sought) for column in (*says, *names)))

    def is_named(self) -> ColumnElement[bool]:
        """Whether a row has the text in a name, of those that were found."""
        own = self.table.c
        of_contract = own.contract_id + _between
        keys = (own.contract_id, of_contract + own.line_id, of_contract + own.customer_id)
        return or_(*(is_among(key, name, Text) for key, name in zip(keys, NAMES, strict=True)))

    def looked_up(self) -> list[ColumnElement[bool]]:
        """Conditions each of which leads to rows that have it; a row may meet several."""
        of_contracts = _one_of(self.table.c.contract_id, "contract_ids", Text)
        return [*self.own, and_(of_contracts, self.is_named())]


def of_sales(sale: FromClause) -> Texts:
    """Sales have texts of their own, and the ids of their approvals."""
    own = [
        _one_of(sale.c.text_id, "text_ids", BigInteger),
        _one_of(sale.c.approval_id, "approval_ids", Text),
    ]

    def join(source: FromClause) -> FromClause:
        return source.outerjoin(text, text.c.text_id == sale.c.text_id)

    needs = (*_NAMED_BY, "text_id", "approval_id")
    return Texts(sale, needs, join, [func.lower(sale.c.approval_id)], own, BY_TEXT[:4])


def of_parts(part: FromClause) -> Texts:
    """Parts of milestones have the texts of these."""
    having = milestones.alias("having").c
    milestone = milestones.alias("saying")
    said = select(having.milestone_id).where(_one_of(having.text_id, "text_ids", BigInteger))
    own = [part.c.milestone_id.in_(said)]

    def join(source: FromClause) -> FromClause:
        of_milestone = milestone.c.milestone_id == part.c.milestone_id
        said_by = source.outerjoin(milestone, of_milestone)
        return said_by.outerjoin(text, text.c.text_id == milestone.c.text_id)

    return Texts(part, (*_NAMED_BY, "milestone_id"), join, [], own)


def _one_of(column: ColumnElement[Any], name: str, kind: type[TypeEngine[Any]]) -> _OneOf:
    return _OneOf(column, _several(name, kind))


def says_one_of(text_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row has one of the texts that were found, as many as these are."""
    return is_among(text_id, "text_ids", BigInteger)


def is_among(
    column: ColumnElement[Any], name: str, kind: type[TypeEngine[Any]]
) -> ColumnElement[bool]:
    """Whether a column has one of the values of a list, which is JSON on SQLite."""
    return _IsAmong(column, _several(name, kind))


def each_of(name: str, kind: TypeEngine[Any], *, on_postgres: bool) -> FromClause:
    """The values of a list, each a row, whose column is `value`."""
    if on_postgres:
        rows = func.unnest(bindparam(name, type_=ARRAY(kind)))
        return rows.table_valued(column("value", kind), name="each").render_derived()
    rows = func.json_each(bindparam(name, type_=Text))
    return rows.table_valued(column("value", kind), name="each")


def _several(name: str, kind: type[TypeEngine[Any]]) -> BindParameter[Any]:
    return bindparam(name, type_=ARRAY(kind()).with_variant(Text(), "sqlite"))
