"""Import of files of CloudEvents, one a line, through the same intake as over HTTP."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from zlib import crc32

import msgspec

from service.handlers.receiving import Begun, begin
from service.importing.rejects import Rejects, opened
from service.ledger.group_commit import Context
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.wire.cloudevents import BadEvent, read_json
from service.wire.problems import Problem
from service.wire.results import Result

BATCH = 1_000
"""Events taken in together."""
AHEAD = 1
"""Batches that are read and checked already while one is being recorded."""
BATCH_BYTES = 16 * 1024 * 1024
"""Bytes of lines that are taken in together; a few very long ones are a batch, too."""
LONGEST_LINE = Settings().intake_body_limit
"""Bytes of a line, as of a body of posted events; longer ones are refused, unread."""
REASONS = 100
"""Refusals whose reasons are kept."""
_PART, _BEGINNING = 1024 * 1024, 1024
"""Bytes that a line that is too long is skipped by, and that are kept of it."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Progress = Callable[[int, int], object]
"""Is told after every batch how many events and bytes were in it."""


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import came to: how many events had which outcome, and why some were refused.

    `refused` has the numbers of the first hundred lines that were, and the reasons.
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    refused: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def add(self, line: int, result: Result) -> None:
        """Counts one result."""
        self.outcomes[result.outcome.value] += 1
        if result.outcome == "refused" and result.problem and len(self.refused) < REASONS:
            self.refused.append((line, result.problem.in_a_line()))

    def merge(self, other: "Imported") -> None:
        """Adds what another share of the file came to."""
        self.outcomes.update(other.outcomes)
        self.refused = sorted(self.refused + other.refused)[:REASONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One of several shares of a file: contracts are dealt out whole, so each keeps its order.

    `rejects` is where its refused lines are written, None for nowhere.
    """

    number: int = 0
    of: int = 1
    rejects: str | None = None

    def has(self, line: bytes) -> bool:
        """Whether this line is in it; what names no contract is in the first."""
        if self.of == 1:
            return True
        try:
            contract_id = _CONTRACT.decode(line).data.contract_id
        except (ValueError, RecursionError):  # of whatever kind: it is refused when it is read
            return self.number == 0
        return crc32(contract_id.encode()) % self.of == self.number


WHOLE = Share()


def import_events(
    tenant: Tenant,
    path: Path,
    context: Context,
    progress: Progress = lambda events, size: None,
    share: Share = WHOLE,
) -> Imported:
    """Takes in a file of CloudEvents, one a line (NDJSON), or a share of it, in batches.

    A bad line is refused by itself, whatever it holds. Safe to stop and to repeat: what was taken
    in before is a duplicate. Raises OSError when the file can't be read or that of the rejects not
    written, Unavailable when the database can't be used, OutcomeUnknown when it has not said
    whether it saved a batch.
    """
    with opened(share.rejects) as rejects:
        return _import(tenant, context, _batches(path, share), progress, rejects)


def _import(
    tenant: Tenant,
    context: Context,
    batches: Iterator["_Batch"],
    progress: Progress,
    rejects: Rejects | None,
) -> Imported:
    imported = Imported()
    under_way: deque[tuple[Begun, _Batch]] = deque()

    def finish() -> None:
        begun, batch = under_way.popleft()
        for number, line, result in zip(batch.numbers, batch.lines, begun.finish(), strict=True):
            imported.add(number, result)
            if rejects and result.outcome == "refused" and result.problem:
                rejects.add(number, result.problem, line)
        progress(len(batch.numbers), batch.size)

    try:
        for batch in batches:
            begun = begin(tenant, context, batch.events, patience=inf)
            under_way.append((begun, batch))
            while len(under_way) > (0 if _must_end(begun, imported) else AHEAD):
                finish()
        while under_way:
            finish()
    finally:  # where it is stopped, what was begun ends first
        for begun, _ in under_way:
            begun.finish()
    return imported


def _must_end(begun: Begun, imported: Imported) -> bool:
    """Whether a batch has to end before the next begins: what waited goes before what follows."""
    return begun.defined_late or (begun.defines and imported.outcomes["parked"] > 0)


@dataclass(slots=True)
class _Batch:
    """Events that are taken in together, the numbers of their lines, these, and their bytes."""

    numbers: list[int] = field(default_factory=list[int])
    lines: list[bytes] = field(default_factory=list[bytes])
    events: list[object] = field(default_factory=list[object])
    size: int = 0
    held: int = 0
    """Bytes that are in memory."""

    def add(self, line: "_Line") -> None:
        """Adds a line that is not empty."""
        self.numbers.append(line.number)
        self.lines.append(line.text)
        self.held += len(line.text)
        self.events.append(_too_long(line) if line.is_cut else read_json(line.text))

    def is_full(self) -> bool:
        """Whether it is to be taken in."""
        return len(self.events) == BATCH or self.held >= BATCH_BYTES


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file as it came; of one that is too long, only the beginning."""

    number: int
    text: bytes
    size: int
    is_cut: bool = False


def _too_long(line: _Line) -> BadEvent:
    detail = f"the line has {line.size} bytes, at most {LONGEST_LINE} are read"
    return BadEvent(None, Problem(status=413, code="line_too_long", detail=detail))


def _batches(path: Path, share: Share) -> Iterator[_Batch]:
    batch = _Batch()
    for line in _lines(path):
        if not (share.number == 0 if line.is_cut else share.has(line.text)):
            continue
        batch.size += line.size
        if not line.text.strip():
            continue
        batch.add(line)
        if batch.is_full():
            yield batch
            batch = _Batch()
    if batch.size:
        yield batch


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
