"""An issuer of tokens on a port of this machine, whose keys and answers a test says."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from service.access.scopes import Scope

Json = dict[str, Any]
AUDIENCE = "billing-backlog"
CLIENT = "billing-desk"


class AnIssuer:
    """What the issuer publishes, how often it was asked, and what it signs."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.keys: list[Key] = [rsa("first")]
        self.is_down = False
        self.asked = 0
        self.said: Json = {}
        """What discovery says otherwise."""
        self.given: Json = {}
        """What it answers for a code otherwise."""
        self.people: Json = {}
        """What the access token says of whoever comes to /authorize with a browser."""
        self.posted: list[tuple[dict[str, str], str | None]] = []
        """Forms that it was sent for a code, each with its `Authorization`."""
        self._codes: dict[str, tuple[dict[str, str], Json]] = {}

    def answer(self, path: str) -> Json | None:
        """The JSON at a path, None for nothing."""
        if self.is_down:
            return None
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.address,
                "jwks_uri": f"{self.address}/jwks",
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                **self.said,
            }
        if path == "/jwks":
            self.asked += 1
            return dict(KeySet(self.keys).as_dict(private=False))
        return None

    def signed_in(self, address: str, **other: Any) -> str:
        """Where a browser is led back to that was sent here, once somebody has signed in.

        Their access token says `other`, too.
        """
        asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = (asked, other)
        told = {"code": code, "state": asked["state"], "iss": self.address, "session_state": "x"}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def tokens(self, form: dict[str, str], authorization: str | None) -> tuple[int, Json]:
        """The answer to who shows a code, once, and that they began."""
        self.posted.append((form, authorization))
        asked, other = self._codes.pop(form["code"], ({}, {}))
        verifier = form.get("code_verifier", "").encode()
        shown = encoded(hashlib.sha256(verifier).digest())
        began = {name: asked.get(name) for name in ("redirect_uri", "client_id")}
        if shown != asked.get("code_challenge") or any(form[n] != v for n, v in began.items()):
            return 400, {"error": "invalid_grant", "error_description": "no such code"}
        id_token = self.token(aud=asked["client_id"], nonce=asked["nonce"], scope=None)
        given = {"token_type": "Bearer", "access_token": self.token(**other), "id_token": id_token}
        return 200, {**given, **self.given}

    def rotate(self, kid: str, key: Key | None = None) -> None:
        """Has another key, and no other."""
        self.keys = [key or rsa(kid)]

    def claims(self, **other: Any) -> Json:
        """What a good token says; None for what it does not."""
        now = int(time.time())
        said: Json = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "mira",
            "exp": now + 300,
            "iat": now,
            "tenant": "default",
            "scope": " ".join(["openid", *Scope]),
            **other,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, *, key: Key | None = None, header: Json | None = None, **other: Any) -> str:
        """A token, good unless told otherwise."""
        signed_by = key or self.keys[0]
        alg = {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"}.get(signed_by.key_type, "HS256")
        head = {"alg": alg, "kid": signed_by.kid, **(header or {})}
        return jwt.encode(head, self.claims(**other), signed_by, algorithms=[alg])

    def signed(self, header: object, claims: object) -> str:
        """What nobody should sign, signed well by the issuer's RSA key."""
        key = self.keys[0]
        assert isinstance(key, RSAKey)
        assert isinstance(key.private_key, RSAPrivateKey)
        head = f"{encoded(header)}.{encoded(claims)}"
        signature = key.private_key.sign(head.encode(), PKCS1v15(), SHA256())
        return f"{head}.{encoded(signature)}"


def encoded(part: object) -> str:
    """A part of a token: JSON, or bytes as they are."""
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@lru_cache
def rsa(kid: str, number: int = 0) -> RSAKey:
    """A key of this id; another one for another number. They take long to make."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def elliptic(kid: str) -> ECKey:
    """A key on a curve."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@contextmanager
def an_issuer(host: str = "127.0.0.1") -> Generator[AnIssuer]:
    """An issuer that answers until it is told otherwise; `host` is a name of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):
                back = issuer.signed_in(issuer.address + self.path, **issuer.people)
                self.send(200, "text/html", f'<a href="{escape(back)}">Go back</a>')
                return
            found = issuer.answer(self.path)
            self.reply(503 if found is None else 200, found)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: value for name, (value,) in parse_qs(sent).items()}
            self.reply(*issuer.tokens(form, self.headers["Authorization"]))

        def reply(self, status: int, found: Json | None) -> None:
            self.send(status, "application/json", json.dumps(found))

        def send(self, status: int, media_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = AnIssuer(f"http://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
