"""Access tokens of an issuer (OIDC): whose they are, by the keys that the issuer publishes.

Keys are fetched when a token is first checked, again when they are old or a token names another
one, and used for so long when the issuer does not answer. Nothing that a token says is believed
before its signature was checked by a key of the issuer, with an algorithm that is allowed.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.util import urlsafe_b64decode

from service.access.issuer_keys import fetch_keys
from service.access.principals import BadToken, IssuerUnavailable, Principal, Scope
from service.threads import in_thread
from service.wire import strict_json
from service.wire.strict_json import NotJson

log = logging.getLogger(__name__)

SKEW_SECONDS = 60
"""How far the clocks of issuer and service may be apart."""
FRESH_SECONDS = 600.0
"""How long keys are used before they are fetched again."""
AGAIN_SECONDS = 10.0
"""How long the issuer is not asked again, whether it answers or not, whoever names other keys."""
PATIENCE = 1.0
"""Seconds after the issuer was asked until callers go on with keys that are not fresh."""
CHECKED_SECONDS = 30.0
"""How long a token that was found good is not checked again."""
_MOST_CHECKED = 4_096
_LONGEST = 16 * 1024
"""Characters of a token that is looked at."""
_LONGEST_NAME = 255
MOST_NAMED = 1_000
"""Contracts, or customers, that a token is restricted to."""
EVERYTHING = "*"
"""What such a claim says of a bearer who may know of all."""
_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which issuer is believed, and what its tokens say where."""

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    tenant_claim: str
    tenant: str | None
    """The tenant of tokens without that claim, None where they are refused."""
    scope_claims: tuple[str, ...]
    contract_claim: str | None
    customer_claim: str | None
    """The claims that list what alone the bearer may know of; each token must have those named."""
    key_seconds: float
    """How long keys are used that can't be fetched again."""


class _Strict(json.JSONDecoder):
    """Reads claims as all else that comes in. Raises NotJson: for a claim given twice, too."""

    def decode(self, s: str, _w: object = None) -> Any:
        return strict_json.parse(s.encode())


@dataclass(frozen=True, slots=True)
class Checked:
    """A token that was found good: whose it is, and when it expires, in seconds since 1970."""

    principal: Principal
    expires_at: float
    until: float
    """For how long it is not checked again, by the monotonic clock."""


