"""How long a process takes from its start until it does what it was started for.

Nothing that answers HTTP with this framework starts faster than a bare application with one route;
ours has a database to open, too.
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter

from benchmarks.commandline import answering, free_port, serve, take_in
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, interleaved, timed
from benchmarks.workload import contract_ids, definitions, write_ndjson

COLD_START = Figure(
    name="cold_start",
    what="Start of `serve` to its first answer, or of `import` to the end of a file of two events, "
    "the slower of both, against a bare FastAPI application on uvicorn to its first answer",
    unit="ms",
    against_unit="ms",
    floor=2.0,
    stretch=1.5,
    better="less",
)


def measure_cold_start(bench: Bench) -> Row:
    """Each start is a new process, on a database that is there, with a contract in it."""
    database = bench.databases.new()
    path = write_ndjson(bench.folder / "one.ndjson", definitions(contract_ids(1)))
    served: list[float] = []
    imported: list[float] = []

    def bare() -> float:
        port = free_port()
        return _until_answered([sys.executable, "-m", "benchmarks.bare", str(port)], port, "/")

    def ours() -> float:
        port = free_port()
        served.append(_until_answered(serve(database, port), port, "/v1/contracts"))
        with timed() as watch:
            take_in(database, path)
        imported.append(1_000 * watch.seconds)
        return max(served[-1], imported[-1])

    take_in(database, path)
    bare()
    ours()  # once each before it counts: then all files are in the system's memory
    pair = interleaved(bare, ours, bench.sizes.starts)
    return COLD_START.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        serve_ms=median(served[1:]),
        import_ms=median(imported[1:]),
    )


def _until_answered(command: list[str], port: int, path: str) -> float:
    started = perf_counter()
    with answering(command, port, path):
        return 1_000 * (perf_counter() - started)
