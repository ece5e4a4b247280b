"""Approvals on a line: what is charged, split among the customers, held against the limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aggregates.contract_line.charging import Charging, not_billable, work_on
from aggregates.contract_line.entries import Approval, kept, said
from aggregates.contract_line.events import (
    ApprovedWork,
    NTEEvaluated,
    NTEResult,
    UnbilledSale,
    UnbilledSalesRecorded,
)
from aggregates.contract_line.head import LineHead
from aggregates.deal import EVENT_SIZE, DealOf, chunks
from aggregates.decision import Decision
from aggregates.events import Event
from aggregates.intake.events import (
    ApprovalNotBillable,
    ApprovalRecorded,
)
from aggregates.limits import Limits
from aggregates.refusals import LeftAlone, Refused
from aggregates.statuses import NTEStatus


@dataclass(slots=True)
class _LineEntries:
    """One line, how it charges, and what one command records on it."""

    charging: Charging
    works: list[ApprovedWork] = field(default_factory=list[ApprovedWork])
    results: list[NTEResult] = field(default_factory=list[NTEResult])


# --- decide ------------------------------------------------------------------------------------


def record(approvals: Sequence[Approval], deal: DealOf[LineHead]) -> Decision:
    """Approvals of one contract, in the order given, each seeing what those before it committed.

    Each is named by its stream: done, left as not billable, or refused. What is refused leaves
    nothing in the events, and neither changes anything for the others. Every line named must be in
    `deal`, and no approval may be there twice.
    """
    limits = deal.limits()
    entries: dict[str, _LineEntries] = {}
    left: list[LeftAlone] = []
    refused: list[LeftAlone] = []
    known: list[ApprovalRecorded | ApprovalNotBillable] = []
    done: list[str] = []
    for approval in approvals:
        on_line = entries.get(approval.line_id)
        if on_line is None:
            line = deal.lines[approval.line_id]
            on_line = entries[line.line_id] = _LineEntries(Charging.of(line))
        try:
            why_not = not_billable(approval, on_line.charging.line)
            if why_not:
                left.append(LeftAlone(approval.stream, why_not))
                known.append(_not_billable(approval))
            else:
                known.append(_recorded(approval, on_line, limits))
                done.append(approval.stream)
        except Refused as refusal:
            refused.append(LeftAlone(approval.stream, refusal))
    return Decision(
        events=(*_line_events(deal, entries), *limits.changes(), *known),
        done=tuple(done),
        left=tuple(left),
        refused=tuple(refused),
    )


def _recorded(approval: Approval, on_line: _LineEntries, limits: Limits) -> ApprovalRecorded:
    """The approval among what is recorded on its line. Raises Refused; then it is not there."""
    work = work_on(approval, on_line.charging, limits)
    on_line.results += evaluate(approval.line_id, work, limits)
    on_line.works.append(work)
    return ApprovalRecorded(
        source=approval.source,
        contract_id=approval.contract_id,
        line_id=approval.line_id,
        approval_id=approval.approval_id,
        digest=approval.digest,
        items=tuple(sale.item_id for sale in work.sales),
        said=said(approval, work),
    )


def _not_billable(approval: Approval) -> ApprovalNotBillable:
    return ApprovalNotBillable(
        source=approval.source,
        contract_id=approval.contract_id,
        line_id=approval.line_id,
        approval_id=approval.approval_id,
        digest=approval.digest,
        entry=kept(approval),
    )


def _line_events(deal: DealOf[LineHead], entries: dict[str, _LineEntries]) -> Iterator[Event]:
    contract = deal.contract
    for line_id, on_line in entries.items():
        if not on_line.works:
            continue
        most = max(len(work.sales) for work in on_line.works)
        for works in chunks(on_line.works, max(1, EVENT_SIZE // most)):
            yield UnbilledSalesRecorded(
                contract_id=contract.contract_id,
                line_id=line_id,
                currency=contract.currency,
                approvals=works,
            )
        for results in chunks(on_line.results):
            yield NTEEvaluated(contract_id=contract.contract_id, line_id=line_id, results=results)


def evaluate(line_id: str, work: ApprovedWork, limits: Limits) -> list[NTEResult]:
    """The verdicts on the sales of one approval. Raises Refused; then none of them is committed."""
    results: list[NTEResult] = []
    committed: list[UnbilledSale] = []
    try:
        for sale in work.sales:
            if sale.nte_status is NTEStatus.NOT_EVALUATED:
                status, failed = limits.evaluate(line_id, sale.customer_id, sale.amount)
                results.append(NTEResult(item_id=sale.item_id, nte_status=status, failed=failed))
                if status is NTEStatus.COMMITTED:
                    committed.append(sale)
    except Refused:
        for sale in committed:
            limits.release(line_id, sale.customer_id, sale.amount)
        raise
    return results
