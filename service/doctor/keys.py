"""How old the keys of a tenant are, and which end soon."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from aggregates import streams
from aggregates.access.events import KeyCreated
from aggregates.access.state import Key, Keys, evolve
from service.doctor.findings import Finding, Status
from service.ledger.ledger import Ledger

SOON = timedelta(days=14)
"""How long before it expires a key is told of."""
OLD = timedelta(days=365)
"""From which age on a key should be changed for another one."""
MOST_TOLD = 5
"""Keys that are named; of more, it is said how many."""
_PAGE = 1_000
"""Events that are read at a time."""


def of_keys(name: str, ledger: Ledger) -> Finding:
    """Keys that end soon, have ended, or are old. Raises Unavailable, UnreadableEvent."""
    keys, made = _read(ledger)
    now = datetime.now(UTC)
    told = [why for key in keys for why in _told(key, made[key.key_id], now)]
    if not told:
        found = f"{len(keys)} keys, none that is older than a year or ends within 14 days"
        return Finding(check="keys", tenant=name, status=Status.OK, found=found)
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return Finding(
        check="keys",
        tenant=name,
        status=Status.WARN,
        found="; ".join(told[:MOST_TOLD]) + more,
        do="make another key of the same name, give it to the caller, then revoke this one: "
        "`billing-backlog keys create`, `keys revoke`",
    )


def _told(key: Key, made: datetime, now: datetime) -> Iterator[str]:
    called = f"{key.name} ({key.key_id})"
    if key.expires_at is not None and key.has_expired(now):
        yield f"{called} expired on {key.expires_at.date()}"
    elif key.expires_at is not None and key.expires_at - now <= SOON:
        yield f"{called} expires on {key.expires_at.date()}"
    elif now - made > OLD:
        yield f"{called} was made {(now - made).days} days ago"


def _read(ledger: Ledger) -> tuple[list[Key], Mapping[str, datetime]]:
    """The keys that were not revoked, and when each was made."""
    keys: Keys | None = None
    versions: dict[str, int] = {}
    version = 0
    while page := ledger.read_stream(streams.KEYS, version, _PAGE):
        for event in page:
            version += 1
            keys = evolve(keys, event)
            if isinstance(event, KeyCreated):
                versions[event.key_id] = version
    known = list((keys or Keys()).by_id.values())
    places = {ledger.position_of(streams.KEYS, versions[key.key_id]): key.key_id for key in known}
    made = {places[each.position]: each.metadata().recorded_at for each in ledger.unread_at(places)}
    return known, made
