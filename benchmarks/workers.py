"""How many commands a second two processes behind one port answer, against one."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.client import load
from benchmarks.commandline import answering, free_port, serve
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, interleaved
from benchmarks.office import Office, mark
from benchmarks.workload import contract_ids

WORKERS = Figure(
    name="workers",
    what="Marking one item ready over HTTP, each request another item, 32 connections, durable: "
    "`serve --workers 2` against `--workers 1`",
    unit="requests/s",
    against_unit="requests/s",
    floor=1.5,
    stretch=1.8,
    better="more",
)
CONNECTIONS = 32
"""Twice as many as for one process: they fall to either as it comes."""


def measure_workers(bench: Bench) -> Row:
    """Requests a second, of servers that run beside each other and are asked in turn.

    Where the database and the client have no cores of their own, they take what the second process
    could have: four cores or more are due.
    """
    sizes = bench.sizes
    with ExitStack() as stack:
        one, two = (_Server(bench, stack, count) for count in (1, 2))
        one.commands_a_second()
        two.commands_a_second()  # once each before it counts: the first calls are slower
        pair = interleaved(one.commands_a_second, two.commands_a_second, sizes.repetitions)
    return WORKERS.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


class _Server:
    """Servers behind a port, over a database of their own, with items to mark."""

    def __init__(self, bench: Bench, stack: ExitStack, count: int) -> None:
        self._bench, port = bench, free_port()
        command = serve(bench.databases.new(), port, count)
        stack.enter_context(answering(command, port, "/v1/contracts"))
        self._office = Office(port)
        needed = (bench.sizes.repetitions + 1) * bench.sizes.commands
        contracts = contract_ids(bench.sizes.contracts)
        self._items = self._office.take_in(contracts, (needed + 1) // 2)[:needed]

    def commands_a_second(self) -> float:
        """Marks the next items, and waits until the views show it."""
        count = self._bench.sizes.commands
        requests = [mark([item]) for item in self._items[:count]]
        del self._items[:count]
        self._bench.databases.settle()
        done = load(self._office.port, requests, CONNECTIONS)
        for answer in done.answers:
            answer.expect()
        self._office.be_quiet()
        return count / done.seconds
