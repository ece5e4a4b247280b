"""Events of one contract taken in, in order, within a transaction: recorded, repeated or parked.

What refers to something unknown yet is parked on the contract's parking stream. When what it lacks
is defined it goes on: the first hundred events in the very transaction that defines it, the others
in steps right after that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aggregates import streams
from aggregates.contract import defining
from aggregates.contract.defining import DefineContract
from aggregates.contract_line import terms as line_terms
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.terms import DefineLine
from aggregates.intake import parking, receiving
from aggregates.intake.about_approvals.approvals import KnownApproval, Waiting
from aggregates.intake.about_approvals.recalls import AboutApproval
from aggregates.intake.about_approvals.waiting import DEFINED_LATER
from aggregates.intake.about_approvals.whereabouts import NotLookedUp
from aggregates.intake.events import ApprovalRecorded, EventParked, EventReceived
from aggregates.intake.state import Parking
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from aggregates.streams import LineKey
from service.handlers.intake.about_approvals import (
    Acted,
    act,
    is_over,
    known_approval,
    wait_no_longer,
    waiting_like,
    waits_on,
)
from service.handlers.intake.gathering import Gathered, lacking_of, taken_in
from service.handlers.intake.resuming import may_go_on, next_to_try, of_parked
from service.ledger.stream_kinds import CONTRACT, LINE_HEAD, PARKING, RECEIPT
from service.ledger.unit_of_work import UnitOfWork
from service.wire.intake.cloudevents import ABOUT_APPROVALS, BadEvent, Posted
from service.wire.intake.results import (
    Result,
    bad_event_result,
    problem_of,
    recorded_problem,
    refused_result,
)
from service.wire.problem.problems import of_refusal

_JUST_POSTED = "an invoice with work of the approval was confirmed in that moment: try it again"
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
    gathered: Gathered = field(init=False)
    posted_on: Mapping[str, str | None] | None = None
    """Of items that are not open: the invoice that they were posted on, None for no such items.
    Without, what would have to be looked up waits."""
    tries_again: bool = False
    """Whether the events are parked already."""

    def __post_init__(self) -> None:
        self.gathered = Gathered(self.unit, self.contract_id)

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
        if receipt in self.gathered.seen:
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
            case AboutApproval() as command:
                self.record_approvals()
                return self._about_approval(posted, command)

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
        return taken_in(self.unit, posted, Outcome.RECORDED)

    def _approval(self, posted: Posted, approval: Approval) -> Result:
        names = streams.approvals_like(approval.source, approval.contract_id, approval.approval_id)
        stream = names[0]
        if stream in self.gathered.seen:
            self.record_approvals()
        known = known_approval(self.unit, names)
        if known and known.recorded:
            if known.counts and not is_over(self.unit, known):
                return self._approved_before(posted, known)
            approval = replace(approval, generation=known.next_generation)
        if approval.line_id not in self.gathered.lines:
            lacking = lacking_of(self.unit, posted)
            if lacking:
                return self._park(posted, lacking)
        return self.gathered.add(posted, approval, known)

    def _approved_before(self, posted: Posted, known: KnownApproval) -> Result:
        try:
            receiving.check_same_approval(posted, known.as_recorded)
        except Refused as refusal:
            return refused_result(posted, refusal)
        recorded = known.recorded
        first = recorded.items if isinstance(recorded, ApprovalRecorded) else known.items
        return taken_in(self.unit, posted, Outcome.DUPLICATE, first)

    def _about_approval(self, posted: Posted, command: AboutApproval) -> Result:
        """Recalls or corrects an approval, or waits for it or for its drafts (D-82)."""
        try:
            acted = act(self.unit, command, posted.parked_id, self.posted_on or {})
        except Refused as refusal:
            return refused_result(posted, refusal)
        except NotLookedUp:
            if self.posted_on is not None:
                raise
            acted = Acted(
                outcome=Outcome.PARKED, why=Refused("item_on_draft", _JUST_POSTED, "D-23")
            )
        if acted.outcome is Outcome.PARKED and acted.why:
            return self._park(posted, acted.why, acted.parked_on)
        result = taken_in(self.unit, posted, acted.outcome, acted.items, acted.why)
        result.problem = problem_of(acted.why) if acted.why else None
        return result

    def record_approvals(self) -> None:
        """Records the approvals gathered so far; what waited for them goes on."""
        go_on(self.unit, self.gathered.record())

    def _park(self, posted: Posted, why: Refused, on: LineKey | None = None) -> Result:
        """The event waits, on its contract, or for the line of that or another one."""
        if not self.tries_again:
            waits = replace(posted, **on._asdict()) if on else posted
            self.unit.append(parking.park(waits, why).events)
        return Result(
            event_id=posted.event_id,
            outcome=Outcome.PARKED,
            problem=of_refusal(why),
            ignored=posted.ignored,
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


def go_on(
    unit: UnitOfWork,
    awaited: Iterable[Waiting],
    posted_on: Mapping[str, str | None] | None = None,
) -> None:
    """Tries events that waited for an approval, in order, up to the first that waits on (D-82).

    Raises NotLookedUp as `act` where `posted_on` is given.
    """
    for each in awaited:
        place = unit.load(PARKING, streams.parking(each.contract_id))
        event = place.find(each.parked_id) if place else None
        if event and may_go_on(event):
            (result,) = try_again(unit, each.contract_id, [event], posted_on)
            if waits_on(result):
                return


def try_again(
    unit: UnitOfWork,
    contract_id: str,
    events: Sequence[EventParked],
    posted_on: Mapping[str, str | None] | None = None,
) -> list[Result]:
    """Tries parked events of a contract; who still can't go stays, with the reason of now."""
    desk = Desk(unit, contract_id, tries_again=True, posted_on=posted_on)
    results: dict[str, Result] = {}
    late: list[EventParked] = []
    for event in events:
        result = results[event.parked_id] = _attempt(unit, desk, event)
        if desk.gathered.is_last(result):  # it is recorded with those after it
            late.append(event)
        else:
            settled = results[event.parked_id] = _settle(unit, event, result)
            _let_follow(unit, event, settled, posted_on)
    desk.record_approvals()
    for event in late:
        results[event.parked_id] = _settle(unit, event, results[event.parked_id])
    return [results[event.parked_id] for event in events]


def _let_follow(
    unit: UnitOfWork,
    event: EventParked,
    result: Result,
    posted_on: Mapping[str, str | None] | None,
) -> None:
    """What waited for its turn after an event that waited for a definition goes on (D-82)."""
    if event.type not in ABOUT_APPROVALS or event.problem_code not in DEFINED_LATER:
        return
    if not waits_on(result):
        go_on(unit, waiting_like(unit, event), posted_on)


def _attempt(unit: UnitOfWork, desk: Desk, event: EventParked) -> Result:
    lacking = None if event.type in ABOUT_APPROVALS else lacking_of(unit, event)
    if lacking:
        problem = of_refusal(lacking)
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=problem)
    try:
        posted = of_parked(event)
    except BadEvent as error:  # it was parked when more was allowed
        return bad_event_result(error)
    return desk.attempt(posted)


def _settle(unit: UnitOfWork, event: EventParked, result: Result) -> Result:
    """A parked event that was taken in leaves the list; one that was not stays, with why."""
    problem = result.problem
    why = Refused(problem.code, problem.detail, problem.rule) if problem else None
    decided = parking.settle(event, result.outcome, why)
    unit.append(decided.events)
    if result.outcome is Outcome.REFUSED:
        wait_no_longer(unit, event)
    if decided.left:
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=problem)
    return result
