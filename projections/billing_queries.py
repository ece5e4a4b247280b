"""Invoices, actuals, parked events and the index of the history, as callers get them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Subquery,
    Text,
    func,
    literal,
    null,
    select,
)

from aggregates.statuses import ActualType, BillingStatus
from projections.backlog_queries import Page, Rows
from projections.changes import from_millionths, from_minor, price_from_millionths
from projections.history import can_be_stored
from projections.paging import PageRequest, Paging, empty_first, in_order, merged, past_indexes
from projections.tables import (
    booked_actuals,
    contracts,
    event_index,
    invoice_details,
    invoice_lines,
    invoices,
    parked_events,
    time_and_material,
)

Wanted = Mapping[str, Sequence[str]]
"""Values per column, any of them."""

_INVOICES = Paging(
    {
        **{c.name: empty_first(c) for c in invoices.c if c.name != "version"},
        "total": invoices.c.amount + invoices.c.tax,
    },
    key="invoice_id",
    default="position",
)
INVOICES_BY = _INVOICES.sortable


def list_invoices(connection: Connection, wanted: Wanted, request: PageRequest) -> Page:
    """Invoices with their lines and details, in the order they were drafted."""
    statement = select(invoices).where(*_any_of(invoices.c, wanted))
    part = _INVOICES.read(request)
    rows = _INVOICES.fetch(connection, statement, part)
    return Page(
        items=[_invoice(connection, row) for row in rows[: request.limit]],
        next_cursor=_INVOICES.next_cursor(in_order(rows), part),
    )


def find_invoice(connection: Connection, invoice_id: str) -> tuple[dict[str, Any], int] | None:
    """An invoice with its lines and details, and its version."""
    if not can_be_stored(invoice_id):
        return None
    statement = select(invoices).where(invoices.c.invoice_id == invoice_id)
    row = connection.execute(statement).mappings().first()
    return (_invoice(connection, row), row["version"]) if row else None


def _invoice(connection: Connection, row: RowMapping) -> dict[str, Any]:
    invoice_id, currency = row["invoice_id"], row["currency"]
    detail = invoice_details.c
    details: dict[str, Rows] = {}
    for found in connection.execute(
        select(invoice_details)
        .where(detail.invoice_id == invoice_id)
        .order_by(detail.line_id, detail.date, detail.item_id)
    ).mappings():
        details.setdefault(found["line_id"], []).append(_detail(found, currency))
    lines = connection.execute(
        select(invoice_lines)
        .where(invoice_lines.c.invoice_id == invoice_id)
        .order_by(invoice_lines.c.ordinal)
    ).mappings()
    return {
        "invoice_id": invoice_id,
        "number": row["number"],
        "status": row["status"],
        "contract_id": row["contract_id"],
        "customer_id": row["customer_id"],
        "currency": currency,
        "cutoff": row["cutoff"] and row["cutoff"].isoformat(),
        "accounting_date": row["accounting_date"] and row["accounting_date"].isoformat(),
        "corrects": None,
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "total": from_minor(row["amount"] + row["tax"], currency),
        "lines": [_line(line, details, currency) for line in lines],
    }


def _line(row: RowMapping, details: dict[str, Rows], currency: str) -> dict[str, Any]:
    return {
        "line_id": row["line_id"],
        "billing_method": row["billing_method"],
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "total": from_minor(row["amount"] + row["tax"], currency),
        "groups": json.loads(row["groups"]),
        "details": details.get(row["line_id"], []),
    }


def _detail(row: RowMapping, currency: str) -> dict[str, Any]:
    return {
        "detail_id": row["detail_id"],
        "item_id": row["item_id"],
        "kind": row["kind"],
        "date": row["date"].isoformat(),
        "description": row["description"],
        "quantity": from_millionths(row["quantity"]),
        "unit_price": price_from_millionths(row["unit_price"], currency),
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "billing_type": row["billing_type"],
    }


# --- actuals -----------------------------------------------------------------------------------

_SHARED = (
    "position",
    "item_id",
    "contract_id",
    "line_id",
    "customer_id",
    "approval_id",
    "invoice_id",
    "class",
    "date",
    "quantity",
    "unit_price",
    "amount",
    "tax",
    "currency",
    "billing_type",
    "adjustment_status",
)


def _unbilled() -> Select[Any]:
    """Unbilled sales as actuals: their rows stand in the T&M view, with the status of the item."""
    sale = time_and_material.c
    return select(
        *(sale[name] for name in _SHARED),
        sale.item_id.label("actual_id"),
        literal(ActualType.UNBILLED_SALES.value, Text).label("type"),
        null().label("reversal_of"),
        null().label("milestone_id"),
        sale.billing_status,
    )


def _booked() -> Select[Any]:
    booked = booked_actuals.c
    return select(
        *(booked[name] for name in _SHARED),
        booked.actual_id,
        booked.type,
        booked.reversal_of,
        booked.milestone_id,
        literal(BillingStatus.INVOICE_POSTED.value, Text).label("billing_status"),
    )


def list_actuals(connection: Connection, wanted: Wanted, request: PageRequest) -> Page:
    """Unbilled sales, reversals and billed sales, in the order they were recorded (D-45)."""
    kinds = [
        statement.where(
            *_any_of({c.name: c for c in statement.selected_columns}, wanted)
        ).subquery()
        for statement in (_unbilled(), _booked())
    ]
    pagings = [_paging_of(kind, wanted) for kind in kinds]
    paging = pagings[0]
    part = paging.read(request)
    pages = (
        each.page(select(kind), part.orders, is_behind=part.behind is not None)
        for each, kind in zip(pagings, kinds, strict=True)
    )
    rows = connection.execute(merged(pages, part.orders), part.values()).mappings().all()
    return Page(
        items=[_actual(row) for row in rows[: request.limit]],
        next_cursor=paging.next_cursor(in_order(rows), part),
    )


_FOUND_BY = {"contract_id", "approval_id", "invoice_id", "item_id"}
"""Columns with an index that leads to few actuals."""


def _paging_of(actuals: Subquery, wanted: Wanted) -> Paging:
    # Milestones have neither approval nor class, and an open item no invoice.
    sortable: dict[str, ColumnElement[Any]] = {
        c.name: func.coalesce(c, "") if c.name in {"approval_id", "class", "invoice_id"} else c
        for c in actuals.c
        if c.name not in {"reversal_of", "milestone_id"}
    }
    if wanted.keys() & _FOUND_BY:  # then those few are not to be looked for by position among all
        sortable["position"] = past_indexes(actuals.c.position)
    return Paging(sortable, key="actual_id", default="position")


ACTUALS_BY = _paging_of(_unbilled().subquery(), {}).sortable


def _actual(row: RowMapping) -> dict[str, Any]:
    currency = row["currency"]
    same = ("actual_id", "item_id", "type", "reversal_of", "contract_id", "line_id", "customer_id")
    more = ("approval_id", "milestone_id", "invoice_id", "class")
    last = ("billing_type", "billing_status", "adjustment_status", "position")
    return {
        **{name: row[name] for name in (*same, *more)},
        "date": row["date"].isoformat(),
        "quantity": from_millionths(row["quantity"]),
        "unit_price": price_from_millionths(row["unit_price"], currency),
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "currency": currency,
        **{name: row[name] for name in last},
    }


# --- parked events, and the history ------------------------------------------------------------

_NOT_SORTED = {"event_id", "problem_code", "problem_detail", "data"}
_PARKED = Paging(
    {
        **{c.name: empty_first(c) for c in parked_events.c if c.name not in _NOT_SORTED},
        "id": parked_events.c.event_id,
    },
    key="parked_id",
    default="position",
)
PARKED_BY = _PARKED.sortable


def list_parked(connection: Connection, request: PageRequest) -> Page:
    """The events that wait, each with what it lacks, in the order they were last tried."""
    part = _PARKED.read(request)
    rows = _PARKED.fetch(connection, select(parked_events), part)
    return Page(
        items=[_parked(row) for row in rows[: request.limit]],
        next_cursor=_PARKED.next_cursor(in_order(rows), part),
    )


def find_parked(connection: Connection, event_or_parked_id: str) -> Rows:
    """The parked events of that id, be it the event's own or the parked id."""
    if not can_be_stored(event_or_parked_id):
        return []
    parked = parked_events.c
    statement = select(parked_events).where(
        (parked.parked_id == event_or_parked_id) | (parked.event_id == event_or_parked_id)
    )
    return [_parked(row) for row in connection.execute(statement).mappings()]


def contracts_with_parked(connection: Connection) -> list[str]:
    """The contracts that are on the books and on which events wait."""
    waiting = select(parked_events.c.contract_id).distinct().subquery()
    known = select(contracts.c.contract_id).join(
        waiting, waiting.c.contract_id == contracts.c.contract_id
    )
    return list(connection.scalars(known.order_by(contracts.c.contract_id)))


def _parked(row: RowMapping) -> dict[str, Any]:
    same = ("parked_id", "source", "type", "contract_id", "line_id", "approval_id", "position")
    return {
        "id": row["event_id"],
        **{name: row[name] for name in same},
        "problem": {"code": row["problem_code"], "detail": row["problem_detail"]},
        "data": json.loads(row["data"]),
    }


def event_positions(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[int]:
    """Positions behind `after` of the events that match, in order, at most `limit`."""
    statement = (
        select(event_index.c.position)
        .where(event_index.c.position > after, *_any_of(event_index.c, wanted))
        .order_by(event_index.c.position)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def _any_of(columns: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    return [columns[name].in_(values) for name, values in wanted.items()]
