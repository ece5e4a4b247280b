"""Contract lines and milestones as lists, across all contracts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import UNSET
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select, tuple_

from projections.tables import (
    contract_lines,
    fixed_price,
    line_customers,
    milestones,
    search_texts,
)
from projections.views.contract.contracts import Line, Milestone, line_of, milestone_of
from projections.views.kept_to import KeptTo
from projections.views.paging import (
    Columns,
    PageRequest,
    Paging,
    Wanted,
    any_of,
    empty_first,
    has_text,
    in_order,
    past_indexes,
)
from projections.views.resource import Page

_LINE_COLUMNS = ("contract_id", "line_id", "name", "project_id", "billing_method", "currency")
_LINES = Paging(
    {name: contract_lines.c[name] for name in _LINE_COLUMNS},
    key="contract_id,line_id",
    default="contract_id",
)
LINES_BY = _LINES.sortable


def list_lines(
    connection: Connection,
    kept_to: KeptTo,
    wanted: Wanted,
    request: PageRequest,
    *,
    text: str | None = None,
) -> Page[Line]:
    """The lines of all contracts, as each is; a text is looked for in their ids and names."""
    part, own = _LINES.read(request), contract_lines.c
    plain = {name: values for name, values in wanted.items() if name != "customer_id"}
    statement = select(contract_lines).where(
        *any_of(own, plain),
        *has_text(text, own.search_text, func.lower(own.line_id)),
        *kept_to.whole_lines(own.contract_id, own.line_id),
    )
    if "customer_id" in wanted:
        payer = line_customers.c
        paid = select(payer.contract_id, payer.line_id)
        paid = paid.where(payer.customer_id.in_(wanted["customer_id"]))
        statement = statement.where(tuple_(own.contract_id, own.line_id).in_(paid))
    rows = _LINES.fetch(connection, statement, part)
    return Page(
        items=_lines(connection, rows[: request.limit]),
        next=_LINES.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def _lines(connection: Connection, rows: Sequence[RowMapping]) -> list[Line]:
    """The lines of these rows, each with its customers: one statement for all."""
    payer = line_customers.c
    keys = [(row["contract_id"], row["line_id"]) for row in rows]
    statement = (
        select(line_customers)
        .where(tuple_(payer.contract_id, payer.line_id).in_(keys))
        .order_by(payer.ordinal)
    )
    payers: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        payers[row["contract_id"], row["line_id"]].append(row)
    return [line_of(row, payers[key]) for key, row in zip(keys, rows, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonesAsked:
    """Which milestones are wanted: values per column, days from and to, a text in id or name."""

    any_of: Wanted
    date_from: date | None = None
    date_to: date | None = None
    text: str | None = None


_MILESTONE_COLUMNS = ("milestone_id", "contract_id", "line_id", "name", "currency", "amount")
_SORTED: Columns = {
    **{name: milestones.c[name] for name in (*_MILESTONE_COLUMNS, "tax", "date", "status")},
    "task_id": empty_first(milestones.c.task_id),
}
_MILESTONES = Paging(_SORTED, key="milestone_id", default="date")
_OF_A_CONTRACT = Paging(
    {**_SORTED, "date": past_indexes(milestones.c.date)}, key="milestone_id", default="date"
)
"""Those of a contract are not to be looked for by date among all."""
MILESTONES_BY = _MILESTONES.sortable


def list_milestones(
    connection: Connection, kept_to: KeptTo, asked: MilestonesAsked, request: PageRequest
) -> Page[Milestone]:
    """The milestones of all contracts, each with its parts, by date."""
    own = milestones.c
    paging = _OF_A_CONTRACT if "contract_id" in {*asked.any_of, *kept_to.names} else _MILESTONES
    part = paging.read(request)
    statement = select(*(c for c in own if c.name != "text_id")).where(
        *_matching(asked), *kept_to.whole_milestones(own.contract_id, own.milestone_id)
    )
    if asked.text:
        statement = statement.join(search_texts, search_texts.c.text_id == own.text_id)
        statement = statement.where(*has_text(asked.text, search_texts.c.text))
    rows = paging.fetch(connection, statement, part)
    return Page(
        items=_milestones(connection, rows[: request.limit]),
        next=paging.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def _matching(asked: MilestonesAsked) -> list[ColumnElement[bool]]:
    own, line, item = milestones.c, contract_lines.c, fixed_price.c
    elsewhere = ("project_id", "customer_id")
    plain = {name: values for name, values in asked.any_of.items() if name not in elsewhere}
    conditions = any_of(own, plain)
    if asked.date_from:
        conditions.append(own.date >= asked.date_from)
    if asked.date_to:
        conditions.append(own.date <= asked.date_to)
    if "project_id" in asked.any_of:
        of_project = select(line.contract_id, line.line_id)
        of_project = of_project.where(line.project_id.in_(asked.any_of["project_id"]))
        conditions.append(tuple_(own.contract_id, own.line_id).in_(of_project))
    if "customer_id" in asked.any_of:
        is_of_it = and_(
            item.milestone_id == own.milestone_id,
            item.customer_id.in_(asked.any_of["customer_id"]),
        )
        conditions.append(select(item.item_id).where(is_of_it).exists())
    return conditions


def _milestones(connection: Connection, rows: Sequence[RowMapping]) -> list[Milestone]:
    """The milestones of these rows, each with its parts: one statement for all."""
    part = fixed_price.c
    ids = [row["milestone_id"] for row in rows]
    statement = select(fixed_price).where(part.milestone_id.in_(ids)).order_by(part.ordinal)
    parts: dict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        parts[row["milestone_id"]].append(row)
    return [milestone_of(row, parts[row["milestone_id"]]) for row in rows]
