"""Invoices as callers get them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from aggregates.statuses import BillingMethod, BillingType, InvoiceStatus
from projections.history import can_be_stored
from projections.tables import (
    contract_customers,
    contracts,
    invoice_lines,
    invoices,
)
from projections.values.units import from_minor
from projections.views.invoice.details import Details, InvoiceDetail, details_of
from projections.views.invoice.figures import InvoiceFigures, Pending, figures, pending
from projections.views.kept_to import KeptTo
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
    Resource,
)


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


class InvoiceApproval(Resource):
    """Who approved an invoice, when, and at which version of it (D-73)."""

    actor: str | None
    at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    version: int


class Invoice(Listed):
    """A proforma invoice. Of a draft, its own page shows `pending` and `figures`, too (D-72)."""

    invoice_id: str
    number: str | None
    status: InvoiceStatus
    contract_id: str
    customer_id: str
    currency: str
    cutoff: Day | None
    accounting_date: Day | None
    corrects: str | None
    corrects_number: str | None
    has_corrections: bool
    transfer_to: str | None
    amount: Money
    tax: Money
    total: Money
    approval: InvoiceApproval | None
    lines: list[InvoiceLine]
    retainers: list[InvoiceDetail]
    pending: Pending | UnsetType = UNSET
    figures: InvoiceFigures | UnsetType = UNSET


class ListedInvoice(Invoice, kw_only=True):
    """An invoice in a list, with the names of whom and what it is for."""

    contract_name: str
    customer_name: str


class ConfirmedInvoice(Invoice):
    """The invoice; `already_confirmed` if it was before, and nothing changed (D-44)."""

    already_confirmed: Annotated[bool, Meta(extra_json_schema={"const": True})] | UnsetType = UNSET


_NOT_SORTED = {"version", "has_corrections", "approval_actor", "approval_at", "approval_version"}
_INVOICES = Paging(
    {
        **{c.name: empty_first(c) for c in invoices.c if c.name not in _NOT_SORTED},
        "total": invoices.c.amount + invoices.c.tax,
    },
    key="invoice_id",
    default="position",
)
INVOICES_BY = _INVOICES.sortable
_OPEN = (InvoiceStatus.DRAFT, InvoiceStatus.IN_REVIEW)


def list_invoices(
    connection: Connection,
    kept_to: KeptTo,
    wanted: Wanted,
    request: PageRequest,
    *,
    details: bool = False,
) -> Page[ListedInvoice]:
    """Invoices with their lines, and with details if asked for, in the order they were drafted.

    Beside columns, `corrective` is wanted: `true` for corrections, `false` for what is none.
    """
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
        .where(*_matching(wanted), *kept_to.of_rows(invoices.c))
    )
    part = _INVOICES.read(request)
    rows = _INVOICES.fetch(connection, statement, part)
    shown = rows[: request.limit]
    lines = _lines(connection, shown, details_of(connection, shown) if details else None)
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


def find_invoice(
    connection: Connection, kept_to: KeptTo, invoice_id: str, *, details: bool = True
) -> tuple[Invoice, int] | None:
    """An invoice with its lines, and details unless told otherwise, and its version.

    Of a draft with what it stands beside (D-72), as far as the reader may know of that.
    """
    if not can_be_stored(invoice_id):
        return None
    own = invoices.c
    statement = select(invoices).where(own.invoice_id == invoice_id, *kept_to.of_rows(own))
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    lines = _lines(connection, [row], details_of(connection, [row]) if details else None)
    found = Invoice(**_invoice(row, lines[invoice_id]))
    if row["status"] in _OPEN:
        found.pending = pending(connection, row)
        lines_of = {line.line_id for line in found.lines}
        found.figures = figures(connection, kept_to, row, lines_of) or UNSET
    return found, row["version"]


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


def _matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    corrects = invoices.c.corrects
    columns = {name: values for name, values in wanted.items() if name != "corrective"}
    kinds = [
        corrects.is_not(None) if each == "true" else corrects.is_(None)
        for each in wanted.get("corrective", ())
    ]
    return [*any_of(invoices.c, columns), *kinds]


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
        "corrects": row["corrects"],
        "corrects_number": row["corrects_number"],
        "has_corrections": row["has_corrections"],
        "transfer_to": None,
        "amount": from_minor(row["amount"], currency),
        "tax": from_minor(row["tax"], currency),
        "total": from_minor(row["amount"] + row["tax"], currency),
        "approval": _approval(row),
        "lines": lines,
        "retainers": [],
    }


def _approval(row: RowMapping) -> InvoiceApproval | None:
    version = row["approval_version"]
    if version is None:
        return None
    return InvoiceApproval(actor=row["approval_actor"], at=row["approval_at"], version=version)


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
