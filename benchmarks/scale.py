"""Whether commands take longer where there is more: items in one call, open items on one line.

There is no limit from outside here: the same command at a small size is what it is held against.
Lines have two customers and limits at all four levels, so each item is held against all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from statistics import mean, median
from time import perf_counter
from typing import Any

from benchmarks.client import Answer, Line, request
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, tell
from benchmarks.office import Office, check_marked, mark, office

_bulk = partial(
    Figure, unit="µs/item", against_unit="µs/item", floor=1.3, stretch=1.0, better="less"
)
MARK_BULK = _bulk(
    name="mark_bulk",
    what="Marking 10,000 items ready in one call, time per item, against 1,000 in one call",
)
DRAFT_BULK = _bulk(
    name="draft_bulk",
    what="Drafting 10,000 items in one call, time per item, against 1,000 in one call",
)
CONFIRM_BULK = _bulk(
    name="confirm_bulk",
    what="Confirming the invoices of 10,000 items, time per item, against those of 1,000",
)
MARK_ONE_LARGE_LINE = Figure(
    name="mark_one_large_line",
    what="p50 over HTTP of marking one item on a line with 100,000 open items, against 100",
    unit="ms",
    against_unit="ms",
    floor=2.0,
    stretch=1.1,
    better="less",
)
BULK = (MARK_BULK, DRAFT_BULK, CONFIRM_BULK)
CUTOFF = "2026-12-31"
FEW_PER_MANY = 3
"""Few items take so little time that one call would tell little."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds that a contract's way to posted invoices took, command by command."""

    mark: float
    draft: float
    confirm: float


def measure_bulk(bench: Bench) -> Iterable[Row]:
    """Each size on a contract of its own, few and many in turn, with nothing else going on.

    Each command waits until the views show the one before. A draft makes an invoice for each of
    the two customers, and both are confirmed: their times are added.
    """
    sizes, service = bench.sizes, office(bench)
    few: list[_Taken] = []
    many: list[_Taken] = []
    _work(bench, service, "B0", sizes.few_bulk_items)  # the first calls are slower
    for number in range(1, sizes.repetitions + 1):
        few += [
            _work(bench, service, f"F{number}-{turn}", sizes.few_bulk_items)
            for turn in range(FEW_PER_MANY)
        ]
        many.append(_work(bench, service, f"M{number}", sizes.bulk_items))
        tell(f"  {number}/{sizes.repetitions}: {many[-1]} against {few[-1]}")
    for figure, command in zip(BULK, ("mark", "draft", "confirm"), strict=True):
        yield figure.row(
            bench.kind,
            _per_item(many, command, sizes.bulk_items),
            _per_item(few, command, sizes.few_bulk_items),
            sizes.repetitions,
        )


def measure_mark_one_large_line(bench: Bench) -> Row:
    """One item a call, in turn on the long line and the short, over one connection, warm.

    Each item goes to ready and back, so that both lines stay as they are. The mean is told beside:
    it has what happens now and then, as snapshots do.
    """
    sizes, service = bench.sizes, office(bench)
    tell(f"  taking in {sizes.open_items:,} items on one line")
    long = service.take_in(["LONG"], sizes.open_items // 2)
    short = service.take_in(["SHORT"], sizes.few_open_items // 2)
    bench.databases.settle()
    taken: dict[str, list[float]] = {"long": [], "short": []}
    with closing(Line(service.port)) as line:
        for number in range(sizes.single_marks + 1):
            for name, items in (("short", short), ("long", long)):
                item = items[number % len(items)]
                for status in ("ready", "not_ready"):
                    seconds, answer = _timed_over(line, mark([item], status))
                    check_marked(answer, [item], status)
                    taken[name] += [seconds] if number else []
    return MARK_ONE_LARGE_LINE.row(
        bench.kind,
        1_000 * median(taken["long"]),
        1_000 * median(taken["short"]),
        len(taken["long"]),
        mean_ms=1_000 * mean(taken["long"]),
        mean_ratio=mean(taken["long"]) / mean(taken["short"]),
    )


def _work(bench: Bench, service: Office, contract_id: str, count: int) -> _Taken:
    """A contract from approvals to posted invoices; what the three commands took."""
    items = service.take_in([contract_id], count // 2)
    bench.databases.settle()
    marking, marked = _timed(service, mark(items))
    check_marked(marked, items)
    service.be_quiet()
    body = {"contract_id": contract_id, "cutoff": CUTOFF}
    drafting, drafted = _timed(service, request("POST", "/v1/invoices", body))
    invoices = drafted.expect(201).json()["invoices"]
    _check_details(invoices, items)
    confirming = 0.0
    for invoice in invoices:
        service.be_quiet()
        path = f"/v1/invoices/{invoice['invoice_id']}/confirm"
        seconds, confirmed = _timed(service, request("POST", path, {"accounting_date": CUTOFF}))
        if confirmed.expect().json()["status"] != "confirmed":
            raise ValueError(confirmed.body[:500])
        confirming += seconds
    service.be_quiet()
    return _Taken(marking, drafting, confirming)


def _per_item(all_taken: Sequence[_Taken], command: str, items: int) -> float:
    """The median of what a command took, in microseconds an item."""
    return 1e6 * median(getattr(taken, command) for taken in all_taken) / items


def _timed(service: Office, asked: bytes) -> tuple[float, Answer]:
    """A call over a connection of its own, which is made before the clock starts."""
    with closing(Line(service.port)) as line:
        return _timed_over(line, asked)


def _timed_over(line: Line, asked: bytes) -> tuple[float, Answer]:
    started = perf_counter()
    answer = line.ask(asked)
    return perf_counter() - started, answer


def _check_details(invoices: Sequence[Any], items: Sequence[str]) -> None:
    """Raises ValueError unless the invoices have all the items, and no others."""
    billed: list[str] = [
        detail["item_id"]
        for invoice in invoices
        for line in invoice["lines"]
        for detail in line["details"]
    ]
    if sorted(billed) != sorted(items):
        raise ValueError(f"{len(billed)} items were drafted, not {len(items)}")
