"""Events of one contract taken in, in order, within a transaction: recorded, repeated or parked.

What refers to something unknown yet is parked on the contract's parking stream. When what it lacks
is defined it goes on: the first hundred events in the very transaction that defines it, the others
in steps right after that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from aggregates import streams
from aggregates.contract import defining
from aggregates.contract.defining import DefineContract
from aggregates.contract_line import approvals
from aggregates.contract_line import terms as line_terms
from aggregates.contract_line.approvals import Approval
from aggregates.contract_line.terms import DefineLine
from aggregates.intake import parking, receiving
from aggregates.intake.events import ApprovalRecorded, EventParked, EventReceived
from aggregates.intake.state import Parking
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from service.handlers.intake.resuming import next_to_try
from service.handlers.loading import load_heads
from service.ledger.stream_kinds import APPROVAL, CONTRACT, LINE_HEAD, PARKING, RECEIPT
from service.ledger.unit_of_work import UnitOfWork
from service.wire.intake.cloudevents import BadEvent, Posted, read_data
from service.wire.intake.results import (
    Result,
    bad_event_result,
    problem_of,
    recorded_problem,
    refused_result,
)
from service.wire.problem.problems import of_refusal

FIRST_STEP = 100
"""Waiting events that are tried in the transaction that defines what they lacked."""


@dataclass(slots=True)
class Desk:
    """Takes in events of one contract within one transaction.

    Approvals in a row are gathered and recorded together: one event a line, not one an approval.
    """

    unit: UnitOfWork
    contract_id: str
    first_step: int = 0
    """How many waiting events may go on here; without any, no event waits for them either."""
    waiting: list[tuple[Posted, Approval, Result]] = field(
        default_factory=list[tuple[Posted, Approval, Result]]
    )
    seen: set[str] = field(default_factory=set[str])
    """The receipts and approvals among those."""
    lines: set[str] = field(default_factory=set[str])
    """Lines that are known to be there."""

    def take(self, group: Iterable[Posted]) -> list[Result]:
        """One result an event, in order, as far as no more waits than may go on here."""
        results: list[Result] = []
        for posted in group:
            results.append(self._take(posted))
            if isinstance(posted.command, DefineContract | DefineLine) and self.first_step:
                # What waited for it was here before what follows.
                tried = resume(self.unit, self.contract_id, self.first_step)
                if tried > self.first_step:
                    break
                self.first_step = max(1, self.first_step - tried)
        self.record_approvals()
        return results

    def _take(self, posted: Posted) -> Result:
        receipt = posted.receipt
        if receipt in self.seen:
            self.record_approvals()
        known = self.unit.load(RECEIPT, receipt)
        if known is None or receiving.is_dismissed(known, self._parking_of(known)):
            return self.attempt(posted)
        return self._repeated(posted, known)

    def attempt(self, posted: Posted) -> Result:
        """Takes in an event that was not taken in before."""
        match posted.command:
            case Approval() as approval:
                return self._approval(posted, approval)
            case DefineContract() | DefineLine() as command:
                self.record_approvals()
                return self._definition(posted, command)

    def _repeated(self, posted: Posted, known: EventReceived) -> Result:
        """The first outcome's items again; why, where there were none. Other content is refused."""
        try:
            receiving.check_unchanged(posted, known)
        except Refused as refusal:
            return refused_result(posted, refusal)
        return Result(
            event_id=posted.event_id,
            outcome=Outcome.DUPLICATE,
            items=known.items,
            problem=recorded_problem(known.problem_code, known.problem_detail),
            ignored=posted.ignored,
        )

    def _parking_of(self, known: EventReceived) -> Parking | None:
        """Where the event waits if it was parked."""
        if known.outcome is not Outcome.PARKED:
            return None
        return self.unit.load(PARKING, streams.parking(known.contract_id))

    def _definition(self, posted: Posted, command: DefineContract | DefineLine) -> Result:
        state = self.unit.load(CONTRACT, streams.contract(self.contract_id))
        try:
            if isinstance(command, DefineContract):
                decided = defining.define(command, state)
            elif state is None:
                return self._park(posted, NotFound("contract", self.contract_id))
            else:
                stream = streams.line(self.contract_id, command.line_id)
                line = self.unit.load(LINE_HEAD, stream)
                decided = line_terms.define(command, state, line)
        except Refused as refusal:
            return refused_result(posted, refusal)
        self.unit.append(decided.events)
        return self._received(posted, Outcome.RECORDED)

    def _approval(self, posted: Posted, approval: Approval) -> Result:
        names = streams.approvals_like(approval.source, approval.contract_id, approval.approval_id)
        stream = names[0]
        if stream in self.seen:
            self.record_approvals()
        recorded = next(filter(None, (self.unit.load(APPROVAL, name) for name in names)), None)
        if recorded:
            try:
                receiving.check_same_approval(posted, recorded)
            except Refused as refusal:
                return refused_result(posted, refusal)
            return self._received(posted, Outcome.DUPLICATE, recorded.items)
        if approval.line_id not in self.lines:
            lacking = _lacking(self.unit, posted)
            if lacking:
                return self._park(posted, lacking)
            self.lines.add(approval.line_id)
        result = Result(event_id=posted.event_id, outcome=Outcome.RECORDED, ignored=posted.ignored)
        self.waiting.append((posted, approval, result))
        self.seen.update({posted.receipt, stream})
        return result

    def record_approvals(self) -> None:
        """Records the approvals gathered so far, and completes their results."""
        if not self.waiting:
            return
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
                self._received(posted, Outcome.NOT_BILLABLE, why=why)
            else:
                result.items = items[name]
                self._received(posted, Outcome.RECORDED, result.items)
        self.waiting.clear()
        self.seen.clear()

    def _park(self, posted: Posted, why: NotFound) -> Result:
        self.unit.append(parking.park(posted, why).events)
        return Result(
            event_id=posted.event_id,
            outcome=Outcome.PARKED,
            problem=of_refusal(why),
            ignored=posted.ignored,
        )

    def _received(
        self,
        posted: Posted,
        outcome: Outcome,
        items: tuple[str, ...] = (),
        why: Refused | None = None,
    ) -> Result:
        """Remembers that the event was taken in, and as what."""
        self.unit.append([receiving.received(posted, outcome, items, why)])
        return Result(
            event_id=posted.event_id, outcome=outcome, items=items, ignored=posted.ignored
        )


