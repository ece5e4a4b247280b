"""An attempt to sign in at the issuer, as the browser keeps it meanwhile.

All that it needs follows from one secret: so whichever process takes its end knows it, and the
service keeps nothing of attempts that nobody ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass


class SignInFailed(Exception):
    """Somebody could not sign in; the text says why, for the log alone."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One attempt to sign in: a secret of the browser, and what the issuer is told of it."""

    secret: str

    @classmethod
    def new(cls) -> Flow:
        """One that nobody can guess."""
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """By which the way back is known to end this flow, and no other browser's."""
        return self._made("state")

    @property
    def nonce(self) -> str:
        """By which the id token is known to be made for this flow."""
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """By which the issuer knows that who asks for the token began the flow (RFC 7636)."""
        return self._made("verifier")

    @property
    def challenge(self) -> str:
        """What the issuer is told of the verifier before (S256)."""
        return _encoded(hashlib.sha256(self.verifier.encode()).digest())

    def _made(self, use: str) -> str:
        return _encoded(hmac.digest(self.secret.encode(), use.encode(), "sha256"))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
