"""Commands over backlog items of any number of contracts: marked, reset, evaluated anew."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import UNSET

from aggregates import streams
from aggregates.contract_line.backlog import readiness, verdicts
from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.contract_line.items import Item
from aggregates.deal import not_open
from aggregates.decision import Decision, together
from service.handlers.closed_items import Explainer
from service.handlers.idempotency import Answer, Request
from service.handlers.loading import by_contract, load_deal
from service.handlers.matching import Selection, submit_over
from service.ledger.stream_kinds import LINE
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import from_states
from service.wire.outcomes import MOST_LISTED, ItemsChanged

ItemsCommand = type[MarkReady | MarkNotReady | ResetNTE | ReevaluateNTE]
"""What is done to items."""


async def command(
    tenant: Tenant, request: Request, kind: ItemsCommand, selected: Selection, *, partly: bool
) -> Answer:
    """Runs one command over items, contract by contract in the order they are first named.

    All that match are taken oldest first (D-34). With `partly`, refused items are listed in the
    answer and the others go ahead (D-27). Raises ItemsRefused, naming each refused item, when one
    refusal is to refuse all; and as `submit_over`.
    """

    def work(unit: UnitOfWork, explain: Explainer, items: Sequence[str]) -> Answer:
        decided = decide(unit, kind, items)
        decided = replace(decided, refused=explain(decided.refused))
        if not partly:
            decided.all_or_nothing()
        unit.append(decided.events)
        return answer_of(unit, decided)

    return await submit_over(tenant, request, selected, work)


def answer_of(unit: UnitOfWork, decided: Decision) -> Answer:
    """What a command did to items, once it is appended: how many, and the first of them."""
    skipped = (*decided.refused, *decided.left)
    changed = (_item(unit, item_id) for item_id in decided.done[:MOST_LISTED])
    return Answer(
        body=ItemsChanged(
            changed_count=len(decided.done),
            skipped_count=len(skipped),
            changed=[from_states.changed_item(item) for item in changed],
            skipped=[from_states.left_alone(item) for item in skipped[:MOST_LISTED]],
            position=UNSET,
        )
    )


def decide(unit: UnitOfWork, kind: ItemsCommand, items: Sequence[str]) -> Decision:
    """What a command over items does, contract by contract in the order they are first named."""
    return together(
        _decide(unit, kind, contract_id, some) for contract_id, some in by_contract(items).items()
    )


def _decide(
    unit: UnitOfWork, kind: ItemsCommand, contract_id: str, items: Sequence[str]
) -> Decision:
    line_ids = (key.line_id for item_id in items if (key := streams.line_of(item_id)))
    deal = load_deal(unit, contract_id, line_ids)
    if deal is None:
        return Decision(refused=tuple(not_open(item_id) for item_id in dict.fromkeys(items)))
    match kind(items=tuple(items)):
        case MarkReady() as command:
            return readiness.mark_ready(command, deal)
        case MarkNotReady() as command:
            return readiness.mark_not_ready(command, deal)
        case ResetNTE() as command:
            return verdicts.reset(command, deal)
        case ReevaluateNTE() as command:
            return verdicts.reevaluate(command, deal)


def _item(unit: UnitOfWork, item_id: str) -> Item:
    """An item that the command at hand changed: it is open, on a line that is loaded."""
    key = streams.line_of(item_id)
    line = unit.load(LINE, streams.line(*key)) if key else None
    if line is None:
        raise LookupError(item_id)
    return line.open_item(item_id)
