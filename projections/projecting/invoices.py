"""Proforma invoices: header, lines, details, drafted to confirmed (D-40 to D-44)."""

import json
from collections.abc import Iterator

from aggregates.invoice.events import (
    DetailsAdded,
    DraftCreated,
    DraftDeleted,
    InvoiceConfirmed,
    InvoiceDetail,
    InvoiceEvent,
    InvoiceLineTotal,
)
from aggregates.statuses import InvoiceStatus
from projections.history import Recorded
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.tables import invoice_details, invoice_lines, invoices
from projections.values.units import to_millionths, to_minor


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of invoices; every event of their streams moves their version."""
    match recorded.event:
        case DraftCreated() as event:
            yield Put(invoices, (_header(event, recorded),))
        case DetailsAdded() as event:
            yield Patch(invoices, (_totals(event, recorded.version),))
            lines = (_line(event, ordinal, line) for ordinal, line in enumerate(event.lines))
            yield Put(invoice_lines, tuple(lines))
            details = (_detail(event, detail) for detail in event.details)
            yield Put(invoice_details, tuple(details))
        case DraftDeleted() as event:
            for table in (invoices, invoice_lines, invoice_details):
                yield Drop(table, {"invoice_id": event.invoice_id})
        case InvoiceConfirmed() as event:
            row = {
                "invoice_id": event.invoice_id,
                "status": InvoiceStatus.CONFIRMED,
                "number": event.number,
                "accounting_date": event.accounting_date,
                "version": recorded.version,
            }
            yield Patch(invoices, (row,))
        case InvoiceEvent() as event:
            row = {"invoice_id": event.invoice_id, "version": recorded.version}
            yield Patch(invoices, (row,))
        case _:
            return


def _header(event: DraftCreated, recorded: Recorded) -> Row:
    return {
        "invoice_id": event.invoice_id,
        "position": recorded.position,
        "number": None,
        "status": InvoiceStatus.DRAFT,
        "contract_id": event.contract_id,
        "customer_id": event.customer_id,
        "currency": event.currency,
        "cutoff": event.cutoff,
        "accounting_date": None,
        "amount": 0,
        "tax": 0,
        "version": recorded.version,
    }


def _totals(event: DetailsAdded, version: int) -> Row:
    return {
        "invoice_id": event.invoice_id,
        "amount": to_minor(event.amount, event.currency),
        "tax": to_minor(event.tax, event.currency),
        "version": version,
    }


def _line(event: DetailsAdded, ordinal: int, line: InvoiceLineTotal) -> Row:
    groups = [
        {
            "billing_type": group.billing_type,
            "count": group.count,
            "amount": f"{group.amount:f}",
            "tax": f"{group.tax:f}",
        }
        for group in line.groups
    ]
    return {
        "invoice_id": event.invoice_id,
        "line_id": line.line_id,
        "ordinal": ordinal,
        "billing_method": line.billing_method,
        "amount": to_minor(line.amount, event.currency),
        "tax": to_minor(line.tax, event.currency),
        "groups": json.dumps(groups),
    }


def _detail(event: DetailsAdded, detail: InvoiceDetail) -> Row:
    return {
        "detail_id": detail.detail_id,
        "invoice_id": event.invoice_id,
        "line_id": detail.line_id,
        "item_id": detail.item_id,
        "kind": detail.kind,
        "date": detail.date,
        "description": detail.description,
        "quantity": to_millionths(detail.quantity),
        "unit_price": to_millionths(detail.unit_price),
        "amount": to_minor(detail.amount, event.currency),
        "tax": to_minor(detail.tax, event.currency),
        "billing_type": detail.billing_type,
    }
