"""Sample offices in the words of the API: what is put and posted, for tests and benchmarks alike.

What is not told is the simplest: a contract in euros that nothing limits, a line of time and
material that customer A pays alone, an hour of work.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
Limits = Mapping[str, str | None]
BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
TIME_AND_MATERIAL, FIXED_PRICE = "time_and_material", "fixed_price"
CLASSES = ("time", "expense", "material", "fee")
EVENT_TYPES = {
    "contract": "projects.contract.confirmed.v1",
    "line": "projects.contract-line.confirmed.v1",
    "time": "projects.time.approved.v1",
    "expense": "projects.expense.approved.v1",
    "material": "projects.material.approved.v1",
    "fee": "projects.fee.posted.v1",
    "recall": "projects.approval.canceled.v1",
    "correction": "projects.approval.corrected.v1",
}
SOURCE = "urn:projects"
_ALONE = {"A": "100"}


# --- terms, as they are put --------------------------------------------------------------------


def contract_body(
    customers: Iterable[str] = ("A",),
    *,
    limit: str | None = None,
    limits: Limits | None = None,
    **terms: Any,
) -> Json:
    """The terms of a contract; `limits` are those of its customers."""
    return {
        "name": "Contract",
        "currency": "EUR",
        "nte_limit": limit,
        "customers": [
            {"customer_id": of, "name": f"Customer {of}", "nte_limit": (limits or {}).get(of)}
            for of in customers
        ],
        **terms,
    }


def line_body(
    splits: Mapping[str, str] = _ALONE,
    *,
    method: str = TIME_AND_MATERIAL,
    rounding: str | None = None,
    limit: str | None = None,
    limits: Limits | None = None,
    **terms: Any,
) -> Json:
    """The terms of a line; `rounding` is the first customer unless told."""
    return {
        "name": "Line",
        "project_id": "P-1",
        "billing_method": method,
        "contract_amount": "10000.00",
        "nte_limit": limit,
        "schedule": "milestones",
        "includes": [*CLASSES],
        "customers": [
            {
                "customer_id": of,
                "split_percent": percent,
                "rounding": of == (rounding or next(iter(splits))),
                "nte_limit": (limits or {}).get(of),
            }
            for of, percent in splits.items()
        ],
        **terms,
    }


# --- events, as they are posted ----------------------------------------------------------------


def event(kind: str, data: Json, event_id: str, **attributes: Any) -> Json:
    """A CloudEvent: one of `EVENT_TYPES`, or of any other type."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": EVENT_TYPES.get(kind, kind),
        "datacontenttype": "application/json",
        "data": data,
        **attributes,
    }


def contract_event(
    contract_id: str = "C1",
    customers: Iterable[str] = ("A", "B"),
    *,
    event_id: str | None = None,
    **terms: Any,
) -> Json:
    """A contract has been confirmed."""
    terms = {"name": f"Contract {contract_id}", **terms}
    data = {"contract_id": contract_id, **contract_body(customers, **terms)}
    return event("contract", data, event_id or f"contract {contract_id}")


def line_event(contract_id: str = "C1", line_id: str = "L1", **terms: Any) -> Json:
    """A line of a contract has been confirmed."""
    data = {"contract_id": contract_id, "line_id": line_id, **line_body(**terms)}
    return event("line", data, f"line {contract_id} {line_id}")


def approval_event(
    approval_id: str,
    unit_price: str = "10.00",
    *,
    kind: str = "time",
    contract_id: str = "C1",
    line_id: str = "L1",
    event_id: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    **data: Any,
) -> Json:
    """One hour of work at this price has been approved."""
    known = {
        "approval_id": approval_id,
        "contract_id": contract_id,
        "line_id": line_id,
        "date": "2026-10-05",
        "quantity": "1",
        "unit_price": unit_price,
        "currency": "EUR",
    }
    named = event_id or f"approval {contract_id} {approval_id}"
    return event(kind, {**known, **data}, named, **(attributes or {}))
