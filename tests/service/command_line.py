"""The command line as tests run it: within this process, or as the installed command."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
from typer.testing import CliRunner, Result

from service.cli.main import cli
from tests.service.processes import LONG, until

QUIET = {"BILLING_BACKLOG_LOG_LEVEL": "warning"}
"""For servers whose log nobody reads: a pipe that is full would stop them."""
COMMAND = Path(sys.executable).with_name("billing-backlog")


def run(*arguments: str | Path) -> Result:
    """A command, within this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def assert_refused(result: Result, *words: str) -> None:
    """Exit code 2 and one plain sentence, no traceback."""
    assert result.exit_code == 2, result.output
    assert not isinstance(result.exception, Exception)
    assert result.stderr.startswith("error: "), result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr


@contextmanager
def started(*arguments: str | Path, **environment: str) -> Generator[subprocess.Popen[str]]:
    """The installed command in a process of its own, killed in the end if it still runs."""
    with subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**QUIET, **os.environ, "PYTHONUNBUFFERED": "1", **environment},
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


@contextmanager
def serving(database: str, port: int) -> Generator[tuple[subprocess.Popen[str], httpx.Client]]:
    """`billing-backlog serve` in a process of its own, once it answers."""
    arguments = ("serve", "--database", database, "--port", str(port))
    with (
        started(*arguments) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=LONG) as client,
    ):
        until(lambda: server.poll() is not None or _answers(client))
        assert server.poll() is None, server.communicate()
        yield server, client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/contracts").is_success
    except httpx.TransportError:
        return False
