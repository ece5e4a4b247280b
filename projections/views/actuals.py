"""Actuals as callers get them: unbilled sales, reversals, billed sales (D-45)."""

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

from aggregates.actuals import BOOKED
from aggregates.statuses import ActualType
from projections.tables import booked_actuals, time_and_material
from projections.values.units import from_millionths, from_minor, price_from_millionths
from projections.views.paging import (
    Page,
    PageRequest,
    Paging,
    Wanted,
    any_of,
    in_order,
    merged,
    past_indexes,
)

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
        literal(BOOKED.value, Text).label("billing_status"),
    )


def list_actuals(connection: Connection, wanted: Wanted, request: PageRequest) -> Page:
    """Unbilled sales, reversals and billed sales, in the order they were recorded (D-45)."""
    kinds = [
        statement.where(*any_of({c.name: c for c in statement.selected_columns}, wanted)).subquery()
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


_CAN_BE_EMPTY = {"approval_id", "class", "invoice_id", "item_id"}
"""Milestones have neither approval nor class, an open item no invoice, a detail by hand no item."""
_FOUND_BY = {"contract_id", "approval_id", "invoice_id", "item_id"}
"""Columns with an index that leads to few actuals."""


def _paging_of(actuals: Subquery, wanted: Wanted) -> Paging:
    sortable: dict[str, ColumnElement[Any]] = {
        c.name: func.coalesce(c, "") if c.name in _CAN_BE_EMPTY else c
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
