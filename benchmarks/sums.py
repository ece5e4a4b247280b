"""What summing up a backlog costs, and what facets beside a page of it, against that page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

from benchmarks.big_views import CUSTOMER, STATUS
from benchmarks.databases import Bench
from benchmarks.measuring import Figure, Row, interleaved
from benchmarks.pages import backlogs, p50_of, path_of
from benchmarks.workload import contract_ids

SUMMARY = Figure(
    name="summary",
    what="p50 over HTTP of the backlog of 1,000,000 rows summed up by any one dimension, 100 items "
    "at most, against a page of 100 of the list: the slowest dimension",
    unit="ms",
    against_unit="ms",
    floor=3.0,
    stretch=1.5,
    better="less",
)
FACETS = Figure(
    name="facets",
    what="p50 over HTTP of a page of 100 over 1,000,000 rows with facets of classes, verdicts and "
    "customers, against that page without them: by the filter for which this is worst",
    unit="ms",
    against_unit="ms",
    floor=5.0,
    stretch=2.5,
    better="less",
)
DIMENSIONS = (
    "customer", "contract", "line", "project", "class", "month", "nte_status", "billing_status",
)  # fmt: skip
USUAL = ("class", "nte_status", "customer_id")
KEPT = (
    "contract_id", "line_id", "project_id", "customer_id", "currency", "billing_status", "class",
    "nte_status", "billing_type",
)  # fmt: skip
"""All facets that kept totals tell; they are shown beside."""
FILTERS: Mapping[str, Mapping[str, list[str]]] = {
    "whole": {},
    "by_status_and_customer": {"billing_status": [STATUS], "customer_id": [CUSTOMER]},
    "by_contract": {"contract_id": contract_ids(1)},
    "by_class": {"class": ["time"]},
}


def measure_summary(bench: Bench) -> Row:
    """All dimensions and the list, in turn; each dimension's own median is shown beside."""
    big, _ = backlogs(bench)
    taken: dict[str, list[float]] = {name: [] for name in DIMENSIONS}

    def slowest() -> float:
        for name in DIMENSIONS:
            taken[name].append(p50_of(bench, big, f"/v1/backlog/summary?by={name}"))
        return max(times[-1] for times in taken.values())

    def page() -> float:
        return p50_of(bench, big, path_of({}))

    pair = interleaved(page, slowest, bench.sizes.search_blocks)
    each = {name: round(median(times), 2) for name, times in taken.items()}
    return SUMMARY.row(bench.kind, pair.ours, pair.limit, pair.repetitions, **each)


def measure_facets(bench: Bench) -> Row:
    """The same page with facets and without, in turn; the ratio by each filter is shown beside."""
    big, _ = backlogs(bench)

    def asked(by: Mapping[str, list[str]], *facets: str) -> Callable[[], float]:
        path = path_of({**by, **({"facets": [",".join(facets)]} if facets else {})})
        return lambda: p50_of(bench, big, path)

    pairs = {
        name: interleaved(asked(by), asked(by, *USUAL), bench.sizes.search_blocks)
        for name, by in FILTERS.items()
    }
    nine = interleaved(asked({}), asked({}, *KEPT), bench.sizes.search_blocks)
    ratios = {name: round(pair.ours / pair.limit, 2) for name, pair in pairs.items()}
    worst = pairs[max(ratios, key=lambda name: ratios[name])]
    return FACETS.row(
        bench.kind,
        worst.ours,
        worst.limit,
        worst.repetitions,
        nine=nine.ours / nine.limit,
        **ratios,
    )
