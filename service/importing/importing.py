"""Import of files, whatever reads them, through the same intake as over HTTP."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from service.handlers.intake.receiving import Begun, begin
from service.importing.entries import NOTHING, WHOLE, Entry, Reader, Share
from service.importing.json_lines import JsonLines
from service.importing.rejects import Rejects, opened
from service.ledger.group_commit import Context
from service.tenants.tenant import Tenant
from service.wire.intake.results import Result
from service.wire.problem.problems import Problem

BATCH = 1_000
"""Events taken in together."""
AHEAD = 1
"""Batches that are read and checked already while one is being recorded."""
BATCH_BYTES = 16 * 1024 * 1024
"""Bytes of lines that are taken in together; a few very long ones are a batch, too."""
REASONS = 100
"""Refusals whose reasons are kept."""
SKIPPED = "skipped"
"""How rows are counted that are passed over, as the map of the file says."""

Progress = Callable[[int, int], object]
"""Is told after every batch how many events and bytes were in it."""


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import came to: how many events had which outcome, and why some were refused.

    `refused` has the numbers of the first hundred lines that were, and the reasons.
    """

    outcomes: Counter[str] = field(default_factory=Counter[str])
    refused: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def add(self, line: int, result: Result, problem: Problem | None) -> None:
        """Counts one result, with its problem in the words of the file."""
        self.outcomes[result.outcome.value] += 1
        if result.outcome == "refused" and problem and len(self.refused) < REASONS:
            self.refused.append((line, problem.in_a_line()))

    def merge(self, other: "Imported") -> None:
        """Adds what another share of the file came to."""
        self.outcomes.update(other.outcomes)
        self.refused = sorted(self.refused + other.refused)[:REASONS]


def import_events(
    tenant: Tenant,
    file: Path | Reader,
    context: Context,
    progress: Progress = lambda events, size: None,
    share: Share = WHOLE,
) -> Imported:
    """Takes in a file, or a share of it, in batches; a path is that of CloudEvents, one a line.

    A bad line is refused by itself, whatever it holds. Safe to stop and to repeat: what was taken
    in before is a duplicate. Raises OSError when the file can't be read or that of the rejects not
    written, BadFile when there is no sense in it, Unavailable when the database can't be used,
    OutcomeUnknown when it has not said whether it saved a batch.
    """
    reader = JsonLines(str(file)) if isinstance(file, Path) else file
    with opened(share.rejects) as rejects:
        noting = _Noting(reader, progress, rejects)
        return _import(tenant, context, _batches(reader.entries(share)), noting)


def _import(
    tenant: Tenant, context: Context, batches: Iterator["_Batch"], noting: "_Noting"
) -> Imported:
    imported = Imported()
    under_way: deque[tuple[Begun, _Batch]] = deque()

    def finish() -> None:
        begun, batch = under_way.popleft()
        noting.note(imported, batch, begun.finish())

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


@dataclass(frozen=True, slots=True)
class _Noting:
    """Where it is noted what became of a batch."""

    reader: Reader
    progress: Progress
    rejects: Rejects | None

    def note(self, imported: Imported, batch: "_Batch", results: list[Result]) -> None:
        """Counts the results of a batch, keeps its refused lines, and tells of it."""
        for number, line, result in zip(batch.numbers, batch.lines, results, strict=True):
            problem = result.problem and self.reader.told(result.problem)
            imported.add(number, result, problem)
            if self.rejects and result.outcome == "refused" and problem:
                self.rejects.add(number, problem, line)
        if batch.skipped:
            imported.outcomes[SKIPPED] += batch.skipped
        self.progress(len(batch.numbers), batch.size)


def _must_end(begun: Begun, imported: Imported) -> bool:
    """Whether a batch has to end before the next begins: what waited goes before what follows."""
    return begun.defined_late or (begun.defines and imported.outcomes["parked"] > 0)


@dataclass(slots=True)
class _Batch:
    """Events that are taken in together, the numbers of their lines, these, and their bytes."""

    numbers: list[int] = field(default_factory=list[int])
    lines: list[bytes] = field(default_factory=list[bytes])
    events: list[object] = field(default_factory=list[object])
    skipped: int = 0
    size: int = 0
    held: int = 0
    """Bytes that are in memory."""

    def add(self, entry: Entry) -> None:
        """Adds an entry; of one without an event, only that it was there."""
        self.size += entry.size
        self.skipped += entry.is_skipped
        if entry.event is NOTHING:
            return
        self.numbers.append(entry.number)
        self.lines.append(entry.text)
        self.held += len(entry.text)
        self.events.append(entry.event)

    def is_full(self) -> bool:
        """Whether it is to be taken in."""
        return len(self.events) == BATCH or self.held >= BATCH_BYTES


def _batches(entries: Iterator[Entry]) -> Iterator[_Batch]:
    batch = _Batch()
    for entry in entries:
        batch.add(entry)
        if batch.is_full():
            yield batch
            batch = _Batch()
    if batch.size:
        yield batch
