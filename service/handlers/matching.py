"""Commands over all that match: the items are found in the views, and decided on as shown there.

Views lag behind. So they are waited for, and what they show is acted on only if nothing has
happened since to the contracts and lines that it is of; otherwise it is looked for again (ADR 33).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from aggregates import streams
from aggregates.refusals import Refused
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import BacklogList
from projections.views.kept_to import KeptTo
from projections.views.paging import PageRequest
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request
from service.handlers.loading import by_contract, load_deal
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.unit_of_work import MovedOn, UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.selections import AnyMatching, list_of

MOST_ITEMS = 10_000
"""Items that one transaction is about."""
MOST_OF_A_JOB = 250_000
"""Items that a job is about; it remembers the id of each."""
_LOOKS = 16
"""How often the views are asked: once, but for what others do to the same lines meanwhile."""


class MatchingChanged(Refused):
    """What matches is not what the caller saw."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            "matching_changed",
            f"{found} items match now, not {expected}: look at the list again",
            expected=expected,
            found=found,
        )


class TooManyItems(Refused):
    """More items match than one transaction, a dry run or a job can be about."""

    def __init__(self, found: int, most: int) -> None:
        super().__init__(
            "too_many_items",
            f"{found} items match, and at most {most} can be taken at once: filter for fewer, by "
            "date or contract for instance",
            found=found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """All that a backlog list shows with these filters, less some; as many as expected, if told.

    `said` is how the caller said it.
    """

    backlog: BacklogList
    wanted: BacklogFilter
    without: frozenset[str]
    expected: int | None
    said: Mapping[str, Any]

    def within(self, contract_id: str) -> "Matching":
        """Those of one contract."""
        named = self.wanted.any_of.get("contract_id", [contract_id])
        only = [contract_id] if contract_id in named else []
        return replace(
            self, wanted=replace(self.wanted, any_of={**self.wanted.any_of, "contract_id": only})
        )


Selection = Sequence[str] | Matching
"""Which items a command is about: those named, or all that match."""
Work = Callable[[UnitOfWork, Explainer, Sequence[str]], Answer]
"""Decides a command on items and appends what it comes to."""


def selection(
    items: Sequence[str] | None, matching: AnyMatching | None, kept_to: KeptTo
) -> Selection:
    """What a body selects, one of which it has."""
    return tuple(items or ()) if matching is None else all_that(matching, kept_to)


def all_that(matching: AnyMatching, kept_to: KeptTo) -> Matching:
    """All that match, as a body says it, of what the caller may know of."""
    backlog, wanted = list_of(matching, kept_to)
    return Matching(
        backlog=backlog,
        wanted=wanted,
        without=frozenset(matching.without),
        expected=matching.expect.count if matching.expect else None,
        said={
            name: value
            for name, value in matching.model_dump(
                mode="json", by_alias=True, exclude_none=True
            ).items()
            if value != []
        },
    )


async def submit_over(tenant: Tenant, request: Request, selected: Selection, work: Work) -> Answer:
    """Runs a command over items as `submit_explained` does.

    All that match are found first, oldest first. Raises MatchingChanged when they are not as many
    as expected, TooManyItems, ViewsBehind when the views don't show in time what was recorded when
    the command came, Conflict when others changed the same lines at every look.
    """
    if not isinstance(selected, Matching):
        return await submit_explained(
            tenant, request, lambda unit, explain: work(unit, explain, selected)
        )
    for _ in range(_LOOKS):
        await tenant.until_current()
        found = await in_thread(_look, tenant, selected)
        try:
            return await submit_explained(tenant, request, found.acted_on_by(work))
        except MovedOn:
            continue
    raise Conflict


async def all_ids(tenant: Tenant, selected: Matching) -> list[str]:
    """The ids of all that match now, oldest first, however many they are.

    Raises MatchingChanged, TooManyItems when they are too many for a job, ViewsBehind.
    """
    await tenant.until_current()
    items, count = await in_thread(_ids, tenant, selected, MOST_OF_A_JOB)
    if selected.expected is not None and selected.expected != count:
        raise MatchingChanged(selected.expected, count)
    if count > MOST_OF_A_JOB:
        raise TooManyItems(count, MOST_OF_A_JOB)
    return items


def _ids(tenant: Tenant, selected: Matching, most: int) -> tuple[list[str], int]:
    with tenant.reading() as (views, _):
        return _matching(views, selected, most)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What matched at a position of the history."""

    position: int
    items: Sequence[str]
    count: int
    expected: int | None

    def acted_on_by(self, work: Work) -> Callable[[UnitOfWork, Explainer], Answer]:
        """The command on what was found. It is refused here, where a repetition is known first."""

        def act(unit: UnitOfWork, explain: Explainer) -> Answer:
            if self.expected is not None and self.expected != self.count:
                raise MatchingChanged(self.expected, self.count)
            if self.count > MOST_ITEMS:
                raise TooManyItems(self.count, MOST_ITEMS)
            for contract_id, some in by_contract(self.items).items():
                lines = (key.line_id for item_id in some if (key := streams.line_of(item_id)))
                load_deal(unit, contract_id, lines)
            unit.require_unmoved_since(self.position)
            return work(unit, explain, self.items)

        return act


def _look(tenant: Tenant, selected: Matching) -> _Found:
    """What matches, as the views show it now; all of it is counted, and too much not listed."""
    with tenant.reading() as (views, position):
        items, count = _matching(views, selected, MOST_ITEMS)
    return _Found(position=position, items=items, count=count, expected=selected.expected)


def _matching(views: Connection, selected: Matching, most: int) -> tuple[list[str], int]:
    """The ids of what matches, of that many items at least, and how many match in all."""
    backlog, wanted, without = selected.backlog, selected.wanted, selected.without
    if not all(wanted.any_of.values()):
        return [], 0
    page = backlog.ids(views, wanted, PageRequest(limit=most + len(without)))
    items = [item_id for item_id in page.ids if item_id not in without]
    if page.next is None:
        return items, len(items)
    only = _only(wanted, without)
    left_out = backlog.count(views, only) if only.any_of["item_id"] else 0
    return items, backlog.count(views, wanted) - left_out


def _only(wanted: BacklogFilter, items: Collection[str]) -> BacklogFilter:
    """The filter for those of the items that match."""
    named = set(wanted.any_of.get("item_id", items))
    only = sorted(named.intersection(items))
    return replace(wanted, any_of={**wanted.any_of, "item_id": only})
