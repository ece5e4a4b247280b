"""What a contract line remembers of recalls: items that they wait for, and what stays billed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from rpds import HashTrieMap

from aggregates.contract_line.events import ItemsPosted, SalesReversed
from aggregates.contract_line.recalled.events import (
    Obligation,
    ObligationsChanged,
    ObligationsOpened,
    ObligationStatus,
    ObligationWaived,
    RecallAwaited,
)
from aggregates.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An item that the parked event waits for; `invoice_id` once it is posted."""

    parked_id: str
    invoice_id: str | None


# rpds' classes can't be subscripted at run time: annotations here are never evaluated.
_NOTHING_AWAITED: HashTrieMap[str, Awaited] = HashTrieMap()
_NO_OBLIGATIONS: HashTrieMap[str, Obligation] = HashTrieMap()
_NONE_ENDED: HashTrieMap[str, ObligationStatus] = HashTrieMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalls:
    """The recalls of a line that are not over: few, however much was billed.

    `awaited` has items by their id, posted ones too, for which a recall waits (D-23). `obligations`
    are the open ones, by the id of the detail that bills the work now (D-83). `settled` are those
    that were waived, or closed because what stays billed is right, by the detail that bills it.
    `ended` says of those that are open no longer how they ended, by their id.
    """

    awaited: HashTrieMap[str, Awaited] = field(default_factory=lambda: _NOTHING_AWAITED)
    obligations: HashTrieMap[str, Obligation] = field(default_factory=lambda: _NO_OBLIGATIONS)
    settled: HashTrieMap[str, Obligation] = field(default_factory=lambda: _NO_OBLIGATIONS)
    ended: HashTrieMap[str, ObligationStatus] = field(default_factory=lambda: _NONE_ENDED)

    def obligation(self, obligation_id: str) -> Obligation | None:
        """The open obligation of that id, None when none is open."""
        return _named(obligation_id, self.obligations)

    def settled_one(self, obligation_id: str) -> Obligation | None:
        """The obligation of that id whose work stays billed as it is, None when there is none."""
        return _named(obligation_id, self.settled)


NO_RECALLS = Recalls()


def recalls_after(recalls: Recalls, event: Event) -> Recalls:
    """The recalls after an event; the very same where it is about other things."""
    match event:
        case RecallAwaited(parked_id=None):
            return _without(recalls, tuple(item.item_id for item in event.items))
        case RecallAwaited(parked_id=str(parked_id)):
            awaited = {
                item.item_id: Awaited(parked_id=parked_id, invoice_id=item.invoice_id)
                for item in event.items
            }
            return replace(recalls, awaited=recalls.awaited.update(awaited))
        case ItemsPosted() if recalls.awaited:
            posted = {
                item_id: replace(known, invoice_id=event.invoice_id)
                for item_id in event.items
                if (known := recalls.awaited.get(item_id))
            }
            return replace(recalls, awaited=recalls.awaited.update(posted))
        case SalesReversed() if recalls.awaited:
            return _without(recalls, event.items)
        case ObligationsOpened():
            return _opened(recalls, event)
        case ObligationsChanged():
            return _changed(recalls, event)
        case ObligationWaived():
            return _waived(recalls, event)
        case _:
            return recalls


def _without(recalls: Recalls, items: tuple[str, ...]) -> Recalls:
    awaited = recalls.awaited
    for item_id in items:
        awaited = awaited.discard(item_id)
    return replace(recalls, awaited=awaited)


def _named(obligation_id: str, among: HashTrieMap[str, Obligation]) -> Obligation | None:
    found = (each for each in among.values() if each.obligation_id == obligation_id)
    return next(found, None)


def _not_among(
    settled: HashTrieMap[str, Obligation], opened: Collection[str]
) -> HashTrieMap[str, Obligation]:
    gone = [detail_id for detail_id, each in settled.items() if each.obligation_id in opened]
    for detail_id in gone:
        settled = settled.discard(detail_id)
    return settled


def _opened(recalls: Recalls, event: ObligationsOpened) -> Recalls:
    opened = {each.detail_id: each for each in event.obligations}
    kept, ended = (
        _without(recalls, tuple(each.item_id for each in event.obligations)),
        recalls.ended,
    )
    for each in event.obligations:
        ended = ended.discard(each.obligation_id)
    return replace(
        kept,
        obligations=kept.obligations.update(opened),
        settled=_not_among(kept.settled, {each.obligation_id for each in opened.values()}),
        ended=ended,
    )


def _waived(recalls: Recalls, event: ObligationWaived) -> Recalls:
    waived = recalls.obligations.get(event.detail_id)
    if waived is None:
        return recalls
    return replace(
        recalls,
        obligations=recalls.obligations.discard(event.detail_id),
        settled=recalls.settled.insert(event.detail_id, waived),
        ended=recalls.ended.insert(event.obligation_id, ObligationStatus.WAIVED),
    )


def _changed(recalls: Recalls, event: ObligationsChanged) -> Recalls:
    obligations, settled, ended = recalls.obligations, recalls.settled, recalls.ended
    for change in event.obligations:
        known = obligations.get(change.corrected_detail_id)
        obligations = obligations.discard(change.corrected_detail_id)
        if change.status is not ObligationStatus.OPEN:
            ended = ended.insert(change.obligation_id, change.status)
        if known is None or not change.quantity:
            continue
        still = replace(
            known,
            invoice_id=change.invoice_id,
            detail_id=change.detail_id,
            quantity=change.quantity,
            amount=change.amount,
            instead=change.instead,
        )
        if change.status is ObligationStatus.OPEN:
            obligations = obligations.insert(change.detail_id, still)
        else:
            settled = settled.insert(change.detail_id, still)
    return replace(recalls, obligations=obligations, settled=settled, ended=ended)
