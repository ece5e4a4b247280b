"""Commands over backlog items of any number of contracts: marked, reset, evaluated anew."""

from collections.abc import Callable, Sequence

from msgspec import UNSET

from aggregates import streams
from aggregates.contract_line import readiness
from aggregates.contract_line.readiness import BacklogCommand, Decision
from aggregates.contract_line.state import OpenPart, OpenSale
from aggregates.refusals import ItemRefusal, ItemsRefused
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request
from service.handlers.loading import load_deal
from service.ledger.stream_kinds import LINE
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire import states
from service.wire.answers import ItemsChanged

Command = Callable[[tuple[str, ...]], BacklogCommand]


async def command(
    tenant: Tenant, request: Request, make: Command, items: Sequence[str], *, partly: bool
) -> Answer:
    """Runs one command over items, contract by contract in the order they are first named.

    With `partly`, refused items are listed in the answer and the others go ahead (D-27). Raises
    ItemsRefused, naming each refused item, when one refusal is to refuse all.
    """

    def work(unit: UnitOfWork, explain: Explainer) -> Answer:
        decisions = [
            _decide(unit, make, contract_id, some)
            for contract_id, some in _by_contract(items).items()
        ]
        refused = [refusal for decision in decisions for refusal in decision.refused]
        if refused and not partly:
            raise ItemsRefused(explain(refused))
        for decision in decisions:
            unit.append(decision.events)
        unchanged = [refusal for decision in decisions for refusal in decision.unchanged]
        changed = [item_id for decision in decisions for item_id in decision.changed]
        return Answer(
            body=ItemsChanged(
                changed=[states.changed_item(_item(unit, item_id)) for item_id in changed],
                skipped=[
                    states.refused_item(refusal) for refusal in [*explain(refused), *unchanged]
                ],
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


def _decide(unit: UnitOfWork, make: Command, contract_id: str, items: Sequence[str]) -> Decision:
    line_ids = (key.line_id for item_id in items if (key := streams.line_of(item_id)))
    deal = load_deal(unit, contract_id, line_ids)
    if deal is None:
        unknown = tuple(
            ItemRefusal(item_id, readiness.NOT_OPEN, "there is no open item of this id")
            for item_id in dict.fromkeys(items)
        )
        return Decision(events=(), changed=(), refused=unknown, unchanged=())
    return readiness.decide(make(tuple(items)), deal)


def _item(unit: UnitOfWork, item_id: str) -> OpenSale | OpenPart:
    """An item that the command at hand changed: it is open, on a line that is loaded."""
    key = streams.line_of(item_id)
    line = unit.load(LINE, streams.line(*key)) if key else None
    if line is None:
        raise LookupError(item_id)
    return line.open_item(item_id)
