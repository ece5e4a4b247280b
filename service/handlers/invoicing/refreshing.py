"""More goes on a draft: what became ready since, or named items; on a named draft or the newest.

Which draft is a customer's newest, no stream tells: the views do, up to a position. A command
decides on streams. So each draft that the views name is loaded, and a draft that was made after
that position, which the history tells by its stream, has them asked again. To be made, a draft
needs items of some line of the contract: all of its lines are looked at before the history is
asked, so that one which another process makes from then on is noticed when this command is saved.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from aggregates import streams
from aggregates.deal import Deal, not_open
from aggregates.decision import Decision, together
from aggregates.invoice.draft import refreshing
from aggregates.invoice.draft.refreshing import AddItems, AddToNewest, RefreshDraft
from aggregates.invoice.state import Invoice
from aggregates.refusals import ItemsRefused
from projections.views.invoice.open_drafts import open_drafts
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request, submit
from service.handlers.invoicing.answering import invoice_answer
from service.handlers.invoicing.loading import deal_of, invoice_of
from service.handlers.loading import by_contract, load_deal, load_heads
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.stream_kinds import INVOICE
from service.ledger.unit_of_work import MovedOn, UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire import from_states
from service.wire.outcomes import Drafted

_INVOICES = streams.invoice("")
_LOOKS = 16
"""How often the views are asked: once, but for drafts that others make meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drafts:
    """The open drafts of some contracts at a position of the history, by contract and customer.

    The newest of each first; some may have been confirmed or deleted since.
    """

    position: int
    known: Mapping[tuple[str, str], Sequence[str]]

    def require_all(self, unit: UnitOfWork, contracts: Collection[str]) -> None:
        """Raises MovedOn when a draft of these contracts was made since."""
        here = {streams.invoice(each) for drafts in self.known.values() for each in drafts}
        for stream in unit.changed_since(self.position) - here:
            made = unit.load(INVOICE, stream) if stream.startswith(_INVOICES) else None
            if made and made.contract_id in contracts and _is_open(made):
                raise MovedOn

    def newest(self, unit: UnitOfWork, contract_id: str, customer_id: str) -> Invoice | None:
        """The customer's newest open draft that corrects nothing, None where there is none."""
        known = self.known.get((contract_id, customer_id), ())
        invoices = (unit.load(INVOICE, streams.invoice(invoice_id)) for invoice_id in known)
        return next((each for each in invoices if each and _is_open(each)), None)


def _is_open(invoice: Invoice) -> bool:
    return invoice.is_open and not invoice.deleted and invoice.corrects is None


async def refresh(tenant: Tenant, request: Request, invoice_id: str) -> Answer:
    """Takes in what is ready for a draft now (D-70); with nothing ready it stays as it is.

    Raises NotFound, Refused for a confirmed or corrective one, StaleVersion.
    """

    def work(unit: UnitOfWork) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        contract_lines = _all_lines(unit, invoice.contract_id)
        deal = deal_of(unit, invoice.contract_id, invoice.line_ids or contract_lines)
        unit.append(refreshing.refresh(RefreshDraft(actor=unit.actor), invoice, deal).events)
        return invoice_answer(unit, invoice_id, details=request.details)

    return await submit(tenant, request, work)


async def add_items(
    tenant: Tenant, request: Request, invoice_id: str, items: Sequence[str]
) -> Answer:
    """Puts items on a draft, whatever their date; one that can't go there refuses all (D-71).

    Raises as `refresh`, and ItemsRefused, naming each refused item.
    """

    def work(unit: UnitOfWork, explain: Explainer) -> Answer:
        invoice = invoice_of(unit, invoice_id)
        unit.expect(streams.invoice(invoice_id), request.if_match)
        deal = deal_of(unit, invoice.contract_id, _lines_of(items))
        command = AddItems(actor=unit.actor, items=tuple(items))
        _append(unit, refreshing.add(command, invoice, deal), explain)
        return invoice_answer(unit, invoice_id, details=request.details)

    return await submit_explained(tenant, request, work)


