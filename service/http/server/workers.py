"""Several processes that serve behind one port: a socket that all of them take connections from."""

import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.process import BaseProcess

from service.http.watching.several_processes import has_ended
from service.settings import Settings

log = logging.getLogger(__name__)
Work = Callable[[Settings, list[socket.socket]], None]
"""What a process does on sockets that listen; a function of a module, for it is sent there."""
SETTLED_SECONDS = 60.0
"""A process that lived for so long had no trouble to start: it is replaced whenever it ends."""
MOST_EARLY_ENDS = 5
"""Processes in a row that may end before that; then something is wrong with all of them."""
CLOSE_SECONDS = 30.0
"""What a process may take to close what it has open, beside its time for calls."""
_SPAWNED = multiprocessing.get_context("spawn")


class NoWorkers(Exception):
    """The processes end again and again as soon as they are started."""


def serve_by_processes(work: Work, settings: Settings, listening: socket.socket) -> None:
    """Has `settings.workers` processes work on the socket until this one is asked to stop.

    One that ends by itself is replaced. Asked to stop, they are asked to, and killed once their
    time is over. Raises NoWorkers.
    """
    asked = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: asked.set())
    workers = _Workers(work, settings, listening)
    try:
        workers.keep_up(asked)
    finally:
        workers.stop(settings.drain_seconds + settings.stop_seconds + CLOSE_SECONDS)


class _Workers:
    def __init__(self, work: Work, settings: Settings, listening: socket.socket) -> None:
        self._work, self._settings, self._listening = work, settings, listening
        self._started: dict[BaseProcess, float] = {}
        self._early_ends = 0

    def keep_up(self, asked: threading.Event) -> None:
        """Starts processes, and others for those that end, until it is asked to stop."""
        while not asked.is_set():
            while len(self._started) < self._settings.workers:
                self._start()
            # A signal is seen within a second, whether it ends the wait or not.
            connection.wait([process.sentinel for process in self._started], 1.0)
            for process in [each for each in self._started if not each.is_alive()]:
                if not asked.is_set():
                    self._ended(process)

    def stop(self, seconds: float) -> None:
        """Asks all to stop, and kills those that have not within these seconds."""
        due = time.monotonic() + seconds
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.join(max(0.0, due - time.monotonic()))
            if process.is_alive():
                log.error("a server did not stop in time and is killed", extra={"pid": process.pid})
                process.kill()
                process.join()

    def _start(self) -> None:
        arguments = (self._work, self._settings, self._listening)
        process = _SPAWNED.Process(target=_working, args=arguments)
        process.start()
        self._started[process] = time.monotonic()

    def _ended(self, process: BaseProcess) -> None:
        lived = time.monotonic() - self._started.pop(process)
        if process.pid is not None:
            has_ended(process.pid)
        told = {"pid": process.pid, "exit_code": process.exitcode, "seconds": round(lived, 1)}
        log.error("a server has ended by itself and is replaced", extra=told)
        self._early_ends = self._early_ends + 1 if lived < SETTLED_SECONDS else 0
        if self._early_ends >= MOST_EARLY_ENDS:
            raise NoWorkers


def _working(work: Work, settings: Settings, listening: socket.socket) -> None:
    """What a process does; it ends with the one that started it, however that ends."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    work(settings, [listening])


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        connection.wait([parent.sentinel])
        signal.raise_signal(signal.SIGTERM)
