"""Month end: drafts for all contracts with something ready, or those named, a contract a step."""

from dataclasses import dataclass, fields
from datetime import date

import msgspec

from aggregates import streams
from aggregates.decision import Decision
from aggregates.invoice.draft import drafting
from aggregates.invoice.draft.drafting import CreateDrafts, NothingReady
from aggregates.job.events import JobStep, StepOutcome
from aggregates.job.state import Job
from aggregates.job.working import leaving, refused
from aggregates.statuses import StepStatus
from projections.views.ready import contracts_with_ready
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.handlers.jobs.kind import JobKind, Plan, canonical, job_invoice
from service.handlers.loading import required_contract
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftAll:
    """Draft what is ready and dated up to the cutoff, of these customers and lines.

    None means no bound.
    """

    cutoff: date | None = None
    customer_ids: tuple[str, ...] | None = None
    line_ids: tuple[str, ...] | None = None

    def said(self, **more: object) -> dict[str, object]:
        """What a caller gave of it, and of this, in the words of the request."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in {**own, **more}.items() if value is not None}


async def plan(tenant: Tenant, asked: DraftAll, contract_ids: tuple[str, ...] | None) -> Plan:
    """A step for each contract that is named, or that has something ready as of now.

    Raises ViewsBehind.
    """
    if contract_ids is None:
        await tenant.until_current()
        found = await in_thread(_candidates, tenant, asked)
    else:
        found = list(dict.fromkeys(contract_ids))
    steps = tuple(JobStep(contract_id=contract_id) for contract_id in found)
    said = asked.said(contract_ids=contract_ids)
    return Plan(kind=DRAFT_INVOICES.name, request=canonical(said), steps=steps)


def _candidates(tenant: Tenant, asked: DraftAll) -> list[str]:
    with tenant.reading() as (views, _):
        return contracts_with_ready(views, asked.cutoff, asked.customer_ids)


def _do(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
    """Drafts what is ready of one contract (D-40); one without anything ready is skipped."""
    asked = msgspec.json.decode(job.request, type=DraftAll)
    contract_id = str(step.contract_id)
    contract = required_contract(unit, contract_id)
    customers = asked.customer_ids and [c for c in asked.customer_ids if c in contract.customers]
    command = CreateDrafts(
        draft_key=streams.digest(job.job_id, contract_id),
        actor=unit.actor,
        cutoff=asked.cutoff,
        line_ids=None,
        customer_ids=None if customers is None else tuple(customers),
        items=None,
    )
    try:
        decided = drafting.create(command, deal_of(unit, contract_id, contract.lines))
    except NothingReady as nothing:
        return refused(nothing, StepStatus.SKIPPED)
    return _drafted(unit, decided)


def _do_matching(unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
    """Drafts what is ready of the items of a step, which are of one contract (D-40)."""
    asked = msgspec.json.decode(job.request, type=DraftAll)
    contract_id = str(step.contract_id)
    key = streams.digest(job.job_id, contract_id, step.items[0])
    command = CreateDrafts(
        draft_key=key,
        actor=unit.actor,
        cutoff=asked.cutoff,
        line_ids=asked.line_ids,
        customer_ids=asked.customer_ids,
        items=step.items,
    )
    lines = (key.line_id for item in step.items if (key := streams.line_of(item)))
    try:
        decided = drafting.create(command, deal_of(unit, contract_id, lines))
    except NothingReady as nothing:
        return leaving(refused(nothing, StepStatus.SKIPPED), nothing.items)
    return leaving(_drafted(unit, decided), decided.left)


def _drafted(unit: UnitOfWork, decided: Decision) -> StepOutcome:
    """Appends the drafts of a step, and says which they are."""
    unit.append(decided.events)
    made = [invoice_of(unit, invoice_id) for invoice_id in decided.done]
    return StepOutcome(
        status=StepStatus.COMPLETE,
        changed_count=sum(len(invoice.details) for invoice in made),
        invoices=tuple(map(job_invoice, made)),
    )


DRAFT_INVOICES = JobKind(name="draft_invoices", do=_do)
DRAFT_MATCHING = JobKind(name="draft_matching", do=_do_matching)
