"""What a reader of a file gives to an import, whatever the file holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from service.wire.problem.problems import Problem


class BadFile(Exception):
    """A file as a whole can't be taken in; says why, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One of several shares of a file: contracts are dealt out whole, so each keeps its order.

    `rejects` is where its refused lines are written, None for nowhere.
    """

    number: int = 0
    of: int = 1
    rejects: str | None = None

    def has(self, contract_id: str | None) -> bool:
        """Whether what is of this contract is in it; what names no contract is in the first."""
        if contract_id is None:
            return self.number == 0
        return self.of == 1 or crc32(contract_id.encode()) % self.of == self.number


WHOLE = Share()
NOTHING = object()
"""The event of an entry that has none: of an empty line, or of one that is passed over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a file, or a row of several lines.

    `text` is as it came, in UTF-8; only the beginning of what is too long. `event` is what it says,
    a BadEvent where that can't be told, NOTHING where there is none to take in. `size` is its
    bytes in the file.
    """

    number: int
    text: bytes
    size: int
    event: object
    is_skipped: bool = False


class Reader(Protocol):
    """A file, read entry by entry.

    A process that takes a share of it in gets a copy, and reads the file for itself.
    """

    @property
    def path(self) -> str:
        """Where the file is."""
        ...

    def entries(self, share: Share) -> Iterator[Entry]:
        """The entries of a share, in order. Raises OSError, and BadFile."""
        ...

    def told(self, problem: Problem) -> Problem:
        """A problem of an event in the words of the file."""
        ...

    def rejected(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The file of rejects, of its lines as `Rejects` writes them, in order."""
        ...
