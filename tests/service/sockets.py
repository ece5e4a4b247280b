"""HTTP as bytes on a socket, for what no client library would send."""

import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

LONG = 60.0
"""Seconds that no test waits, unless what it waits for never comes."""


@dataclass(frozen=True, slots=True)
class Got:
    """What a server sent until it closed the connection, and after how many seconds it did."""

    raw: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status of the first answer, 0 when there was none."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw.startswith(b"HTTP/") else 0

    @property
    def body(self) -> bytes:
        """What follows the head of the first answer."""
        return self.raw.partition(b"\r\n\r\n")[2]


@contextmanager
def connected(address: str, *, receive_buffer: int = 0) -> Generator[socket.socket]:
    """A connection to the server at this address."""
    url = urlsplit(address)
    with socket.socket() as connection:
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(LONG)
        connection.connect((url.hostname, url.port))
        yield connection


def until_closed(connection: socket.socket) -> Got:
    """All that comes until the server closes the connection."""
    began, parts = time.monotonic(), list[bytes]()
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:  # closed with something unread
        pass
    return Got(b"".join(parts), time.monotonic() - began)


def ask(address: str, request: bytes) -> Got:
    """The answer to one request; the connection is closed by the server."""
    with connected(address) as connection:
        connection.sendall(request)
        return until_closed(connection)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
