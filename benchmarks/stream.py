"""What those who listen to changes cost a command, who are told of it over and over."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import cycle

from benchmarks.client import TIMEOUT, BadAnswer, Line, load_for, request
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, balanced
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
ITEMS_OF_A_CONTRACT = 12
"""So that marks ready and not ready take turns many times a second."""
_POSITION = re.compile(rb"^id: ?([0-9]+)\r?\n", re.MULTILINE)
ASKED = b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure_stream(bench: Bench) -> Row:
    """Without them, with them twice, without: as many commands as there is time for, each time.

    So they are told over and over, as long as commands come; what listeners cost when they come and
    go is not counted. In the end all are told of the last command, or nothing was measured.
    """
    sizes, service = bench.sizes, office(bench)
    contracts = [f"HEARD-{each}" for each in contract_ids(sizes.contracts)]
    commands = _marks(service.take_in(contracts, ITEMS_OF_A_CONTRACT // 2 * len(contracts)))
    told: list[float] = []

    def cost() -> float:
        bench.databases.settle()
        service.be_quiet()  # whoever was there before is gone
        before = _processor_time(service)
        answers = load_for(service.port, commands, 16, sizes.listening_seconds).answers
        taken = _processor_time(service) - before
        for answer in answers:
            answer.expect()
        return 1e6 * taken / len(answers)

    def heard() -> float:
        with _listening(service.port, sizes.listeners) as ears:
            ears.wait_for(service.be_quiet())
            already = ears.told
            found = cost()
            ears.wait_for(service.be_quiet())
            told.append((ears.told - already) / sizes.listeners)
        return found

    cost()
    heard()  # once each before it counts: the first calls are slower
    pair = balanced(cost, heard, sizes.repetitions)
    return STREAM.row(
        bench.kind,
        pair.ours,
        pair.limit,
        pair.repetitions,
        listeners=sizes.listeners,
        events_each=sum(told[1:]) / len(told[1:]),
    )


def _marks(items: Sequence[str]) -> Iterator[bytes]:
    """Commands without an end: all items are marked ready one by one, then not ready, and so on."""
    for status in cycle(("ready", "not_ready")):
        for item in items:
            yield mark([item], status)


def _processor_time(service: Office) -> float:
    """Seconds of processor time that the server has taken by now, in all its threads."""
    with closing(Line(service.port)) as line:
        return float(line.ask(request("GET", CPU)).expect().json())


class _Ears:
    """Clients that listen in a thread; how many events they are told, and how far each is."""

    def __init__(self, answered: Mapping[socket.socket, bytes]) -> None:
        """They have been answered with that by now."""
        self.told = 0
        self._heard = dict.fromkeys(answered, b"")
        """The end of what each was sent: the last line may not be whole."""
        self._positions = dict.fromkeys(answered, 0)
        self._further = threading.Condition()
        for one, answer in answered.items():
            self._hear(one, answer)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._stopping.set()
        self._thread.join()

    def wait_for(self, position: int) -> None:
        """Returns once all were told of this position. Raises BadAnswer when they are not."""
        with self._further:
            if not self._further.wait_for(
                lambda: min(self._positions.values()) >= position, TIMEOUT
            ):
                raise BadAnswer(f"the listeners were not told of position {position}")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._heard:
                selector.register(each, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.1):
                    if isinstance(key.fileobj, socket.socket):
                        self._hear(key.fileobj, key.fileobj.recv(1 << 16))

    def _hear(self, one: socket.socket, more: bytes) -> None:
        whole, end, rest = (self._heard[one] + more).rpartition(b"\n")
        self._heard[one] = rest
        positions = [int(found) for found in _POSITION.findall(whole + end)]
        with self._further:
            self.told += whole.count(b"data: ")
            self._positions[one] = max([self._positions[one], *positions])
            self._further.notify()


@contextmanager
def _listening(port: int, count: int) -> Generator[_Ears]:
    """So many clients that listen from now on, until the block is over and they are all gone."""
    with ExitStack() as stack:
        sockets: list[socket.socket] = []
        answered: dict[socket.socket, bytes] = {}
        for _ in range(count):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
            each.sendall(ASKED)
            sockets.append(each)
        for each in sockets:
            answered[each] = each.recv(1 << 16)
            if b" 200 " not in answered[each]:
                raise BadAnswer("a client may not listen")
        with closing(_Ears(answered)) as ears:
            yield ears
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
