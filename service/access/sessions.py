"""Who is signed in in a browser: sessions, kept by the service, under a cookie that names them.

A cookie is the tenant and 256 random bits; its SHA-256 alone is kept. A session of a key holds as
long as the key does, and one of an issuer's token no longer than that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from projections.history import Unavailable
from service.access.key_rings import KeyRings
from service.access.known_tenants import KnownTenants
from service.access.principals import BadToken, Principal, Scope
from service.access.tokens import KeyToken, read_token
from service.ledger.recorders import KeptSession
from service.tenants.tenant import Tenant
from service.threads import in_thread

if TYPE_CHECKING:
    from service.access.issuers import Checked

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.0
"""How long what is known of a session is used before it is read again."""
NOTED_SECONDS = 60.0
"""How long after a use the next one is noted; a tenth of the idle time where that is less."""
_MOST_KNOWN = 4_096
_FORM = re.compile(r"([a-z0-9][a-z0-9-]{0,39})\.([0-9a-f]{64})")
_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, and what their browser must show to change something."""

    principal: Principal
    csrf: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun, and the cookie that the browser is given for it."""

    session: Session
    cookie: str


@dataclass(frozen=True, slots=True)
class _Named:
    """What a cookie says; `csrf` follows from it, so that nothing that is kept tells it."""

    tenant: str
    digest: str
    csrf: str


@dataclass(frozen=True, slots=True)
class _Known:
    kept: KeptSession
    until: float
    """For how long it is not read again, by the monotonic clock."""


class Sessions:
    """The sessions of all tenants, as a process knows them: as they stood a second ago at most.

    They end `idle_seconds` after their last use, and `longest_seconds` after they began. `issuer`
    is whose tokens are good; sessions of others are over.
    """

    def __init__(
        self,
        tenants: KnownTenants,
        keys: KeyRings,
        *,
        issuer: str | None,
        idle_seconds: int,
        longest_seconds: int,
    ) -> None:
        self._tenants, self._keys, self._issuer = tenants, keys, issuer
        self._idle, self._longest = idle_seconds, longest_seconds
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def begin_by_key(self, text: str) -> Begun:
        """Signs in who has the token of a key. Raises BadToken, Unavailable, UnreadableEvent."""
        token = read_token(text.strip())
        principal = await self._keys.bearer_of(token)
        return await self._begin(principal, {"key": token.digest}, None)

    async def begin_by_token(self, checked: Checked) -> Begun:
        """Signs in whose token the issuer gave. Raises BadToken, Unavailable."""
        principal = checked.principal
        whose = {
            "issuer": self._issuer,
            "name": principal.name,
            "scopes": sorted(principal.scopes),
            "contracts": _listed(principal.contracts),
            "customers": _listed(principal.customers),
        }
        return await self._begin(principal, whose, checked.expires_at)

    async def session_of(self, cookie: str, *, is_use: bool = True) -> Session:
        """Who comes with a cookie; whether this is a use that keeps the session from being idle.

        Raises BadToken where there is no such session any more, Unavailable, UnreadableEvent.
        """
        named = _read(cookie)
        tenant = await self._tenant(named.tenant)
        kept = await self._kept(tenant, named.digest)
        now = tenant.clock().timestamp()
        if kept.ends_at <= now or kept.used_at + self._idle <= now:
            raise BadToken("the session is over")
        principal = await self._principal(tenant, kept)
        if is_use and now - kept.used_at >= min(NOTED_SECONDS, self._idle / 10):
            await self._note_use(tenant, kept, int(now))
        return Session(principal, named.csrf)

    async def end(self, cookie: str) -> None:
        """Signs out whoever has this cookie, if anybody has. Raises Unavailable."""
        try:
            named = _read(cookie)
            tenant = await self._tenant(named.tenant)
        except BadToken:
            return
        self._known.pop(named.digest, None)
        await in_thread(tenant.ledger.end_session, named.digest)
        self._known.pop(named.digest, None)  # whoever looked meanwhile may have found it still

    async def _begin(
        self, principal: Principal, whose: dict[str, Any], expires_at: float | None
    ) -> Begun:
        tenant = await self._tenant(principal.tenant)
        cookie = f"{tenant.name}.{secrets.token_hex(32)}"
        named = _read(cookie)
        now = int(tenant.clock().timestamp())
        ends_at = now + self._longest
        if expires_at is not None:
            ends_at = min(ends_at, int(expires_at))
        if ends_at <= now:
            raise BadToken("the token has expired")
        kept = KeptSession(named.digest, json.dumps(whose), now, ends_at)
        await in_thread(tenant.ledger.keep_session, kept, now - self._idle)
        return Begun(Session(principal, named.csrf), cookie)

    async def _tenant(self, name: str) -> Tenant:
        if self._tenants.is_open(name):
            return self._tenants.open(name)
        return await in_thread(self._tenants.open, name)

    async def _kept(self, tenant: Tenant, digest: str) -> KeptSession:
        known = self._known.get(digest)
        if known and known.until > time.monotonic():
            return known.kept
        until = time.monotonic() + FRESH_SECONDS
        kept = await in_thread(tenant.ledger.session, digest)
        if kept is None:
            self._known.pop(digest, None)
            raise BadToken("there is no such session, or it is over")
        self._keep(_Known(kept, until))
        return kept

    def _keep(self, known: _Known) -> None:
        self._known[known.kept.digest] = known
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    async def _principal(self, tenant: Tenant, kept: KeptSession) -> Principal:
        whose = json.loads(kept.whose)
        if "key" in whose:
            return await self._keys.bearer_of(KeyToken(tenant=tenant.name, digest=whose["key"]))
        if self._issuer is None or whose["issuer"] != self._issuer:
            raise BadToken("the session is of an issuer that is not configured any more")
        contracts, customers = whose["contracts"], whose["customers"]
        return Principal(
            name=whose["name"],
            tenant=tenant.name,
            scopes=frozenset(Scope(scope) for scope in whose["scopes"] if scope in _SCOPES),
            contracts=None if contracts is None else frozenset(contracts),
            customers=None if customers is None else frozenset(customers),
            is_of_issuer=True,
        )

    async def _note_use(self, tenant: Tenant, kept: KeptSession, now: int) -> None:
        """Notes a use, once a while. Who can read is not held up by a database that takes none."""
        used = replace(kept, used_at=now)
        if known := self._known.get(kept.digest):
            self._known[kept.digest] = replace(known, kept=used)  # others need not note it, too
        try:
            await in_thread(tenant.ledger.note_use_of_session, kept.digest, now)
        except Unavailable as error:
            log.warning(
                "that a session is used could not be noted; it may end early",
                extra={"tenant": tenant.name, "error": str(error)},
            )


def _read(cookie: str) -> _Named:
    """What a cookie says. Raises BadToken for what is none of ours."""
    found = _FORM.fullmatch(cookie)
    if found is None:
        raise BadToken("it is no cookie of a session")
    return _Named(
        tenant=found[1],
        digest=hashlib.sha256(cookie.encode()).hexdigest(),
        csrf=hmac.digest(found[2].encode(), b"csrf", "sha256").hex(),
    )


def _listed(ids: frozenset[str] | None) -> list[str] | None:
    return None if ids is None else sorted(ids)
