"""Contracts, their lines and milestones: defined, created, changed, deleted."""

from collections.abc import Callable

from msgspec import UNSET

from aggregates import streams
from aggregates.contract import defining
from aggregates.contract.defining import DefineContract
from aggregates.contract_line import milestones
from aggregates.contract_line import terms as line_terms
from aggregates.contract_line.milestones import ChangeMilestone, CreateMilestone, DeleteMilestone
from aggregates.contract_line.state import ContractLine
from aggregates.contract_line.terms import DefineLine
from aggregates.refusals import NotFound, Refused
from projections.views.contract import contracts as contract_views
from projections.views.kept_to import KeptTo
from service.handlers.idempotency import Answer, Request, execute, submit
from service.handlers.intake import parked, taking_in
from service.handlers.loading import required_contract, required_line
from service.ledger.stream_kinds import CONTRACT, LINE, LINE_HEAD
from service.ledger.unit_of_work import StaleVersion, UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire import from_states
from service.wire.outcomes import Done


def define_contract(tenant: Tenant, request: Request, command: DefineContract) -> Answer:
    """Puts a contract on the books or changes its terms; what waited for it goes on."""

    def work(unit: UnitOfWork) -> Answer:
        stream = streams.contract(command.contract_id)
        state = unit.load(CONTRACT, stream)
        _expect(unit, stream, request)
        unit.append(defining.define(command, state).events)
        taking_in.resume(unit, command.contract_id)
        defined = required_contract(unit, command.contract_id)
        return Answer(
            body=from_states.contract(defined), created=state is None, version=unit.version(stream)
        )

    return _and_what_waited(tenant, request, command.contract_id, execute(tenant, request, work))


def define_line(tenant: Tenant, request: Request, contract_id: str, command: DefineLine) -> Answer:
    """Puts a line on the books or changes its terms; what waited for it goes on.

    Raises NotFound when there is no such contract.
    """

    def work(unit: UnitOfWork) -> Answer:
        stream = streams.line(contract_id, command.line_id)
        state = unit.load(LINE_HEAD, stream)
        _expect(unit, stream, request)
        of_contract = required_contract(unit, contract_id)
        unit.append(line_terms.define(command, of_contract, state).events)
        taking_in.resume(unit, contract_id)
        defined = unit.load(LINE_HEAD, stream)
        if defined is None:
            raise LookupError(stream)
        return Answer(
            body=from_states.line(defined), created=state is None, version=unit.version(stream)
        )

    return _and_what_waited(tenant, request, contract_id, execute(tenant, request, work))


def _and_what_waited(tenant: Tenant, request: Request, contract_id: str, answer: Answer) -> Answer:
    """The answer once what waited for the definition has gone on; the position reached by that."""
    reached = parked.go_on(parked.waiting_on(tenant, request.context, contract_id))
    return answer.at(max(answer.position, reached))


def _expect(unit: UnitOfWork, stream: str, request: Request) -> None:
    """Raises StaleVersion when the caller saw another version, or one of what is not there."""
    unit.expect(stream, request.if_match)
    if request.must_exist and not unit.version(stream):
        raise StaleVersion(stream, request.if_match or 0, 0)


def create_milestone(
    tenant: Tenant, request: Request, contract_id: str, line_id: str, command: CreateMilestone
) -> Answer:
    """Creates a milestone and splits it at once (D-10). Raises NotFound for an unknown line."""

    def work(unit: UnitOfWork) -> Answer:
        line = required_line(unit, contract_id, line_id)
        unit.append(milestones.create(command, line).events)
        return _milestone(unit, contract_id, line_id, command.milestone_id, created=True)

    return execute(tenant, request, work)


def milestone_id(request: Request, contract_id: str, line_id: str) -> str:
    """The id of the milestone that this request creates."""
    return streams.item_id(contract_id, line_id, "milestone", request.request_id)


async def change_milestone(tenant: Tenant, request: Request, command: ChangeMilestone) -> Answer:
    """Changes a milestone, its parts follow (D-14). Raises NotFound for an unknown one."""

    def work(unit: UnitOfWork) -> Answer:
        line = _line_of(unit, command.milestone_id)
        decided = milestones.change(command, line)
        unit.expect(streams.line(line.contract_id, line.line_id), request.if_match)
        unit.append(decided.events)
        return _milestone(unit, line.contract_id, line.line_id, command.milestone_id)

    return await _submit(tenant, request, command.milestone_id, work)


async def delete_milestone(tenant: Tenant, request: Request, command: DeleteMilestone) -> Answer:
    """Deletes a milestone and its parts (D-14). Raises NotFound for an unknown one."""

    def work(unit: UnitOfWork) -> Answer:
        line = _line_of(unit, command.milestone_id)
        decided = milestones.delete(command, line)
        unit.expect(streams.line(line.contract_id, line.line_id), request.if_match)
        unit.append(decided.events)
        return Answer(body=Done(position=UNSET))

    return await _submit(tenant, request, command.milestone_id, work)


def _milestone(
    unit: UnitOfWork, contract_id: str, line_id: str, identity: str, *, created: bool = False
) -> Answer:
    line = required_line(unit, contract_id, line_id)
    version = unit.version(streams.line(contract_id, line_id))
    return Answer(body=from_states.milestone(line, identity), created=created, version=version)


def _line_of(unit: UnitOfWork, identity: str) -> ContractLine:
    """The line that a milestone's id names. Raises NotFound when there is none such."""
    key = streams.line_of(identity)
    line = unit.load(LINE, streams.line(*key)) if key else None
    if line is None:
        raise NotFound("milestone", identity)
    return line


async def _submit(
    tenant: Tenant, request: Request, identity: str, work: Callable[[UnitOfWork], Answer]
) -> Answer:
    """Runs a command on a milestone: completed ones left the line's state, but the views know them.

    Raises NotFound when there never was one of that id.
    """
    try:
        return await submit(tenant, request, work)
    except Refused as refusal:
        if refusal.code == milestones.COMPLETED:
            await tenant.until_current()
            if not await in_thread(_is_known, tenant, request.kept_to, identity):
                raise NotFound("milestone", identity) from None
        raise


def _is_known(tenant: Tenant, kept_to: KeptTo, identity: str) -> bool:
    with tenant.reading() as (connection, _):
        return contract_views.find_milestone(connection, kept_to, identity) is not None
