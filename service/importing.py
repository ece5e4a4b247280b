"""Import of files of CloudEvents, one a line, through the same intake as over HTTP."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import msgspec

from service.handlers.intake import Result, begin
from service.ledger import Context
from service.tenant import Tenant
from service.upstream import read_json

BATCH = 1_000
"""Events taken in together."""
AHEAD = 1
"""Batches that are read and checked already while one is being recorded."""
REASONS = 100
"""Refusals whose reasons are kept."""

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
            self.refused.append((line, result.problem.detail))

    def merge(self, other: "Imported") -> None:
        """Adds what another share of the file came to."""
        self.outcomes.update(other.outcomes)
        self.refused = sorted(self.refused + other.refused)[:REASONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One of several shares of a file: contracts are dealt out whole, so each keeps its order."""

    number: int = 0
    of: int = 1

    def has(self, line: bytes) -> bool:
        """Whether this line is in it; what names no contract is in the first."""
        if self.of == 1:
            return True
        try:
            contract_id = _CONTRACT.decode(line).data.contract_id
        except msgspec.DecodeError:
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

    Safe to stop and to repeat: what was taken in before is a duplicate. Raises OSError when the
    file can't be read, Unavailable when the database can't be used, OutcomeUnknown when it has not
    said whether it saved a batch.
    """
    imported = Imported()
    under_way: deque[tuple[Callable[[], list[Result]], _Batch]] = deque()

    def finish() -> None:
        results, batch = under_way.popleft()
        for number, result in zip(batch.numbers, results(), strict=True):
            imported.add(number, result)
        progress(len(batch.numbers), batch.size)

    try:
        for batch in _batches(path, share):
            under_way.append((begin(tenant, context, batch.events), batch))
            if len(under_way) > AHEAD:
                finish()
        while under_way:
            finish()
    finally:  # where it is stopped, nothing goes on behind its back
        for results, _ in under_way:
            results()
    return imported


@dataclass(slots=True)
class _Batch:
    """Events that are taken in together, the numbers of their lines, and their bytes."""

    numbers: list[int] = field(default_factory=list[int])
    events: list[object] = field(default_factory=list[object])
    size: int = 0


def _batches(path: Path, share: Share) -> Iterator[_Batch]:
    batch = _Batch()
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not share.has(line):
                continue
            batch.size += len(line)
            if line.isspace():
                continue
            batch.numbers.append(number)
            batch.events.append(read_json(line))
            if len(batch.events) == BATCH:
                yield batch
                batch = _Batch()
    if batch.events:
        yield batch


class _Data(msgspec.Struct):
    contract_id: str


class _Event(msgspec.Struct):
    data: _Data


_CONTRACT = msgspec.json.Decoder(_Event)
