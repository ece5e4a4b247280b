"""Where a fault is tried: two servers on one database, and what can be done to each of them."""

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.databases import SCHEMA
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.moved_clock import MOVED_BY
from tests.faults.notebook import Notebook, Told
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.cutting import Wire, wire_to
from tests.service.processes import LONG
from tests.soak.servers import COMMAND, Served, served

DISK_MEGABYTES = 64
TURN = (
    "SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE datname = current_database() AND locktype = 'advisory' "
    "AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)"
)
"""The connection of the process that projects, as the server sees it."""


@dataclass(kw_only=True)
class Database:
    """A database; on PostgreSQL, servers reach it by the wire."""

    url: str
    folder: Path
    disk: SmallDisk | None = None
    postgres: PostgresServer | None = None
    wire: Wire | None = None
    cluster: Cluster | None = None

    @property
    def served_as(self) -> str:
        """The address that servers are given."""
        if self.postgres is None or self.wire is None:
            return self.url
        return self.url.replace(f":{self.postgres.port}/", f":{self.wire.port}/")


@dataclass(kw_only=True)
class Stage:
    """The servers on a database, and chance."""

    database: Database
    servers: Sequence[Served]
    chance: random.Random

    @property
    def clock(self) -> Path:
        """The file that moves the first server's clock."""
        return clock_of(self.database.folder)

    def projecting(self) -> int | None:
        """The process that keeps the views current, None while none does."""
        wire = self.database.wire
        with psycopg.connect(self.database.url) as connection:
            ports = [row[0] for row in connection.execute(TURN, [f"{SCHEMA}.projector"]).fetchall()]
        for port in ports:
            own = wire.service_port(port) if wire else port
            for process in processes_of(self.servers) if own else ():
                if own in ports_of(process):
                    return process
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What a fault is done to, and for how many seconds it is held."""

    stage: Stage
    notes: Notebook
    hold: float
    stopped: float
    """Seconds that processes are stopped."""

    @property
    def postgres(self) -> PostgresServer:
        """The server of the database."""
        assert self.stage.database.postgres
        return self.stage.database.postgres

    @property
    def wire(self) -> Wire:
        """The way to it."""
        assert self.stage.database.wire
        return self.stage.database.wire

    @property
    def cluster(self) -> Cluster:
        """The nodes of it."""
        assert self.stage.database.cluster
        return self.stage.database.cluster

    async def until_told(self, *told: Told, times: int = 3) -> None:
        """Waits until so many more answers were one of these. Raises TimeoutError."""
        due = sum(map(self.notes.count, told)) + times
        async with asyncio.timeout(LONG):
            while sum(map(self.notes.count, told)) < due:
                await self.notes.next_answer()


@contextmanager
def database_of(kind: str, *, on_small_disk: bool) -> Generator[Database]:
    """An empty database of this kind, and a folder for logs. Raises NoSmallDisk."""
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="billing-backlog-faults-"))
        folder, small = Path(made), Path(made) / "small"
        folder.chmod(0o755)
        small.mkdir()
        disk = stack.enter_context(small_disk(small, DISK_MEGABYTES)) if on_small_disk else None
        clock_of(folder).write_text("0", encoding="utf-8")
        if kind == "sqlite":
            yield Database(url=f"sqlite:///{small}/faults.db", folder=folder, disk=disk)
            return
        postgres = stack.enter_context(running_postgres(DURABLE))
        url = postgres.new_database()
        if disk:
            _move(postgres, url, small / "tables")
        wire = stack.enter_context(wire_to(postgres.port))
        yield Database(url=url, folder=folder, disk=disk, postgres=postgres, wire=wire)


@contextmanager
def database_of_cluster() -> Generator[Database]:
    """An empty database on three nodes under Patroni, one of which may die."""
    with (
        tempfile.TemporaryDirectory(prefix="billing-backlog-faults-") as folder,
        running_cluster() as cluster,
    ):
        clock_of(Path(folder)).write_text("0", encoding="utf-8")
        yield Database(url=cluster.url, folder=Path(folder), cluster=cluster)


@asynccontextmanager
async def stage_on(
    database: Database, chance: random.Random, *, workers: int = 1
) -> AsyncGenerator[Stage]:
    """Two servers on it: one with a clock that can be moved, the other with so many processes."""
    moved = [sys.executable, "-m", "tests.faults.moved_clock", "serve"]
    plain = [COMMAND, "serve", "--workers", str(workers)]
    os.environ[MOVED_BY] = str(clock_of(database.folder))
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                served(database.served_as, database.folder / f"server-{number}.log", command)
            )
            for number, command in enumerate((moved, plain))
        ]
        yield Stage(database=database, servers=servers, chance=chance)


def clock_of(folder: Path) -> Path:
    """The file that says by how many seconds a clock is moved."""
    return folder / "clock"


def processes_of(servers: Sequence[Served]) -> list[int]:
    """The servers' processes, and those that they started."""
    found: list[int] = []
    for server in servers:
        if server.process and server.process.poll() is None:
            found += [server.process.pid, *children_of(server.process.pid)]
    return found


def children_of(process: int) -> list[int]:
    """The processes that one started."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def ports_of(process: int) -> set[int]:
    """The ports of a process's connections by TCP."""
    sockets: dict[str, int] = {}
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        parts = line.split()
        sockets[f"socket:[{parts[9]}]"] = int(parts[1].rpartition(":")[2], 16)
    found: set[int] = set()
    for file in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.add(sockets[str(file.readlink())])
        except (OSError, KeyError):  # closed meanwhile, or no such connection
            continue
    return found


def _move(postgres: PostgresServer, url: str, folder: Path) -> None:
    """Has the tables of a database be on the disk of a folder."""
    folder.mkdir()
    if postgres.user is not None:
        os.chown(folder, postgres.user, -1)
    name = url.rpartition("/")[2]
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'".encode())
        connection.execute(f"ALTER DATABASE {name} SET TABLESPACE small".encode())
