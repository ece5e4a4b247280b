"""Recalls and corrected entries, as they are posted, and the rows that they come to."""

from tests.office import Json, event
from tests.service.http_caller import Caller, approval


def six_hours(approval_id: str = "ap-1", **told: str) -> Json:
    """6 h at 150, tax 171.00."""
    known = {"quantity": "6", "unit_price": "150.00", "tax": "171.00"}
    return approval(approval_id, **{**known, **told})


def eight_hours(approval_id: str = "ap-1", **told: str) -> Json:
    """8 h at 95, tax 144.40."""
    known = {"quantity": "8", "unit_price": "95.00", "tax": "144.40", "role": "senior"}
    return approval(approval_id, **{**known, **told})


def recall(approval_id: str = "ap-1", *, event_id: str | None = None, **data: str) -> Json:
    """The event that recalls an approval."""
    known = {"approval_id": approval_id, "contract_id": "PC-1", "line_id": "L-1", "reason": "wrong"}
    return event("recall", {**known, **data}, event_id or f"r-{approval_id}")


def correct(
    approval_id: str = "ap-1",
    *,
    event_id: str | None = None,
    on: tuple[str, str] = ("PC-1", "L-1"),
    **new: str | None,
) -> Json:
    """The event that corrects an entry, which is on this contract and line."""
    contract_id, line_id = on
    data = {
        "approval_id": approval_id,
        "contract_id": contract_id,
        "line_id": line_id,
        "new": new,
        "reason": "typo",
    }
    return event("correction", data, event_id or f"c-{approval_id}")


async def rows_of(caller: Caller, since: int = 0, approval_id: str = "ap-1") -> list[str]:
    """The rows of an approval that were booked since a position: `U -3.6 / -540.00 / -102.60`."""
    rows = await caller.rows("/actuals", approval_id=approval_id)
    kinds = {"unbilled_sales": "U", "billed_sales": "B"}
    return [
        f"{kinds[row['type']]} {row['quantity']} / {row['amount']} / {row['tax']}"
        for row in rows
        if row["position"] > since
    ]


async def committed(caller: Caller, contract_id: str = "PC-1") -> set[str]:
    """What the levels of a contract hold as committed."""
    return {level["committed"] for level in (await caller.limits(contract_id)).values()}


async def backlog(caller: Caller) -> list[tuple[str, str, str, str]]:
    """What the view lists: customer, quantity, amount, billing status."""
    rows = await caller.rows("/backlog/time-and-material", sort="customer_id,amount")
    shown = ("customer_id", "quantity", "amount", "billing_status")
    return [(row[shown[0]], row[shown[1]], row[shown[2]], row[shown[3]]) for row in rows]


async def owed(caller: Caller, **wanted: str) -> list[tuple[str, str, str]]:
    """The obligations: status, quantity, amount."""
    rows = await caller.rows("/intake/obligations", **wanted)
    return [(row["status"], row["quantity"], row["amount"]) for row in rows]


async def credited(caller: Caller, invoice_id: str, **keeps: str) -> Json:
    """The invoice corrected, its only detail edited to what it keeps if anything, and confirmed."""
    draft = await caller.call("POST", f"/invoices/{invoice_id}/corrections", expect=201)
    of = f"/invoices/{draft['invoice_id']}"
    if keeps:
        ((detail,),) = (line["details"] for line in draft["lines"])
        await caller.call("PATCH", f"{of}/details/{detail['detail_id']}", keeps)
    return await caller.confirm(draft["invoice_id"])
