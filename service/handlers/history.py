"""The history as auditors read it (D-64)."""

import msgspec

from aggregates import streams
from projections.history import Recorded
from projections.views import history as history_views
from projections.views.paging import Wanted
from projections.views.resource import Page
from service.ledger.stored_form import EventMapper
from service.tenants.tenant import Tenant
from service.wire.outcomes import AuditEvent

SCAN = 1_000
"""Events that are looked at in one go when the events of an item are searched."""


def page_of_events(
    tenant: Tenant, wanted: Wanted, after: int, limit: int, item_id: str | None
) -> Page[AuditEvent]:
    """The events after a position that match, and the newest position of the history."""
    found = (
        _indexed(tenant, wanted, after, limit + 1)
        if item_id is None
        else _about(tenant, item_id, wanted, after, limit + 1)
    )
    return Page(
        items=[_shown(event) for event in found[:limit]],
        next=str(found[limit - 1].position) if len(found) > limit else None,
        position=tenant.ledger.position(),
    )


def _about(tenant: Tenant, item_id: str, wanted: Wanted, after: int, limit: int) -> list[Recorded]:
    key = streams.line_of(item_id)
    if key is None:
        return []
    # Every event about an item is about its contract, too.
    of_contract = {"contract_id": [key.contract_id], **wanted}
    found: list[Recorded] = []
    while len(found) < limit and (some := _indexed(tenant, of_contract, after, SCAN)):
        found += [event for event in some if item_id in _text(event)]
        after = some[-1].position
    return found[:limit]


def _indexed(tenant: Tenant, wanted: Wanted, after: int, limit: int) -> list[Recorded]:
    if not wanted:
        return tenant.ledger.read(after, limit)
    with tenant.reading() as (views, _):
        positions = history_views.event_positions(views, wanted, after, limit)
    return tenant.ledger.read_at(positions)


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
