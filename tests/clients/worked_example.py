"""The README's worked example by the generated Python client; its argument is the server."""

import sys

from billing_backlog_client import Client
from billing_backlog_client.api.backlog import list_time_and_material_backlog, mark_items
from billing_backlog_client.api.contracts import (
    get_contract_limits,
    put_contract,
    put_contract_line,
)
from billing_backlog_client.api.intake import post_event, post_event_batch
from billing_backlog_client.api.invoices import confirm_invoice, draft_invoices
from billing_backlog_client.models import (
    ApprovalData,
    ConfirmBody,
    ContractBody,
    DraftBody,
    LineBody,
    ListTimeAndMaterialBacklogSort,
    MarkBody,
    MarkBodyStatus,
    MarkItemsProblem,
    NTEStatus,
    TimeApproved,
)

client = Client(sys.argv[1], raise_on_unexpected_status=True)
customers = [
    {"customer_id": "PORT", "name": "Port Authority"},
    {"customer_id": "CITY", "name": "City of Brink"},
]
contract = {"name": "Harbour terminal", "currency": "EUR", "nte_limit": "2000.00"}
body = ContractBody.from_dict({**contract, "customers": customers})
assert put_contract.sync("PC-1", client=client, body=body).customers[0].customer_id == "PORT"
shares = [
    {"customer_id": "PORT", "split_percent": "60", "rounding": True},
    {"customer_id": "CITY", "split_percent": "40"},
]
line = {"name": "Design", "project_id": "P-7", "billing_method": "time_and_material"}
put_contract_line.sync(
    "PC-1", "DESIGN", client=client, body=LineBody.from_dict({**line, "customers": shares})
)
known = {"contract_id": "PC-1", "line_id": "DESIGN", "currency": "EUR", "role": "Architect"}
work = [("1", "2026-10-05", "8"), ("2", "2026-10-06", "4")]
events = [
    TimeApproved(
        specversion="1.0",
        id=f"e-{number}",
        source="urn:timesheets",
        type_="projects.time.approved.v1",
        data=ApprovalData.from_dict(
            {**known, "approval_id": f"A-{number}", "date": day, "quantity": hours}
            | {"unit_price": "200.00"}
        ),
    )
    for number, day, hours in work
]
recorded = post_event_batch.sync(client=client, body=events)
assert [str(result.outcome) for result in recorded.results] == ["recorded", "recorded"]
again = post_event.sync(client=client, body=events[0])
assert (str(again.outcome), again.items) == ("duplicate", recorded.results[0].items)

page = list_time_and_material_backlog.sync(
    client=client,
    nte_status=[NTEStatus.FAILED],
    sort=[ListTimeAndMaterialBacklogSort("-date"), ListTimeAndMaterialBacklogSort("amount")],
    after=recorded.position,
)
(failed,) = page.items
assert (failed.amount, failed.nte_detail[0].shortfall) == ("480.00", "80.00")
refused = mark_items.sync(
    client=client, body=MarkBody(items=[failed.item_id], status=MarkBodyStatus.READY)
)
assert isinstance(refused, MarkItemsProblem)
assert (refused.code, refused.errors[0].item_id) == ("items_refused", failed.item_id)
marked = mark_items.sync(
    client=client,
    body=MarkBody(items=recorded.results[0].items, status=MarkBodyStatus.READY),
)
assert len(marked.changed) == 2
drafts = draft_invoices.sync(client=client, body=DraftBody(contract_id="PC-1"))
(draft,) = (each for each in drafts.invoices if each.customer_id == "PORT")
confirmed = confirm_invoice.sync(
    draft.invoice_id, client=client, body=ConfirmBody.from_dict({"accounting_date": "2026-10-31"})
)
limits = get_contract_limits.sync("PC-1", client=client, after=confirmed.position)
assert limits.levels[-1].invoiced == "960.00"

binary = post_event.sync(
    client=client,
    body=ApprovalData.from_dict(
        {**known, "approval_id": "A-3", "date": "2026-10-07", "quantity": "1"}
        | {"unit_price": "10.00", "description": "Permit"}
    ),
    ce_specversion="1.0",
    ce_id="e-3",
    ce_source="urn:timesheets",
    ce_type="projects.fee.posted.v1",
)
assert str(binary.outcome) == "recorded"
sys.stdout.write(f"{confirmed.number} {confirmed.amount}\n")
