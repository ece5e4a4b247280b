"""The time-and-material view: unbilled sales across all contracts, and their way to an invoice."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain
from typing import Any

from aggregates.contract_line.events import (
    ApprovedWork,
    ItemsMoved,
    NTEEvaluated,
    NTEReset,
    NTEResult,
    SalesReversed,
    UnbilledSalesBooked,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.recalled.events import SalesDescribed
from aggregates.invoice.events import MILESTONE, ActualsBooked
from aggregates.statuses import (
    AdjustmentStatus,
    BillingMethod,
    BillingStatus,
    BillingType,
    NTEStatus,
)
from aggregates.terms import FailedLevel
from projections.history import Recorded
from projections.projecting.billing_status import (
    billed_at,
    item_patches,
    rebilled,
    reversed_patches,
)
from projections.projecting.changes import Change, Patch, Put, Row
from projections.tables import search_texts, time_and_material
from projections.values.search_texts import approvals_row, each_once, sale_text
from projections.values.units import to_millionths, to_minor

# Plain text, which drivers take without a second look.
_NOT_READY = BillingStatus.NOT_READY.value
_ADJUSTABLE, _ADJUSTED = AdjustmentStatus.ADJUSTABLE.value, AdjustmentStatus.ADJUSTED.value

MOST_OF_AN_EVENT = 10_000_000
"""Rows that one event makes at most; they are in a sequence by position, sales then by id."""


_Sales = UnbilledSalesRecorded | UnbilledSalesBooked


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of unbilled sales actuals (D-20)."""
    match recorded.event:
        case UnbilledSalesRecorded() | UnbilledSalesBooked() as event:
            texts = [_text(work) for work in event.approvals]
            approvals = _approvals(event, recorded.position)
            yield Put(search_texts, each_once(chain(texts, approvals)))
            yield Put(time_and_material, tuple(_rows(event, texts, recorded.position)))
        case NTEEvaluated() as event:
            yield Patch(time_and_material, tuple(_verdict(result) for result in event.results))
        case NTEReset() as event:
            reset = {"nte_status": NTEStatus.NOT_EVALUATED, "nte_detail": None}
            rows = ({"item_id": item_id, **reset} for item_id in event.items)
            yield Patch(time_and_material, tuple(rows))
        case SalesDescribed() as event:
            text = _text(event)
            yield Put(search_texts, each_once([text]))
            said = {"description": event.description, "text_id": text and text["text_id"]}
            rows = ({"item_id": item_id, **said} for item_id in event.items)
            yield Patch(time_and_material, tuple(rows))
        case SalesReversed() as event:
            yield Patch(time_and_material, reversed_patches(event))
        case ItemsMoved(billing_method=BillingMethod.TIME_AND_MATERIAL) as event:
            yield Patch(time_and_material, item_patches(event))
        case ActualsBooked() as event:
            if rows := tuple(_billed(event)):
                yield Patch(time_and_material, rows)
        case _:
            return


def failed_levels(failed: tuple[FailedLevel, ...]) -> list[dict[str, Any]]:
    """What rows and answers say of the levels that an amount does not fit under (D-31).

    Limits have their currency's decimals; what is used may be a bare 0 yet.
    """
    return [
        {
            "level": level.level,
            "limit": f"{level.limit:f}",
            "used": f"{level.used.quantize(level.limit):f}",
            "shortfall": f"{level.shortfall:f}",
        }
        for level in failed
    ]


def _rows(event: _Sales, texts: Sequence[dict[str, Any] | None], position: int) -> Iterator[Row]:
    currency = event.currency
    ids = sorted(sale.item_id for work in event.approvals for sale in work.sales)
    sequence = {item_id: n for n, item_id in enumerate(ids, position * MOST_OF_AN_EVENT)}
    for work, text in zip(event.approvals, texts, strict=True):
        unit_price = to_millionths(work.unit_price)
        transaction_class = work.transaction_class.value
        text_id = text and text["text_id"]
        for sale in work.sales:
            yield {
                "item_id": sale.item_id,
                "position": position,
                "approval_id": work.approval_id or "",
                "contract_id": event.contract_id,
                "line_id": event.line_id,
                "customer_id": sale.customer_id,
                "class": transaction_class,
                "date": work.date,
                "resource": work.resource,
                "role": work.role,
                "category": work.category,
                "task_id": work.task_id,
                "description": work.description,
                "quantity": to_millionths(sale.quantity),
                "unit_price": unit_price,
                "amount": to_minor(sale.amount, currency),
                "tax": to_minor(sale.tax, currency),
                "currency": currency,
                "billing_type": sale.billing_type.value,
                "billing_status": _NOT_READY,
                "nte_status": sale.nte_status.value,
                "nte_detail": None,
                "invoice_id": None,
                "adjustment_status": _ADJUSTABLE,
                "sequence": sequence[sale.item_id],
                "text_id": text_id,
            }


def _billed(event: ActualsBooked) -> Iterator[Row]:
    """Posted sales show what bills them; those of which nothing stays billed are listed no more.

    What was billed before is reversed first, and what stays billed follows. What is billed at no
    charge has no verdict of a limit any more (D-32).
    """
    for actual in rebilled(event):
        if actual.kind == MILESTONE:
            continue
        if actual.reversal_of is not None:
            nothing = dict.fromkeys(("quantity", "amount", "tax"), 0)
            yield {"item_id": actual.item_id, **nothing, "adjustment_status": _ADJUSTED}
        else:
            row = {
                **billed_at(actual, event.currency),
                "quantity": to_millionths(actual.quantity),
                "unit_price": to_millionths(actual.unit_price),
                "adjustment_status": _ADJUSTABLE,
            }
            if actual.billing_type is not BillingType.CHARGEABLE:
                row["nte_status"] = NTEStatus.NOT_APPLICABLE  # what it committed is free (D-66)
            yield row


def _approvals(event: _Sales, position: int) -> Iterator[dict[str, Any] | None]:
    days: dict[date, list[str]] = {}
    for work in event.approvals:
        if work.approval_id:
            days.setdefault(work.date, []).append(work.approval_id)
    for day, ids in days.items():
        yield approvals_row(position, day, ids)


def _text(work: ApprovedWork | SalesDescribed) -> dict[str, Any] | None:
    """What the sales of an approval are searched by, beside names and its id."""
    said = (work.description, work.resource, work.role, work.category, work.task_id)
    return sale_text(*said, approval_id=work.approval_id or "")


def _verdict(result: NTEResult) -> Row:
    return {
        "item_id": result.item_id,
        "nte_status": result.nte_status.value,
        "nte_detail": json.dumps(failed_levels(result.failed)) if result.failed else None,
    }
