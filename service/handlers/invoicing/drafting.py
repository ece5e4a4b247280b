"""Drafts: made of what is ready, and deleted."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import UNSET

from aggregates import streams
from aggregates.decision import Decision, together
from aggregates.invoice.draft import drafting
from aggregates.invoice.draft.drafting import CreateDrafts, NothingReady
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.intake.going_on import go_on_with
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.handlers.loading import by_contract, required_contract
from service.handlers.matching import Matching, submit_over
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import from_states
from service.wire.outcomes import MOST_LISTED, Done, Drafted


async def create_drafts(
    tenant: Tenant, request: Request, contract_id: str, command: CreateDrafts
) -> Answer:
    """Drafts what is ready, one invoice a customer (D-40); named items left out are listed.

    Raises NotFound for an unknown contract, NothingReady when nothing matches.
    """

    def work(unit: UnitOfWork, explain: Explainer) -> Answer:
        contract = required_contract(unit, contract_id)
        deal = deal_of(unit, contract_id, _lines_wanted(command) or contract.lines)
        try:
            decided = drafting.create(command, deal)
        except NothingReady as refusal:
            raise NothingReady(explain(refusal.items)) from None
        unit.append(decided.events)
        return _drafted(unit, decided, explain, details=request.details)

    return await submit_explained(tenant, request, work)


async def draft_matching(
    tenant: Tenant,
    request: Request,
    contract_id: str | None,
    command: CreateDrafts,
    matching: Matching,
) -> Answer:
    """Drafts what matches and is ready, of all contracts or of the one named, at once (D-40).

    One invoice a contract and customer. Raises NotFound for an unknown contract, NothingReady when
    nothing of it is ready, and as `submit_over`.
    """

    def work(unit: UnitOfWork, explain: Explainer, items: Sequence[str]) -> Answer:
        if contract_id is not None:
            required_contract(unit, contract_id)
        decided = together(
            _draft_some(unit, contract, command, some)
            for contract, some in by_contract(items).items()
        )
        if not decided.done:
            raise NothingReady(explain(decided.left))
        unit.append(decided.events)
        return _drafted(unit, decided, explain, details=request.details)

    return await submit_over(tenant, request, matching, work)


def _draft_some(
    unit: UnitOfWork, contract_id: str, command: CreateDrafts, items: Sequence[str]
) -> Decision:
    """The drafts of one contract of several; where nothing is ready, why."""
    key = f"{command.draft_key} {contract_id}"
    own = replace(command, draft_key=key, items=tuple(items))
    try:
        return drafting.create(own, deal_of(unit, contract_id, _lines_wanted(own) or ()))
    except NothingReady as refusal:
        return Decision(left=refusal.items)


def _drafted(unit: UnitOfWork, decided: Decision, explain: Explainer, *, details: bool) -> Answer:
    """The drafts made, and what was left."""
    made = [invoice_of(unit, invoice_id) for invoice_id in decided.done]
    left = explain(decided.left)
    return Answer(
        body=Drafted(
            changed_count=sum(len(invoice.details) for invoice in made),
            skipped_count=len(left),
            invoices=[from_states.invoice(invoice, with_details=details) for invoice in made],
            skipped=[from_states.left_alone(item) for item in left[:MOST_LISTED]],
            position=UNSET,
        ),
        created=True,
    )


async def delete_draft(tenant: Tenant, request: Request, invoice_id: str) -> Answer:
    """Deletes a draft, its items are ready again (D-69). Raises NotFound, Refused if confirmed."""

    def work(unit: UnitOfWork) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        deal = deal_of(unit, invoice.contract_id, invoice.items_by_line())
        unit.append(drafting.delete(invoice, deal).events)
        go_on_with(unit, invoice.contract_id, invoice.recalled_by())
        return Answer(body=Done(position=UNSET))

    return await submit(tenant, request, work)


def _lines_wanted(command: CreateDrafts) -> list[str] | None:
    """The lines that can matter to the command, None for all."""
    if command.line_ids is not None:
        return list(command.line_ids)
    if command.items is not None:
        return [key.line_id for item_id in command.items if (key := streams.line_of(item_id))]
    return None
