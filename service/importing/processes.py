"""An import by several processes, each with the contracts of its share of the file.

Python decides on one core at a time, and deciding is most of an import. Every process reads the
whole file, takes in the lines of its share, and says on standard output how far it is, a JSON
object a line; it gets its order on standard input, for a command line shows passwords to everybody.
"""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec
from msgspec.structs import replace

from projections.history import OutcomeUnknown, Unavailable
from service import logs
from service.collector import collect_seldom
from service.databases.addresses import BadDatabase, NoAddress
from service.importing.importing import WHOLE, Imported, Progress, Share, import_events
from service.importing.rejects import RejectsFile
from service.ledger.ledger import Conflict, Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.directory import UnknownTenant
from service.tenants.tenants import Tenants

MOST_PROCESSES = 4
"""More only wait for each other: the database takes in one batch at a time."""
SMALL_FILE = 4 * 1024 * 1024
"""Bytes of a file that one process has taken in about as soon as others have started."""
STOP_SECONDS = 30.0


class ImportFailed(Exception):
    """A part of the file could not be taken in; to repeat the import is safe."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a share of it, that is to be taken in for a tenant."""

    database: str
    tenant: str
    path: str
    context: Context
    share: Share = WHOLE


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A batch was taken in."""

    events: int
    size: int


class Over(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The share was taken in: what came of it, as in `Imported`."""

    outcomes: dict[str, int]
    refused: list[tuple[int, str]]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It can't go on."""

    why: str


Said = Taken | Over | Failed


def processes_for(path: Path) -> int:
    """How many processes take a file in fastest here."""
    if path.stat().st_size < SMALL_FILE:
        return 1
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def import_by_processes(
    order: Order,
    processes: int,
    progress: Progress = lambda events, size: None,
    rejects: RejectsFile | None = None,
) -> Imported:
    """Takes in a whole file as `import_events` does, by so many processes at once.

    `progress` is told of the batches of all of them, one at a time. Raises ImportFailed when one of
    them can't go on; the others are stopped then. None is waited for without end: each of their
    waits for the database has one, and what they say last tells it.
    """
    imported = Imported()
    guard = threading.Lock()

    def follow(worker: IO[bytes]) -> None:
        for line in worker:
            with guard:
                said: Said = _SAID.decode(line)
                match said:
                    case Taken(events=events, size=size):
                        progress(events, size)
                    case Over(outcomes=outcomes, refused=refused):
                        imported.merge(Imported(outcomes=Counter(outcomes), refused=refused))
                        return
                    case Failed(why=why):
                        raise ImportFailed(why)
        raise ImportFailed("one of its processes ended before its work was done")

    shares = [
        Share(number=number, of=processes, rejects=rejects and rejects.part(number))
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes, "import") as threads, ExitStack() as stack:
        workers = [stack.enter_context(_worker(replace(order, share=share))) for share in shares]
        followed = [threads.submit(follow, worker) for worker in workers]
        for done in wait(followed, return_when=FIRST_EXCEPTION).done:
            done.result()
    return imported


@contextmanager
def _worker(order: Order) -> Generator[IO[bytes]]:
    """A process at work on its order, and what it says; it is gone at the end.

    It is killed where it is if it still works: what it has not committed, the database takes back.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "service.importing.processes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # a terminal's Ctrl-C is for the process that stops the others
    ) as process:
        assert process.stdin and process.stdout, "both are pipes"  # noqa: S101, PT018
        try:
            # Where it is gone already, its silence tells.
            with suppress(BrokenPipeError), process.stdin as orders:
                orders.write(msgspec.json.encode(order))
            yield process.stdout
        finally:
            process.kill()


# --- the other end -----------------------------------------------------------------------------


def _work(order: Order, say: Callable[[Said], object]) -> None:
    with closing(Tenants(order.database, project=False)) as tenants:
        imported = import_events(
            tenants.open(order.tenant),
            Path(order.path),
            order.context,
            lambda events, size: say(Taken(events=events, size=size)),
            order.share,
        )
    say(Over(outcomes=imported.outcomes, refused=imported.refused))


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """One of the processes: takes in the share that it is ordered to, and says how far it is."""
    logs.configure()
    collect_seldom()
    try:
        _work(_ORDER.decode(sys.stdin.buffer.read()), _say)
    except _FAILURES as error:
        _say(Failed(why=str(error)))


_FAILURES = (
    BadDatabase,
    NoAddress,
    Unavailable,
    OutcomeUnknown,
    UnreadableEvent,
    UnknownTenant,
    Conflict,
    OSError,
)
_ORDER = msgspec.json.Decoder(Order)
_SAID = msgspec.json.Decoder(Said)

if __name__ == "__main__":
    main()
