"""The keys of a tenant that were not revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregates.access.events import KeyCreated, KeyRevoked
from aggregates.events import Event

# --- state -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it was made; `digest` is the SHA-256 of its token."""

    key_id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    contracts: tuple[str, ...] | None = None
    customers: tuple[str, ...] | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether it lets nobody in any more, at this time."""
        return self.expires_at is not None and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that were not revoked, by their ids, in the order they were made."""

    by_id: Mapping[str, Key] = field(default_factory=dict[str, Key])


# --- evolve ------------------------------------------------------------------------------------


def evolve(state: Keys | None, event: Event) -> Keys | None:
    """The keys after `event`; events of other streams leave them as they are."""
    known = (state or Keys()).by_id
    match event:
        case KeyCreated():
            key = Key(
                key_id=event.key_id,
                name=event.name,
                digest=event.digest,
                scopes=event.scopes,
                expires_at=event.expires_at,
                contracts=event.contracts,
                customers=event.customers,
            )
            return Keys({**known, key.key_id: key})
        case KeyRevoked():
            return Keys({key_id: key for key_id, key in known.items() if key_id != event.key_id})
        case _:
            return state
