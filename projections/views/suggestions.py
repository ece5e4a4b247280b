"""What a text that somebody begins to type may mean: contracts, customers, projects and so on."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from msgspec import UNSET
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from projections.databases.connections import IN_ORDER, glance_of, plan
from projections.tables import contract_lines, contracts, invoices, time_and_material
from projections.values.search_texts import folded
from projections.views.contract.customers import ONE, newest
from projections.views.kept_to import KeptTo
from projections.views.paging import has_text
from projections.views.resource import Positioned, Resource

A_KIND = 4
"""Suggestions of one kind, at most."""
MOST_RESOURCES = 5_000
"""Resources that are looked at: the first of them by their names."""


class SuggestionKind(StrEnum):
    """What is suggested."""

    CONTRACT = "contract"
    CUSTOMER = "customer"
    PROJECT = "project"
    RESOURCE = "resource"
    INVOICE = "invoice"


class Suggestion(Resource):
    """Something that has the text in its id or name."""

    kind: SuggestionKind
    id: str
    name: str


class Suggestions(Positioned):
    """What a text may mean, a few of each kind; what begins with it comes first."""

    items: list[Suggestion]


def suggest(connection: Connection, kept_to: KeptTo, text: str) -> Suggestions:
    """What has a text in its id or name, a few of each kind, whatever its case."""
    own, line, invoice = contracts.c, contract_lines.c, invoices.c
    kinds = (
        _contracts(text).where(*kept_to.whole_contracts(own.contract_id)),
        _customers(text).where(*newest(kept_to)),
        _projects(text).where(*kept_to.whole_lines(line.contract_id, line.line_id)),
        _invoices(text).where(*kept_to.of_rows(invoice)),
    )
    found = connection.execute(union_all(*(each.subquery().select() for each in kinds)))
    items = [Suggestion(kind=SuggestionKind(kind), id=of, name=name) for kind, of, name in found]
    resources = [
        Suggestion(kind=SuggestionKind.RESOURCE, id=resource, name=resource)
        for resource in _resources(connection, kept_to, folded(text))
    ]
    return Suggestions(items=[*items, *resources], position=UNSET)


def _first(kind: SuggestionKind, identity: Any, name: Any, text: str, *texts: Any) -> Select[Any]:
    """The first rows that have a text in one of these, of which some begin with it."""
    begins = or_(*(each.startswith(folded(text), autoescape=True) for each in texts))
    columns: list[ColumnElement[Any]]
    columns = [literal(kind.value, Text).label("kind"), identity.label("id"), name.label("name")]
    return (
        select(*columns)
        .where(*has_text(text, *texts))
        .order_by(case((begins, 0), else_=1), name, identity)
        .limit(A_KIND)
    )


def _contracts(text: str) -> Select[Any]:
    own = contracts.c
    texts = (own.search_text, func.lower(own.contract_id))
    return _first(SuggestionKind.CONTRACT, own.contract_id, own.name, text, *texts)


def _customers(text: str) -> Select[Any]:
    texts = (ONE.c.search_text, func.lower(ONE.c.customer_id))
    return _first(SuggestionKind.CUSTOMER, ONE.c.customer_id, ONE.c.name, text, *texts)


def _projects(text: str) -> Select[Any]:
    project = contract_lines.c.project_id
    found = _first(SuggestionKind.PROJECT, project, project, text, func.lower(project))
    return found.group_by(project)


def _invoices(text: str) -> Select[Any]:
    own = invoices.c
    found = _first(SuggestionKind.INVOICE, own.invoice_id, own.number, text, func.lower(own.number))
    return found.where(own.number.is_not(None))


def _resources(connection: Connection, kept_to: KeptTo, sought: str) -> list[str]:
    """The first resources that have a text, folded as it is; those that begin with it first."""
    matching = [name for name in _all_resources(connection, kept_to) if sought in folded(name)]
    return sorted(matching, key=lambda name: not folded(name).startswith(sought))[:A_KIND]


def _all_resources(connection: Connection, kept_to: KeptTo) -> Iterator[str]:
    """Each resource once: the index leads from one to the next, past the rows between them."""
    resource, known = time_and_material.c.resource, kept_to.of_rows(time_and_material.c)
    first = select(func.min(resource).label("name")).where(resource.is_not(None), *known)
    each = first.cte("each", recursive=True)
    following = select(func.min(resource)).where(resource > each.c.name, *known)
    after = select(following.scalar_subquery()).where(each.c.name.is_not(None))
    names = each.union_all(after)
    plan(glance_of(connection), IN_ORDER)
    statement = select(names.c.name).where(names.c.name.is_not(None)).limit(MOST_RESOURCES)
    yield from connection.execute(statement).scalars()
