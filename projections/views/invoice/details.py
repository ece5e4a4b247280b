"""The details of invoices as callers get them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta
from sqlalchemy import Connection, RowMapping, select

from aggregates.statuses import BillingType, TransactionClass
from projections.tables import invoice_details
from projections.values.units import from_millionths, from_minor, price_from_millionths
from projections.views.resource import Day, Money, Quantity, Resource, UnitPrice


class DetailSource(Resource):
    """What a detail was drafted from, which edits derive from (D-65)."""

    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    billing_type: BillingType


class InvoiceDetail(Resource):
    """One detail of an invoice; `kind` is the class of an actual, or `milestone`.

    On a corrective invoice `quantity` to `tax` are what stays billed, `original_quantity` to
    `original_tax` what was billed before (D-76).
    """

    detail_id: str
    item_id: str | None
    kind: Annotated[str, Meta(extra_json_schema={"enum": [*TransactionClass, "milestone"]})]
    date: Day
    description: str
    external_description: str | None
    quantity: Quantity
    unit_price: UnitPrice
    amount: Money
    tax: Money
    billing_type: BillingType
    edited: bool
    source: DetailSource | None
    recalled: bool
    corrects_detail: str | None
    corrected_by: str | None
    original_quantity: Quantity | None
    original_unit_price: UnitPrice | None
    original_amount: Money | None
    original_tax: Money | None


Details = Mapping[tuple[str, str], list[InvoiceDetail]]
"""The details of invoices, by invoice and line."""


def details_of(connection: Connection, rows: Sequence[RowMapping]) -> Details:
    """The details of the invoices of these rows: one statement for all."""
    detail = invoice_details.c
    currencies = {row["invoice_id"]: row["currency"] for row in rows}
    details: dict[tuple[str, str], list[InvoiceDetail]] = defaultdict(list)
    for found in connection.execute(
        select(invoice_details)
        .where(detail.invoice_id.in_(currencies))
        .order_by(
            detail.invoice_id,
            detail.line_id,
            detail.date,
            detail.item_id.nulls_first(),
            detail.detail_id,
        )
    ).mappings():
        invoice_id = found["invoice_id"]
        details[invoice_id, found["line_id"]].append(_detail(found, currencies[invoice_id]))
    return details


def _detail(row: RowMapping, currency: str) -> InvoiceDetail:
    quantity, unit_price, amount, tax = _four(row, "", currency)
    original = _four(row, "original_", currency) if row["corrects_detail"] else (None,) * 4
    return InvoiceDetail(
        detail_id=row["detail_id"],
        item_id=row["item_id"],
        kind=row["kind"],
        date=row["date"],
        description=row["description"],
        external_description=row["external_description"],
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        tax=tax,
        billing_type=row["billing_type"],
        edited=row["edited"],
        source=_source(row, currency),
        recalled=row["recalled"],
        corrects_detail=row["corrects_detail"],
        corrected_by=row["corrected_by"],
        original_quantity=original[0],
        original_unit_price=original[1],
        original_amount=original[2],
        original_tax=original[3],
    )


def _source(row: RowMapping, currency: str) -> DetailSource | None:
    billing_type = row["source_billing_type"]
    if billing_type is None:
        return None
    quantity, unit_price, amount, tax = _four(row, "source_", currency)
    return DetailSource(
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        tax=tax,
        billing_type=billing_type,
    )


def _four(row: RowMapping, prefix: str, currency: str) -> tuple[str, str, str, str]:
    """Quantity, price, amount and tax."""
    return (
        from_millionths(row[f"{prefix}quantity"]),
        price_from_millionths(row[f"{prefix}unit_price"], currency),
        from_minor(row[f"{prefix}amount"], currency),
        from_minor(row[f"{prefix}tax"], currency),
    )
