"""Clients that do not send what they began, or do not take what they asked for: each has an end."""

import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import BATCH, contract_body
from tests.service.http_caller import problem
from tests.service.processes import until
from tests.service.sockets import LONG, Got, ask, connected, until_closed

SHORT = 0.5
"""Seconds that each limit is set to, in the environment."""
BOUND = 10.0
"""Seconds within which that must have been noticed, on a machine that is busy."""
LIMITS = {
    "HEAD_SECONDS": str(SHORT),
    "BODY_SECONDS": str(SHORT),
    "ANSWER_SECONDS": str(SHORT),
    "IDLE_SECONDS": "1",
}
HEAD = b"POST /v1/backlog/mark HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
PUT = b"PUT /v1/contracts/PC-1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A server whose limits are short."""
    folder: Path = tmp_path_factory.mktemp("database")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in LIMITS.items():
            environment.setenv(f"BILLING_BACKLOG_{name}", value)
        settings = Settings()
    with (
        closing(Tenant(f"sqlite:///{folder}/backlog.db")) as tenant,
        running(create_app(Only(tenant), settings), settings) as address,
    ):
        yield address


def refused(got: Got, status: int) -> str:
    """The code of the problem that a raw answer is."""
    head, _, body = got.raw.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    kind = {"content-type": "application/problem+json"}
    return problem(httpx.Response(got.status, content=body, headers=kind), status)["code"]


def trickled(connection: socket.socket, text: bytes, pause: float = 0.05) -> Got:
    """Sends byte by byte until the server has enough of it, and gives what it answered."""
    began = time.monotonic()
    connection.settimeout(pause)
    for byte in (text[n : n + 1] for n in range(len(text))):
        try:
            connection.sendall(byte)
            first = connection.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            first = b""
        connection.settimeout(LONG)
        return Got(first + until_closed(connection).raw, time.monotonic() - began)
    raise AssertionError("all of it was taken")


# --- half-sent requests ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [b"G", b"GET /health/live", b"GET /health/live HTTP/1.1\r\n", LIVE[:-2], HEAD, PUT[:-1]],
)
def test_a_head_that_is_never_finished_is_a_408(server: str, sent: bytes) -> None:
    got = ask(server, sent)
    assert refused(got, 408) == "request_timeout"
    assert got.seconds < BOUND


def test_a_connection_that_says_nothing_is_closed_without_a_word(server: str) -> None:
    got = ask(server, b"")
    assert got.raw == b""
    assert got.seconds < BOUND


def test_a_head_that_comes_byte_by_byte_is_a_408(server: str) -> None:
    with connected(server) as connection:
        got = trickled(connection, LIVE[:-2] + b"X: " + b"x" * 5_000)
    assert refused(got, 408) == "request_timeout"
    assert got.seconds < BOUND


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 100\r\n\r\n",
        b'Content-Length: 100\r\n\r\n{"items": [',
        b"Transfer-Encoding: chunked\r\n\r\n",
        b'Transfer-Encoding: chunked\r\n\r\n2\r\n{"\r\n',
        b"Transfer-Encoding: chunked\r\n\r\n5",
    ],
)
@pytest.mark.parametrize("head", [HEAD, PUT])
def test_a_body_that_is_never_finished_is_a_408(server: str, head: bytes, body: bytes) -> None:
    got = ask(server, head + body)
    assert refused(got, 408) == "request_timeout"
    assert got.seconds < BOUND


@pytest.mark.parametrize("kind", [BATCH, "application/cloudevents+json", "application/json"])
def test_posted_events_that_come_byte_by_byte_are_a_408(server: str, kind: str) -> None:
    head = f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nce-id: 1\r\n"
    with connected(server) as connection:
        connection.sendall(head.encode() + b"Content-Length: 100000\r\n\r\n")
        got = trickled(connection, b" " * 100_000)
    assert refused(got, 408) == "request_timeout"
    assert got.seconds < BOUND


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/events HTTP/1.1\r\nHost: evil.example\r\n", 421),
        (b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n", 403),
        (b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n", 404),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n", 200),
    ],
)
def test_a_body_that_nobody_wants_has_an_end_too(server: str, head: bytes, status: int) -> None:
    with connected(server) as connection:
        connection.sendall(head + b"Content-Length: 100000\r\n\r\n")
        began = time.monotonic()
        assert int(connection.recv(65_536).split()[1]) == status
        trickled(connection, b" " * 100_000)
        assert time.monotonic() - began < BOUND


def test_what_comes_after_an_answer_is_held_to_the_same(server: str) -> None:
    for rest, expected in ((b"", b""), (b"GET /heal", b"408")):
        with connected(server) as connection:
            connection.sendall(LIVE)
            assert b"200 OK" in connection.recv(65_536)
            connection.sendall(rest)
            got = until_closed(connection)
        assert got.raw.split(b" ", 2)[1:2] == ([expected] if expected else [])
        assert got.seconds < BOUND


def test_requests_that_are_slow_but_in_time_are_answered(server: str) -> None:
    body = b'{"items": ["x"], "status": "ready"}'
    with connected(server) as connection:
        for _ in range(3):
            for part in (HEAD[:20], HEAD[20:], b"Content-Length: %d\r\n\r\n" % len(body), body):
                connection.sendall(part)
            assert b"409" in connection.recv(65_536).split(b"\r\n", 1)[0]


def test_a_client_that_hangs_up_in_its_body_leaves_no_trace(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        with connected(server) as connection:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
    assert httpx.get(f"{server}/health/ready").status_code == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_document_too(
    server: str, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    got = ask(server, sent)
    assert refused(got, 400) == "malformed_http"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# --- answers that nobody takes -----------------------------------------------------------------


def test_a_client_that_does_not_take_its_answers_is_cut_off(server: str) -> None:
    """It asks on and on, and reads nothing, until neither side's buffers take more."""
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1_000_000
    with connected(server, receive_buffer=4096) as connection:
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            connection.sendall(asked)
        assert time.monotonic() - began < 3 * BOUND
    assert httpx.get(f"{server}/health/live").status_code == 200


# --- how many ----------------------------------------------------------------------------------


def test_connections_over_the_limit_are_refused_until_others_are_gone() -> None:
    settings = Settings(connection_limit=5, head_seconds=LONG)
    with running(create_app(None, settings), settings) as address:
        with ExitStack() as stack:
            held = [stack.enter_context(connected(address)) for _ in range(5)]
            for connection in held:
                connection.sendall(LIVE)
                assert b"200 OK" in connection.recv(65_536)
            for _ in range(3):
                got = ask(address, LIVE)
                assert refused(got, 503) == "too_many_connections"
                assert b"retry-after: 1" in got.raw.lower()
        until(lambda: ask(address, LIVE[:-2] + b"Connection: close\r\n\r\n").status == 200)


def test_very_many_connections_over_the_limit_are_closed_without_a_word() -> None:
    settings = Settings(connection_limit=5, head_seconds=LONG)
    with running(create_app(None, settings), settings) as address, ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(100)]
        assert until_closed(held[-1]).raw == b""
        stack.close()
        until(lambda: ask(address, LIVE[:-2] + b"Connection: close\r\n\r\n").status == 200)


def test_a_contract_is_put_where_no_limit_is_hit(server: str) -> None:
    response = httpx.put(f"{server}/v1/contracts/PC-1", json=contract_body())
    assert response.status_code == 201
