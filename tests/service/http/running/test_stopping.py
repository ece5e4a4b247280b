"""A server that is asked to stop: it says so, takes nothing more, ends what runs, and goes."""

import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.office import contract_body
from tests.service.command_line import started
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

BODY = httpx.Request("PUT", "http://x", json=contract_body()).content
HEAD = (
    b"PUT /v1/contracts/PC-1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@contextmanager
def serving(
    folder: Path, *flags: str
) -> Generator[tuple[subprocess.Popen[str], int, httpx.Client]]:
    port = free_port()
    where = ("--database", f"sqlite:///{folder}/x.db", "--port", str(port))
    with (
        started("serve", *where, *flags) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as http,
    ):
        until(lambda: server.poll() is not None or _is_ready(http))
        assert server.poll() is None, server.communicate()
        yield server, port, http


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def begun(port: int) -> socket.socket:
    """A command that the server has, but for the last byte of its body."""
    connection = socket.create_connection(("127.0.0.1", port), LONG)
    connection.sendall(HEAD + BODY[:-1])
    # What came later, on a connection of its own, is answered later.
    assert httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=LONG).is_success
    return connection


def test_it_says_that_it_stops_while_it_serves_on_and_a_second_signal_ends_that(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--drain-seconds", "60") as (server, _, http):
        server.send_signal(signal.SIGTERM)
        until(lambda: http.get("/health/ready").status_code == 503)
        assert http.get("/health/ready").json()["code"] == "stopping"
        assert http.put("/v1/contracts/PC-1", json=contract_body()).status_code == 201
        assert http.get("/health/live").status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0
    assert not (tmp_path / "x.db-wal").exists()


def test_a_call_at_work_is_ended_and_none_is_taken_any_more(tmp_path: Path) -> None:
    with serving(tmp_path, "--stop-seconds", "60") as (server, port, _):
        with begun(port) as call:
            server.send_signal(signal.SIGTERM)
            until(lambda: _refuses(port))
            call.sendall(BODY[-1:])
            assert call.recv(65_536).startswith(b"HTTP/1.1 201 ")
        assert server.wait(LONG) == 0


def test_a_call_that_does_not_end_is_broken_off_after_stop_seconds(tmp_path: Path) -> None:
    with serving(tmp_path, "--stop-seconds", "1") as (server, port, _), begun(port) as call:
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0
        assert not call.recv(65_536).startswith(b"HTTP/1.1 2")


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), LONG).close()
    except OSError:
        return True
    return False
