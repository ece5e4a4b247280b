"""Whether work on a draft costs more where there are more details: one edit, and ten thousand.

There is no limit from outside here: the same command at a small size is what it is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.client import BadAnswer, Line, request
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, tell
from benchmarks.office import Office, check_marked, mark, office

EDIT_ONE_LARGE_DRAFT = Figure(
    name="edit_one_large_draft",
    what="p50 over HTTP of editing one detail of a draft of 10,000, removing one, refreshing with "
    "nothing new, or reading it, each without details, against one of 100: the dearest of the four",
    unit="ms",
    against_unit="ms",
    floor=2.0,
    stretch=1.1,
    better="less",
)
EDIT_BULK = Figure(
    name="edit_bulk",
    what="Editing 10,000 details of a draft in one call and confirming it, time per detail, "
    "against 1,000",
    unit="µs/detail",
    against_unit="µs/detail",
    floor=1.3,
    stretch=1.0,
    better="less",
)
CUTOFF = "2026-12-31"
FEW_PER_MANY = 3
"""Few details take so little time that one call would tell little."""
_MOST_REMOVED = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft, and its details in their order."""

    path: str
    details: list[Any]


def measure_edit_one_large_draft(bench: Bench) -> Row:
    """One call at a time, in turn on the large draft and the small, over one connection, warm.

    Each edit is to another price than before.
    """
    sizes, service = bench.sizes, office(bench)
    tell(f"  drafting {sizes.draft_details:,} details")
    large = draft_of(service, "LARGE", sizes.draft_details)
    small = draft_of(service, "SMALL", sizes.few_draft_details)
    bench.databases.settle()
    prices = (f"{10 + number}.00" for number in count())
    with closing(Line(service.port)) as line:

        def edit(draft: Draft, number: int) -> float:
            detail = draft.details[number % len(draft.details)]
            body = {"unit_price": next(prices)}
            return _timed(line, "PATCH", f"{_path(draft, detail)}?details=false", body)

        def remove(draft: Draft, _: int) -> float:
            return _timed(line, "DELETE", f"{_path(draft, draft.details.pop())}?details=false")

        def refresh(draft: Draft, _: int) -> float:
            return _timed(line, "POST", f"{draft.path}/refresh?details=false")

        def read(draft: Draft, _: int) -> float:
            return _timed(line, "GET", f"{draft.path}?details=false")

        removals = min(_MOST_REMOVED, sizes.single_edits)
        taken = {
            "edit": _in_turn(edit, large, small, sizes.single_edits),
            "refresh": _in_turn(refresh, large, small, sizes.single_edits),
            "read": _in_turn(read, large, small, sizes.single_edits),
            # The last: what is removed would be ready for a refresh.
            "remove": _in_turn(remove, large, small, removals),
        }
    service.be_quiet()
    ratios = {name: median(of) / median(few) for name, (of, few) in taken.items()}
    of_large, of_small = taken[max(ratios, key=lambda name: ratios[name])]
    told = {f"{name}_ratio": ratio for name, ratio in ratios.items()}
    return EDIT_ONE_LARGE_DRAFT.row(
        bench.kind, median(of_large), median(of_small), len(of_large), **told
    )


def measure_edit_bulk(bench: Bench) -> Row:
    """Each size on a contract of its own, few and many in turn, with nothing else going on."""
    sizes, service = bench.sizes, office(bench)
    few: list[tuple[float, float]] = []
    many: list[tuple[float, float]] = []
    _edit_and_confirm(bench, service, "E0", sizes.few_bulk_items)  # the first calls are slower
    for number in range(1, sizes.repetitions + 1):
        few += [
            _edit_and_confirm(bench, service, f"EF{number}-{turn}", sizes.few_bulk_items)
            for turn in range(FEW_PER_MANY)
        ]
        many.append(_edit_and_confirm(bench, service, f"EM{number}", sizes.bulk_items))
        tell(f"  {number}/{sizes.repetitions}: {many[-1]} against {few[-1]}")
    return EDIT_BULK.row(
        bench.kind,
        median(map(sum, many)),
        median(map(sum, few)),
        sizes.repetitions,
        edit_ratio=median(edit for edit, _ in many) / median(edit for edit, _ in few),
        confirm_ratio=median(done for _, done in many) / median(done for _, done in few),
    )


def _edit_and_confirm(
    bench: Bench, service: Office, contract_id: str, details: int
) -> tuple[float, float]:
    """Microseconds a detail that the edit of all of them takes, and then the confirmation."""
    draft = draft_of(service, contract_id, details)
    bench.databases.settle()
    edits = [
        {"detail_id": each["detail_id"], "quantity": "0.25", "description": "As agreed"}
        for each in draft.details
    ]
    with closing(Line(service.port)) as line:
        editing = _timed(line, "PATCH", f"{draft.path}/details", {"details": edits})
        service.be_quiet()
        confirming = _timed(line, "POST", f"{draft.path}/confirm", {"accounting_date": CUTOFF})
    service.be_quiet()
    return 1e3 * editing / details, 1e3 * confirming / details


def _in_turn(
    act: Callable[[Draft, int], float], large: Draft, small: Draft, times: int
) -> tuple[list[float], list[float]]:
    """What it takes on both drafts, one after the other; once on each before it counts."""
    taken = [(act(small, number), act(large, number)) for number in range(times + 1)][1:]
    return [of_large for _, of_large in taken], [of_small for of_small, _ in taken]


def draft_of(service: Office, contract_id: str, details: int) -> Draft:
    """A draft of so many details: what a contract's approvals are worth for its first customer."""
    items = service.take_in([contract_id], details)[::2]
    check_marked(_asked(service, mark(items)), items)
    service.be_quiet()
    body = {"contract_id": contract_id, "cutoff": CUTOFF}
    (invoice,) = (
        _asked(service, request("POST", "/v1/invoices", body)).expect(201).json()["invoices"]
    )
    service.be_quiet()
    found = list(_details(invoice))
    if len(found) != details:
        raise BadAnswer(f"{len(found)} details were drafted, not {details}")
    return Draft(f"/v1/invoices/{invoice['invoice_id']}", found)


def _details(invoice: Any) -> Iterator[Any]:
    for line in invoice["lines"]:
        yield from line["details"]


def _path(draft: Draft, detail: Any) -> str:
    return f"{draft.path}/details/{detail['detail_id']}"


def _asked(service: Office, asked: bytes) -> Any:
    with closing(Line(service.port)) as line:
        return line.ask(asked)


def _timed(line: Line, method: str, path: str, body: object = None) -> float:
    """Milliseconds until the answer to a request, which is to be 200."""
    asked = request(method, path, body)
    started = perf_counter()
    answer = line.ask(asked)
    taken = perf_counter() - started
    answer.expect()
    return 1e3 * taken
