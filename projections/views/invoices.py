"""Invoices as callers get them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection, RowMapping, select

from aggregates.statuses import BillingMethod, BillingType, InvoiceStatus, TransactionClass
from projections.history import can_be_stored
from projections.tables import invoice_details, invoice_lines, invoices
from projections.values.units import from_millionths, from_minor, price_from_millionths
from projections.views.paging import (
    PageRequest,
    Paging,
    Wanted,
    any_of,
    empty_first,
    in_order,
)
from projections.views.resource import (
    Day,
    Listed,
    Money,
    Page,
    Quantity,
    Resource,
    UnitPrice,
)


class InvoiceDetail(Resource):
    """One detail of an invoice; `kind` is the class of an actual, or `milestone`."""

    detail_id: str
    item_id: str | None
    kind: Annotated[str, Meta(extra_json_schema={"enum": [*TransactionClass, "milestone"]})]
    date: Day
    description: str
    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    billing_type: BillingType


class BillingTypeTotal(Resource):
    """The details of one billing type on an invoice line (D-43)."""

    billing_type: BillingType
    count: int
    amount: Money
    tax: Money


class InvoiceLine(Resource):
    """An invoice line: one contract line's details; amounts count the chargeable ones (D-43)."""

    line_id: str
    billing_method: BillingMethod
    amount: Money
    tax: Money
    total: Money
    groups: list[BillingTypeTotal]
    details: list[InvoiceDetail]


class Invoice(Listed):
    """A proforma invoice."""

    invoice_id: str
    number: str | None
    status: InvoiceStatus
    contract_id: str
    customer_id: str
    currency: str
    cutoff: Day | None
    accounting_date: Day | None
    corrects: str | None
    amount: Money
    tax: Money
    total: Money
    lines: list[InvoiceLine]


class ConfirmedInvoice(Invoice):
    """The invoice; `already_confirmed` if it was before, and nothing changed (D-44)."""

    already_confirmed: Annotated[bool, Meta(extra_json_schema={"const": True})] | UnsetType = UNSET


_INVOICES = Paging(
    {
        **{c.name: empty_first(c) for c in invoices.c if c.name != "version"},
        "total": invoices.c.amount + invoices.c.tax,
    },
    key="invoice_id",
    default="position",
)
INVOICES_BY = _INVOICES.sortable


def list_invoices(connection: Connection, wanted: Wanted, request: PageRequest) -> Page[Invoice]:
    """Invoices with their lines and details, in the order they were drafted."""
    statement = select(invoices).where(*any_of(invoices.c, wanted))
    part = _INVOICES.read(request)
    rows = _INVOICES.fetch(connection, statement, part)
    return Page(
        items=_invoices(connection, rows[: request.limit]),
        next=_INVOICES.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def find_invoice(connection: Connection, invoice_id: str) -> tuple[Invoice, int] | None:
    """An invoice with its lines and details, and its version."""
    if not can_be_stored(invoice_id):
        return None
    statement = select(invoices).where(invoices.c.invoice_id == invoice_id)
    row = connection.execute(statement).mappings().first()
    return (_invoices(connection, [row])[0], row["version"]) if row else None


def _invoices(connection: Connection, rows: Sequence[RowMapping]) -> list[Invoice]:
    """The invoices of these rows, each with its lines and details: two statements for all."""
    detail, line = invoice_details.c, invoice_lines.c
    ids = [row["invoice_id"] for row in rows]
    currencies = {row["invoice_id"]: row["currency"] for row in rows}
    details: dict[tuple[str, str], list[InvoiceDetail]] = defaultdict(list)
    for found in connection.execute(
        select(invoice_details)
        .where(detail.invoice_id.in_(ids))
        .order_by(detail.invoice_id, detail.line_id, detail.date, detail.item_id)
    ).mappings():
        invoice_id = found["invoice_id"]
        details[invoice_id, found["line_id"]].append(_detail(found, currencies[invoice_id]))
    lines: dict[str, list[InvoiceLine]] = defaultdict(list)
    own = select(invoice_lines).where(line.invoice_id.in_(ids))
    for found in connection.execute(own.order_by(line.invoice_id, line.ordinal)).mappings():
        invoice_id = found["invoice_id"]
        with_details = _line(found, details[invoice_id, found["line_id"]], currencies[invoice_id])
        lines[invoice_id].append(with_details)
    return [_invoice(row, lines[row["invoice_id"]]) for row in rows]


def _invoice(row: RowMapping, lines: list[InvoiceLine]) -> Invoice:
    currency = row["currency"]
    return Invoice(
        invoice_id=row["invoice_id"],
        number=row["number"],
        status=row["status"],
        contract_id=row["contract_id"],
        customer_id=row["customer_id"],
        currency=currency,
        cutoff=row["cutoff"],
        accounting_date=row["accounting_date"],
        corrects=None,
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        total=from_minor(row["amount"] + row["tax"], currency),
        lines=lines,
    )


def _line(row: RowMapping, details: list[InvoiceDetail], currency: str) -> InvoiceLine:
    return InvoiceLine(
        line_id=row["line_id"],
        billing_method=row["billing_method"],
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        total=from_minor(row["amount"] + row["tax"], currency),
        groups=msgspec.json.decode(row["groups"], type=list[BillingTypeTotal]),
        details=details,
    )


def _detail(row: RowMapping, currency: str) -> InvoiceDetail:
    return InvoiceDetail(
        detail_id=row["detail_id"],
        item_id=row["item_id"],
        kind=row["kind"],
        date=row["date"],
        description=row["description"],
        quantity=from_millionths(row["quantity"]),
        unit_price=price_from_millionths(row["unit_price"], currency),
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        billing_type=row["billing_type"],
    )
