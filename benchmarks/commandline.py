"""The installed command, run as its users run it, in processes of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.client import Line, request
from benchmarks.processes import ROOT, STOP_SECONDS, Failed

COMMAND = str(Path(sys.executable).with_name("billing-backlog"))
START_SECONDS = 120.0
_LOOK_SECONDS = 0.002
_INSTALLED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""As after an installation, which compiles all once."""


def take_in(database: str, path: Path) -> None:
    """Imports a file. Raises CalledProcessError."""
    command = [COMMAND, "import", str(path), "--database", database]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=_INSTALLED)  # noqa: S603 - our own


@contextmanager
def answering(command: Sequence[str], port: int, path: str) -> Generator[int]:
    """Runs a server from its start until it is no longer needed; its id, once it has answered.

    Raises Failed when it ends before, or takes too long.
    """
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=_INSTALLED) as process:  # noqa: S603 - our own
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(port, path):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failed(" ".join(command))
                time.sleep(_LOOK_SECONDS)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def serve(database: str, port: int, workers: int = 1) -> list[str]:
    """The command that serves a database on a port, by so many processes."""
    where = ["--database", database, "--port", str(port)]
    return [COMMAND, "serve", *where, "--workers", str(workers)]


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    try:
        with closing(Line(port)) as line:
            line.ask(request("GET", path)).expect()
    except ConnectionError:
        return False
    return True
