"""Invoices as callers get them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection, RowMapping, and_, select

from aggregates.statuses import BillingMethod, BillingType, InvoiceStatus, TransactionClass
from projections.history import can_be_stored
from projections.tables import (
    contract_customers,
    contracts,
    invoice_details,
    invoice_lines,
    invoices,
)
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
    """An invoice line: one contract line's details; amounts count the chargeable ones (D-43).

    Lists of invoices leave the details out unless they are asked for.
    """

    line_id: str
    billing_method: BillingMethod
    amount: Money
    tax: Money
    total: Money
    groups: list[BillingTypeTotal]
    details: list[InvoiceDetail] | UnsetType = UNSET


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


class ListedInvoice(Invoice):
    """An invoice in a list, with the names of whom and what it is for."""

    contract_name: str
    customer_name: str


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


def list_invoices(
    connection: Connection, wanted: Wanted, request: PageRequest, *, details: bool = False
) -> Page[ListedInvoice]:
    """Invoices with their lines, and with details if asked for, in the order they were drafted."""
    statement = (
        select(
            *invoices.c,
            contracts.c.name.label("contract_name"),
            contract_customers.c.name.label("customer_name"),
        )
        .outerjoin(contracts, contracts.c.contract_id == invoices.c.contract_id)
        .outerjoin(
            contract_customers,
            and_(
                contract_customers.c.contract_id == invoices.c.contract_id,
                contract_customers.c.customer_id == invoices.c.customer_id,
            ),
        )
        .where(*any_of(invoices.c, wanted))
    )
    part = _INVOICES.read(request)
    rows = _INVOICES.fetch(connection, statement, part)
    shown = rows[: request.limit]
    lines = _lines(connection, shown, _details(connection, shown) if details else None)
    return Page(
        items=[
            ListedInvoice(
                **_invoice(row, lines[row["invoice_id"]]),
                contract_name=row["contract_name"],
                customer_name=row["customer_name"],
            )
            for row in shown
        ],
        next=_INVOICES.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def find_invoice(connection: Connection, invoice_id: str) -> tuple[Invoice, int] | None:
    """An invoice with its lines and details, and its version."""
    if not can_be_stored(invoice_id):
        return None
    statement = select(invoices).where(invoices.c.invoice_id == invoice_id)
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    lines = _lines(connection, [row], _details(connection, [row]))
    return Invoice(**_invoice(row, lines[invoice_id])), row["version"]


Details = Mapping[tuple[str, str], list[InvoiceDetail]]
"""The details of invoices, by invoice and line."""


def _details(connection: Connection, rows: Sequence[RowMapping]) -> Details:
    """The details of the invoices of these rows: one statement for all."""
    detail = invoice_details.c
    currencies = {row["invoice_id"]: row["currency"] for row in rows}
    details: dict[tuple[str, str], list[InvoiceDetail]] = defaultdict(list)
    for found in connection.execute(
        select(invoice_details)
        .where(detail.invoice_id.in_(currencies))
        .order_by(detail.invoice_id, detail.line_id, detail.date, detail.item_id)
    ).mappings():
        invoice_id = found["invoice_id"]
        details[invoice_id, found["line_id"]].append(_detail(found, currencies[invoice_id]))
    return details


def _lines(
    connection: Connection, rows: Sequence[RowMapping], details: Details | None
) -> Mapping[str, list[InvoiceLine]]:
    """The lines of the invoices of these rows, with their details if these are wanted."""
    line = invoice_lines.c
    currencies = {row["invoice_id"]: row["currency"] for row in rows}
    lines: dict[str, list[InvoiceLine]] = defaultdict(list)
    own = select(invoice_lines).where(line.invoice_id.in_(currencies))
    for found in connection.execute(own.order_by(line.invoice_id, line.ordinal)).mappings():
        invoice_id = found["invoice_id"]
        of_line = UNSET if details is None else details[invoice_id, found["line_id"]]
        lines[invoice_id].append(_line(found, of_line, currencies[invoice_id]))
    return lines


def _invoice(row: RowMapping, lines: list[InvoiceLine]) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "invoice_id": row["invoice_id"],
        "number": row["number"],
        "status": row["status"],
        "contract_id": row["contract_id"],
        "customer_id": row["customer_id"],
        "currency": currency,
        "cutoff": row["cutoff"],
        "accounting_date": row["accounting_date"],
        "corrects": None,
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "total": from_minor(row["amount"] + row["tax"], currency),
        "lines": lines,
    }


def _line(row: RowMapping, details: list[InvoiceDetail] | UnsetType, currency: str) -> InvoiceLine:
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
