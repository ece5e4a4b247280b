"""A certificate for localhost, good until 2126, and keys that are its own or not."""

import ssl
from pathlib import Path

import httpx

_FOLDER = Path(__file__).with_name("tls")
CERTIFICATE = _FOLDER / "localhost.pem"
KEY = _FOLDER / "localhost.key.pem"
LOCKED_KEY = _FOLDER / "locked.key.pem"
"""The same key, encrypted."""
PASSWORD = "opensesame"
OTHER_KEY = _FOLDER / "other.key.pem"


def trusting(address: str) -> httpx.Client:
    """A client that takes the certificate for good."""
    trust = ssl.create_default_context(cafile=CERTIFICATE)
    return httpx.Client(base_url=address, timeout=30, verify=trust)
