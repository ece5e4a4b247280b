"""The keys of an issuer, as it publishes them: found by discovery, fetched within bounds."""

import json
import time
from typing import Any, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from service.access.principals import IssuerUnavailable
from service.hosts import is_safe

KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
"""Keys of which the issuer keeps a half; a shared secret is never one of them."""
FETCH_SECONDS = 5.0
"""How long the issuer may take for each of two answers."""
_LARGEST = 1024 * 1024
"""Bytes of an answer."""
_MOST_KEYS = 100


def fetch_keys(issuer: str) -> KeySet:
    """The keys that an issuer signs by. Raises IssuerUnavailable."""
    where = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
    try:
        with httpx.Client(timeout=FETCH_SECONDS) as client:
            said = _answer(client, where)
            if said.get("issuer") != issuer:
                raise IssuerUnavailable(f"{where} is of another issuer than {issuer!r}")
            address = said.get("jwks_uri")
            if not isinstance(address, str) or not is_safe(address):
                raise IssuerUnavailable(f"{where} names no https address of keys (jwks_uri)")
            listed = _answer(client, address).get("keys")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise IssuerUnavailable(f"the issuer {issuer!r} gives no keys: {why}") from error
    keys = [key for each in _listed(listed) if (key := _key(each))]
    if not keys:
        raise IssuerUnavailable(f"the issuer {issuer!r} has no key that a token can be signed by")
    return KeySet(keys)


def _answer(client: httpx.Client, address: str) -> dict[str, Any]:
    """The JSON object at an address; not more than that of it. Raises httpx.HTTPError."""
    until = time.monotonic() + FETCH_SECONDS
    body = b""
    with client.stream("GET", address, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            raise IssuerUnavailable(f"{address} answers {response.status_code}")
        for part in response.iter_bytes():
            body += part
            if len(body) > _LARGEST or time.monotonic() > until:
                raise IssuerUnavailable(f"{address} answers too much, or too slowly")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IssuerUnavailable(f"{address} does not answer a JSON object")
    return cast("dict[str, Any]", found)


def _listed(keys: object) -> list[Any]:
    return cast("list[Any]", keys)[:_MOST_KEYS] if isinstance(keys, list) else []


def _key(listed: Any) -> Key | None:
    """A key that signatures can be checked by; None for others, as of a newer kind."""
    if not isinstance(listed, dict):
        return None
    key = cast("dict[str, Any]", listed)
    if key.get("kty") not in KEY_TYPES or key.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
