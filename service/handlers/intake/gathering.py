"""Approvals in a row are gathered and recorded together: one event a line, not one an approval."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aggregates import streams
from aggregates.contract_line import approvals
from aggregates.contract_line.entries import Approval
from aggregates.intake import parking, receiving
from aggregates.intake.about_approvals.approvals import KnownApproval, Waiting
from aggregates.intake.events import ApprovalRecorded, EventParked
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from service.handlers.loading import load_heads
from service.ledger.stream_kinds import CONTRACT, LINE_HEAD
from service.ledger.unit_of_work import UnitOfWork
from service.wire.intake.cloudevents import Posted
from service.wire.intake.results import Result, problem_of


@dataclass(slots=True)
class Gathered:
    """Approvals of one contract that are to be recorded, none of them twice."""

    unit: UnitOfWork
    contract_id: str
    waiting: list[tuple[Posted, Approval, Result]] = field(
        default_factory=list[tuple[Posted, Approval, Result]]
    )
    seen: set[str] = field(default_factory=set[str])
    """The receipts and approvals among those."""
    lines: set[str] = field(default_factory=set[str])
    """Lines that are known to be there."""
    awaited: list[Waiting] = field(default_factory=list[Waiting])
    """Events about the approvals in `waiting` that came before these."""

    def add(self, posted: Posted, approval: Approval, known: KnownApproval | None) -> Result:
        """The result of one more, on a line that is there; it is completed as it is recorded."""
        result = Result(event_id=posted.event_id, outcome=Outcome.RECORDED, ignored=posted.ignored)
        self.lines.add(approval.line_id)
        self.waiting.append((posted, approval, result))
        self.seen.update({posted.receipt, approval.stream})
        if known:
            self.awaited += known.waiting
        return result

    def is_last(self, result: Result) -> bool:
        """Whether it is that of the approval gathered last."""
        return bool(self.waiting) and self.waiting[-1][2] is result

    def record(self) -> Sequence[Waiting]:
        """Records the approvals gathered so far, and completes their results; what waited for them.

        Raises LookupError when their contract is not there.
        """
        if not self.waiting:
            return ()
        line_ids = (approval.line_id for _, approval, _ in self.waiting)
        deal = load_heads(self.unit, self.contract_id, line_ids)
        if deal is None:
            raise LookupError(self.contract_id)
        decided = approvals.record([approval for _, approval, _ in self.waiting], deal)
        self.unit.append(decided.events)
        recorded = (event for event in decided.events if isinstance(event, ApprovalRecorded))
        items = {event.stream: event.items for event in recorded}
        left = {approval.id: approval.why for approval in decided.left}
        refused = {approval.id: approval.why for approval in decided.refused}
        for posted, approval, result in self.waiting:
            name = approval.stream
            if why := refused.get(name):
                result.outcome, result.problem = Outcome.REFUSED, problem_of(why)
            elif why := left.get(name):
                result.outcome, result.problem = Outcome.NOT_BILLABLE, problem_of(why)
                taken_in(self.unit, posted, Outcome.NOT_BILLABLE, why=why)
            else:
                result.items = items[name]
                taken_in(self.unit, posted, Outcome.RECORDED, result.items)
        self.waiting.clear()
        self.seen.clear()
        awaited, self.awaited = self.awaited, []
        return awaited


def taken_in(
    unit: UnitOfWork,
    posted: Posted,
    outcome: Outcome,
    items: tuple[str, ...] = (),
    why: Refused | None = None,
) -> Result:
    """Remembers that an event was taken in, and as what."""
    unit.append([receiving.received(posted, outcome, items, why)])
    return Result(event_id=posted.event_id, outcome=outcome, items=items, ignored=posted.ignored)


def lacking_of(unit: UnitOfWork, event: Posted | EventParked) -> NotFound | None:
    """What the event has to wait for."""
    contract = unit.load(CONTRACT, streams.contract(event.contract_id))
    line = None
    if contract and event.approval_id and event.line_id:
        line = unit.load(LINE_HEAD, streams.line(event.contract_id, event.line_id))
    return parking.lacking(event, contract, line)
