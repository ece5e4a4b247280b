"""Commands over all that match: at once, or by a job where one transaction does not take them.

A job is about the items that match when it is asked for; it remembers the id of each.
"""

from aggregates.invoice.draft.drafting import CreateDrafts
from aggregates.job.events import JobStep
from projections.views.kept_to import UNRESTRICTED
from service.handlers import backlog
from service.handlers.backlog import ItemsCommand
from service.handlers.idempotency import Answer, Request
from service.handlers.invoicing import drafting
from service.handlers.jobs import asking
from service.handlers.jobs.drafting import DRAFT_MATCHING, DraftAll
from service.handlers.jobs.kind import Plan, canonical
from service.handlers.jobs.many_items import NAMES, said_of, steps_of
from service.handlers.loading import by_contract
from service.handlers.matching import Matching, Selection, TooManyItems, all_ids
from service.tenants.tenant import Tenant


async def command(
    tenant: Tenant, request: Request, kind: ItemsCommand, selected: Selection, *, partly: bool
) -> Answer:
    """Runs one command over items, at once or by a job where more match than a transaction takes.

    A job is about the items that match when it is asked for, in steps of 10,000; without `partly`,
    a refused item refuses its step (D-27). Raises as `backlog.command`; TooManyItems in a dry run,
    for who may not know of all, or where they are too many for a job.
    """
    try:
        return await backlog.command(tenant, request, kind, selected, partly=partly)
    except TooManyItems:
        if request.dry_run or _is_restricted(request) or not isinstance(selected, Matching):
            raise
    items = await all_ids(tenant, selected)
    asked = said_of(kind, selected.said, partly=partly)
    plan = Plan(kind=NAMES[kind], request=canonical(asked), steps=steps_of(items))
    return await asking.ask_for(tenant, request, plan)


def _is_restricted(request: Request) -> bool:
    """Whether who asks can't follow a job: no job keeps to what they may know of."""
    return request.kept_to != UNRESTRICTED


async def draft_matching(
    tenant: Tenant,
    request: Request,
    contract_id: str | None,
    command: CreateDrafts,
    matching: Matching,
) -> Answer:
    """Drafts what matches at once, or by a job where that is more than one transaction takes.

    A job is about the items that match when it is asked for, in steps of up to 10,000 items of one
    contract. Raises as `drafting.draft_matching`, and TooManyItems in a dry run, for who may not
    know of all, or where they are too many for it.
    """
    within = matching if contract_id is None else matching.within(contract_id)
    try:
        return await drafting.draft_matching(tenant, request, contract_id, command, within)
    except TooManyItems:
        if request.dry_run or _is_restricted(request):
            raise
        items = await all_ids(tenant, within)
    steps = tuple(
        JobStep(contract_id=contract, items=some.items)
        for contract, own in by_contract(items).items()
        for some in steps_of(own)
    )
    asked = DraftAll(
        cutoff=command.cutoff, customer_ids=command.customer_ids, line_ids=command.line_ids
    )
    said = asked.said(contract_id=contract_id, matching=matching.said)
    plan = Plan(kind=DRAFT_MATCHING.name, request=canonical(said), steps=steps)
    return await asking.ask_for(tenant, request, plan)
