"""Two `billing-backlog serve` processes on one database, which can be killed and started again."""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.postgres import running_postgres

COMMAND = Path(sys.executable).with_name("billing-backlog")
START_SECONDS = 180.0
ASK_SECONDS = 60.0
"""How long any answer may take before it counts as none."""
KEPT_OPEN_SECONDS = 2.0
"""How long an idle connection is used again: shorter than a server keeps it."""
PAUSE_BETWEEN_KILLS = (2.0, 15.0)
ENVIRONMENT = {"BILLING_BACKLOG_READ_WAIT": "30"}
"""Reads wait for the views for as long as it takes: how fast a machine is, is no question here."""


@contextmanager
def new_database(kind: str) -> Generator[tuple[str, Path]]:
    """The URL of an empty database of this kind, and a folder for the servers' logs."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-soak-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/soak.db", Path(folder)
            return
        with running_postgres() as server:
            yield server.new_database(), Path(folder)


@dataclass
class Served:
    """One server: its process, a client of it, and whether it is being killed just now."""

    database: str
    log: Path
    port: int
    client: httpx.AsyncClient
    process: subprocess.Popen[bytes] | None = None
    killed: int = 0
    command: Sequence[str | Path] = (COMMAND, "serve")
    """What it is started by, and options beside its port and database."""

    def start(self) -> None:
        """Starts it on its port."""
        arguments = [*self.command, "--port", str(self.port), "--database", self.database]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments, stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT}
            )

    def kill(self) -> None:
        """Ends it at once, as the machine would when out of memory."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ends it in order."""
        if self.process:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.process.kill()
            self.process.wait()

    async def ready(self) -> None:
        """Waits until it takes requests. Raises TimeoutError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if (await self.client.get("/health/ready")).status_code == 200:
                    return
            if self.process and self.process.poll() is not None:
                break
            await asyncio.sleep(0.05)
        raise TimeoutError(f"the server on port {self.port} did not get ready, see {self.log}")


@dataclass
class Pair:
    """Both servers of one database."""

    servers: tuple[Served, Served]
    killing: bool = False
    kills: int = field(default=0)

    async def kill_now_and_then(self, chance: random.Random, until: float) -> None:
        """Kills one or the other until the clock says so; both run again when it returns."""
        while time.monotonic() < until:
            left = until - time.monotonic()
            await asyncio.sleep(min(chance.uniform(*PAUSE_BETWEEN_KILLS), left / 2))
            victim = chance.choice(self.servers)
            victim.kill()
            self.kills += 1
            victim.start()
            await victim.ready()

    def errors_logged(self) -> Counter[str]:
        """The errors that nobody foresaw in both logs, each with how often it is there."""
        return errors_logged(self.servers)


@asynccontextmanager
async def two_servers(database: str, folder: Path) -> AsyncGenerator[Pair]:
    """Two servers on the database for as long as they are needed."""
    async with (
        served(database, folder / "server-0.log") as one,
        served(database, folder / "server-1.log") as other,
    ):
        yield Pair((one, other))


@asynccontextmanager
async def served(
    database: str, log: Path, command: Sequence[str | Path] = (COMMAND, "serve")
) -> AsyncGenerator[Served]:
    """One server on a port of its own, ready; stopped in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        timeout=ASK_SECONDS,
        limits=httpx.Limits(max_connections=64, keepalive_expiry=KEPT_OPEN_SECONDS),
    )
    server = Served(database, log, port, client, command=command)
    try:
        server.start()
        await server.ready()
        yield server
    finally:
        server.stop()
        await client.aclose()


def errors_logged(servers: Sequence[Served]) -> Counter[str]:
    """The errors that nobody foresaw in these servers' logs, each with how often it is there."""
    found = Counter[str]()
    for server in servers:
        with server.log.open(encoding="utf-8", errors="replace") as log:
            found.update(_in_short(line) for line in log if "unexpected error" in line)
    return found


def _in_short(line: str) -> str:
    """The last lines of the traceback."""
    try:
        told = str(json.loads(line).get("exception"))
    except ValueError:  # cut off by a kill
        told = line
    return " | ".join(part.strip() for part in told.splitlines()[-6:])[-600:]
