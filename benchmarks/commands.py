"""How many commands a second the service answers over HTTP, against an echo on the same server.

A command is read, validated, decided and on disk before it is answered. The echo does none of that
but the reading and writing of HTTP and JSON, which no service on this framework gets around.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from benchmarks.client import BadAnswer, Load, load
from benchmarks.databases import SQLITE, Bench
from benchmarks.measuring import Figure, Row, interleaved
from benchmarks.office import BACKLOG, Office, mark, office
from benchmarks.served import ECHO
from benchmarks.workload import contract_ids

COMMAND_HTTP = Figure(
    name="command_http",
    what="Marking one item ready over HTTP, each request another item, 16 connections, durable, "
    "against a FastAPI echo on the same server",
    unit="requests/s",
    against_unit="requests/s",
    floor=0.30,
    stretch=0.60,
    better="more",
)
ON_SQLITE = replace(COMMAND_HTTP, floor=0.40)
"""No server beside takes part of the machine: more is due."""


def measure_command_http(bench: Bench) -> Row:
    """Requests a second, sixteen at a time; each is one transaction of its own to its caller.

    The items are those of approvals spread over tens of contracts, taken one after the other. All
    answers are checked, and that all items are ready in the end.
    """
    sizes, service = bench.sizes, office(bench)
    needed = (sizes.repetitions + 1) * sizes.commands
    contracts = contract_ids(sizes.contracts)
    items = service.take_in(contracts, (needed + 1) // 2)
    requests = [mark([item]) for item in items[:needed]]
    pages = [requests[start : start + sizes.commands] for start in range(0, needed, sizes.commands)]
    latencies: list[list[float]] = [[], []]

    def send(number: int, requests: list[bytes]) -> float:
        bench.databases.settle()
        done = _all_well(load(service.port, requests, sizes.connections))
        latencies[number].append(median(done.latencies))
        service.be_quiet()
        return len(requests) / done.seconds

    def echo() -> float:
        return send(0, [mark([item], path=ECHO) for item in items[: sizes.commands]])

    def ours() -> float:
        return send(1, pages.pop())

    echo()
    ours()  # once each before it counts: the first calls are slower
    pair = interleaved(echo, ours, sizes.repetitions)
    _check_ready(service, contracts, needed)
    figure = ON_SQLITE if bench.kind == SQLITE else COMMAND_HTTP
    return figure.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        p50_ms=1_000 * median(latencies[1][1:]),
        echo_p50_ms=1_000 * median(latencies[0][1:]),
    )


def _all_well(done: Load) -> Load:
    for answer in done.answers:
        answer.expect()
    return done


def _check_ready(service: Office, contracts: list[str], expected: int) -> None:
    """Raises BadAnswer unless so many items of the contracts are ready in the view."""
    wanted = "".join(f"&contract_id={contract_id}" for contract_id in contracts)
    page = service.read(f"{BACKLOG}?billing_status=ready&totals=true&limit=1{wanted}")
    ready = sum(total["count"] for total in page["totals"])
    if ready != expected:
        raise BadAnswer(f"{ready} items are ready, not {expected}")
