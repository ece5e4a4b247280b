"""Whether a correction costs more a detail where it has more of them.

There is no limit from outside here: the same command at a small size is what it is held against.
"""

from __future__ import annotations

from contextlib import closing
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.client import Line, request
from benchmarks.databases import Bench
from benchmarks.editing import CUTOFF, FEW_PER_MANY, draft_of
from benchmarks.measuring import Figure, Row, tell
from benchmarks.office import Office, office

CORRECT_BULK = Figure(
    name="correct_bulk",
    what="Drafting and confirming a correction of all 10,000 details of an invoice, time per "
    "detail, against 1,000",
    unit="µs/detail",
    against_unit="µs/detail",
    floor=1.3,
    stretch=1.0,
    better="less",
)


def measure_correct_bulk(bench: Bench) -> Row:
    """Each size on a contract of its own, few and many in turn, with nothing else going on."""
    sizes, service = bench.sizes, office(bench)
    few: list[tuple[float, float]] = []
    many: list[tuple[float, float]] = []
    _correct(bench, service, "K0", sizes.few_bulk_items)  # the first calls are slower
    for number in range(1, sizes.repetitions + 1):
        few += [
            _correct(bench, service, f"KF{number}-{turn}", sizes.few_bulk_items)
            for turn in range(FEW_PER_MANY)
        ]
        many.append(_correct(bench, service, f"KM{number}", sizes.bulk_items))
        tell(f"  {number}/{sizes.repetitions}: {many[-1]} against {few[-1]}")
    return CORRECT_BULK.row(
        bench.kind,
        median(map(sum, many)),
        median(map(sum, few)),
        sizes.repetitions,
        draft_ratio=median(draft for draft, _ in many) / median(draft for draft, _ in few),
        confirm_ratio=median(done for _, done in many) / median(done for _, done in few),
    )


def _correct(bench: Bench, service: Office, contract_id: str, details: int) -> tuple[float, float]:
    """Microseconds a detail that the corrective draft takes, and then its confirmation."""
    draft = draft_of(service, contract_id, details)
    body = {"accounting_date": CUTOFF}
    _timed(service, f"{draft.path}/confirm", body, 200)
    bench.databases.settle()
    service.be_quiet()
    drafting, made = _timed(service, f"{draft.path}/corrections", None, 201)
    service.be_quiet()
    path = f"/v1/invoices/{made['invoice_id']}/confirm"
    confirming, done = _timed(service, path, body, 200)
    service.be_quiet()
    if done["number"] is None:
        raise ValueError(done)
    return 1e6 * drafting / details, 1e6 * confirming / details


def _timed(service: Office, path: str, body: object, status: int) -> tuple[float, Any]:
    """Seconds until the answer, and the answer, which is to have this status.

    On a connection of its own: the server closes one that waits for the views for long.
    """
    asked = request("POST", path, body)
    with closing(Line(service.port)) as line:
        started = perf_counter()
        answer = line.ask(asked)
        taken = perf_counter() - started
    return taken, answer.expect(status).json()
