"""Actuals as callers get them: unbilled sales, reversals, billed sales (D-45, D-110)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from msgspec import UNSET, field
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Subquery,
    Text,
    and_,
    case,
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
    Cause,
    TransactionClass,
)
from projections.tables import booked_actuals, booked_sales, invoices, time_and_material
from projections.values.units import from_millionths, from_minor, price_from_millionths
from projections.views.kept_to import KeptTo
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
    """A sales actual: unbilled, its reversal, or billed (D-45); `cause` is why it was booked."""

    actual_id: str
    item_id: str | None
    type: ActualType
    cause: Cause
    reversal_of: str | None
    replaces: str | None
    contract_id: str
    line_id: str
    customer_id: str
    approval_id: str | None
    milestone_id: str | None
    invoice_id: str | None
    transaction_class: TransactionClass | None = field(name="class")
    date: Day
    accounting_date: Day
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
    "billing_status",
    "adjustment_status",
)
_APPROVAL = literal(Cause.APPROVAL.value, Text)


@dataclass(frozen=True, slots=True)
class Accounted:
    """The days of accounting that are wanted, both inside; None for all."""

    first: date | None = None
    last: date | None = None

    def of(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """The conditions on such a day."""
        conditions: list[ColumnElement[bool]] = []
        if self.first:
            conditions.append(column >= self.first)
        if self.last:
            conditions.append(column <= self.last)
        return conditions


ALL_DAYS = Accounted()


_reversal = booked_actuals.alias("reversal")
_UNCHANGED = _reversal.c.cause == Cause.CONFIRMATION.value
_AS_BOOKED: Mapping[str, ColumnElement[Any]] = {
    **{name: -_reversal.c[name] for name in ("quantity", "amount", "tax")},
    **{name: _reversal.c[name] for name in ("unit_price", "billing_type")},
    "adjustment_status": case(
        (_UNCHANGED, literal(AdjustmentStatus.ADJUSTABLE.value, Text)),
        (~_UNCHANGED, literal(AdjustmentStatus.ADJUSTED.value, Text)),
    ),
}
"""What an unbilled actual was booked with, told by what reverses it: its item shows what is billed
of it. It is adjusted unless it was billed as it stood (D-45)."""


def _unbilled(*, approved: bool = True, by: Collection[str] = ()) -> Select[Any]:
    """Unbilled sales as actuals: their rows stand in the T&M view, with the status of the item.

    Those that came by an approval have nothing else; without them, the others are few. What they
    are sorted `by` is as it was booked; all else of that is looked up for a page of them.
    """
    sale, booked = time_and_material.c, booked_sales.c
    own: dict[str, ColumnElement[Any]] = {name: sale[name] for name in _SHARED}
    booked_by = _AS_BOOKED.keys() & by
    own |= {name: func.coalesce(_AS_BOOKED[name], sale[name]) for name in booked_by}
    statement = select(
        *(column.label(name) for name, column in own.items()),
        sale.item_id.label("actual_id"),
        literal(ActualType.UNBILLED_SALES.value, Text).label("type"),
        func.coalesce(booked.cause, _APPROVAL).label("cause"),
        null().label("reversal_of"),
        booked.replaces,
        null().label("milestone_id"),
        func.coalesce(booked.accounting_date, sale.date).label("accounting_date"),
    ).join_from(time_and_material, booked_sales, booked.item_id == sale.item_id, isouter=approved)
    return statement.outerjoin(_reversal, _reverses(sale.item_id)) if booked_by else statement


def _reverses(item_id: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(_reversal.c.item_id == item_id, _reversal.c.reversal_of == item_id)


def _booked() -> Select[Any]:
    """Booked actuals; older ones are accounted on the day of their invoice."""
    booked, invoice = booked_actuals.c, invoices.c
    day = func.coalesce(booked.accounting_date, invoice.accounting_date, booked.date)
    return select(
        *(booked[name] for name in _SHARED),
        booked.actual_id,
        booked.type,
        booked.cause,
        booked.reversal_of,
        booked.replaces,
        booked.milestone_id,
        day.label("accounting_date"),
    ).outerjoin_from(booked_actuals, invoices, invoice.invoice_id == booked.invoice_id)


def list_actuals(
    connection: Connection,
    kept_to: KeptTo,
    wanted: Wanted,
    request: PageRequest,
    accounted: Accounted = ALL_DAYS,
) -> Page[Actual]:
    """Unbilled sales, reversals and billed sales, in the order they were booked (D-45)."""
    by = {order.name for order in _ALL.read(request).orders}
    unbilled = _unbilled(approved=_has_approved(wanted), by=by)
    kinds = [
        _matching(statement, wanted, accounted, kept_to).subquery()
        for statement in (unbilled, _booked())
    ]
    pagings = [_paging_of(kind, {**kept_to.by_column, **wanted}) for kind in kinds]
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
        items=list(_actuals(connection, rows[: request.limit])),
        next=paging.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def _matching(
    statement: Select[Any], wanted: Wanted, accounted: Accounted, kept_to: KeptTo
) -> Select[Any]:
    columns = {c.name: c for c in statement.selected_columns}
    known = kept_to.of_rows(columns)
    in_time = accounted.of(columns["accounting_date"])
    return statement.where(*any_of(columns, wanted), *in_time, *known)


def _has_approved(wanted: Wanted) -> bool:
    """Whether what came by an approval is wanted, which nearly all unbilled sales did."""
    return Cause.APPROVAL in wanted.get("cause", (Cause.APPROVAL,))


_CAN_BE_EMPTY = {"approval_id", "class", "invoice_id", "item_id"}
"""Milestones have neither approval nor class, an open item no invoice, a detail by hand no item."""
_FOUND_BY = {"contract_id", "approval_id", "invoice_id", "item_id"}
"""Columns with an index that leads to few actuals."""


def _paging_of(actuals: Subquery, wanted: Wanted) -> Paging:
    sortable: dict[str, ColumnElement[Any]] = {
        c.name: func.coalesce(c, "") if c.name in _CAN_BE_EMPTY else c
        for c in actuals.c
        if c.name not in {"reversal_of", "replaces", "milestone_id", "sequence"}
    }
    # The order they were booked in: what one event has booked has one position.
    sortable["position"] = actuals.c.sequence
    if wanted.keys() & _FOUND_BY or not _has_approved(
        wanted
    ):  # then those few are not to be looked for in order among all
        sortable["position"] = past_indexes(actuals.c.sequence)
    return Paging(sortable, key="actual_id", default="position")


_ALL = _paging_of(_unbilled().subquery(), {})
ACTUALS_BY = _ALL.sortable


def _actuals(connection: Connection, rows: Sequence[RowMapping]) -> Iterator[Actual]:
    """The actuals of these rows: of unbilled ones, what they were booked with."""
    posted = [
        row["actual_id"]
        for row in rows
        if row["type"] == ActualType.UNBILLED_SALES
        and row["billing_status"] == BOOKED
        and row["reversal_of"] is None
    ]
    booked = dict[str, dict[str, Any]]()
    if posted:
        columns = (column.label(name) for name, column in _AS_BOOKED.items())
        statement = select(_reversal.c.reversal_of, *columns).where(
            _reversal.c.item_id.in_(posted), _reversal.c.reversal_of == _reversal.c.item_id
        )
        found = connection.execute(statement)
        booked = {item: dict(zip(_AS_BOOKED, values, strict=True)) for item, *values in found}
    for row in rows:
        yield _actual({**row, **booked.get(row["actual_id"], {})})


def _actual(row: Mapping[str, Any]) -> Actual:
    currency = row["currency"]
    return Actual(
        actual_id=row["actual_id"],
        item_id=row["item_id"],
        type=row["type"],
        cause=row["cause"],
        reversal_of=row["reversal_of"],
        replaces=row["replaces"],
        contract_id=row["contract_id"],
        line_id=row["line_id"],
        customer_id=row["customer_id"],
        approval_id=row["approval_id"] or None,
        milestone_id=row["milestone_id"],
        invoice_id=row["invoice_id"],
        transaction_class=row["class"],
        date=row["date"],
        accounting_date=row["accounting_date"],
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