async def add_to_newest(tenant: Tenant, request: Request, items: Sequence[str]) -> Answer:
    """Puts items on the newest open draft of their customers, on a new one where there is none.

    Of several contracts at once, in one transaction (D-41). Raises ItemsRefused, naming each
    refused item; ViewsBehind; Conflict when others made drafts of the same contracts at each look.
    """
    contracts = tuple(by_contract(items))
    for _ in range(_LOOKS):
        await tenant.until_current()
        drafts = await in_thread(_look, tenant, contracts)

        def work(unit: UnitOfWork, explain: Explainer, drafts: _Drafts = drafts) -> Answer:
            named = by_contract(items)
            deals = {
                contract_id: _deal(unit, contract_id, named[contract_id]) for contract_id in named
            }
            drafts.require_all(unit, named)  # once the lines are looked at: see above
            decided = together(
                _add_some(unit, request, drafts, deal, named[contract_id])
                for contract_id, deal in deals.items()
            )
            _append(unit, decided, explain)
            return _answer(unit, decided, len(set(items)), details=request.details)

        try:
            return await submit_explained(tenant, request, work)
        except MovedOn:
            continue
    raise Conflict


def _append(unit: UnitOfWork, decided: Decision, explain: Explainer) -> None:
    """Appends a decision on items. Raises ItemsRefused when one of them is refused (D-71)."""
    if decided.refused:
        raise ItemsRefused(explain(decided.refused), "items_refused", rule="D-71")
    unit.append(decided.events)


def _answer(unit: UnitOfWork, decided: Decision, count: int, *, details: bool) -> Answer:
    invoices = (invoice_of(unit, invoice_id) for invoice_id in decided.done)
    return Answer(
        body=Drafted(
            changed_count=count,
            skipped_count=0,
            invoices=[from_states.invoice(each, with_details=details) for each in invoices],
            skipped=[],
            position=UNSET,
        )
    )


# --- the newest drafts -------------------------------------------------------------------------


def _look(tenant: Tenant, contracts: Sequence[str]) -> _Drafts:
    with tenant.reading() as (views, position):
        return _Drafts(position=position, known=open_drafts(views, contracts))


def _deal(unit: UnitOfWork, contract_id: str, items: Iterable[str]) -> Deal | None:
    """The contract with the lines of the items; the others are looked at, too."""
    deal = load_deal(unit, contract_id, _lines_of(items))
    if deal:
        load_heads(unit, contract_id, deal.contract.lines)
    return deal


def _add_some(
    unit: UnitOfWork, request: Request, drafts: _Drafts, deal: Deal | None, items: Sequence[str]
) -> Decision:
    """What becomes of the items of one contract."""
    if deal is None:
        return Decision(refused=tuple(not_open(item_id) for item_id in dict.fromkeys(items)))
    contract_id = deal.contract.contract_id
    command = AddToNewest(
        draft_key=f"{request.request_id} {contract_id}", actor=unit.actor, items=tuple(items)
    )
    found = {
        customer_id: drafts.newest(unit, contract_id, customer_id)
        for customer_id in _customers(deal, items)
    }
    newest = {customer_id: draft for customer_id, draft in found.items() if draft}
    return refreshing.add_to_newest(command, newest, deal)


def _customers(deal: Deal, items: Iterable[str]) -> list[str]:
    known = (deal.find(item_id) for item_id in items)
    return sorted({found[1].customer_id for found in known if found})


# --- helpers -----------------------------------------------------------------------------------


def _all_lines(unit: UnitOfWork, contract_id: str) -> Iterable[str]:
    return deal_of(unit, contract_id, ()).contract.lines


def _lines_of(items: Iterable[str]) -> list[str]:
    return [key.line_id for item_id in items if (key := streams.line_of(item_id))]
