"""A client that costs next to nothing: requests lie ready as bytes, of answers little is read.

Any ordinary client would take longer for a request than the server does, and be what is measured.
"""

from __future__ import annotations

import math
import selectors
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import msgspec

TIMEOUT = 300.0
"""Seconds that an answer may take before the measurement is given up."""
JSON = "application/json"


class BadAnswer(Exception):
    """The server answered other than it has to, so nothing was measured."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status and its body, as it came."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    def expect(self, status: int = 200) -> Answer:
        """The answer, if it has this status. Raises BadAnswer."""
        if self.status != status:
            raise BadAnswer(f"{self.status}, not {status}: {self.body[:500].decode()}")
        return self


def request(method: str, path: str, body: object = None, media_type: str = JSON) -> bytes:
    """A request, ready to be sent."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    if content:
        head.append(f"Content-Type: {media_type}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + content


class Line:
    """One keep-alive connection; one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arrived = memoryview(bytearray(1 << 20))  # once, for a megabyte takes its time to get
        self._received = bytearray()
        self._body_at = self._size = 0

    def close(self) -> None:
        """Hangs up."""
        self.socket.close()

    def ask(self, asked: bytes) -> Answer:
        """Sends a request and waits for the answer."""
        self.socket.sendall(asked)
        answer = self.receive()
        while answer is None:
            answer = self.receive()
        return answer

    def receive(self) -> Answer | None:
        """Takes what has come; the answer, once it is whole. Raises BadAnswer when hung up."""
        size = self.socket.recv_into(self._arrived)
        if not size:
            raise BadAnswer("the server has hung up")
        self._received += self._arrived[:size]
        if not self._size and not self._read_head():
            return None
        if len(self._received) < self._size:
            return None
        status = int(self._received[9:12])
        answer = Answer(status, bytes(self._received[self._body_at : self._size]))
        self._received.clear()
        self._size = 0
        return answer

    def _read_head(self) -> bool:
        """Reads how long the answer is, if its head is there."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._received[:end]).lower()
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if not found:
            raise BadAnswer(f"an answer without a length: {head.decode()}")
        self._body_at = end + 4
        self._size = self._body_at + int(rest.partition(b"\r\n")[0])
        return True


@dataclass(slots=True)
class Load:
    """What came of requests over many connections: answers in the order they came."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list[float])
    answers: list[Answer] = field(default_factory=list[Answer])


def load(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Sends all the requests, each connection its next one as soon as it is answered."""
    return _load(port, iter(requests), min(connections, len(requests)), math.inf)


def load_for(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    """The same for so many seconds, of requests without an end; what was sent is answered, too."""
    return _load(port, requests, connections, perf_counter() + seconds)


def _load(port: int, requests: Iterator[bytes], connections: int, until: float) -> Load:
    done = Load()
    with selectors.DefaultSelector() as selector:
        lines = [Line(port) for _ in range(connections)]
        try:
            sent: dict[Line, float] = {}
            started = perf_counter()
            for line in lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
                sent[line] = perf_counter()
                line.socket.sendall(next(requests))
            while sent:
                for line in _readable(selector):
                    answer = line.receive()
                    if answer is None:
                        continue
                    now = perf_counter()
                    done.latencies.append(now - sent.pop(line))
                    done.answers.append(answer)
                    following = next(requests, None) if now < until else None
                    if following:
                        sent[line] = now
                        line.socket.sendall(following)
            done.seconds = perf_counter() - started
        finally:
            for line in lines:
                line.close()
    return done


def asked(port: int, requests: Iterable[bytes]) -> list[Answer]:
    """The answers to requests, one after the other over one connection."""
    with closing(Line(port)) as line:
        return [line.ask(each) for each in requests]


def _readable(selector: selectors.BaseSelector) -> list[Line]:
    ready = selector.select(TIMEOUT)
    if not ready:
        raise BadAnswer(f"no answer within {TIMEOUT} seconds")
    return [key.data for key, _ in ready]