class Issuer:
    """What a process knows of an issuer: its keys, and tokens that were good just now."""

    def __init__(self, trust: Trust, clock: Callable[[], float] = time.time) -> None:
        self.trust = trust
        self._clock = clock
        self._fetching: asyncio.Task[None] | None = None
        self._began_at = float("-inf")
        self._keys = KeySet([])
        self._fetched_at = self._tried_at = float("-inf")
        self._failed: IssuerUnavailable | None = None
        self._checked: dict[bytes, Checked] = {}
        self._claims = self._demanding(trust.audiences)

    async def principal_of(self, text: str) -> Principal:
        """Who comes with a token. Raises BadToken, and IssuerUnavailable without keys to use."""
        return (await self.checked(text)).principal

    async def checked(self, text: str) -> Checked:
        """As `principal_of`, and when the token expires."""
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        known = self._checked.get(digest)
        still = self._clock() - SKEW_SECONDS
        if known and known.until > time.monotonic() and known.expires_at > still:
            return known
        await self._have_keys_for(self.header_of(text).get("kid"))
        claims = self._verified(text, self._claims)
        principal = self._principal(claims)
        if len(self._checked) >= _MOST_CHECKED:
            self._checked.pop(next(iter(self._checked)), None)
        until = time.monotonic() + CHECKED_SECONDS
        self._checked[digest] = found = Checked(principal, claims["exp"], until)
        return found

    async def check_id_token(self, text: str, client_id: str, nonce: str) -> None:
        """Raises BadToken unless the issuer made this id token for this client and this nonce.

        IssuerUnavailable without keys to use.
        """
        await self._have_keys_for(self.header_of(text).get("kid"))
        self._verified(text, self._demanding((client_id,), nonce={"value": nonce}))

    def header_of(self, text: str) -> dict[str, Any]:
        """What a token says of how it was signed. Raises BadToken for what is none of ours."""
        if len(text) > _LONGEST or not text.isascii() or text.count(".") != 2:
            raise BadToken("it is neither the token of a key nor a signed JWT")
        try:
            header = strict_json.parse(urlsafe_b64decode(text.partition(".")[0].encode()))
        except ValueError:
            raise BadToken("it is no JWT: its header can't be read") from None
        except NotJson as error:
            raise BadToken(f"it is no JWT: its header can't be read: {error}") from None
        if not isinstance(header, dict):
            raise BadToken("it is no JWT: its header is no object")
        found = cast("dict[str, Any]", header)
        allowed = ", ".join(self.trust.algorithms)
        if found.get("alg") not in self.trust.algorithms:
            raise BadToken(f"it is signed by {found.get('alg')!r}, and allowed are {allowed}")
        if not isinstance(found.get("kid"), str | None):
            raise BadToken("the id of its key (kid) is no text")
        if "crit" in found:  # whoever does not know an extension refuses it, and none is known here
            raise BadToken("it asks for extensions (crit), of which none is known here")
        return found

    # --- keys ----------------------------------------------------------------------------------

    async def _have_keys_for(self, kid: str | None) -> None:
        """Fetches the keys where that is due; who can do with those at hand waits a second for it.

        Raises IssuerUnavailable when there are none to check a token by, and none can be had.
        """
        now = time.monotonic()
        is_fresh = now - self._fetched_at < FRESH_SECONDS
        if is_fresh and self._has_key(kid):
            return
        if now - self._tried_at >= AGAIN_SECONDS:
            fetching = self._fetching
            loop = asyncio.get_running_loop()
            if fetching is None or fetching.done() or fetching.get_loop() is not loop:
                self._began_at = now
                fetching = self._fetching = loop.create_task(in_thread(self._fetch))
            seconds = max(0.0, self._began_at + PATIENCE - now) if self._has_key(kid) else None
            await asyncio.wait({fetching}, timeout=seconds)
        if self._failed and not self._has_key(kid):
            raise self._failed

    def _has_key(self, kid: str | None) -> bool:
        """Whether a token of this key can be checked, by keys that are not too old."""
        if time.monotonic() - self._fetched_at >= self.trust.key_seconds:
            return False
        return bool(self._keys) if kid is None else any(key.kid == kid for key in self._keys)

    def _fetch(self) -> None:
        """Fetches the keys; where that fails, says why for as long as it is not tried again."""
        try:
            self._keys = fetch_keys(self.trust.issuer)
            self._fetched_at, self._failed = time.monotonic(), None
            self._checked.clear()
        except IssuerUnavailable as error:
            self._failed = error
            log.warning("the issuer's keys can't be fetched", extra={"error": str(error)})
        finally:
            self._tried_at = time.monotonic()

    # --- tokens --------------------------------------------------------------------------------

    def _demanding(self, audiences: Sequence[str], **more: dict[str, str]) -> jwt.JWTClaimsRegistry:
        """What a token must say: that it is the issuer's, for one of these; and some more."""
        demanded: dict[str, Any] = {
            "iss": {"value": self.trust.issuer},
            "aud": {"values": list(audiences)},
            "exp": {},
            "sub": {},
            **more,
        }
        options: dict[str, Any] = {
            name: {"essential": True, **wanted} for name, wanted in demanded.items()
        }
        return jwt.JWTClaimsRegistry(now=lambda: int(self._clock()), leeway=SKEW_SECONDS, **options)

    def _verified(self, text: str, demanded: jwt.JWTClaimsRegistry) -> dict[str, Any]:
        """What a token says, once its signature was checked. Raises BadToken."""
        try:
            allowed = self.trust.algorithms
            token = jwt.decode(text, self._keys, algorithms=allowed, decoder_cls=_Strict)
            demanded.validate(token.claims)
        except InvalidKeyIdError:
            raise BadToken("the issuer has no key that it could be signed by") from None
        except ExpiredTokenError:
            raise BadToken("it has expired") from None
        except NotJson as error:
            raise BadToken(f"its claims can't be read: {error}") from None
        except JoseError as error:
            raise BadToken(f"{error.description or error.error}") from None
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise BadToken(f"it can't be checked ({type(error).__name__})") from None
        return token.claims

    def _principal(self, claims: dict[str, Any]) -> Principal:
        name = claims["sub"]
        if not (name.isprintable() and name.strip() and len(name) <= _LONGEST_NAME):
            raise BadToken(
                f"its subject (sub) is no name of 1 to {_LONGEST_NAME} printable letters"
            )
        trust = self.trust
        tenant = _said(claims, trust.tenant_claim, trust.tenant)
        if not isinstance(tenant, str):
            raise BadToken(f"it names no tenant: the claim {trust.tenant_claim!r} is no text")
        found = {scope for name in trust.scope_claims for scope in _texts(_said(claims, name))}
        return Principal(
            name=name,
            tenant=tenant,
            scopes=frozenset(Scope(scope) for scope in found & _SCOPES),
            contracts=_only(claims, trust.contract_claim),
            customers=_only(claims, trust.customer_claim),
            is_of_issuer=True,
        )


def _said(claims: dict[str, Any], name: str, default: object = None) -> object:
    """What a claim says; one within others is named by a path, such as `/realm_access/roles`."""
    if not name.startswith("/"):
        return claims.get(name, default)
    found: object = claims
    for part in name[1:].split("/"):
        if not isinstance(found, dict) or part not in found:
            return default
        found = cast("dict[str, object]", found)[part]
    return found


def _only(claims: dict[str, Any], name: str | None) -> frozenset[str] | None:
    """What alone a claim lets the bearer know of, None for all. Raises BadToken without a list.

    A service that restricts by a claim lets nobody in whose token lacks it: an issuer that forgets
    it would otherwise open everything.
    """
    said = _said(claims, name) if name else EVERYTHING
    if said == EVERYTHING:
        return None
    ids = frozenset(_texts(said))
    if not 1 <= len(ids) <= MOST_NAMED:
        raise BadToken(
            f"the claim {name!r} lists nothing that the bearer may know of: 1 to {MOST_NAMED} ids, "
            f"or {EVERYTHING!r} for everything"
        )
    return ids


def _texts(claim: object) -> Sequence[str]:
    """What a claim lists, with spaces between or as a list."""
    if isinstance(claim, str):
        return claim.split()
    if isinstance(claim, list):
        return [each for each in cast("list[object]", claim) if isinstance(each, str)]
    return ()
