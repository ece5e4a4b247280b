"""An import by several processes, each with the contracts of its share of the file.

Python decides on one core at a time, and deciding is most of an import. Every process reads the
whole file, takes in the lines of its share, and tells how far it is over a pipe of its own.
"""

import multiprocessing
import os
import signal
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from projections.history import OutcomeUnknown, Unavailable
from service import logs
from service.databases.addresses import BadDatabase, NoAddress
from service.garbage_collector import collect_seldom
from service.importing import MOST_PROCESSES
from service.importing.entries import WHOLE, BadFile, Reader, Share
from service.importing.importing import Imported, Progress, import_events
from service.importing.rejects import RejectsFile
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.names import UnknownTenant
from service.tenants.tenants import Tenants

SMALL_FILE = 4 * 1024 * 1024
"""Bytes of a file that one process has taken in about as soon as others have started."""
_NEW_PROCESSES = multiprocessing.get_context("spawn")
"""Not forked: this process has threads, and a database open."""


class ImportFailed(Exception):
    """A part of the file could not be taken in; it is safe to repeat the import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A file, or a share of it, that is to be taken in for a tenant."""

    database: str
    tenant: str
    file: Reader
    context: Context
    share: Share = WHOLE


@dataclass(frozen=True, slots=True)
class _Taken:
    """A batch was taken in: so many events and bytes."""

    events: int
    size: int


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

    `progress` is told of the batches of all of them. Raises ImportFailed when one of them can't go
    on; the others are stopped then. None is waited for without end: each of their waits for the
    database has one, and the end of a process ends its pipe.
    """
    imported = Imported()
    shares = [
        Share(number=number, of=processes, rejects=rejects and rejects.part(number))
        for number in range(processes)
    ]
    with ExitStack() as stack:
        at_work = [stack.enter_context(_worker(replace(order, share=share))) for share in shares]
        while at_work:
            heard = wait(at_work)
            for worker in [each for each in at_work if each in heard]:
                match _heard(worker):
                    case _Taken(events, size):
                        progress(events, size)
                    case Imported() as part:
                        imported.merge(part)
                        at_work.remove(worker)
                    case ImportFailed() as failed:
                        raise failed
    return imported


def _heard(worker: Connection) -> _Taken | Imported | ImportFailed:
    try:
        return worker.recv()
    except (EOFError, OSError):
        return ImportFailed("one of its processes ended before its work was done")


@contextmanager
def _worker(order: Order) -> Generator[Connection]:
    """A process at work on its order, and the pipe on which it tells; it is gone at the end.

    It is killed if it still works: what it has not committed, the database takes back.
    """
    heard, told = _NEW_PROCESSES.Pipe(duplex=False)
    process = _NEW_PROCESSES.Process(target=_work, args=(order, told), daemon=True)
    with heard:
        with told, _deaf_to_ctrl_c():
            process.start()
        try:
            yield heard
        finally:
            process.kill()
            process.join()


@contextmanager
def _deaf_to_ctrl_c() -> Generator[None]:
    """What is started meanwhile never hears of Ctrl-C: it is for the process that stops it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- the other end -----------------------------------------------------------------------------


def _work(order: Order, told: Connection) -> None:
    """Takes in the share that it is ordered to, and tells how far it is."""
    logs.configure()
    collect_seldom()
    # A pipe that nobody reads any more: the import was stopped, and there is nobody to tell.
    with told, suppress(BrokenPipeError):
        try:
            told.send(_import(order, told))
        except _FAILURES as error:
            told.send(ImportFailed(str(error)))


def _import(order: Order, told: Connection) -> Imported:
    with closing(Tenants(order.database, project=False)) as tenants:
        return import_events(
            tenants.open(order.tenant),
            order.file,
            order.context,
            lambda events, size: told.send(_Taken(events, size)),
            order.share,
        )


_FAILURES = (
    BadDatabase,
    BadFile,
    NoAddress,
    Unavailable,
    OutcomeUnknown,
    UnreadableEvent,
    UnknownTenant,
    Conflict,
    OSError,
)
