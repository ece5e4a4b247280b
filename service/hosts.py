"""Hosts and origins as they stand in the headers of a request, and which hosts are this machine."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

_HOST = re.compile(
    r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::([0-9]{0,5}))?", re.ASCII
)
_PORTS = {"http": 80, "https": 443}
"""The port that is meant where none is named."""
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Host:
    """A host as a request names it: in lower case, without the dot that may end a name."""

    name: str
    port: int | None = None

    def is_loopback(self) -> bool:
        """Whether it is this machine for certain, whatever a name server says.

        `localhost` and what ends in `.localhost` (RFC 6761), 127.0.0.0/8 and [::1].
        """
        return _is_loopback(self.name)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page in a browser comes from."""

    scheme: str
    name: str
    port: int

    def __str__(self) -> str:
        """As browsers write it: without the port that the scheme means."""
        own = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.name}{own}"


@lru_cache(maxsize=1024)
def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def host_of(text: str) -> Host | None:
    """The host of a `Host` header, None for what is none; a userinfo has no place there."""
    found = _HOST.fullmatch(text.lower())
    if found is None or len(text) > 300:
        return None
    name, port = found.groups()
    if name.startswith("[") and not _is_ipv6(name[1:-1]):
        return None
    if port and int(port) > _LAST_PORT:
        return None
    return Host(name.removesuffix("."), int(port) if port else None)


def origin_of(text: str) -> Origin | None:
    """The origin of an `Origin` header, None for what is none, as `null`."""
    scheme, separator, rest = text.lower().partition("://")
    host = host_of(rest) if separator and scheme in _PORTS else None
    return own_origin(scheme, host) if host else None


def own_origin(scheme: str, host: Host) -> Origin:
    """The origin of pages that this host gives under this scheme."""
    return Origin(scheme, host.name, host.port or _PORTS[scheme])


def checked_host(text: str) -> str:
    """The name of a host from the configuration. Raises ValueError for what is none."""
    host = host_of(text)
    if host is None or host.port is not None or ":" in text.rpartition("]")[2]:
        raise ValueError(
            f"{text!r} is not the name of a host: write it as billing.example.com, without a port"
        )
    return host.name


def checked_origin(text: str) -> str:
    """An origin from the configuration. Raises ValueError for what is none."""
    if origin_of(text) is None:
        raise ValueError(f"{text!r} is not an origin: write it as https://billing.example.com")
    return text


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_safe(address: str) -> bool:
    """Whether what an address answers is surely from there: over https, or from this machine."""
    try:
        parts = urlsplit(address)
        host = host_of(parts.hostname or "")
    except ValueError:
        return False
    if host is None or parts.query or parts.fragment or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host.is_loopback())
