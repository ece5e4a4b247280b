"""Posted events received: a batch in one transaction, a single event with its answer.

Events are grouped by contract; nothing well-formed is lost. Bad ones are refused by themselves.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

import msgspec

from aggregates import streams
from aggregates.contract.defining import DefineContract
from aggregates.contract_line.terms import DefineLine
from aggregates.refusals import Refused
from aggregates.statuses import Outcome
from service.access.principals import Principal, Scope
from service.handlers.idempotency import Answer, Request, execute, execute_once
from service.handlers.intake.looking_up import PostedOn, looking_up
from service.handlers.intake.parked import PATIENCE, go_on, waiting_on
from service.handlers.intake.refused import note
from service.handlers.intake.taking_in import FIRST_STEP, Desk
from service.ledger.group_commit import Committed, Context, Submission
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire.intake.cloudevents import BadEvent, Posted, read
from service.wire.intake.results import Result, bad_event_result
from service.wire.outcomes import BatchResult, EventResult, RefusedEvent
from service.wire.problem.problems import Problem


def receive(
    tenant: Tenant,
    context: Context,
    events: Sequence[object],
    principal: Principal | None = None,
) -> list[Result]:
    """Takes in a batch: one transaction for all, one result an event, in order.

    A bad event is refused by itself and does not affect the others; so is one that its poster, if
    that is one who was asked who they are, may not post.
    """
    return begin(tenant, context, events, principal=principal).finish()


def begin(
    tenant: Tenant,
    context: Context,
    events: Sequence[object],
    patience: float = PATIENCE,
    principal: Principal | None = None,
) -> "Begun":
    """Hands a batch over, to be recorded after all that was handed over before.

    One contract's events are decided together, and the whole batch is saved
    together; where another process was faster at one contract, the others go ahead. What waited for
    more than the batch's transaction takes in is waited for, too, for `patience` seconds at most.
    """
    results: list[Result | None] = [None] * len(events)
    groups: dict[str, list[tuple[int, Posted]]] = {}
    for index, event in enumerate(events):
        try:
            posted = _read(event, principal)
        except BadEvent as error:
            results[index] = bad_event_result(error)
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
        tenant.watch.taken_in(Counter(result.outcome for result in done))
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


class EventRefused(Refused):
    """A single event was refused, for this problem. Nothing was recorded."""

    def __init__(self, result: Result, problem: Problem) -> None:
        super().__init__(problem.code, problem.detail)
        self.result = result
        self.problem = problem

    def document(self) -> Problem:
        """The problem, with the members of the event's result."""
        members = msgspec.structs.asdict(self.result.body())
        del members["problem"]
        extra = {**self.problem.extra, **members}
        return replace(self.problem, document=RefusedEvent, extra=extra)


def receive_batch(tenant: Tenant, request: Request, events: Sequence[object]) -> Answer:
    """Takes in a batch as `receive` does; its results are the answer."""

    def act() -> Answer:
        taken = receive(tenant, request.context, events, request.principal)
        position = max((result.position for result in taken), default=0)
        results = [result.body() for result in taken]
        position = position or tenant.ledger.position()
        return Answer(body=BatchResult(results=results, position=position))

    return execute_once(tenant, request, act)


def receive_one(tenant: Tenant, request: Request, event: object) -> Answer:
    """Takes in a single event; its result is the answer, remembered in the same transaction.

    Raises EventRefused, and remembers nothing then: it may be tried again under its key.
    """
    try:
        answer = _receive_one(tenant, request, event)
    except EventRefused as refusal:
        tenant.watch.taken_in({Outcome.REFUSED: 1})
        refusal.result.position = tenant.ledger.position()
        note(tenant, request.context, [(event, refusal.problem)])
        raise
    taken: EventResult | Mapping[str, str] = answer.body
    tenant.watch.taken_in({taken["outcome"] if isinstance(taken, Mapping) else taken.outcome: 1})
    return answer


def _receive_one(tenant: Tenant, request: Request, event: object) -> Answer:
    try:
        posted = _read(event, request.principal)
    except BadEvent as error:
        refused = EventRefused(bad_event_result(error), error.problem)
        if request.idempotency_key is None:
            raise refused from None
        return execute(tenant, request, partial(_raise, refused))
    reception = _Reception(posted.contract_id, [posted])

    def work(unit: UnitOfWork) -> Answer:
        (result,) = reception.work(unit)
        if result.outcome is Outcome.REFUSED and result.problem:
            raise EventRefused(result, result.problem)
        return Answer(body=result.body())

    answer = looking_up(
        tenant, reception.posted_on, lambda: execute(tenant, request, work, reception.known())
    )
    if reception.defines:
        position = go_on(waiting_on(tenant, request.context, posted.contract_id))
        if request.idempotency_key is None:  # else a repetition would be answered another one
            answer = answer.at(max(position, answer.position))
    return answer


def _raise(error: Exception, _: UnitOfWork) -> NoReturn:
    raise error


def _read(event: object, principal: Principal | None) -> Posted:
    """An event that its poster may post. Raises BadEvent."""
    if isinstance(event, BadEvent):
        raise event
    posted = read(event)
    defines = isinstance(posted.command, DefineContract | DefineLine)
    needed = Scope.CONTRACTS_WRITE if defines else Scope.APPROVALS_WRITE
    if principal is not None and needed not in principal.scopes:
        detail = f"this event needs the scope {needed}"
        raise BadEvent(posted.event_id, Problem(status=403, code="scope_missing", detail=detail))
    return posted


class _Reception:
    """The events of one contract on their way in."""

    def __init__(self, contract_id: str, group: Sequence[Posted]) -> None:
        self._contract_id = contract_id
        self._group = group
        self.posted_on: PostedOn = {}
        are_definitions = [
            isinstance(posted.command, DefineContract | DefineLine) for posted in group
        ]
        self.defines = any(are_definitions)
        self.defined_late = are_definitions != sorted(are_definitions, reverse=True)

    def command(
        self, context: Context, first_step: int, group: Sequence[Posted] | None = None
    ) -> Submission[list[Result]]:
        """What is to be decided, and which streams tell what was taken in before."""
        group = self._group if group is None else group

        def work(unit: UnitOfWork) -> list[Result]:
            return self.work(unit, first_step, group)

        return Submission(work, context, self.known(group))

    def _done(self, tenant: Tenant, command: Submission[list[Result]]) -> Committed[list[Result]]:
        """What came of the command, which is given again if something had to be looked up."""
        asked = [command]

        def again() -> Committed[list[Result]]:
            if not asked:
                repeated = Submission(command.work, command.context, command.streams)
                tenant.ledger.submit_together([repeated])
                asked.append(repeated)
            return asked.pop().future.result()

        return looking_up(tenant, self.posted_on, again)

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
        desk = Desk(unit, self._contract_id, first_step, posted_on=self.posted_on)
        return desk.take(self._group if group is None else group)

    def finish(
        self, tenant: Tenant, command: Submission[list[Result]], until: float
    ) -> list[Result]:
        """Waits for the command; what waited for what it defines goes on, too.

        Where more waits for a definition than its transaction took in, that goes before the events
        that follow it in the group.
        """
        results: list[Result] = []
        while True:
            done = self._done(tenant, command)
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
