"""The keys of tenants as a process knows them: read from the history, and again every second.

So a key that was revoked lets nobody in a second later, in whatever process, and a check asks no
database. Whoever guesses tokens has the history asked ten times a second at most.
"""

import hmac
import threading
import time
from dataclasses import dataclass

from aggregates import streams
from aggregates.access.state import Key, Keys, evolve
from service.access.known_tenants import KnownTenants
from service.access.principals import BadToken, Principal, Scope
from service.access.tokens import KeyToken, read_token
from service.tenants.tenant import Tenant
from service.threads import in_thread

FRESH_SECONDS = 1.0
"""How long what is known of keys and tenants is used before it is read again."""
UNKNOWN_SECONDS = 0.1
"""The same before a key is said to be unknown: it may have been made just now."""
_PAGE = 1_000
"""Events that are read at a time."""
_SCOPES = frozenset(Scope)
_UNKNOWN = "the key is unknown or was revoked"


@dataclass(frozen=True, slots=True)
class _Known:
    key: Key
    principal: Principal


class KeyRing:
    """The keys of one tenant, as they stood a second ago at most."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._keys: Keys | None = None
        self._version = 0
        self._by_id: dict[str, _Known] = {}
        self._read_at = float("-inf")

    def is_fresh_for(self, key_id: str) -> bool:
        """Whether what is known is new enough to say who comes with this key, or that none does."""
        seconds = FRESH_SECONDS if key_id in self._by_id else min(UNKNOWN_SECONDS, FRESH_SECONDS)
        return time.monotonic() - self._read_at < seconds

    def read_for(self, key_id: str) -> None:
        """Reads what was recorded since it was read last. Raises Unavailable, UnreadableEvent."""
        with self._guard:
            if self.is_fresh_for(key_id):  # another thread was faster
                return
            began = time.monotonic()
            keys, version = self._keys, self._version
            while page := self._tenant.ledger.read_stream(streams.KEYS, version, _PAGE):
                for event in page:
                    keys = evolve(keys, event)
                version += len(page)
            if version != self._version:
                known = (keys or Keys()).by_id
                self._by_id = {key_id: self._known(key) for key_id, key in known.items()}
                self._keys, self._version = keys, version
            self._read_at = began

    def find(self, key_id: str, digest: str) -> Principal:
        """Who comes with the token of this digest. Raises BadToken."""
        known = self._by_id.get(key_id)
        if known is None or not hmac.compare_digest(known.key.digest, digest):
            raise BadToken(_UNKNOWN)
        if known.key.has_expired(self._tenant.clock()):
            raise BadToken("the key has expired")
        return known.principal

    def _known(self, key: Key) -> _Known:
        """The key with what it lets its bearer do; scopes of a newer version open nothing here."""
        scopes = frozenset(Scope(scope) for scope in key.scopes if scope in _SCOPES)
        principal = Principal(
            name=key.name,
            tenant=self._tenant.name,
            scopes=scopes,
            contracts=None if key.contracts is None else frozenset(key.contracts),
            customers=None if key.customers is None else frozenset(key.customers),
        )
        return _Known(key, principal)


class KeyRings:
    """The keys of all tenants of a process."""

    def __init__(self, tenants: KnownTenants) -> None:
        self._tenants = tenants
        self._rings: dict[str, KeyRing] = {}

    async def principal_of(self, text: str) -> Principal:
        """Who comes with a token.

        Raises BadToken, and Unavailable or UnreadableEvent when keys can't be looked up.
        """
        return await self.bearer_of(read_token(text))

    async def bearer_of(self, token: KeyToken) -> Principal:
        """Who comes with a token that was read before. Raises as `principal_of`."""
        ring = self._rings.get(token.tenant)
        if ring is None or not ring.is_fresh_for(token.key_id):
            ring = await in_thread(self._read, token)
        return ring.find(token.key_id, token.digest)

    def _read(self, token: KeyToken) -> KeyRing:
        """The keys of a token's tenant, read now."""
        ring = self._rings.get(token.tenant)
        if ring is None:
            ring = self._rings.setdefault(token.tenant, KeyRing(self._tenants.open(token.tenant)))
        ring.read_for(token.key_id)
        return ring
