"""How often a row came before in a file: two rows that are equal are two entries."""

import sqlite3
from types import TracebackType
from typing import Self

_COUNT = """
INSERT INTO seen VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1 RETURNING times
"""


class Occurrences:
    """Counts equal rows, of any number: in memory at first, in a file that nobody sees later on."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private, temporary file
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -16384",  # KiB
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def number(self, digest: bytes) -> int:
        """Which of the rows with this digest it is, from 1."""
        return self._database.execute(_COUNT, (digest,)).fetchone()[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
