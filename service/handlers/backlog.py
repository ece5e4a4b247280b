"""Commands over backlog items of any number of contracts: marked, reset, evaluated anew."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import UNSET

from aggregates import streams
from aggregates.contract_line import readiness, verdicts
from aggregates.contract_line.items import Item
from aggregates.contract_line.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.verdicts import ReevaluateNTE, ResetNTE
from aggregates.deal import not_open
from aggregates.decision import Decision, together
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request
from service.handlers.loading import load_deal
from service.ledger.stream_kinds import LINE
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import from_states
from service.wire.outcomes import ItemsChanged

MakeCommand = Callable[[tuple[str, ...]], MarkReady | MarkNotReady | ResetNTE | ReevaluateNTE]


async def command(
    tenant: Tenant, request: Request, make: MakeCommand, items: Sequence[str], *, partly: bool
) -> Answer:
    """Runs one command over items, contract by contract in the order they are first named.

    With `partly`, refused items are listed in the answer and the others go ahead (D-27). Raises
    ItemsRefused, naming each refused item, when one refusal is to refuse all.
    """

    def work(unit: UnitOfWork, explain: Explainer) -> Answer:
        decided = together(
            _decide(unit, make, contract_id, some)
            for contract_id, some in _by_contract(items).items()
        )
        decided = replace(decided, refused=explain(decided.refused))
        if not partly:
            decided.all_or_nothing()
        unit.append(decided.events)
        skipped = (*decided.refused, *decided.left)
        return Answer(
            body=ItemsChanged(
                changed=[
                    from_states.changed_item(_item(unit, item_id)) for item_id in decided.done
                ],
                skipped=[from_states.left_alone(item) for item in skipped],
                position=UNSET,
            )
        )

    return await submit_explained(tenant, request, work)


def _by_contract(items: Sequence[str]) -> dict[str, list[str]]:
    """The items by contract; ids that name no line come under the empty contract."""
    grouped: dict[str, list[str]] = {}
    for item_id in items:
        key = streams.line_of(item_id)
        grouped.setdefault(key.contract_id if key else "", []).append(item_id)
    return grouped


def _decide(
    unit: UnitOfWork, make: MakeCommand, contract_id: str, items: Sequence[str]
) -> Decision:
    line_ids = (key.line_id for item_id in items if (key := streams.line_of(item_id)))
    deal = load_deal(unit, contract_id, line_ids)
    if deal is None:
        return Decision(refused=tuple(not_open(item_id) for item_id in dict.fromkeys(items)))
    match make(tuple(items)):
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
