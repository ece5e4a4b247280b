"""A turn that one process at a time has, where there is no server to ask: by a lock on a file.

The lock goes with the process, however that ends. The file has nothing in it, and stays: to remove
it would let two processes lock two files of one name.
"""

import fcntl
import os
import threading
from pathlib import Path

from projections.history import Unavailable


class FileTurn:
    """A turn by a lock (`flock`) on a file of its own.

    Never one of SQLite's files: to close one lets go of all locks that SQLite has on it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._file: int | None = None

    def mine(self) -> bool:
        """Whether this process has it, taking it if nobody has. Raises Unavailable."""
        with self._guard:
            if self._file is None:
                self._file = self._locked()
            return self._file is not None

    def leave(self) -> None:
        """Gives it up, for another process to take."""
        with self._guard:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _locked(self) -> int | None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise Unavailable(f"{str(self._path)!r} can't be opened: {error}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError as error:
            os.close(file)
            raise Unavailable(f"{str(self._path)!r} can't be locked: {error}") from error
        return file
