"""The names of contracts, lines and customers, for what is counted by their ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, and_, exists, func, select

from projections.databases.connections import Glance
from projections.tables import contract_customers, contract_lines, contracts, line_customers
from projections.views.backlog.search.texts import is_among
from projections.views.kept_to import KeptTo, kept
from projections.views.prepared import Prepared, prepare

Key = tuple[str, ...]
Names = Mapping[Key, str | None]


def contract_names(views: Glance, kept_to: KeptTo, keys: Collection[Key]) -> Names:
    """The names of contracts by their ids."""
    return {(contract_id,): name for contract_id, name in _found(views, kept_to, _contracts, keys)}


def line_names(views: Glance, kept_to: KeptTo, keys: Collection[Key]) -> Names:
    """The names of lines by contract and line."""
    return {(of, line_id): name for of, line_id, name in _found(views, kept_to, _lines, keys)}


def names_of_lines(views: Glance, kept_to: KeptTo, keys: Collection[Key]) -> Names:
    """The names of lines by their ids alone: none where lines of several contracts differ."""
    found = _found(views, kept_to, _lines_by_id, keys)
    return {(line_id,): first if first == last else None for line_id, first, last in found}


def customer_names(views: Glance, kept_to: KeptTo, keys: Collection[Key]) -> Names:
    """The names of customers by their ids: the first, where contracts call one differently."""
    return {(customer_id,): name for customer_id, name in _found(views, kept_to, _customers, keys)}


_CONTRACT, _LINE, _CUSTOMER = contracts.c, contract_lines.c, contract_customers.c
_PAYER = line_customers.c
Kept = tuple[str, ...]
"""The columns that a reader may not know all values of (`KeptTo.names`)."""
_Which = Callable[[Kept], Select[Any]]


def _contracts(_kept: Kept) -> Select[Any]:
    columns = [_CONTRACT.contract_id, _CONTRACT.name]
    return select(*columns).where(is_among(_CONTRACT.contract_id, "ids_0", Text))


def _lines(_kept: Kept) -> Select[Any]:
    columns = [_LINE.contract_id, _LINE.line_id, _LINE.name]
    among = [is_among(_LINE.contract_id, "ids_0", Text), is_among(_LINE.line_id, "ids_1", Text)]
    return select(*columns).where(*among)


def _lines_by_id(names: Kept) -> Select[Any]:
    columns = [_LINE.line_id, func.min(_LINE.name), func.max(_LINE.name)]
    known = [kept(_LINE[name], name) for name in names if name == "contract_id"]
    if "customer_id" in names:
        of_line = and_(_PAYER.contract_id == _LINE.contract_id, _PAYER.line_id == _LINE.line_id)
        known.append(exists().where(of_line, kept(_PAYER.customer_id, "customer_id")))
    among = is_among(_LINE.line_id, "ids_0", Text)
    return select(*columns).where(among, *known).group_by(_LINE.line_id)


def _customers(names: Kept) -> Select[Any]:
    own = _CUSTOMER.customer_id
    columns = [own, func.min(_CUSTOMER.name)]
    known = [kept(_CUSTOMER[name], name) for name in names]
    return select(*columns).where(is_among(own, "ids_0", Text), *known).group_by(own)


def _found(
    views: Glance, kept_to: KeptTo, which: _Which, keys: Collection[Key]
) -> Sequence[Sequence[Any]]:
    """The names of what has one of the ids in each part of its key; maybe some more."""
    on_postgres = views.schema is not None
    ids = (list(dict.fromkeys(part)) for part in zip(*keys, strict=True))
    values = {f"ids_{n}": each if on_postgres else json.dumps(each) for n, each in enumerate(ids)}
    prepared = _prepared(which, kept_to.names, on_postgres)
    return prepared.rows(views, {**values, **kept_to.values()})


@lru_cache(maxsize=32)
def _prepared(which: _Which, names: Kept, on_postgres: bool) -> Prepared:
    return prepare(which(names), on_postgres=on_postgres)
