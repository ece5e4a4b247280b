"""A month of a large firm: its import and the rebuild of its views, in processes of their own.

Neither may take more memory for more events, nor more time for each. An import of 1,000,000 events
makes a history of more than that, which is then rebuilt whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from statistics import median

from benchmarks.child import Done, importing, rebuilding
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, tell
from benchmarks.workload import Event, approvals, contract_ids, definitions, write_ndjson

REBUILD_SCALE = Figure(
    name="rebuild_scale",
    what="Rebuild of the history of 1,000,000 imported events, time per event, against 100,000",
    unit="µs/event",
    against_unit="µs/event",
    floor=1.2,
    stretch=1.0,
    better="less",
)
IMPORT_MEMORY = Figure(
    name="import_memory",
    what="Peak resident memory of the processes that import a file of 1,000,000 events, together",
    unit="MiB",
    against_unit=None,
    floor=400,
    stretch=200,
    better="less",
)
REBUILD_MEMORY = Figure(
    name="rebuild_memory",
    what="Peak resident memory of a process that rebuilds the history of 1,000,000 imported events",
    unit="MiB",
    against_unit=None,
    floor=400,
    stretch=200,
    better="less",
)


@dataclass(frozen=True, slots=True)
class _History:
    url: str
    imported: Done


@dataclass(frozen=True, slots=True)
class _Rebuilds:
    """All rebuilds of both histories."""

    few: list[Done]
    many: list[Done]


def measure_import_memory(bench: Bench) -> Row:
    """Once: the peak of a process that does the same hardly varies, and it takes long."""
    done = _history(bench, bench.sizes.events).imported
    rate = done.events / done.seconds
    return IMPORT_MEMORY.row(
        bench.kind, done.peak_mib, None, 1, events=done.events, events_per_second=rate
    )


def measure_rebuild_scale(bench: Bench) -> Row:
    """Seconds by events of the history, few and many in turn; each in a process of its own."""
    rebuilds = _rebuilds(bench)
    many, few = (
        1e6 * median(done.seconds / done.events for done in all_done)
        for all_done in (rebuilds.many, rebuilds.few)
    )
    return REBUILD_SCALE.row(
        bench.kind, many, few, len(rebuilds.many), events=rebuilds.many[0].events
    )


def measure_rebuild_memory(bench: Bench) -> Row:
    """The peaks of the rebuilds that are timed."""
    done = _rebuilds(bench).many
    peak = median(each.peak_mib for each in done)
    return REBUILD_MEMORY.row(bench.kind, peak, None, len(done), events=done[0].events)


@cache
def _rebuilds(bench: Bench) -> _Rebuilds:
    few, many = (
        _history(bench, count).url for count in (bench.sizes.few_events, bench.sizes.events)
    )
    rebuilds = _Rebuilds([], [])
    for number in range(1, bench.sizes.rebuilds + 1):
        bench.databases.settle()
        rebuilds.few.append(rebuilding(few))
        bench.databases.settle()
        rebuilds.many.append(rebuilding(many))
        tell(f"  {number}/{bench.sizes.rebuilds}: {rebuilds.many[-1]} against {rebuilds.few[-1]}")
    return rebuilds


@cache
def _history(bench: Bench, count: int) -> _History:
    """The history that the import of a file of so many events makes."""
    tell(f"  importing {count:,} events")
    path = write_ndjson(bench.folder / f"{count}.ndjson", _events(bench, count))
    url = bench.databases.new()
    bench.databases.settle()
    done = importing(url, path)
    path.unlink()
    if done.events != count:
        raise ValueError(f"{done.events} events were imported, not {count}")
    return _History(url, done)


def _events(bench: Bench, count: int) -> Iterator[Event]:
    """Contracts and approvals on them, so many together."""
    ids = contract_ids(bench.sizes.contracts)
    return islice(chain(definitions(ids), approvals(ids, count - 2 * len(ids))), count)
