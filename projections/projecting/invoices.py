"""Proforma invoices: header, lines, details; drafted, confirmed, corrected (D-40 to D-49)."""

import json
from collections.abc import Iterator
from typing import Any

from aggregates.invoice.details import Detail, corrective, drafted
from aggregates.invoice.events import (
    CorrectionDrafted,
    CorrectiveDetailsAdded,
    DetailsAdded,
    DetailsChanged,
    DetailsCorrected,
    DetailsEdited,
    DetailsRecalled,
    DetailsRemoved,
    DraftCreated,
    DraftDeleted,
    EditedDetail,
    InvoiceApproved,
    InvoiceConfirmed,
    InvoiceDetail,
    InvoiceEvent,
    InvoiceLineTotal,
    InvoiceReturned,
    InvoiceSubmitted,
)
from aggregates.statuses import InvoiceStatus
from projections.history import Recorded
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.tables import invoice_details, invoice_lines, invoices
from projections.values.units import to_millionths, to_minor

_NOT_APPROVED = dict.fromkeys(("approval_actor", "approval_at", "approval_version"))


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of invoices; every event of their streams moves their version."""
    match recorded.event:
        case DraftCreated() | CorrectionDrafted() as event:
            yield Put(invoices, (_header(event, recorded),))
        case DraftDeleted() as event:
            for table in (invoices, invoice_lines, invoice_details):
                yield Drop(table, {"invoice_id": event.invoice_id})
        case InvoiceEvent() as event:
            changed = {"invoice_id": event.invoice_id, "version": recorded.version}
            yield Patch(invoices, ({**changed, **_changed(event)},))
            if isinstance(event, DetailsChanged):
                yield from _lines(event)
            yield from _details(event)
        case _:
            return


def _header(event: DraftCreated | CorrectionDrafted, recorded: Recorded) -> Row:
    correction = event if isinstance(event, CorrectionDrafted) else None
    return {
        "invoice_id": event.invoice_id,
        "position": recorded.position,
        "number": None,
        "status": InvoiceStatus.DRAFT,
        "contract_id": event.contract_id,
        "customer_id": event.customer_id,
        "currency": event.currency,
        "cutoff": event.cutoff if isinstance(event, DraftCreated) else None,
        "accounting_date": None,
        "corrects": correction and correction.corrects,
        "corrects_number": correction and correction.corrects_number,
        "has_corrections": False,
        "amount": 0,
        "tax": 0,
        **_NOT_APPROVED,
        "version": recorded.version,
    }


def _changed(event: InvoiceEvent) -> Row:
    """What an event changes of the invoice itself; each change of details voids an approval."""
    match event:
        case DetailsChanged():
            totals = {
                "amount": to_minor(event.amount, event.currency),
                "tax": to_minor(event.tax, event.currency),
            }
            return {**totals, "status": InvoiceStatus.DRAFT, **_NOT_APPROVED}
        case InvoiceSubmitted():
            return {"status": InvoiceStatus.IN_REVIEW}
        case InvoiceReturned():
            return {"status": InvoiceStatus.DRAFT, **_NOT_APPROVED}
        case InvoiceApproved():
            return {
                "approval_actor": event.actor,
                "approval_at": event.at.isoformat(),
                "approval_version": event.version,
            }
        case InvoiceConfirmed():
            return {
                "status": InvoiceStatus.CONFIRMED,
                "number": event.number,
                "accounting_date": event.accounting_date,
            }
        case DetailsCorrected():
            return {"has_corrections": True}
        case _:
            return {}


def _lines(event: DetailsChanged) -> Iterator[Change]:
    """The lines as they stand: only what was removed can take the last detail of one."""
    if isinstance(event, DetailsRemoved):
        yield Drop(invoice_lines, {"invoice_id": event.invoice_id})
    lines = (_line(event, ordinal, line) for ordinal, line in enumerate(event.lines))
    yield Put(invoice_lines, tuple(lines))


def _details(event: InvoiceEvent) -> Iterator[Change]:
    match event:
        case DetailsAdded():
            rows = (_detail(event, drafted(each)) for each in event.details)
            yield Put(invoice_details, tuple(rows))
        case CorrectiveDetailsAdded():
            rows = (_detail(event, corrective(each)) for each in event.details)
            yield Put(invoice_details, tuple(rows))
        case DetailsEdited():
            rows = (_edited(event, each) for each in event.details)
            yield Patch(invoice_details, tuple(rows))
        case DetailsRemoved():
            for detail_id in event.details:
                yield Drop(invoice_details, {"detail_id": detail_id})
        case DetailsRecalled():
            yield _each(event.details, recalled=event.parked_id is not None)
        case DetailsCorrected():
            yield _each(event.details, corrected_by=event.correction_id)
        case _:
            return


def _line(event: DetailsChanged, ordinal: int, line: InvoiceLineTotal) -> Row:
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


def _detail(event: DetailsChanged, detail: Detail) -> Row:
    stands, source = detail.stands, detail.source
    return {
        "detail_id": stands.detail_id,
        "invoice_id": event.invoice_id,
        "line_id": stands.line_id,
        "item_id": stands.item_id,
        "kind": stands.kind,
        "date": stands.date,
        "edited": detail.edited,
        "recalled": False,
        "source_billing_type": source and source.billing_type,
        "corrects_detail": detail.corrects,
        "corrected_by": None,
        **_charged(stands, event.currency),
        **_four("source", source, event.currency),
        **_four("original", source if detail.corrects else None, event.currency),
    }


def _edited(event: DetailsEdited, edit: EditedDetail) -> Row:
    return {
        "detail_id": edit.detail_id,
        "edited": edit.edited,
        **_charged(edit, event.currency),
    }


def _charged(detail: InvoiceDetail | EditedDetail, currency: str) -> Row:
    """What can be edited of a detail."""
    return {
        "description": detail.description,
        "external_description": detail.external_description,
        "quantity": to_millionths(detail.quantity),
        "unit_price": to_millionths(detail.unit_price),
        "amount": to_minor(detail.amount, currency),
        "tax": to_minor(detail.tax, currency),
        "billing_type": detail.billing_type,
    }


def _four(prefix: str, detail: InvoiceDetail | None, currency: str) -> Row:
    """Quantity, price, amount and tax of what a detail derives from, null where there is none."""
    if detail is None:
        return dict.fromkeys(f"{prefix}_{name}" for name in _FOUR)
    charged = _charged(detail, currency)
    return {f"{prefix}_{name}": charged[name] for name in _FOUR}


_FOUR = ("quantity", "unit_price", "amount", "tax")


def _each(detail_ids: tuple[str, ...], **values: Any) -> Patch:
    return Patch(invoice_details, tuple({"detail_id": each, **values} for each in detail_ids))
