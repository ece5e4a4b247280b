"""Invoices as callers get them."""

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
    item_id: str
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
        items=[_invoice(connection, row) for row in rows[: request.limit]],
        next=_INVOICES.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def find_invoice(connection: Connection, invoice_id: str) -> tuple[Invoice, int] | None:
    """An invoice with its lines and details, and its version."""
    if not can_be_stored(invoice_id):
        return None
    statement = select(invoices).where(invoices.c.invoice_id == invoice_id)
    row = connection.execute(statement).mappings().first()
    return (_invoice(connection, row), row["version"]) if row else None


def _invoice(connection: Connection, row: RowMapping) -> Invoice:
    invoice_id, currency = row["invoice_id"], row["currency"]
    detail = invoice_details.c
    details: dict[str, list[InvoiceDetail]] = {}
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
    return Invoice(
        invoice_id=invoice_id,
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
        lines=[_line(line, details, currency) for line in lines],
    )


def _line(row: RowMapping, details: dict[str, list[InvoiceDetail]], currency: str) -> InvoiceLine:
    return InvoiceLine(
        line_id=row["line_id"],
        billing_method=row["billing_method"],
        amount=from_minor(row["amount"], currency),
        tax=from_minor(row["tax"], currency),
        total=from_minor(row["amount"] + row["tax"], currency),
        groups=msgspec.json.decode(row["groups"], type=list[BillingTypeTotal]),
        details=details.get(row["line_id"], []),
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
