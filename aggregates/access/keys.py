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
_NAME = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?")

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """Make a key of this name, for whoever sends the token with this SHA-256.

    Several keys may have one name, so that a caller can change to a new one without a pause.
    """

    key_id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None


# --- decide ------------------------------------------------------------------------------------


def create(command: CreateKey, keys: Keys | None, now: datetime) -> Decision:
    """The key is made.

    Raises Invalid for a name that no caller may have, no scopes, or an end that has passed; Refused
    when there are as many keys as may be.
    """
    if not _NAME.fullmatch(command.name):
        detail = "a key is named in 1 to 64 printable ASCII characters, no space at either end"
        raise Invalid("name", detail)
    if not command.scopes:
        raise Invalid("scopes", "a key without a scope opens nothing: name one at least")
    if command.expires_at is not None and command.expires_at <= now:
        raise Invalid("expires_at", f"{command.expires_at.isoformat()} has passed already")
    if keys and len(keys.by_id) >= MOST_KEYS:
        raise Refused("too_many_keys", f"there are {MOST_KEYS} keys: revoke one, then make another")
    created = KeyCreated(
        key_id=command.key_id,
        name=command.name,
        digest=command.digest,
        scopes=command.scopes,
        expires_at=command.expires_at,
    )
    return Decision(events=(created,), done=(command.key_id,))


def revoke(key_id: str, keys: Keys | None) -> Decision:
    """The key lets nobody in any more. Raises NotFound for one that is unknown, or revoked."""
    key = keys.by_id.get(key_id) if keys else None
    if key is None:
        raise NotFound("key", key_id)
    return Decision(events=(KeyRevoked(key_id=key_id, name=key.name),), done=(key_id,))
