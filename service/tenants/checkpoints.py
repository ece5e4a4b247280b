"""Brings what SQLite has in its logs into the files, while they are in use and at the end.

SQLite does so by itself only once a log has 1,000 pages, and when the last connection is closed: a
backlog of a small firm would stand in the log alone for weeks.
"""

import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from service.tenants.sqlite_files import opened

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
"""How long a change may be in a log alone, unless somebody reads for longer."""
LAST_SECONDS = 1.0
"""How long the last checkpoint waits for other processes."""


class Checkpoints:
    """A thread that checkpoints some files every few seconds, and a last time when it is closed.

    It holds nobody up: it copies what no reader needs any more, and leaves the rest for later.
    """

    def __init__(self, *paths: Path) -> None:
        self._connections = {path: opened(path, LAST_SECONDS) for path in paths}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Checkpoints all there is; the logs are removed where nobody else has the files open."""
        self._closing.set()
        self._thread.join()
        self._checkpoint("TRUNCATE")
        for connection in self._connections.values():
            with suppress(sqlite3.Error):  # it is about the log alone, and that stays then
                connection.close()

    def _run(self) -> None:
        while not self._closing.wait(EVERY_SECONDS):
            self._checkpoint("PASSIVE")

    def _checkpoint(self, how: str) -> None:
        for path, connection in self._connections.items():
            try:
                connection.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
            except sqlite3.Error as error:
                # Nothing is lost by it: what is not in the file yet is in the log.
                log.warning(
                    "a checkpoint could not be made; it is tried again",
                    extra={"file": str(path), "error": str(error)},
                )
