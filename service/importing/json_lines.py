"""Files of CloudEvents, one a line (NDJSON)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from service.importing.entries import NOTHING, Entry, Share
from service.settings import Settings
from service.wire.intake.cloudevents import BadEvent, read_json
from service.wire.problem.problems import Problem

LONGEST_LINE = Settings().intake_body_limit
"""Bytes of a line, as of a body of posted events; longer ones are refused, unread."""
_PART, _BEGINNING = 1024 * 1024, 1024
"""Bytes that a line that is too long is skipped by, and that are kept of it."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file of CloudEvents, one a line."""

    path: str

    def entries(self, share: Share) -> Iterator[Entry]:
        """The lines of a share; an empty one has no event."""
        for line in _lines(Path(self.path)):
            if not share.has(None if line.is_cut else _contract_id(line.text, share)):
                continue
            yield Entry(line.number, line.text, line.size, _event(line))

    def told(self, problem: Problem) -> Problem:
        """The problem as it is: fields are named by where they are in the event."""
        return problem

    def rejected(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines as they are: each has its number and the problem."""
        return iter(lines)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file as it came; of one that is too long, only the beginning."""

    number: int
    text: bytes
    size: int
    is_cut: bool = False


def _event(line: _Line) -> object:
    if line.is_cut:
        detail = f"the line has {line.size} bytes, at most {LONGEST_LINE} are read"
        return BadEvent(None, Problem(status=413, code="line_too_long", detail=detail))
    return read_json(line.text) if line.text.strip() else NOTHING


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a file, never more of one in memory than is read of it."""
    with path.open("rb") as file:
        mark = len(_BYTE_ORDER_MARK) if file.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK else 0
        file.seek(mark)
        number = 0
        while text := file.readline(LONGEST_LINE + 1):
            number += 1
            size = len(text) + (mark if number == 1 else 0)
            is_cut = len(text) > LONGEST_LINE and not text.endswith(b"\n")
            if is_cut:
                text = text[:_BEGINNING]
                while more := file.readline(_PART):
                    size += len(more)
                    if more.endswith(b"\n"):
                        break
            yield _Line(number, text, size, is_cut)


class _Data(msgspec.Struct):
    contract_id: str


class _Event(msgspec.Struct):
    data: _Data


_CONTRACT = msgspec.json.Decoder(_Event)


def _contract_id(line: bytes, share: Share) -> str | None:
    """The contract that a line names, None where it names none, or nobody asks."""
    if share.of == 1:
        return None
    try:
        return _CONTRACT.decode(line).data.contract_id
    except (ValueError, RecursionError):  # of whatever kind: it is refused when it is read
        return None
