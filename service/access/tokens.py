"""The tokens of keys: `bbk_`, the tenant, 256 random bits and a checksum.

Like `bbk_default_` and 72 hexadecimal digits: a form that scanners for lost secrets can look for.
The checksum tells a token that was cut or mistyped; it keeps nobody out.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass

from service.access.principals import BadToken

PREFIX = "bbk_"
_FORM = re.compile(r"bbk_([a-z0-9][a-z0-9-]{0,39})_[0-9a-f]{64}([0-9a-f]{8})")
_LONGEST = 256
"""Characters of a text that is looked at."""
_ID = 16
"""Digits of a digest that name a key: they tell nothing of its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyToken:
    """What can be read from the token of a key: its tenant, and its SHA-256 in hexadecimal."""

    tenant: str
    digest: str

    @property
    def key_id(self) -> str:
        """The id of the key whose token it is."""
        return self.digest[:_ID]


def new_token(tenant: str) -> str:
    """A token for a tenant that nobody has yet."""
    begun = f"{PREFIX}{tenant}_{secrets.token_hex(32)}"
    return begun + _checksum(begun)


def read_token(text: str) -> KeyToken:
    """What a token says. Raises BadToken for a text that is none, or was changed."""
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or _checksum(text[:-8]) != found[2]:
        raise BadToken("it is no token of a key, or a part of one: copy it whole")
    return KeyToken(tenant=found[1], digest=hashlib.sha256(text.encode()).hexdigest())


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
