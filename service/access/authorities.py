"""Who knows whose a token is: the history for keys, an issuer for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from service.access.key_rings import KeyRings
from service.access.known_tenants import KnownTenants
from service.access.principals import BadToken, Principal
from service.access.sessions import Sessions
from service.access.tokens import PREFIX
from service.settings import Settings
from service.tenants.tenants import AnyTenants
from service.threads import in_thread

if TYPE_CHECKING:
    from service.access.issuer_sign_in import IssuerSignIn
    from service.access.issuers import Issuer


class Authority(Protocol):
    """Who knows whose a token is, and who is signed in in a browser."""

    sessions: Sessions
    sign_in: IssuerSignIn | None
    """How people sign in at the issuer, where they do."""

    async def principal_of(self, text: str) -> Principal:
        """Who comes with a token.

        Raises BadToken, and Unavailable, UnreadableEvent or IssuerUnavailable when that can't be
        found out.
        """
        ...


def authority_of(tenants: AnyTenants, settings: Settings) -> Authority:
    """Who knows whose tokens are good, as is configured."""
    return _Authorities(KnownTenants(tenants), settings)


def issuer_of(settings: Settings) -> Issuer | None:
    """The issuer that is configured, if one is."""
    if settings.issuer is None:
        return None
    from service.access.issuers import Issuer, Trust

    return Issuer(
        Trust(
            issuer=settings.issuer,
            audiences=settings.issuer_audiences,
            algorithms=settings.issuer_algorithms,
            tenant_claim=settings.issuer_tenant_claim,
            tenant=settings.issuer_tenant,
            scope_claims=settings.issuer_scope_claims,
            contract_claim=settings.issuer_contract_claim,
            customer_claim=settings.issuer_customer_claim,
            key_seconds=settings.issuer_key_seconds,
        )
    )


def _sign_in(issuer: Issuer | None, settings: Settings) -> IssuerSignIn | None:
    """How people sign in at the issuer: where the service is a client of it."""
    if issuer is None or settings.issuer_client_id is None:
        return None
    from service.access.issuer_sign_in import Client, IssuerSignIn

    secret = settings.issuer_client_secret
    client = Client(
        client_id=settings.issuer_client_id,
        secret=secret.get_secret_value() if secret else None,
        scopes=settings.issuer_client_scopes,
        token=settings.issuer_client_token,
    )
    return IssuerSignIn(issuer, client)


class _Authorities:
    def __init__(self, tenants: KnownTenants, settings: Settings) -> None:
        self._tenants, self._issuer = tenants, issuer_of(settings)
        self._keys = KeyRings(tenants)
        self.sign_in = _sign_in(self._issuer, settings)
        self.sessions = Sessions(
            tenants,
            self._keys,
            issuer=settings.issuer,
            idle_seconds=settings.session_idle_seconds,
            longest_seconds=settings.session_seconds,
        )

    async def principal_of(self, text: str) -> Principal:
        if text.startswith(PREFIX):
            return await self._keys.principal_of(text)
        if self._issuer is None:
            raise BadToken("it is no token of a key, and no issuer is configured")
        principal = await self._issuer.principal_of(text)
        if not self._tenants.is_open(principal.tenant):
            await in_thread(self._tenants.open, principal.tenant)
        return principal
