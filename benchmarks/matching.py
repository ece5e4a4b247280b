"""Whether all that match are marked as cheaply as items that are named."""

from __future__ import annotations

from itertools import cycle
from time import perf_counter, sleep
from typing import Any

from benchmarks.client import BadAnswer, asked, request
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, balanced, tell
from benchmarks.office import MARK, Office, check_marked, mark, office

MATCHING_BULK = Figure(
    name="matching_bulk",
    what="Marking 100,000 items that match a filter, by one call and its job, time per item until "
    "the views show it, against ten calls that name 10,000 each",
    unit="µs/item",
    against_unit="µs/item",
    floor=1.3,
    stretch=1.0,
    better="less",
)
CONTRACT = "MATCHING"
POLL_SECONDS = 0.05
MOST_NAMED = 10_000
"""Items that a call may name."""


def measure_matching_bulk(bench: Bench) -> Row:
    """The same items on one line: by name, by filter, by filter, by name; ready and back."""
    sizes, service = bench.sizes, office(bench)
    tell(f"  taking in {sizes.matching_items:,} items on one line")
    items = service.take_in([CONTRACT], sizes.matching_items // 2)
    if len(items) != sizes.matching_items:
        raise BadAnswer(f"{len(items)} items were taken in, not {sizes.matching_items}")
    statuses = cycle(("ready", "not_ready"))

    def marked(*, by_filter: bool) -> float:
        bench.databases.settle()
        return _timed(service, items, next(statuses), by_filter=by_filter)

    pair = balanced(
        lambda: marked(by_filter=False), lambda: marked(by_filter=True), sizes.matching_rounds
    )
    return MATCHING_BULK.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


def _timed(service: Office, items: list[str], status: str, *, by_filter: bool) -> float:
    """Microseconds an item until the views show all of them with that status."""
    service.be_quiet()
    started = perf_counter()
    if by_filter:
        _mark_matching(service, len(items), status)
    else:
        for start in range(0, len(items), MOST_NAMED):
            some = items[start : start + MOST_NAMED]
            check_marked(asked(service.port, [mark(some, status)])[0], some, status)
    service.be_quiet()
    return 1e6 * (perf_counter() - started) / len(items)


def _mark_matching(service: Office, count: int, status: str) -> None:
    """Marks what matches, and waits until the job is complete if there is one."""
    view = {"view": "time-and-material", "contract_id": [CONTRACT], "expect": {"count": count}}
    body = {"matching": view, "status": status}
    (answer,) = asked(service.port, [request("POST", MARK, body)])
    if answer.status == 200:
        changed = answer.json()["changed_count"]
    else:
        job: dict[str, Any] = answer.expect(202).json()
        while job["status"] in {"scheduled", "processing"}:
            sleep(POLL_SECONDS)
            job = service.read(f"/v1/jobs/{job['job_id']}?after={job['position']}")
        changed = sum(result["changed_count"] for result in job["results"])
    if changed != count:
        raise ValueError(f"{changed} items were marked, not {count}")
