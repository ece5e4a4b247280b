"""Customers as callers get them: whoever is named on a contract."""

from typing import Annotated, Any

from msgspec import UNSET, Meta
from sqlalchemy import ColumnElement, Connection, func, select

from projections.tables import contract_customers
from projections.views.kept_to import UNRESTRICTED, KeptTo
from projections.views.paging import (
    Columns,
    PageRequest,
    Paging,
    Wanted,
    any_of,
    has_text,
    in_order,
)
from projections.views.resource import Page, Resource


class Customer(Resource):
    """Somebody whom contracts name as their customer."""

    customer_id: str
    name: Annotated[str, Meta(description="As the contract that was defined last names them.")]
    contracts: Annotated[int, Meta(description="How many contracts name them.")]


_one, _each = contract_customers.alias("one"), contract_customers.alias("each")
_the_same = _each.c.customer_id == _one.c.customer_id
ONE = _one


def newest(kept_to: KeptTo) -> list[ColumnElement[bool]]:
    """Of the rows that name a customer, the one of the contract that was defined last.

    Only contracts count, and customers, that a reader may know of.
    """
    known = kept_to.of_contract(_each.c.contract_id)
    last = select(func.max(_each.c.position)).where(_the_same, *known).scalar_subquery()
    return [_one.c.position == last, *kept_to.of_rows(_one.c)]


def _count(kept_to: KeptTo) -> ColumnElement[int]:
    known = kept_to.of_contract(_each.c.contract_id)
    counted = select(func.count()).select_from(_each).where(_the_same, *known)
    return counted.scalar_subquery()


def _paging(count: ColumnElement[int]) -> Paging:
    columns: Columns = {
        "customer_id": _one.c.customer_id,
        "name": _one.c.name,
        "contracts": count,
    }
    return Paging(columns, key="customer_id", default="customer_id")


CUSTOMERS_BY = _paging(_count(UNRESTRICTED)).sortable


def list_customers(
    connection: Connection,
    kept_to: KeptTo,
    wanted: Wanted,
    request: PageRequest,
    *,
    text: str | None = None,
) -> Page[Customer]:
    """The customers of all contracts, or of those wanted; a text is looked for in id and name."""
    count = _count(kept_to)
    paging = _paging(count)
    part = paging.read(request)
    shown: list[ColumnElement[Any]]
    shown = [_one.c.customer_id, _one.c.name, count.label("contracts")]
    statement = select(*shown).where(
        *newest(kept_to), *has_text(text, _one.c.search_text, func.lower(_one.c.customer_id))
    )
    if wanted:
        on_them = select(_each.c.customer_id).where(
            *any_of(_each.c, wanted), *kept_to.of_rows(_each.c)
        )
        statement = statement.where(_one.c.customer_id.in_(on_them))
    rows = paging.fetch(connection, statement, part)
    return Page(
        items=[
            Customer(customer_id=row["customer_id"], name=row["name"], contracts=row["contracts"])
            for row in rows[: request.limit]
        ],
        next=paging.next_cursor(in_order(rows), part),
        position=UNSET,
    )
