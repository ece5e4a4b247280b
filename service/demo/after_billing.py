"""After drafting: a draft is edited and billed, an invoice credited in part, work recalled."""

from decimal import Decimal

from service.demo.desk import ALL_STATUSES, TIME_AND_MATERIAL, Desk, Json
from service.demo.sample_approvals import cloud_event

_RECALLED_AT = "2026-10-30T16:00:00Z"


def bill_a_half(desk: Desk, draft: Json, accounting_date: str) -> None:
    """The first work on a draft that is charged is billed at half its quantity (D-65)."""
    detail = _first_charged(draft)
    half = (Decimal(detail["quantity"]) / 2).normalize()
    changes = {"quantity": f"{half:f}", "external_description": "Half, as agreed on the phone"}
    desk.call("PATCH", f"{_path(draft)}/details/{detail['detail_id']}", changes)
    desk.call("POST", f"{_path(draft)}/confirm", {"accounting_date": accounting_date})


def credit_a_part(desk: Desk, invoice: Json, accounting_date: str) -> None:
    """Half of the first work on an invoice is credited: the other half stays billed (D-76)."""
    detail = _first_charged(invoice)
    body = {"details": [detail["detail_id"]]}
    correction = desk.call("POST", f"{_path(invoice)}/corrections", body)
    stays = (Decimal(detail["quantity"]) / 2).normalize()
    corrective = correction["lines"][0]["details"][0]["detail_id"]
    path = f"{_path(correction)}/details/{corrective}"
    desk.call("PATCH", path, {"quantity": f"{stays:f}"})
    desk.call("POST", f"{_path(correction)}/confirm", {"accounting_date": accounting_date})


def recall_billed_work(desk: Desk, invoice: Json) -> None:
    """The approval of the first work on an invoice is recalled: that has to be corrected (D-83)."""
    item_id = _first_charged(invoice)["item_id"]
    filters = {"item_id": item_id, "billing_status": ALL_STATUSES}
    (row,) = desk.rows(TIME_AND_MATERIAL, filters)
    about = {name: row[name] for name in ("approval_id", "contract_id", "line_id")}
    recall: dict[str, object] = {**about, "reason": "Booked on the wrong project"}
    event_id = f"{row['approval_id']}-canceled"
    kind = "projects.approval.canceled.v1"
    desk.post_events([cloud_event(event_id, kind, _RECALLED_AT, recall)])


def _first_charged(invoice: Json) -> Json:
    """The first chargeable detail of work of a positive quantity, milestones aside."""
    return next(
        detail
        for line in invoice["lines"]
        for detail in line["details"]
        if detail["kind"] != "milestone"
        and detail["billing_type"] == "chargeable"
        and Decimal(detail["quantity"]) > 0
    )


def _path(invoice: Json) -> str:
    return f"/invoices/{invoice['invoice_id']}"
