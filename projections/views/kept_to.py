"""Which contracts and customers a reader may know of: a condition of all that is read for them.

What is of one contract and one customer, as an item or an invoice, is known where both are. What is
of several customers, as a contract, a line or a milestone, is known where all of them are: it tells
of each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Text, and_, bindparam, exists
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.statuses import LimitLevel
from projections.tables import contract_customers, fixed_price, line_customers

_EVERY_LEVEL = frozenset(LimitLevel)
_OF_A_CUSTOMER = frozenset({LimitLevel.LINE_CUSTOMER, LimitLevel.CONTRACT_CUSTOMER})
_Conditions = list[ColumnElement[bool]]


class _Among(FunctionElement[Any]):
    """Whether a column has one of the values of a JSON list: one value of a statement, for all."""

    inherit_cache = True


@compiles(_Among)
def _hashed(element: _Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = (compiler.process(each, **kwargs) for each in element.clauses)
    several = f"SELECT jsonb_array_elements_text(CAST({values} AS JSONB))"
    return f"({column} IN ({several})) IS TRUE"


@compiles(_Among, "sqlite")
def _each(element: _Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = (compiler.process(each, **kwargs) for each in element.clauses)
    return f"+{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - our own


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTo:
    """The only contracts and customers that a reader may know of; None for all."""

    contracts: frozenset[str] | None = None
    customers: frozenset[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it restricts."""
        return tuple(self.by_column)

    @property
    def by_column(self) -> dict[str, list[str]]:
        """The values that columns may have, in order, of those that it restricts."""
        several = {"contract_id": self.contracts, "customer_id": self.customers}
        return {name: sorted(some) for name, some in several.items() if some is not None}

    @property
    def levels(self) -> frozenset[LimitLevel]:
        """The levels at which a reader is told that items failed (D-31).

        What failed at a limit of the whole line or contract tells what is used of it, of other
        customers, too: a reader of some customers is told of the limits of a customer alone.
        """
        return _EVERY_LEVEL if self.customers is None else _OF_A_CUSTOMER

    def values(self) -> dict[str, str]:
        """What statements with conditions of `kept` are executed with."""
        return {f"kept_{name}": json.dumps(some) for name, some in self.by_column.items()}

    def of_rows(self, columns: Any) -> _Conditions:
        """The conditions on rows of one contract and one customer."""
        return [columns[name].in_(some) for name, some in self.by_column.items()]

    def of_contract(self, contract_id: ColumnElement[str]) -> _Conditions:
        """The conditions on what tells of no customer."""
        return [] if self.contracts is None else [contract_id.in_(sorted(self.contracts))]

    def whole_contracts(self, contract_id: ColumnElement[str]) -> _Conditions:
        """The conditions on contracts, all customers of which are known."""
        return self._whole(contract_customers, contract_id=contract_id)

    def whole_lines(
        self, contract_id: ColumnElement[str], line_id: ColumnElement[str]
    ) -> _Conditions:
        """The conditions on lines, all customers of which are known."""
        return self._whole(line_customers, contract_id=contract_id, line_id=line_id)

    def whole_milestones(
        self, contract_id: ColumnElement[str], milestone_id: ColumnElement[str]
    ) -> _Conditions:
        """The conditions on milestones, the customers of all parts of which are known."""
        return self._whole(fixed_price, contract_id=contract_id, milestone_id=milestone_id)

    def _whole(self, of_customers: FromClause, **keys: ColumnElement[str]) -> _Conditions:
        conditions = self.of_contract(keys["contract_id"])
        if self.customers is not None:
            each = of_customers.alias("of_customer").c
            of_it = and_(*(each[name] == key for name, key in keys.items()))
            is_known = each.customer_id.in_(sorted(self.customers))
            conditions += [exists().where(of_it, is_known), ~exists().where(of_it, ~is_known)]
        return conditions


UNRESTRICTED: Final = KeptTo()
"""For readers that may know of all contracts and customers."""


def kept(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column has a value that `KeptTo.values` gives for the column of that name."""
    return _Among(column, bindparam(f"kept_{name}", type_=Text))
