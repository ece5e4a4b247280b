"""What those who listen to changes cost a command, who are told of it over and over."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice

from benchmarks.client import TIMEOUT, BadAnswer, Line, load, request
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, interleaved
from benchmarks.office import Office, mark, office
from benchmarks.served import CPU
from benchmarks.workload import contract_ids

STREAM = Figure(
    name="stream",
    what="Processor time of the server a command, marking one item over HTTP on 16 connections, "
    "with 200 clients that listen to GET /v1/stream, against without them",
    unit="µs",
    against_unit="µs",
    floor=1.05,
    stretch=1.02,
    better="less",
)
ASKED = b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure_stream(bench: Bench) -> Row:
    """In turn with and without them; what they were told is counted, so that they do listen."""
    sizes, service = bench.sizes, office(bench)
    contracts = [f"HEARD-{each}" for each in contract_ids(sizes.contracts)]
    needed = (2 * sizes.repetitions + 2) * sizes.commands
    items = iter(service.take_in(contracts, (needed + 1) // 2))
    told: list[float] = []

    def cost() -> float:
        some = list(islice(items, sizes.commands))
        bench.databases.settle()
        before = _processor_time(service)
        for answer in load(service.port, [mark([item]) for item in some], 16).answers:
            answer.expect()
        service.be_quiet()
        return 1e6 * (_processor_time(service) - before) / len(some)

    def heard() -> float:
        with _listening(service.port, sizes.listeners) as ears:
            found = cost()
        told.append(ears.told / sizes.listeners)
        return found

    cost()
    heard()  # once each before it counts: the first calls are slower
    pair = interleaved(cost, heard, sizes.repetitions)
    if not all(told):
        raise BadAnswer("the listeners were told nothing")
    return STREAM.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        listeners=sizes.listeners,
        events_each=sum(told[1:]) / len(told[1:]),
    )


def _processor_time(service: Office) -> float:
    """Seconds of processor time that the server has taken by now, in all its threads."""
    with closing(Line(service.port)) as line:
        return float(line.ask(request("GET", CPU)).expect().json())


class _Ears:
    """Clients that listen in a thread, and count the events that they are told."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.told = 0
        self._sockets = sockets
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._sockets:
                selector.register(each, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.1):
                    if isinstance(key.fileobj, socket.socket):
                        self.told += key.fileobj.recv(1 << 16).count(b"data: ")


@contextmanager
def _listening(port: int, count: int) -> Generator[_Ears]:
    """So many clients that listen from now on, until the block is over and they are all gone."""
    with ExitStack() as stack:
        sockets: list[socket.socket] = []
        for _ in range(count):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
            each.sendall(ASKED)
            sockets.append(each)
        for each in sockets:
            if b" 200 " not in each.recv(1 << 16):
                raise BadAnswer("a client may not listen")
        with closing(_Ears(sockets)) as ears:
            yield ears
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
