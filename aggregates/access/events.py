"""Events on the stream of a tenant's keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aggregates import streams


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """An event on the stream of a tenant's keys; it never has the token itself."""

    VERSION: ClassVar[int] = 1
    key_id: str
    name: str
    """Who calls with the key: the actor of what is done with it."""

    @property
    def stream(self) -> str:
        return streams.KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated(KeyEvent):
    """A key was made: whoever sends its token may do what its scopes say, until it expires.

    Of the token only its SHA-256 is kept. `contracts` and `customers` are the only ones that the
    bearer may know of, null for all.
    """

    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    contracts: tuple[str, ...] | None = None
    customers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(KeyEvent):
    """A key was revoked: it lets nobody in any more."""
