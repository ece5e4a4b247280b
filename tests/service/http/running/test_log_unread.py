"""A log that nobody reads does not stop the server."""

import logging
import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from service.log_lines import MOST_LINES, written_beside
from tests.service.command_line import started
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

ENOUGH = MOST_LINES + 800
"""More lines than wait in the queue and in a pipe of 64 KiB."""


def is_live(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5).is_success
    except httpx.TransportError:
        return False


def log_much(server: subprocess.Popen[str], port: int) -> None:
    """Has the server warn of what is no HTTP, so often that nothing can take it."""
    until(lambda: server.poll() is not None or is_live(port))
    for _ in range(ENOUGH):
        with socket.create_connection(("127.0.0.1", port), LONG) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_server_serves_on_and_stops_while_nobody_reads_its_log(tmp_path: Path) -> None:
    port = free_port()
    where = ("--database", f"sqlite:///{tmp_path}/x.db", "--port", str(port))
    with started("serve", *where) as server:
        log_much(server, port)
        assert is_live(port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0


def test_how_many_lines_were_lost_is_told_once_they_are_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as log, os.fdopen(writing, "w") as stream:
        handler = logging.StreamHandler(stream)
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        with written_beside():
            for _ in range(ENOUGH):
                logging.getLogger("any").warning("x" * 1_000)
            lines = (line for line in log if not line.startswith("x"))
            assert "were lost" in next(lines)
        assert handler.stream is stream
