"""What an issuer publishes, its keys above all: found by discovery, fetched within bounds."""

import json
import time
from collections.abc import Mapping
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
    try:
        with httpx.Client(timeout=FETCH_SECONDS) as client:
            address = address_in(discovered(client, issuer), "jwks_uri")
            listed = _good_answer(client, address).get("keys")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = str(error) or type(error).__name__
        raise IssuerUnavailable(f"the issuer {issuer!r} gives no keys: {why}") from error
    keys = [key for each in _listed(listed) if (key := _key(each))]
    if not keys:
        raise IssuerUnavailable(f"the issuer {issuer!r} has no key that a token can be signed by")
    return KeySet(keys)


def discovered(client: httpx.Client, issuer: str) -> dict[str, Any]:
    """What an issuer says of itself. Raises IssuerUnavailable, httpx.HTTPError, InvalidURL."""
    where = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
    said = _good_answer(client, where)
    if said.get("issuer") != issuer:
        raise IssuerUnavailable(f"{where} is of another issuer than {issuer!r}")
    return said


def address_in(said: Mapping[str, Any], name: str) -> str:
    """A safe address that an issuer says of itself. Raises IssuerUnavailable without one."""
    address = said.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise IssuerUnavailable(f"the issuer's discovery names no https address as {name}")
    return address


def _good_answer(client: httpx.Client, address: str) -> dict[str, Any]:
    """The JSON object at an address. Raises IssuerUnavailable, httpx.HTTPError."""
    status, said = answer(client, "GET", address)
    if status != 200:
        raise IssuerUnavailable(f"{address} answers {status}")
    return said


def answer(
    client: httpx.Client, method: str, address: str, **sent: Any
) -> tuple[int, dict[str, Any]]:
    """The status of an answer and its JSON object; not more than that of it.

    Of an error the object is empty where it is none. Raises IssuerUnavailable, httpx.HTTPError.
    """
    until = time.monotonic() + FETCH_SECONDS
    body = b""
    asked = client.stream(method, address, headers={"Accept": "application/json"}, **sent)
    with asked as response:
        for part in response.iter_bytes():
            body += part
            if len(body) > _LARGEST or time.monotonic() > until:
                raise IssuerUnavailable(f"{address} answers too much, or too slowly")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        if response.status_code == 200:
            raise IssuerUnavailable(f"{address} does not answer a JSON object")
        found = {}
    return response.status_code, cast("dict[str, Any]", found)


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
