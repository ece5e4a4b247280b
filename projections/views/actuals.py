"""Actuals as callers get them: unbilled sales, reversals, billed sales (D-45)."""

from typing import Any

from msgspec import UNSET, field
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
from aggregates.statuses import (
    ActualType,
    AdjustmentStatus,
    BillingStatus,
    BillingType,
    TransactionClass,
)
from projections.tables import booked_actuals, time_and_material
from projections.values.units import from_millionths, from_minor, price_from_millionths
from projections.views.paging import (
    PageRequest,
    Paging,
    Wanted,
    any_of,
    in_order,
    past_indexes,
    together,
)
from projections.views.resource import Day, Money, Page, Position, Quantity, Resource, UnitPrice


class Actual(Resource):
    """A sales actual: unbilled, its reversal, or billed (D-45)."""

    actual_id: str
    item_id: str
    type: ActualType
    reversal_of: str | None
    contract_id: str
    line_id: str
    customer_id: str
    approval_id: str | None
    milestone_id: str | None
    invoice_id: str | None
    transaction_class: TransactionClass | None = field(name="class")
    date: Day
    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    currency: str
    billing_type: BillingType
    billing_status: BillingStatus
    adjustment_status: AdjustmentStatus
    position: Position


_SHARED = (
    "position",
    "sequence",
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


def list_actuals(connection: Connection, wanted: Wanted, request: PageRequest) -> Page[Actual]:
    """Unbilled sales, reversals and billed sales, in the order they were recorded (D-45)."""
    kinds = [
        statement.where(*any_of({c.name: c for c in statement.selected_columns}, wanted)).subquery()
        for statement in (_unbilled(), _booked())
    ]
    pagings = [_paging_of(kind, wanted) for kind in kinds]
    paging = pagings[0]
    part = paging.read(request)
    pages = (
        each.page(select(kind), part.orders, is_next=part.after is not None)
        for each, kind in zip(pagings, kinds, strict=True)
    )
    rows = (
        connection.execute(together(pages, part.orders, apart=True), part.values()).mappings().all()
    )
    return Page(
        items=[_actual(row) for row in rows[: request.limit]],
        next=paging.next_cursor(in_order(rows), part),
        position=UNSET,
    )


_CAN_BE_EMPTY = {"approval_id", "class", "invoice_id", "item_id"}
"""Milestones have neither approval nor class, an open item no invoice, a detail by hand no item."""
_FOUND_BY = {"contract_id", "approval_id", "invoice_id", "item_id"}
"""Columns with an index that leads to few actuals."""


def _paging_of(actuals: Subquery, wanted: Wanted) -> Paging:
    sortable: dict[str, ColumnElement[Any]] = {
        c.name: func.coalesce(c, "") if c.name in _CAN_BE_EMPTY else c
        for c in actuals.c
        if c.name not in {"reversal_of", "milestone_id", "sequence"}
    }
    # The order they were booked in: what one event has booked has one position.
    sortable["position"] = actuals.c.sequence
    if wanted.keys() & _FOUND_BY:  # then those few are not to be looked for in order among all
        sortable["position"] = past_indexes(actuals.c.sequence)
    return Paging(sortable, key="actual_id", default="position")


ACTUALS_BY = _paging_of(_unbilled().subquery(), {}).sortable


def _actual(row: RowMapping) -> Actual:
    currency = row["currency"]
    return Actual(
        actual_id=row["actual_id"],
        item_id=row["item_id"],
        type=row["type"],
        reversal_of=row["reversal_of"],
        contract_id=row["contract_id"],
        line_id=row["line_id"],
        customer_id=row["customer_id"],
        approval_id=row["approval_id"],
        milestone_id=row["milestone_id"],
        invoice_id=row["invoice_id"],
        transaction_class=row["class"],
        date=row["date"],
        quantity=from_millionths(row["quantity"]),
        unit_price=price_from_millionths(row["unit_price"], currency),
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        currency=currency,
        billing_type=row["billing_type"],
        billing_status=row["billing_status"],
        adjustment_status=row["adjustment_status"],
        position=row["position"],
    )
