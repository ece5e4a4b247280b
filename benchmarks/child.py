"""One import or one rebuild in a fresh process, that tells how long it took and its peak memory."""

from __future__ import annotations

import json
import resource
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measuring import timed
from benchmarks.processes import started
from service.garbage_collector import collect_seldom
from service.importing.json_lines import JsonLines
from service.importing.processes import Order, import_by_processes, processes_for
from service.ledger.group_commit import Context
from service.tenants.names import DEFAULT
from service.tenants.tenant import Tenant

_IN_A_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024
"""Of what `getrusage` counts memory in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a child came to: events taken in or rebuilt from, seconds, MiB at the peak.

    Of several processes, the peak is at most this: as if all were as large as the largest at once.
    """

    events: int
    seconds: float
    peak_mib: float


def importing(database: str, path: Path) -> Done:
    """Imports a file in a process that does nothing else, and in those that it starts for that."""
    return _child("import", database, str(path))


def rebuilding(database: str) -> Done:
    """Rebuilds the views in a process that does nothing else."""
    return _child("rebuild", database)


def peak_mib() -> float:
    """The most memory that this process has had resident.

    Not by `getrusage` where there is a better way: there, a child begins with its parent's peak.
    """
    if Path("/proc/self/status").exists():
        return memory_mib("self", "VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _IN_A_MIB


def memory_mib(process: int | str, what: str = "VmRSS") -> float:
    """Resident memory of a process, now or at its peak (`VmHWM`), as Linux tells it."""
    status = Path(f"/proc/{process}/status").read_text()
    found = dict(line.split(":", 1) for line in status.splitlines())
    return int(found[what].split()[0]) / 1024


def import_order(database: str, path: Path) -> Order:
    """The import of a file."""
    context = Context(actor="benchmarks", correlation_id=path.name)
    return Order(database=database, tenant=DEFAULT, file=JsonLines(str(path)), context=context)


def _child(*arguments: str) -> Done:
    with started("benchmarks.child", *arguments) as told:
        return Done(**json.loads(told))


def _import(database: str, path: Path) -> Done:
    processes = processes_for(path)
    with timed() as watch:
        outcomes = import_by_processes(import_order(database, path), processes).outcomes
    if set(outcomes) != {"recorded"}:
        raise ValueError(dict(outcomes))
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _IN_A_MIB
    return Done(
        events=outcomes["recorded"],
        seconds=watch.seconds,
        peak_mib=peak_mib() + processes * largest,
    )


def _rebuild(database: str) -> Done:
    with closing(Tenant(database, project=False)) as tenant:
        with timed() as watch:
            reached = tenant.rebuild()
        if reached != tenant.ledger.position():
            raise ValueError(f"rebuilt up to {reached} of {tenant.ledger.position()}")
    return Done(events=reached, seconds=watch.seconds, peak_mib=peak_mib())


if __name__ == "__main__":
    collect_seldom()
    what, url, *file = sys.argv[1:]
    told = _import(url, Path(file[0])) if what == "import" else _rebuild(url)
    print(json.dumps(asdict(told)))
