"""Lines of the log that nobody waits for: a pipe that nobody reads must not stop the server."""

import logging
import os
import queue
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

log = logging.getLogger(__name__)
MOST_LINES = 1_000
"""Lines that wait to be written; of more, the newest are lost, and how many is told afterwards."""
CLOSE_SECONDS = 1.0
"""How long a process that ends waits for them."""


@contextmanager
def written_beside() -> Generator[None]:
    """While it is open, what goes to the log is written by a thread of its own."""
    before: list[tuple[logging.StreamHandler[Any], Any, _Beside]] = []
    for handler in map(_with_stream, logging.getLogger().handlers):
        if handler and (file := _file_of(handler)) is not None:
            beside = _Beside(file)
            before.append((handler, handler.setStream(beside), beside))
    try:
        yield
    finally:
        for handler, stream, beside in before:
            handler.setStream(stream)
            beside.finish()


class _Beside:
    """A stream for a handler; what it is given waits in a queue with an end."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._lines = queue.Queue[str](MOST_LINES)
        self._lost = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def flush(self) -> None:
        """Nothing: whoever logs does not wait."""

    def finish(self) -> None:
        """Waits until all is written, for a while."""
        due = time.monotonic() + CLOSE_SECONDS
        while self._lines.unfinished_tasks and time.monotonic() < due:
            time.sleep(0.01)

    def _write(self) -> None:
        while True:
            # By the file itself: a buffer that is locked here would hold up the end of the process.
            rest = self._lines.get().encode(errors="backslashreplace")
            try:
                while rest:
                    rest = rest[os.write(self._file, rest) :]
            except OSError:
                self._lost += 1  # whoever read it is gone
            else:
                self._tell_of_lost()
            self._lines.task_done()

    def _tell_of_lost(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            log.warning("lines of the log were lost: nobody took them", extra={"lines": lost})


def _with_stream(handler: logging.Handler) -> logging.StreamHandler[Any] | None:
    is_one = isinstance(handler, logging.StreamHandler)
    return cast("logging.StreamHandler[Any]", handler) if is_one else None


def _file_of(handler: logging.StreamHandler[Any]) -> int | None:
    """The file that a handler writes to, None where it writes to none."""
    try:
        return handler.stream.fileno()
    except (AttributeError, OSError):
        return None
