"""A mark is taken back, by the position that its answer told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from aggregates import streams
from aggregates.contract_line.backlog import undoing
from aggregates.contract_line.backlog.undoing import UndoMark
from aggregates.contract_line.events import MarkedReady, NTEEvaluated
from aggregates.decision import Decision, together
from aggregates.refusals import Refused
from aggregates.statuses import NTEStatus
from projections.history import Recorded
from service.handlers.backlog import answer_of
from service.handlers.closed_items import Explainer, submit_explained
from service.handlers.idempotency import Answer, Request
from service.handlers.loading import by_contract, load_deal
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.ledger import Ledger
from service.ledger.unit_of_work import MovedOn, UnitOfWork
from service.tenants.tenant import Tenant
from service.threads import in_thread

PAGE = 1_000
"""Events that are read in one go."""
MOST_SINCE = 100_000
"""Events since a mark, on the lines of its items, from which it is too old to be taken back."""
_READINGS = 16
"""How often the lines are read on: once, but for what others do to them meanwhile."""


class NotAMark(Refused):
    """What was recorded at a position is no mark."""

    def __init__(self, position: int) -> None:
        super().__init__(
            "not_a_mark",
            f"no item was marked at position {position}: give the position that a mark answered "
            "which changed something",
        )


class MarkTooOld(Refused):
    """Too much has happened since a mark."""

    def __init__(self, position: int) -> None:
        super().__init__(
            "mark_too_old",
            f"more than {MOST_SINCE} events came after position {position} on the lines of its "
            "items: mark these anew",
        )


async def undo_mark(tenant: Tenant, request: Request, position: int) -> Answer:
    """Takes a mark back for the items that nothing has changed since; the others are skipped.

    `position` is one of the mark, best that of its answer. Raises PositionAhead when the history
    does not reach so far, NotAMark, MarkTooOld, and Conflict when others changed the same lines
    each time.
    """
    await tenant.require_reached(position)
    mark = await in_thread(_read, tenant.ledger, position)
    context = request.context
    reason = f"undo of position {position}" + (f": {context.reason}" if context.reason else "")
    request = replace(request, context=replace(context, reason=reason))
    for _ in range(_READINGS):
        await in_thread(mark.read_on, tenant.ledger)
        try:
            return await submit_explained(tenant, request, mark.undo)
        except MovedOn:
            continue
    raise Conflict


@dataclass(slots=True, kw_only=True)
class _Mark:
    """What a mark did, and what has touched its items since, as far as that was read."""

    position: int
    items: tuple[str, ...]
    made_ready: bool
    verdicts: Mapping[str, NTEStatus]
    versions: dict[str, int]
    """The lines of its items, each with the version up to which it was read."""
    changed_since: set[str] = field(default_factory=set[str])
    events_since: int = 0

    def read_on(self, ledger: Ledger) -> None:
        """Reads what happened to the lines after what was read of them. Raises MarkTooOld."""
        for stream in self.versions:
            while events := ledger.read_stream(stream, self.versions[stream], PAGE):
                self.versions[stream] += len(events)
                self.events_since += len(events)
                if self.events_since > MOST_SINCE:
                    raise MarkTooOld(self.position)
                for event in events:
                    self.changed_since.update(undoing.touched_by(event))

    def undo(self, unit: UnitOfWork, explain: Explainer) -> Answer:
        """The command. Raises MovedOn when a line is not as it was read."""
        decided = together(
            self._undo_some(unit, contract_id, some)
            for contract_id, some in by_contract(self.items).items()
        )
        decided = replace(decided, refused=explain(decided.refused))
        unit.append(decided.events)
        return answer_of(unit, decided)

    def _undo_some(self, unit: UnitOfWork, contract_id: str, items: list[str]) -> Decision:
        lines = dict.fromkeys(key.line_id for item in items if (key := streams.line_of(item)))
        deal = load_deal(unit, contract_id, lines)
        if deal is None:
            raise LookupError(contract_id)
        for line_id in lines:
            stream = streams.line(contract_id, line_id)
            if unit.version(stream) != self.versions[stream]:
                raise MovedOn
        command = UndoMark(
            items=tuple(items),
            made_ready=self.made_ready,
            verdicts=self.verdicts,
            changed_since=self.changed_since,
        )
        return undoing.undo_mark(command, deal)


def _read(ledger: Ledger, position: int) -> _Mark:
    """The mark at a position. Raises NotAMark."""
    recorded = _command_at(ledger, position)
    events = [each.event for each in recorded]
    marked = undoing.marked_by(events)
    if not marked:
        raise NotAMark(position)
    items = tuple(item for event in marked for item in event.items)
    lines = {event.stream for event in marked}
    versions = {each.stream: each.version for each in recorded if each.stream in lines}
    first = {each.stream: each.version for each in reversed(recorded)}
    return _Mark(
        position=position,
        items=items,
        made_ready=isinstance(marked[0], MarkedReady),
        verdicts=_verdicts_before(ledger, _judged(events, frozenset(items)), first),
        versions=versions,
    )


def _command_at(ledger: Ledger, position: int) -> list[Recorded]:
    """All events of the command that recorded the one at this position, in order.

    They stand together, and say the same of who, when and why. Raises NotAMark as soon as one of
    them shows that it is none.
    """
    found = ledger.read(position - 1, 1)
    if not found:
        raise NotAMark(position)
    metadata = found[0].metadata

    def own(events: Iterable[Recorded]) -> Iterator[Recorded]:
        for each in takewhile(lambda each: each.metadata == metadata, events):
            if not undoing.may_be_of_a_mark(each.event):
                raise NotAMark(position)
            yield each

    list(own(found))
    while page := _page_before(ledger, found[0].position):
        before = list(own(reversed(page)))
        found = [*reversed(before), *found]
        if len(before) < len(page):
            break
    while page := ledger.read(found[-1].position, PAGE):
        after = list(own(page))
        found += after
        if len(after) < len(page):
            break
    return next(each for each in _apart(found) if each[-1].position >= position)


def _apart(recorded: Iterable[Recorded]) -> Iterator[list[Recorded]]:
    """Commands in a row, told apart by what only stands at the end of one."""
    some: list[Recorded] = []
    for each in recorded:
        if some and undoing.ends_a_mark(some[-1].event) and not undoing.ends_a_mark(each.event):
            yield some
            some = []
        some.append(each)
    yield some


def _page_before(ledger: Ledger, position: int) -> list[Recorded]:
    """The events next before a position, in order."""
    start = max(0, position - 1 - PAGE)
    return ledger.read(start, position - 1 - start)


def _judged(events: Iterable[object], items: frozenset[str]) -> dict[str, set[str]]:
    """Those of the items that the mark gave a verdict, by stream."""
    judged: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event, NTEEvaluated):
            own = {result.item_id for result in event.results} & items
            judged.setdefault(event.stream, set()).update(own)
    return judged


def _verdicts_before(
    ledger: Ledger, judged: Mapping[str, set[str]], first: Mapping[str, int]
) -> dict[str, NTEStatus]:
    """What items were before the mark gave them a verdict: found from there backwards."""
    verdicts: dict[str, NTEStatus] = {}
    for stream, items in judged.items():
        missing, end = set(items), first[stream] - 1
        while missing and end > 0:
            start = max(0, end - PAGE)
            for event in reversed(ledger.read_stream(stream, start, end - start)):
                known = undoing.verdicts_of(event)
                for item_id in missing & known.keys():
                    verdicts[item_id] = known[item_id]
                    missing.discard(item_id)
            end = start
    return verdicts
