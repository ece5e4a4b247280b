"""Customers as callers get them: whoever is named on a contract."""

from typing import Annotated, Any

from msgspec import UNSET, Meta
from sqlalchemy import ColumnElement, Connection, func, select

from projections.tables import contract_customers
from projections.views.paging import PageRequest, Paging, Wanted, any_of, has_text, in_order
from projections.views.resource import Page, Resource


class Customer(Resource):
    """Somebody whom contracts name as their customer."""

    customer_id: str
    name: Annotated[str, Meta(description="As the contract that was defined last names them.")]
    contracts: Annotated[int, Meta(description="How many contracts name them.")]


_one, _each = contract_customers.alias("one"), contract_customers.alias("each")
_the_same = _each.c.customer_id == _one.c.customer_id
_count = select(func.count()).select_from(_each).where(_the_same).scalar_subquery()
NEWEST = _one.c.position == select(func.max(_each.c.position)).where(_the_same).scalar_subquery()
"""Of the rows that name a customer, the one of the contract that was defined last."""
ONE = _one
_CUSTOMERS = Paging(
    {"customer_id": _one.c.customer_id, "name": _one.c.name, "contracts": _count},
    key="customer_id",
    default="customer_id",
)
CUSTOMERS_BY = _CUSTOMERS.sortable


def list_customers(
    connection: Connection, wanted: Wanted, request: PageRequest, *, text: str | None = None
) -> Page[Customer]:
    """The customers of all contracts, or of those wanted; a text is looked for in id and name."""
    part = _CUSTOMERS.read(request)
    shown: list[ColumnElement[Any]]
    shown = [_one.c.customer_id, _one.c.name, _count.label("contracts")]
    statement = select(*shown).where(
        NEWEST, *has_text(text, _one.c.search_text, func.lower(_one.c.customer_id))
    )
    if wanted:
        on_them = select(_each.c.customer_id).where(*any_of(_each.c, wanted))
        statement = statement.where(_one.c.customer_id.in_(on_them))
    rows = _CUSTOMERS.fetch(connection, statement, part)
    return Page(
        items=[
            Customer(customer_id=row["customer_id"], name=row["name"], contracts=row["contracts"])
            for row in rows[: request.limit]
        ],
        next=_CUSTOMERS.next_cursor(in_order(rows), part),
        position=UNSET,
    )
