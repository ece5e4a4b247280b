"""Intake: posted events taken in once, in order, contract by contract; nothing well-formed is lost.

What refers to something unknown yet is parked on the contract's parking stream. When what it lacks
is defined it goes on: the first hundred events in the very transaction that defines it, the others
in steps right after that.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn

import msgspec
import structlog

from aggregates import streams
from aggregates.contract import defining
from aggregates.contract.defining import DefineContract
from aggregates.contract_line import approvals
from aggregates.contract_line import terms as line_terms
from aggregates.contract_line.approvals import Approval, Verdict
from aggregates.contract_line.terms import DefineLine
from aggregates.intake.events import ApprovalRecorded, EventParked, EventReceived, EventUnparked
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from projections.history import OutcomeUnknown, Unavailable
from service.group_commit import Command, Context
from service.handlers import resuming
from service.handlers.backlog import load_heads
from service.handlers.refused import note
from service.handlers.requests import Answer, Request, execute
from service.handlers.resuming import Resumption, find_ready
from service.ledger import Conflict
from service.problems import Problem, of_recorded, of_refusal
from service.stream_kinds import APPROVAL, CONTRACT, LINE_HEAD, PARKING, RECEIPT
from service.tenant import Tenant
from service.unit_of_work import UnitOfWork
from service.upstream import BadEvent, Posted, read, read_data, under_data

log = structlog.stdlib.get_logger(__name__)

Json = dict[str, Any]
FIRST_STEP = 100
"""Waiting events that are tried in the transaction that defines what they lacked."""
PATIENCE = 5.0
"""Seconds that a caller waits for events to go on before the rest of them does so by itself."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of one posted event."""

    event_id: str | None
    outcome: Outcome
    items: tuple[str, ...] = ()
    problem: Problem | None = None
    position: int = 0
    ignored: tuple[str, ...] = ()

    def body(self) -> Json:
        """The result as callers get it."""
        return {
            "id": self.event_id,
            "outcome": self.outcome,
            "items": list(self.items),
            "position": self.position,
            "problem": self.problem.brief() if self.problem else None,
            "ignored": list(self.ignored),
        }


# --- receiving ---------------------------------------------------------------------------------


def receive(tenant: Tenant, context: Context, events: Sequence[object]) -> list[Result]:
    """Takes in a batch: one transaction for all, one result an event, in order.

    A bad event is refused by itself and has no say in the others.
    """
    return begin(tenant, context, events).finish()


