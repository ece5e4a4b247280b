"""The ids that a page of a summary can be about at most, looked up before it, with their names.

Nearly all contracts, lines, customers and projects have items. So a page is full before some more
ids than it has places, and only what they come to is summed up, not all that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, func, select, tuple_

from projections.databases.connections import Glance
from projections.tables import contract_customers, contract_lines, contracts
from projections.views.backlog.sums.names import Key, Names
from projections.views.paging import ROWS, Part
from projections.views.prepared import Prepared, prepare

_CONTRACT, _LINE, _CUSTOMER = contracts.c, contract_lines.c, contract_customers.c
_IDS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "customer": (_CUSTOMER.customer_id,),
    "contract": (_CONTRACT.contract_id,),
    "line": (_LINE.contract_id, _LINE.line_id),
    "project": (_LINE.project_id,),
}
_NAMES: Mapping[str, ColumnElement[Any]] = {
    "customer": _CUSTOMER.name,
    "contract": _CONTRACT.name,
    "line": _LINE.name,
    "project": _LINE.project_id,
}
HAVE_IDS = _IDS.keys()
"""What a summary can be by that has ids."""
_SPARE = 10
"""One id more for so many places of a page, since some may have no items."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Ids with their names: all from a page's beginning on, up to `until`; None is without end."""

    names: Names
    until: Key | None


def ids_ahead(views: Glance, by: str, part: Part) -> Ahead:
    """The first ids that a page can be about, a few more than it has places."""
    width, count = len(_IDS[by]), part.limit + part.limit // _SPARE + 1
    after = (part.after or ("",) * width)[:width]
    values = {f"after_{n}": value for n, value in enumerate(after)}
    rows = _prepared(by, views.schema is not None).rows(views, {**values, "limit": count})
    names = {tuple(ids): name for *ids, name in rows}
    return Ahead(names, next(reversed(names)) if len(names) == count else None)


@lru_cache(maxsize=16)
def _prepared(by: str, on_postgres: bool) -> Prepared:
    ids = _IDS[by]
    after = (bindparam(f"after_{n}", type_=Text) for n in range(len(ids)))
    named = select(*ids, func.min(_NAMES[by])).where(tuple_(*ids) >= tuple_(*after))
    statement = named.group_by(*ids).order_by(*ids).limit(ROWS)
    return prepare(statement, on_postgres=on_postgres)
