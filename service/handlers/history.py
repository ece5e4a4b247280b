"""The history as auditors read it (D-64)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from aggregates import streams
from projections.history import Recorded
from projections.views import history as history_views
from projections.views.paging import Wanted
from projections.views.resource import Page
from service.ledger.stored_form import EventMapper
from service.ledger.unread import Unread
from service.tenants.tenant import Tenant
from service.wire.outcomes import AuditEvent

SCAN = 200
"""Events that are taken from the database in one go when those that match are searched."""
MOST_LOOKED_AT, MOST_BYTES = 20_000, 32 * 1024 * 1024
"""Events, and their bytes, that are looked at for one page: the next page goes on after them."""
LATE = timedelta(hours=1)
"""How much later an event may be recorded than those before it say, and how much sooner: clocks of
several machines differ, and commands wait for each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAsked:
    """Which events are wanted: `any_of` by the index of events; of those, what they must have."""

    any_of: Wanted
    item_id: str | None = None
    line_ids: Sequence[str] = ()
    actors: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_by_index(self) -> bool:
        """Whether the index of events leads to all that match, and to no others."""
        within = self.item_id is None and self.since is None and self.until is None
        return within and not self.line_ids and not self.actors

    def found_in(self, event: Unread) -> Recorded | None:
        """The event, if it is wanted."""
        about = event.metadata()
        if self.actors and about.actor not in self.actors:
            return None
        if self.since and about.recorded_at < self.since:
            return None
        if self.until and about.recorded_at > self.until:
            return None
        read = event.read()
        if self.line_ids and getattr(read.event, "line_id", None) not in self.line_ids:
            return None
        return read if self.item_id is None or self.item_id in _text(read) else None


def page_of_events(tenant: Tenant, asked: EventsAsked, after: int, limit: int) -> Page[AuditEvent]:
    """The events after a position that match, and the newest position of the history.

    Where all that match have to be searched, a page may have few of them, or none, and still a next
    one: so many are looked at for one page.
    """
    if asked.is_by_index:
        found = [event.read() for event in _unread(tenant, asked.any_of, after, limit + 1)]
        next_after = found[limit - 1].position if len(found) > limit else None
    else:
        found, next_after = _searched(tenant, asked, after, limit)
    return Page(
        items=[_shown(event) for event in found[:limit]],
        next=None if next_after is None else str(next_after),
        position=tenant.ledger.position(),
    )


def _searched(
    tenant: Tenant, asked: EventsAsked, after: int, limit: int
) -> tuple[list[Recorded], int | None]:
    """At most `limit` events that match, and after which position more may."""
    any_of = asked.any_of
    if asked.item_id is not None:
        key = streams.line_of(asked.item_id)
        if key is None:
            return [], None
        # Every event about an item is about its contract, too.
        any_of = {"contract_id": [key.contract_id], **any_of}
    if asked.since:
        after = max(after, _last_before(tenant, asked.since - LATE))
    found: list[Recorded] = []
    looked_at = size = 0
    while looked_at < MOST_LOOKED_AT and size < MOST_BYTES:
        some = _unread(tenant, any_of, after, SCAN)
        for event in some:
            if len(found) == limit:
                return found, after
            read = asked.found_in(event)
            found += [read] if read else []
            after = event.position
        if len(some) < SCAN or _is_over(asked.until, some[-1]):
            return found, None
        looked_at += len(some)
        size += sum(len(event.state) for event in some)
    return found, after


def _is_over(until: datetime | None, last: Unread) -> bool:
    """Whether nothing after an event was recorded by then."""
    return until is not None and last.metadata().recorded_at > until + LATE


def _last_before(tenant: Tenant, instant: datetime) -> int:
    """A position up to which all was recorded before an instant, give or take `LATE`."""
    first, last = 0, tenant.ledger.position()
    while first < last:
        middle = (first + last) // 2
        (event,) = tenant.ledger.unread(middle, 1)
        if event.metadata().recorded_at < instant:
            first = event.position
        else:
            last = middle
    return first


def _unread(tenant: Tenant, wanted: Wanted, after: int, limit: int) -> list[Unread]:
    if not wanted:
        return tenant.ledger.unread(after, limit)
    with tenant.reading() as (views, _):
        positions = history_views.event_positions(views, wanted, after, limit)
    return tenant.ledger.unread_at(positions)


def _text(recorded: Recorded) -> str:
    return msgspec.json.encode(recorded.event).decode()


def _shown(recorded: Recorded) -> AuditEvent:
    about = recorded.metadata
    return AuditEvent(
        position=recorded.position,
        stream=recorded.stream,
        version=recorded.version,
        type=EventMapper.codec.name_of(type(recorded.event)),
        recorded_at=about.recorded_at.isoformat(),
        actor=about.actor,
        reason=about.reason,
        correlation_id=about.correlation_id,
        causation_id=about.causation_id,
        data=msgspec.to_builtins(recorded.event),
    )