def begin(
    tenant: Tenant, context: Context, events: Sequence[object], patience: float = PATIENCE
) -> "Begun":
    """Hands a batch over, to be recorded behind all that was handed over before.

    One contract's events are decided together, and the whole batch is saved
    together; where another process was faster at one contract, the others go ahead. What waited for
    more than the batch's transaction takes in is waited for, too, for `patience` seconds at most.
    """
    results: list[Result | None] = [None] * len(events)
    groups: dict[str, list[tuple[int, Posted]]] = {}
    for index, event in enumerate(events):
        try:
            posted = _read(event)
        except BadEvent as error:
            results[index] = _bad(error)
        else:
            groups.setdefault(posted.contract_id, []).append((index, posted))
    receptions = [
        _Reception(contract_id, [posted for _, posted in group])
        for contract_id, group in groups.items()
    ]
    defining = sum(reception.defines for reception in receptions)
    first_step = max(1, FIRST_STEP // max(1, defining))  # of all together: it is one transaction
    commands = [reception.command(context, first_step) for reception in receptions]
    tenant.ledger.submit_together(commands)

    def finish() -> list[Result]:
        position = 0
        until = time.monotonic() + patience
        for group, reception, command in zip(groups.values(), receptions, commands, strict=True):
            taken = reception.finish(tenant, command, until)
            for (index, _), result in zip(group, taken, strict=True):
                results[index] = result
            position = max(position, taken[-1].position)
        done = [result for result in results if result is not None]
        position = position or tenant.ledger.position()
        for result in done:
            result.position = result.position or position
        pairs = zip(events, done, strict=True)
        refused = [(event, r.problem) for event, r in pairs if r.outcome is Outcome.REFUSED]
        note(tenant, context, refused)
        return done

    return Begun(
        finish=finish,
        defines=defining > 0,
        defined_late=any(reception.defined_late for reception in receptions),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A batch that was handed over.

    `finish` is to be called once, waits until the batch is recorded, and gives one result an event,
    in order. What waited for what it `defines` may go on until then; also what came in the batch
    itself, where something is `defined_late`.
    """

    finish: Callable[[], list[Result]]
    defines: bool
    defined_late: bool


class EventRefused(Exception):
    """A single event was refused, for this problem. Nothing was recorded."""

    def __init__(self, result: Result, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.result = result
        self.problem = problem

    def document(self) -> Problem:
        """The problem, with the members of the event's result."""
        members = {name: v for name, v in self.result.body().items() if name != "problem"}
        return replace(self.problem, extra={**self.problem.extra, **members})


def receive_one(tenant: Tenant, request: Request, event: object) -> Answer:
    """Takes in a single event; its result is the answer, remembered in the same transaction.

    Raises EventRefused, and remembers nothing then: it may be tried again under its key.
    """
    try:
        return _receive_one(tenant, request, event)
    except EventRefused as refusal:
        refusal.result.position = tenant.ledger.position()
        note(tenant, request.context, [(event, refusal.problem)])
        raise


def _receive_one(tenant: Tenant, request: Request, event: object) -> Answer:
    try:
        posted = _read(event)
    except BadEvent as error:
        refused = EventRefused(_bad(error), error.problem)
        if request.idempotency_key is None:
            raise refused from None
        return execute(tenant, request, partial(_raise, refused))
    reception = _Reception(posted.contract_id, [posted])

    def work(unit: UnitOfWork) -> Answer:
        (result,) = reception.work(unit)
        if result.outcome is Outcome.REFUSED and result.problem:
            raise EventRefused(result, result.problem)
        return Answer(body=result.body())

    answer = execute(tenant, request, work, reception.known())
    if reception.defines:
        position = go_on(waiting_on(tenant, request.context, posted.contract_id))
        if request.idempotency_key is None:  # else a repetition would be answered another one
            answer.body["position"] = max(position, answer.body["position"])
    return answer


def _raise(error: Exception, _: UnitOfWork) -> NoReturn:
    raise error


def _read(event: object) -> Posted:
    if isinstance(event, BadEvent):
        raise event
    return read(event)


def _bad(error: BadEvent) -> Result:
    return Result(event_id=error.event_id, outcome=Outcome.REFUSED, problem=error.problem)


class _Reception:
    """The events of one contract on their way in."""

    def __init__(self, contract_id: str, group: Sequence[Posted]) -> None:
        self._contract_id = contract_id
        self._group = group
        are_definitions = [
            isinstance(posted.command, DefineContract | DefineLine) for posted in group
        ]
        self.defines = any(are_definitions)
        self.defined_late = are_definitions != sorted(are_definitions, reverse=True)

    def command(
        self, context: Context, first_step: int, group: Sequence[Posted] | None = None
    ) -> Command[list[Result]]:
        """What is to be decided, and which streams tell what was taken in before."""
        group = self._group if group is None else group

        def work(unit: UnitOfWork) -> list[Result]:
            return self.work(unit, first_step, group)

        return Command(work, context, self.known(group))

    def known(self, group: Sequence[Posted] | None = None) -> list[str]:
        """The streams that tell what was taken in before."""
        known: list[str] = []
        for posted in self._group if group is None else group:
            known.append(streams.receipt(posted.source, posted.event_id))
            if posted.approval_id:
                known += streams.approvals_like(
                    posted.source, posted.contract_id, posted.approval_id
                )
        return known

    def work(
        self, unit: UnitOfWork, first_step: int = FIRST_STEP, group: Sequence[Posted] | None = None
    ) -> list[Result]:
        """One result an event, in order, as far as no more waits than may go on here."""
        desk = _Desk(unit, self._contract_id, first_step)
        return desk.take(self._group if group is None else group)

    def finish(self, tenant: Tenant, command: Command[list[Result]], until: float) -> list[Result]:
        """Waits for the command; what waited for what it defines goes on, too.

        Where more waits for a definition than its transaction took in, that goes before the events
        that follow it in the group.
        """
        results: list[Result] = []
        while True:
            done = command.future.result()
            results += done.result
            position = done.position
            if self.defines:
                waiting = waiting_on(tenant, command.context, self._contract_id)
                position = max(position, go_on(waiting, until))
            for result in done.result:
                result.position = position
            rest = self._group[len(results) :]
            if not rest:
                return results
            is_late = time.monotonic() > until
            command = self.command(command.context, 0 if is_late else FIRST_STEP, rest)
            tenant.ledger.submit_together([command])


@dataclass(slots=True)
class _Desk:
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
        receipt = streams.receipt(posted.source, posted.event_id)
        if receipt in self.seen:
            self.record_approvals()
        known = self.unit.load(RECEIPT, receipt)
        if known and not self._is_dismissed(known):
            return self._repeated(posted, known)
        return self.attempt(posted)

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
        if known.digest not in {None, posted.digest}:
            return _refused(posted, _event_changed())
        return Result(
            event_id=posted.event_id,
            outcome=Outcome.DUPLICATE,
            items=known.items,
            problem=_recorded_problem(known.problem_code, known.problem_detail),
            ignored=posted.ignored,
        )

    def _is_dismissed(self, known: EventReceived) -> bool:
        """Whether the event was parked and nothing came of it: as if it had not been posted."""
        if known.outcome is not Outcome.PARKED:
            return False
        parking = self.unit.load(PARKING, streams.parking(known.contract_id))
        parked_id = streams.digest(known.source, known.event_id)
        return parking is None or parking.find(parked_id) is None

    def _definition(self, posted: Posted, command: DefineContract | DefineLine) -> Result:
        state = self.unit.load(CONTRACT, streams.contract(self.contract_id))
        try:
            if isinstance(command, DefineContract):
                events = defining.define(command, state)
            elif state is None:
                return self._park(posted, NotFound("contract", self.contract_id))
            else:
                stream = streams.line(self.contract_id, command.line_id)
                events = line_terms.define(command, state, self.unit.load(LINE_HEAD, stream))
        except Refused as refusal:
            return _refused(posted, refusal)
        self.unit.append(events)
        return self._received(posted, Outcome.RECORDED)

    def _approval(self, posted: Posted, approval: Approval) -> Result:
        names = streams.approvals_like(approval.source, approval.contract_id, approval.approval_id)
        stream = names[0]
        if stream in self.seen:
            self.record_approvals()
        recorded = next(filter(None, (self.unit.load(APPROVAL, name) for name in names)), None)
        if recorded and recorded.digest in {approval.digest, posted.digest_as_posted}:
            return self._received(posted, Outcome.DUPLICATE, recorded.items)
        if recorded:
            return _refused(posted, _approval_changed(recorded))
        lacking = self._lacking(approval.line_id)
        if lacking:
            return self._park(posted, lacking)
        result = Result(event_id=posted.event_id, outcome=Outcome.RECORDED, ignored=posted.ignored)
        self.waiting.append((posted, approval, result))
        self.seen.update({streams.receipt(posted.source, posted.event_id), stream})
        return result

    def _lacking(self, line_id: str) -> NotFound | None:
        """What an approval on this line has to wait for."""
        if line_id not in self.lines:
            if self.unit.load(CONTRACT, streams.contract(self.contract_id)) is None:
                return NotFound("contract", self.contract_id)
            if self.unit.load(LINE_HEAD, streams.line(self.contract_id, line_id)) is None:
                return NotFound("contract_line", line_id)
            self.lines.add(line_id)
        return None

    def record_approvals(self) -> None:
        """Records the approvals gathered so far, and completes their results."""
        if not self.waiting:
            return
        line_ids = (approval.line_id for _, approval, _ in self.waiting)
        deal = load_heads(self.unit, self.contract_id, line_ids)
        if deal is None:
            raise LookupError(self.contract_id)
        events, verdicts = approvals.record([approval for _, approval, _ in self.waiting], deal)
        self.unit.append(events)
        for (posted, _, result), verdict in zip(self.waiting, verdicts, strict=True):
            self._conclude(posted, result, verdict)
        self.waiting.clear()
        self.seen.clear()

    def _conclude(self, posted: Posted, result: Result, verdict: Verdict) -> None:
        if verdict.refused:
            result.outcome = Outcome.REFUSED
            result.problem = _problem(verdict.refused)
        elif verdict.not_billable:
            result.outcome = Outcome.NOT_BILLABLE
            result.problem = _problem(verdict.not_billable)
            self._received(posted, Outcome.NOT_BILLABLE, why=verdict.not_billable)
        else:
            result.items = verdict.items
            self._received(posted, Outcome.RECORDED, verdict.items)

    def _park(self, posted: Posted, why: NotFound) -> Result:
        self.unit.append([_parked(posted, why)])
        self._received(posted, Outcome.PARKED, why=why)
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
        self.unit.append(
            [
                EventReceived(
                    source=posted.source,
                    event_id=posted.event_id,
                    type=posted.type,
                    contract_id=posted.contract_id,
                    line_id=posted.line_id,
                    approval_id=posted.approval_id,
                    outcome=outcome,
                    items=items,
                    problem_code=why.code if why else None,
                    problem_detail=why.detail if why else None,
                    data=posted.data if outcome is Outcome.NOT_BILLABLE else None,
                    digest=posted.digest,
                )
            ]
        )
        return Result(
            event_id=posted.event_id, outcome=outcome, items=items, ignored=posted.ignored
        )


# --- what waits --------------------------------------------------------------------------------


def waiting_on(tenant: Tenant, context: Context, contract_id: str) -> Resumption:
    """What waits on a contract, to go on after a definition: what its transaction left over, and
    what was refused before.
    """
    return Resumption(tenant=tenant, context=context, contract_id=contract_id, take=_retry)


def go_on(resumption: Resumption, until: float | None = None) -> int:
    """Takes in what waits and lacks nothing any more, in steps; the position reached.

    What is not done when `until` comes, by itself in five seconds, goes on in the background, as
    when the database is unavailable: what the caller asked for is recorded by then.
    """
    try:
        is_done = resumption.run(time.monotonic() + PATIENCE if until is None else until)
    except (Conflict, Unavailable, OutcomeUnknown) as error:
        log.warning("events go on later", contract=resumption.contract_id, error=str(error))
        is_done = False
    if not is_done:
        resumption.later()
    return resumption.position


def recover(tenant: Tenant) -> None:
    """Goes on, in the background, with what waits though it lacks nothing: whoever was at it may
    have been stopped.
    """
    context = Context(actor="billing-backlog", correlation_id=str(uuid.uuid4()))

    resuming.recover(tenant, lambda found: waiting_on(tenant, context, found).later())


def resume(unit: UnitOfWork, contract_id: str, most: int = FIRST_STEP) -> int:
    """Takes in at most so many events of what waits on a contract and lacks nothing any more.

    How many it tried; more than `most` when more could go on. Definitions go before approvals, so
    that a line that waited for its contract lets the approvals on it go on, too. What is refused
    now stays parked, with the reason.
    """
    tried: set[str] = set()
    while ready := find_ready(unit, contract_id, max(1, most - len(tried)), but=tried):
        if len(tried) == most:
            return most + 1
        _retry(unit, contract_id, ready)
        tried.update(event.parked_id for event in ready)
    return len(tried)


def retry(unit: UnitOfWork, event: EventParked) -> Result:
    """Tries a parked event again; it stays parked, with the reason of now, if it still can't go."""
    return _retry(unit, event.contract_id, [event])[0]


def _retry(unit: UnitOfWork, contract_id: str, events: Sequence[EventParked]) -> list[Result]:
    desk = _Desk(unit, contract_id)
    results = [_attempt(unit, desk, event) for event in events]
    desk.record_approvals()
    return [_settle(unit, event, result) for event, result in zip(events, results, strict=True)]


def _attempt(unit: UnitOfWork, desk: _Desk, event: EventParked) -> Result:
    missing = _missing(unit, event)
    if missing:
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=missing)
    try:
        posted = _of_parked(event)
    except BadEvent as error:  # it was parked when more was allowed
        return _bad(error)
    return desk.attempt(posted)


def _settle(unit: UnitOfWork, event: EventParked, result: Result) -> Result:
    """A parked event that was taken in leaves the list; one that was not stays, with why."""
    if result.outcome in {Outcome.PARKED, Outcome.REFUSED} and result.problem:
        why = Refused(result.problem.code, result.problem.detail)
        if (why.code, why.detail) != (event.problem_code, event.problem_detail):
            unit.append([replace(event, problem_code=why.code, problem_detail=why.detail)])
        return Result(event_id=event.event_id, outcome=Outcome.PARKED, problem=result.problem)
    unit.append(
        [
            EventUnparked(
                contract_id=event.contract_id,
                parked_id=event.parked_id,
                outcome=result.outcome,
                reason=None,
            )
        ]
    )
    return result


def _missing(unit: UnitOfWork, event: EventParked) -> Problem | None:
    """What the event still lacks, None when it can be tried."""
    if unit.load(CONTRACT, streams.contract(event.contract_id)) is None:
        return of_refusal(NotFound("contract", event.contract_id))
    if event.approval_id is None or event.line_id is None:
        return None
    if unit.load(LINE_HEAD, streams.line(event.contract_id, event.line_id)) is None:
        return of_refusal(NotFound("contract_line", event.line_id))
    return None


def parked_event(unit: UnitOfWork, contract_id: str, parked_id: str) -> EventParked:
    """A waiting event. Raises NotFound when none of that id waits."""
    parking = unit.load(PARKING, streams.parking(contract_id))
    event = parking.find(parked_id) if parking else None
    if event is None:
        raise NotFound("parked_event", parked_id)
    return event


def dismiss(unit: UnitOfWork, contract_id: str, parked_id: str, reason: str) -> None:
    """Takes a parked event off the list for good, with the reason. Raises NotFound."""
    event = parked_event(unit, contract_id, parked_id)
    unit.append(
        [
            EventUnparked(
                contract_id=event.contract_id, parked_id=parked_id, outcome=None, reason=reason
            )
        ]
    )


def _parked(posted: Posted, why: Refused) -> EventParked:
    return EventParked(
        contract_id=posted.contract_id,
        parked_id=streams.digest(posted.source, posted.event_id),
        source=posted.source,
        event_id=posted.event_id,
        type=posted.type,
        line_id=posted.line_id,
        approval_id=posted.approval_id,
        problem_code=why.code,
        problem_detail=why.detail,
        data=posted.data,
    )


def _of_parked(event: EventParked) -> Posted:
    """The parked event as it was posted: its data was checked before it was parked."""
    data = msgspec.json.decode(event.data)
    return read_data(event.source, event.event_id, event.type, data)


# --- problems ----------------------------------------------------------------------------------


def _refused(posted: Posted, refusal: Refused) -> Result:
    return Result(
        event_id=posted.event_id,
        outcome=Outcome.REFUSED,
        problem=_problem(refusal),
        ignored=posted.ignored,
    )


def _problem(refusal: Refused) -> Problem:
    problem = of_refusal(refusal)
    return under_data(problem) if problem.code == "invalid_fields" else problem


def _recorded_problem(code: str | None, detail: str | None) -> Problem | None:
    return of_recorded(code, detail) if code and detail else None


def _event_changed() -> Refused:
    return Refused(
        "event_changed",
        "an event of this source and id was posted before with other content: what differs needs "
        "an id of its own (D-20)",
    )


def _approval_changed(recorded: ApprovalRecorded) -> Refused:
    return Refused(
        "approval_changed",
        f"approval {recorded.approval_id!r} of this source was recorded before on line "
        f"{recorded.line_id!r} of contract {recorded.contract_id!r}, with other content (D-20)",
    )
