"""The faults: each breaks something at once, holds it broken for a while where that is its nature,
and mends what a machine, an operator or the network would mend.

Each gives the instant from which the service has to get well by itself.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.notebook import Told
from tests.faults.stages import Struck, children_of, processes_of
from tests.service.cutting import Sent
from tests.service.processes import LONG, until

SLOW_SECONDS = 0.1
"""What every message between service and database takes, either way, when the database is slow."""
CLOCK_BACK = (1.0, 60.0, 7_200.0, 86_400.0)
"""Seconds that a clock jumps back by."""


Fault = Callable[[Struck], Awaitable[float]]


def _now() -> float:
    return asyncio.get_running_loop().time()


# --- processes ---------------------------------------------------------------------------------


async def kill_service(struck: Struck) -> float:
    """kill -9 of the first server; whoever looks after services starts it again."""
    server = struck.stage.servers[0]
    server.kill()
    killed = _now()
    server.start()
    return killed


async def kill_worker(struck: Struck) -> float:
    """kill -9 of one of the processes of the second server, which replaces it."""
    parent = struck.stage.servers[1].process
    assert parent
    serving = [each for each in children_of(parent.pid) if _serves(each)]
    os.kill(struck.stage.chance.choice(serving), signal.SIGKILL)
    return _now()


async def kill_projector(struck: Struck) -> float:
    """kill -9 of the process that keeps the views current; it is started again."""
    process = await asyncio.to_thread(until, struck.stage.projecting)
    assert process
    os.kill(process, signal.SIGKILL)
    killed = _now()
    for server in struck.stage.servers:
        if server.process and server.process.pid == process:
            server.process.wait()
            server.start()
    return killed


async def kill_database(struck: Struck) -> float:
    """PostgreSQL ends with every process of it, as at a power cut, and is started again."""
    postgres = struck.postgres
    await asyncio.to_thread(postgres.kill)
    killed = _now()
    await struck.until_told(Told.DENIED, Told.IN_DOUBT)
    await asyncio.to_thread(postgres.start)
    return killed


async def stop_service(struck: Struck) -> float:
    """SIGSTOP of one of the servers with all its processes, and SIGCONT after a while."""
    with _stopped(processes_of([struck.stage.chance.choice(struck.stage.servers)])):
        await asyncio.sleep(struck.stopped)
    return _now()


async def stop_database(struck: Struck) -> float:
    """SIGSTOP of all processes of PostgreSQL, and SIGCONT after a while."""
    postgres = struck.postgres
    assert postgres.pid
    with _stopped([postgres.pid, *children_of(postgres.pid)]):
        await asyncio.sleep(struck.stopped)
    return _now()


@contextmanager
def _stopped(processes: Sequence[int]) -> Generator[None]:
    _send(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(processes, signal.SIGCONT)


def _send(processes: Sequence[int], what: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(process, what)


def _serves(process: int) -> bool:
    """Whether it serves, and does not merely look after what processes share."""
    return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()


# --- one of three nodes ------------------------------------------------------------------------


async def kill_primary(struck: Struck) -> float:
    """kill -9 of the node that takes writes, Patroni and PostgreSQL: a standby takes over."""
    return await _kill_node(struck, "leader")


async def kill_standby(struck: Struck) -> float:
    """kill -9 of the node that confirms commits: the other standby confirms them from then on."""
    return await _kill_node(struck, "sync_standby")


async def kill_standbys(struck: Struck) -> float:
    """kill -9 of both standbys: nothing is acknowledged until they are started again."""
    cluster = struck.cluster
    await asyncio.to_thread(cluster.start_again)
    leader = await asyncio.to_thread(cluster.leader)
    for node in cluster.nodes:
        if node is not leader:
            await asyncio.to_thread(cluster.kill, node)
    await struck.until_told(Told.DENIED, Told.IN_DOUBT, times=6)
    started = _now()
    await asyncio.to_thread(cluster.start_again)
    return started


async def _kill_node(struck: Struck, role: str) -> float:
    """Kills it once all three are well, those killed before with them."""
    cluster = struck.cluster
    await asyncio.to_thread(cluster.start_again)
    node = await asyncio.to_thread(cluster.with_role, role)
    killed = _now()
    await asyncio.to_thread(cluster.kill, node)
    return killed


# --- the way to the database -------------------------------------------------------------------


async def cut_connections(struck: Struck) -> float:
    """All connections to the database are cut at once, whatever they are at."""
    wire = struck.wire
    wire.cut_all()
    return _now()


async def cut_in_a_transaction(struck: Struck) -> float:
    """A connection is cut between BEGIN and COMMIT of a large append."""
    return await _cut(struck, lambda _, message: b"COPY " in message, before=True)


async def cut_at_commit(struck: Struck) -> float:
    """A connection is cut when the server has answered a COMMIT, before the service gets that."""
    return await _cut(struck, _commit_of_a_copy(), before=False)


async def cut_at_append(struck: Struck) -> float:
    """A connection is cut when the server has answered a small append, which is one statement."""
    return await _cut(struck, lambda _, message: b"EventReceived" in message, before=False)


async def _cut(struck: Struck, sent: Sent, *, before: bool) -> float:
    wire = struck.wire
    (wire.cut_before if before else wire.cut_after)(sent)
    hit = await asyncio.to_thread(wire.hit.wait, LONG)
    assert hit, "no such message was sent"
    wire.mend()
    return _now()


def _commit_of_a_copy() -> Sent:
    """Tells the COMMIT of a transaction that has copied events in."""
    copying: set[int] = set()

    def sent(connection: int, message: bytes) -> bool:
        if b"COPY " in message:
            copying.add(connection)
        return connection in copying and b"COMMIT" in message

    return sent


async def slow_database(struck: Struck) -> float:
    """Every message between service and database takes longer for a while."""
    wire = struck.wire
    wire.delay = SLOW_SECONDS
    try:
        await asyncio.sleep(struck.hold)
        await struck.until_told(Told.ACKNOWLEDGED)
    finally:
        wire.delay = 0.0
    return _now()


async def silent_database(struck: Struck) -> float:
    """Nothing comes through between service and database for a while, and nobody says so."""
    wire = struck.wire
    wire.silence()
    try:
        await asyncio.sleep(struck.hold)
    finally:
        wire.mend()
    return _now()


# --- the machine -------------------------------------------------------------------------------


async def fill_disk(struck: Struck) -> float:
    """The disk that the database is on is full for a while."""
    disk = struck.stage.database.disk
    assert disk
    await asyncio.to_thread(disk.fill)
    try:
        await struck.until_told(Told.DENIED, Told.IN_DOUBT)
        await asyncio.to_thread(disk.fill)  # what was freed meanwhile
        await asyncio.sleep(struck.hold)
    finally:
        disk.free()
    return _now()


async def limit_files(struck: Struck) -> float:
    """No file of the servers may grow for a while: every write beyond fails as such (EFBIG)."""
    processes = processes_of(struck.stage.servers)
    written = struck.stage.database.folder / "small" / "faults.db-wal"
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (written.stat().st_size, hard))
    try:
        await struck.until_told(Told.DENIED, Told.IN_DOUBT)
        await asyncio.sleep(struck.hold)
    finally:
        for process in processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))
    return _now()


async def move_clock_back(struck: Struck) -> float:
    """The clock of the first server jumps back, and stays there."""
    stage = struck.stage
    moved = float(stage.clock.read_text("utf-8")) - stage.chance.choice(CLOCK_BACK)
    new = stage.clock.with_suffix(".new")
    new.write_text(str(moved), encoding="utf-8")
    new.replace(stage.clock)
    back = _now()
    await struck.until_told(Told.ACKNOWLEDGED)
    return back


FULL = "disk full"
WORKERS = {"sqlite": 1, "postgresql": 2}
"""Processes of the second server, by the kind of its database."""
ON_SQLITE: dict[str, Fault] = {
    "service killed": kill_service,
    "service stopped": stop_service,
    FULL: fill_disk,
    "no file may grow": limit_files,
    "clock back": move_clock_back,
}
ON_POSTGRESQL: dict[str, Fault] = {
    "service killed": kill_service,
    "worker killed": kill_worker,
    "projector killed": kill_projector,
    "database killed": kill_database,
    "connections cut": cut_connections,
    "cut in a transaction": cut_in_a_transaction,
    "cut at a large commit": cut_at_commit,
    "cut at an append": cut_at_append,
    "database slow": slow_database,
    "database silent": silent_database,
    FULL: fill_disk,
    "clock back": move_clock_back,
    "service stopped": stop_service,
    "database stopped": stop_database,
}
ON_CLUSTER: dict[str, Fault] = {
    "primary killed": kill_primary,
    "standby killed": kill_standby,
    "both standbys killed": kill_standbys,
}
FAULTS = {"sqlite": ON_SQLITE, "postgresql": ON_POSTGRESQL}
"""The faults that each kind of database has."""