def resume(unit: UnitOfWork, contract_id: str, most: int = FIRST_STEP) -> int:
    """Takes in at most so many events of what waits on a contract and lacks nothing any more.

    How many it tried; more than `most` when more could go on. Definitions go before approvals, so
    that a line that waited for its contract lets the approvals on it go on, too. What is refused
    now stays parked, with the reason.
    """
    tried: set[str] = set()
    while ready := next_to_try(unit, contract_id, max(1, most - len(tried)), but=tried):
        if len(tried) == most:
            return most + 1
        try_again(unit, contract_id, ready)
        tried.update(event.parked_id for event in ready)
    return len(tried)


def try_again(unit: UnitOfWork, contract_id: str, events: Sequence[EventParked]) -> list[Result]:
    """Tries parked events of a contract; who still can't go stays, with the reason of now."""
    desk = Desk(unit, contract_id)
    results = [_attempt(unit, desk, event) for event in events]
    desk.record_approvals()
    return [_settle(unit, event, result) for event, result in zip(events, results, strict=True)]


def _attempt(unit: UnitOfWork, desk: Desk, event: EventParked) -> Result:
    lacking = _lacking(unit, event)
    if lacking:
        problem = of_refusal(lacking)
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=problem)
    try:
        posted = _of_parked(event)
    except BadEvent as error:  # it was parked when more was allowed
        return bad_event_result(error)
    return desk.attempt(posted)


def _settle(unit: UnitOfWork, event: EventParked, result: Result) -> Result:
    """A parked event that was taken in leaves the list; one that was not stays, with why."""
    problem = result.problem
    why = Refused(problem.code, problem.detail, problem.rule) if problem else None
    decided = parking.settle(event, result.outcome, why)
    unit.append(decided.events)
    if decided.left:
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=problem)
    return result


def _lacking(unit: UnitOfWork, event: Posted | EventParked) -> NotFound | None:
    """What the event has to wait for."""
    contract = unit.load(CONTRACT, streams.contract(event.contract_id))
    line = None
    if contract and event.approval_id and event.line_id:
        line = unit.load(LINE_HEAD, streams.line(event.contract_id, event.line_id))
    return parking.lacking(event, contract, line)


def _of_parked(event: EventParked) -> Posted:
    """The parked event as it was posted: its data was checked before it was parked."""
    data = msgspec.json.decode(event.data)
    return read_data(event.source, event.event_id, event.type, data)
