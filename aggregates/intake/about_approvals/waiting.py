"""Events about approvals that wait: for the approval, or until drafts let go of its work (D-82)."""

from collections.abc import Collection, Iterable, Iterator

from aggregates import streams
from aggregates.contract_line.recalled.events import AwaitedItem, RecallAwaited
from aggregates.contract_line.state import ContractLine
from aggregates.deal import chunks
from aggregates.events import Event
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.recalls import AboutApproval
from aggregates.intake.about_approvals.whereabouts import Whereabouts
from aggregates.intake.events import ApprovalAwaited
from aggregates.intake.state import (
    ITEM_ON_DRAFT,
    UNKNOWN_APPROVAL,
    UNKNOWN_CONTRACT,
    UNKNOWN_LINE,
)
from aggregates.invoice.events import DetailsRecalled
from aggregates.invoice.state import Invoice
from aggregates.refusals import Refused

DEFINED_LATER = (UNKNOWN_CONTRACT, UNKNOWN_LINE)
"""Why a corrected entry waits until the line that it goes to is there."""
WAITS = (UNKNOWN_APPROVAL, ITEM_ON_DRAFT, *DEFINED_LATER)
"""Why an event about an approval waits, and those about the same one that came after it."""


def on_drafts(found: Whereabouts) -> Refused:
    """Why an event waits: the drafts that its items are on (D-23)."""
    named = ", ".join(sorted({sale.invoice_id for sale in found.drafted if sale.invoice_id}))
    return Refused("item_on_draft", f"work of the approval is on draft invoices: {named}", "D-23")


def await_approval(
    known: KnownApproval | None,
    parked_id: str,
    command: AboutApproval,
    parked_on: str | None = None,
) -> Iterator[Event]:
    """An event about an approval waits for its turn, once: on its contract, or as told (D-82)."""
    if known and any(each.parked_id == parked_id for each in known.waiting):
        return
    recorded = known.recorded if known else None
    yield ApprovalAwaited(
        source=recorded.source if recorded else command.source,
        contract_id=parked_on or command.contract_id,
        line_id=command.line_id,
        approval_id=command.approval_id,
        parked_id=parked_id,
    )


def no_longer(line: ContractLine, invoices: Iterable[Invoice], parked_id: str) -> Iterator[Event]:
    """An event that waited for items of a line was dismissed: nothing waits for them any more."""
    items = [
        AwaitedItem(item_id=item_id, invoice_id=awaited.invoice_id)
        for item_id, awaited in sorted(line.recalls.awaited.items())
        if awaited.parked_id == parked_id
    ]
    for some in chunks(items):
        yield RecallAwaited(
            contract_id=line.contract_id, line_id=line.line_id, parked_id=None, items=some
        )
    for invoice in invoices:
        told = sorted(
            detail.stands.detail_id
            for detail in invoice.details.values()
            if detail.recalled_by == parked_id
        )
        for some in chunks(told):
            yield DetailsRecalled(
                invoice_id=invoice.invoice_id,
                contract_id=invoice.contract_id,
                details=some,
                parked_id=None,
            )


def await_drafts(
    line: ContractLine, found: Whereabouts, parked_id: str, told: Collection[str]
) -> Iterator[Event]:
    """What shows that an event waits: on the line, and on the details that are not `told` yet."""
    items = [*found.unbilled, *found.drafted]
    awaited = (
        *(AwaitedItem(item_id=sale.item_id, invoice_id=None) for sale in items),
        *(AwaitedItem(item_id=item, invoice_id=on) for item, on in found.posted_on.items()),
    )
    new = [each for each in awaited if each.item_id not in line.recalls.awaited]
    for some in chunks(new):
        yield RecallAwaited(
            contract_id=line.contract_id, line_id=line.line_id, parked_id=parked_id, items=some
        )
    details: dict[str, list[str]] = {}
    for sale in found.drafted:
        invoice_id = str(sale.invoice_id)
        detail_id = streams.detail_of_item(invoice_id, sale.item_id)
        if detail_id not in told:
            details.setdefault(invoice_id, []).append(detail_id)
    for invoice_id, some in details.items():
        yield DetailsRecalled(
            invoice_id=invoice_id,
            contract_id=line.contract_id,
            details=tuple(some),
            parked_id=parked_id,
        )
