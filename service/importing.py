"""Import of files of CloudEvents, one a line, through the same intake as over HTTP."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.handlers.intake import Result, begin
from service.ledger import Context
from service.tenant import Tenant
from service.upstream import read_json

BATCH = 1_000
"""Events taken in together."""
AHEAD = 1
"""Batches that are read and checked already while one is being recorded."""


@dataclass(slots=True)
class Imported:
    """What an import came to: how many events had which outcome, and why some were refused."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    refused: list[str] = field(default_factory=list[str])

    def add(self, line: int, result: Result) -> None:
        """Counts one result; keeps the reasons of the first hundred refusals."""
        self.outcomes[result.outcome.value] += 1
        if result.outcome == "refused" and result.problem and len(self.refused) < 100:
            self.refused.append(f"line {line}: {result.problem.detail}")


def import_events(
    tenant: Tenant,
    path: Path,
    context: Context,
    progress: Callable[[int, int], object] = lambda lines, bytes_read: None,
) -> Imported:
    """Takes in a file of CloudEvents, one a line (NDJSON), in batches.

    Safe to stop and to repeat: what was taken in before is a duplicate. `progress` is called with
    the lines and bytes read so far after every batch. Raises OSError when the file can't be read.
    """
    imported = Imported()
    under_way: deque[tuple[Callable[[], list[Result]], list[int], int]] = deque()

    def finish() -> None:
        results, numbers, bytes_read = under_way.popleft()
        for number, result in zip(numbers, results(), strict=True):
            imported.add(number, result)
        progress(numbers[-1], bytes_read)

    try:
        for numbers, events, bytes_read in _batches(path):
            under_way.append((begin(tenant, context, events), numbers, bytes_read))
            if len(under_way) > AHEAD:
                finish()
        while under_way:
            finish()
    finally:  # where it is stopped, nothing goes on behind its back
        for results, *_ in under_way:
            results()
    return imported


def _batches(path: Path) -> Iterator[tuple[list[int], list[object], int]]:
    numbers: list[int] = []
    events: list[object] = []
    bytes_read = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            bytes_read += len(line)
            if not line.strip():
                continue
            numbers.append(number)
            events.append(read_json(line))
            if len(events) == BATCH:
                yield numbers, events, bytes_read
                numbers, events = [], []
    if events:
        yield numbers, events, bytes_read
