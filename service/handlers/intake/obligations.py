"""What stays billed of recalled work is waived."""

from dataclasses import replace

from msgspec import UNSET

from aggregates import streams
from aggregates.contract_line.recalled import obligations
from aggregates.contract_line.recalled.obligations import WaiveObligation
from service.handlers.idempotency import Answer, Request, submit
from service.ledger.stream_kinds import LINE
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire.outcomes import Done


async def waive(tenant: Tenant, request: Request, obligation_id: str, why: str) -> Answer:
    """Accepts what stays billed; the approval counts as not recalled (D-83).

    One that is waived already is answered so again. Raises NotFound when there is none of that id,
    Refused when it is closed.
    """
    command = WaiveObligation(obligation_id=obligation_id, reason=why)
    key = streams.line_of(obligation_id)

    def work(unit: UnitOfWork) -> Answer:
        line = unit.load(LINE, streams.line(key.contract_id, key.line_id)) if key else None
        unit.append(obligations.waive(command, line).events)
        return Answer(body=Done(position=UNSET))

    because = replace(request, context=replace(request.context, reason=why))
    return await submit(tenant, because, work)
