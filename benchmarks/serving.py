"""How much memory a server takes that works on a large backlog for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

from benchmarks.child import memory_mib
from benchmarks.client import Line, request
from benchmarks.commandline import answering, free_port, serve, take_in
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, tell
from benchmarks.office import BACKLOG, check_marked, mark
from benchmarks.workload import approvals, contract_ids, definitions, write_ndjson

SERVE_MEMORY = Figure(
    name="serve_memory",
    what="Peak resident memory of `serve` after pages, marks and drafts on each of 40 contracts "
    "with 160,000 items",
    unit="MiB",
    against_unit=None,
    floor=160,
    stretch=120,
    better="less",
)
ROUNDS = 2
"""How often the contracts are worked on, one after the other: so each was forgotten meanwhile."""
MARKED = 200
"""Items of a contract in each round."""
CUTOFF = "2026-12-31"


def measure_serve_memory(bench: Bench) -> Row:
    """Once: it hardly varies, and the import takes long."""
    sizes, database = bench.sizes, bench.databases.new()
    ids = contract_ids(sizes.contracts)
    tell(f"  importing {sizes.served_approvals:,} approvals")
    events = chain(definitions(ids), approvals(ids, sizes.served_approvals))
    path = write_ndjson(bench.folder / "served.ndjson", events)
    take_in(database, path)
    path.unlink()
    port = free_port()
    with answering(serve(database, port), port, "/v1/contracts") as server:
        began = memory_mib(server)
        with closing(Line(port)) as line:
            position = 0
            for contract_id in list(ids) * ROUNDS:
                position = _work(line, contract_id, position)
        resident, peak = memory_mib(server), memory_mib(server, "VmHWM")
    return SERVE_MEMORY.row(bench.kind, peak, None, 1, at_start=began, in_the_end=resident)


def _work(line: Line, contract_id: str, after: int) -> int:
    """Looks at a contract's backlog, marks some of it, and makes drafts of that; the position.

    The backlog is to show everything up to the position `after`, the last that was worked on.
    """
    items = [row["item_id"] for row in _some_of(line, contract_id, after)]
    check_marked(line.ask(mark(items)), items)
    body = {"contract_id": contract_id, "cutoff": CUTOFF}
    return int(line.ask(request("POST", "/v1/invoices", body)).expect(201).json()["position"])


def _some_of(line: Line, contract_id: str, after: int) -> Iterable[Any]:
    """The first items of a contract that are not ready, as one finds them who pages on."""
    wanted = f"contract_id={contract_id}&billing_status=not_ready&limit=50&after={after}"
    path = f"{BACKLOG}?{wanted}"
    found: list[Any] = []
    for page in _pages(line, path):
        found += page
        if len(found) >= MARKED:
            break
    return found


def _pages(line: Line, path: str) -> Iterator[list[Any]]:
    page = line.ask(request("GET", path)).expect().json()
    yield page["items"]
    while page["next"]:
        page = line.ask(request("GET", f"{path}&cursor={page['next']}")).expect().json()
        yield page["items"]
