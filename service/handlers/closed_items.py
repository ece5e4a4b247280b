"""Items that a command can't find open: posted with an invoice, or unknown? The views tell.

A command runs where others wait for it, so it can't wait for the views itself: it breaks off,
they are asked outside, and it runs again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aggregates.contract_line import readiness
from aggregates.refusals import ItemRefusal
from projections.views.backlog import lists as backlog_lists
from service.handlers.idempotency import Answer, Request, submit
from service.ledger.ledger import Conflict
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread

_LOOKUPS = 3
"""How often a command may break off: once, but for items posted in that very moment."""


class _NotKnown(Exception):
    """These items were not looked for yet."""

    def __init__(self, items: Sequence[str]) -> None:
        super().__init__()
        self.items = items


@dataclass(frozen=True, slots=True)
class Explainer:
    """Words the refusals of items that are not open, by what is known of them."""

    posted: dict[str, bool] = field(default_factory=dict[str, bool])

    def __call__(self, refusals: Sequence[ItemRefusal]) -> list[ItemRefusal]:
        """The refusals, each of a closed item saying why. Breaks off when one is not known."""
        closed = [refusal.item_id for refusal in refusals if refusal.code == readiness.NOT_OPEN]
        unknown = [item_id for item_id in closed if item_id not in self.posted]
        if unknown:
            raise _NotKnown(unknown)
        return [self._worded(r) if r.code == readiness.NOT_OPEN else r for r in refusals]

    def _worded(self, refusal: ItemRefusal) -> ItemRefusal:
        if self.posted[refusal.item_id]:
            return replace(
                refusal, code="item_posted", detail="the item is posted with its invoice (D-25)"
            )
        return replace(refusal, code="item_not_found", detail="there is no item of this id")


async def submit_explained(
    tenant: Tenant, request: Request, work: Callable[[UnitOfWork, Explainer], Answer]
) -> Answer:
    """Runs a command as `submit` does, with an explainer for the items that it refuses."""
    explain = Explainer()
    for _ in range(_LOOKUPS):
        try:
            return await submit(tenant, request, lambda unit: work(unit, explain))
        except _NotKnown as broken_off:
            await tenant.until_current()
            explain.posted.update(await in_thread(_look_up, tenant, broken_off.items))
    raise Conflict


def _look_up(tenant: Tenant, items: Sequence[str]) -> dict[str, bool]:
    """Which of the items the views know."""
    known: set[str] = set()
    with tenant.reading() as (connection, _):
        for start in range(0, len(items), 500):
            rows = backlog_lists.find_items(connection, items[start : start + 500])
            known.update(row.item_id for row in rows)
    return {item_id: item_id in known for item_id in items}
