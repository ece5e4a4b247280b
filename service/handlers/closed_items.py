"""Items that a command can't find open: posted with an invoice, or unknown? The views tell.

A command runs where others wait for it, so it can't wait for the views itself: it breaks off,
they are asked outside, and it runs again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aggregates.deal import NOT_OPEN, closed
from aggregates.refusals import LeftAlone
from projections.views.backlog import lists as backlog_lists
from projections.views.kept_to import KeptTo
from service.handlers.idempotency import Answer, Request, submit
from service.ledger.conflicts_and_retries import Conflict
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
    """Says why items are not open, by what the views know of them."""

    known: dict[str, bool] = field(default_factory=dict[str, bool])

    def __call__(self, items: Sequence[LeftAlone]) -> tuple[LeftAlone, ...]:
        """The items, each closed one saying why. Breaks off when one was not looked for yet."""
        missing = [it.id for it in items if it.why.code == NOT_OPEN and it.id not in self.known]
        if missing:
            raise _NotKnown(missing)
        return tuple(
            closed(it.id, is_known=self.known[it.id]) if it.why.code == NOT_OPEN else it
            for it in items
        )


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
            explain.known.update(
                await in_thread(_look_up, tenant, request.kept_to, broken_off.items)
            )
    raise Conflict


def _look_up(tenant: Tenant, kept_to: KeptTo, items: Sequence[str]) -> dict[str, bool]:
    """Which of the items the views know."""
    known: set[str] = set()
    with tenant.reading() as (connection, _):
        for start in range(0, len(items), 500):
            rows = backlog_lists.find_items(connection, kept_to, items[start : start + 500])
            known.update(row.item_id for row in rows)
    return {item_id: item_id in known for item_id in items}
