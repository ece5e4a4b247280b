"""Keys: made and revoked."""

import re
from dataclasses import dataclass
from datetime import datetime

from aggregates.access.events import KeyCreated, KeyRevoked
from aggregates.access.state import Keys
from aggregates.decision import Decision
from aggregates.refusals import Invalid, NotFound, Refused

MOST_KEYS = 1_000
"""Keys of a tenant that are not revoked."""
MOST_NAMED = 1_000
"""Contracts, or customers, that a key is restricted to."""
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NAME = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?")

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """Make a key of this name, for whoever sends the token with this SHA-256.

    Several keys may have one name, so that a caller can change to a new one without a pause.
    `contracts` and `customers` are the only ones that it may know of, None for all.
    """

    key_id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    contracts: tuple[str, ...] | None = None
    customers: tuple[str, ...] | None = None


# --- decide ------------------------------------------------------------------------------------


def create(command: CreateKey, keys: Keys | None, now: datetime) -> Decision:
    """The key is made.

    Raises Invalid for a name that no caller may have, no scopes, an end that has passed, or a
    restriction to nothing or to what can't be; Refused when there are as many keys as may be.
    """
    if not _NAME.fullmatch(command.name):
        detail = "a key is named in 1 to 64 printable ASCII characters, no space at either end"
        raise Invalid("name", detail)
    if not command.scopes:
        raise Invalid("scopes", "a key without a scope opens nothing: name one at least")
    if command.expires_at is not None and command.expires_at <= now:
        raise Invalid("expires_at", f"{command.expires_at.isoformat()} has passed already")
    _require_ids("contracts", command.contracts)
    _require_ids("customers", command.customers)
    if keys and len(keys.by_id) >= MOST_KEYS:
        raise Refused("too_many_keys", f"there are {MOST_KEYS} keys: revoke one, then make another")
    created = KeyCreated(
        key_id=command.key_id,
        name=command.name,
        digest=command.digest,
        scopes=command.scopes,
        expires_at=command.expires_at,
        contracts=command.contracts,
        customers=command.customers,
    )
    return Decision(events=(created,), done=(command.key_id,))


def revoke(key_id: str, keys: Keys | None) -> Decision:
    """The key lets nobody in any more. Raises NotFound for one that is unknown, or revoked."""
    key = keys.by_id.get(key_id) if keys else None
    if key is None:
        raise NotFound("key", key_id)
    return Decision(events=(KeyRevoked(key_id=key_id, name=key.name),), done=(key_id,))


def _require_ids(field: str, named: tuple[str, ...] | None) -> None:
    """Raises Invalid unless these are ids, not too many of them; None restricts nothing."""
    if named is None:
        return
    if not 1 <= len(named) <= MOST_NAMED:
        raise Invalid(field, f"a key is restricted to 1 to {MOST_NAMED} {field}, or to none at all")
    wrong = [each for each in named if not _ID.fullmatch(each)]
    if wrong:
        raise Invalid(field, f"{wrong[0]!r} is no id: 1 to 64 letters, digits and . _ : -")
