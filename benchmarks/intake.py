"""What an import stores a second, and what its parts do alone: mapping and recording, and reading.

Held against the database alone (`raw.py`), with the very rows that the import stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eventsourcing.persistence import StoredEvent

from benchmarks.child import import_order
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, interleaved, tell, timed
from benchmarks.raw import PER_COMMIT, RawHistory, raw_history
from benchmarks.workload import approvals, contract_ids, definitions, write_ndjson
from projections.keeping.catching_up import PAGE
from service.importing.importing import import_events
from service.importing.processes import import_by_processes, processes_for
from service.tenants.tenant import Tenant

IMPORT = Figure(
    name="import",
    what="A file of approvals, two customers and four limit levels, committed in batches of 1,000, "
    "against raw insertion of the rows that it stores",
    unit="approvals/s",
    against_unit="rows/s",
    floor=0.08,
    stretch=0.16,
    better="more",
)
MAPPER_RECORDER = Figure(
    name="mapper_recorder",
    what="Mapping and recording the events of an import, 1,000 a transaction, against raw "
    "insertion of the same rows",
    unit="events/s",
    against_unit="rows/s",
    floor=0.45,
    stretch=0.60,
    better="more",
)
READ_MAP = Figure(
    name="read_map",
    what="Reading the history as a rebuild does, typed, against a raw SELECT of the same pages "
    "with their JSON decoded",
    unit="events/s",
    against_unit="rows/s",
    floor=0.50,
    stretch=0.80,
    better="more",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A database that approvals were imported into, behind the `defined` events of contracts."""

    url: str
    defined: int
    seconds: float


@cache
def imported(bench: Bench) -> Imported:
    """The history that the figures here are taken with; the first import warms all code up."""
    tell("  importing the history to measure with")
    sizes = bench.sizes
    return import_into(bench, bench.databases.new(), sizes.contracts, sizes.approvals)


@cache
def stored_rows(bench: Bench) -> RawHistory:
    """What the import stored."""
    history = imported(bench)
    return raw_history(bench, history.url, history.defined)


def import_into(bench: Bench, url: str, contracts: int, count: int) -> Imported:
    """Imports contracts and then approvals on them, by as many processes as the command line would.

    Only the latter are timed, with the start of the processes.
    """
    ids = contract_ids(contracts)
    defining = _file(bench, f"definitions-{contracts}.ndjson", contracts, None)
    approving = _file(bench, f"approvals-{contracts}-{count}.ndjson", contracts, count)
    with closing(Tenant(url, project=False)) as tenant:
        order = import_order(url, defining)
        _check(import_events(tenant, defining, order.context).outcomes, 2 * len(ids))
        defined = tenant.ledger.position()
    bench.databases.settle()
    with timed() as watch:
        done = import_by_processes(import_order(url, approving), processes_for(approving))
    _check(done.outcomes, count)
    return Imported(url, defined, watch.seconds)


def measure_import(bench: Bench) -> Row:
    """JSON bytes → validated → decided → committed, in approvals a second.

    The limit is the raw insertion of the rows that it stores, in rows a second: strictly, for an
    approval is stored as several rows. Beside it, the ratio that counts rows on both sides.
    """
    rows, count = stored_rows(bench), bench.sizes.approvals

    def ours() -> float:
        url = bench.databases.new()
        done = import_into(bench, url, bench.sizes.contracts, count)
        bench.databases.drop(url)
        return count / done.seconds

    pair = interleaved(rows.insert, ours, bench.sizes.repetitions)
    per_approval = rows.count / count
    return IMPORT.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        rows_per_approval=per_approval,
        ratio_same_rows=per_approval * pair.ours / pair.limit,
    )


def measure_mapper_recorder(bench: Bench) -> Row:
    """What a commit costs without deciding: events to their stored form, and into the database.

    All events of the import's approvals, in their order. The limit is the raw insertion of the
    rows that come of them.
    """
    rows, history = stored_rows(bench), imported(bench)
    with closing(Tenant(history.url, project=False)) as tenant:
        ledger = tenant.ledger
        stored = ledger.recorder.select_notifications(history.defined + 1, rows.count)
        events = [ledger.mapper.to_domain_event(each) for each in stored]
    pages = [events[start : start + PER_COMMIT] for start in range(0, len(events), PER_COMMIT)]

    def ours() -> float:
        url = bench.databases.new()
        with closing(Tenant(url, project=False)) as tenant:
            mapper, recorder = tenant.ledger.mapper, tenant.ledger.recorder
            bench.databases.settle()
            with timed() as watch:
                for page in pages:
                    recorder.insert_events([mapper.to_stored_event(event) for event in page])
            if tenant.ledger.position() != len(events):
                raise ValueError(f"{tenant.ledger.position()} events, not {len(events)}")
        bench.databases.drop(url)
        return len(events) / watch.seconds

    pair = interleaved(rows.insert, ours, bench.sizes.repetitions)
    return MAPPER_RECORDER.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


def measure_read_map(bench: Bench) -> Row:
    """The reading half of a rebuild: pages of the history as typed events.

    The limit is a SELECT of the same pages by the bare driver, with the JSON of each row decoded
    to whatever it holds.
    """
    history = imported(bench)
    rows = raw_history(bench, history.url)
    with closing(Tenant(history.url, project=False)) as tenant:

        def ours() -> float:
            position = 0
            with timed() as watch:
                while page := tenant.ledger.read(position, PAGE):
                    position = page[-1].position
            if position != rows.count:
                raise ValueError(f"{position} events were read, not {rows.count}")
            return position / watch.seconds

        pair = interleaved(rows.read, ours, bench.sizes.repetitions)
    return READ_MAP.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


def copied(bench: Bench, stored: list[StoredEvent]) -> str:
    """A new database whose history is these events."""
    url = bench.databases.new()
    with closing(Tenant(url, project=False)) as tenant:
        for start in range(0, len(stored), PER_COMMIT):
            tenant.ledger.recorder.insert_events(stored[start : start + PER_COMMIT])
    return url


def _file(bench: Bench, name: str, contracts: int, count: int | None) -> Path:
    """A file of the definitions, or of so many approvals; written once."""
    path = bench.folder / name
    if not path.exists():
        ids = contract_ids(contracts)
        write_ndjson(path, definitions(ids) if count is None else approvals(ids, count))
    return path


def _check(outcomes: Mapping[str, int], count: int) -> None:
    """Raises ValueError unless so many events were recorded, and nothing else happened."""
    if outcomes != {"recorded": count}:
        raise ValueError(dict(outcomes))
