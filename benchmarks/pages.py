"""What a page of the backlog costs, against the SQL alone and against a page of a small backlog.

The SQL is the statement that the service itself executes, sent by the bare driver: the rest of a
page is HTTP, checks, rows to JSON, and the transaction that shows the page as of one position.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg

from benchmarks.big_views import CUSTOMER, LIMIT, STATUS, big_views
from benchmarks.client import Line, request
from benchmarks.databases import POSTGRESQL, Bench
from benchmarks.measuring import Figure, Pair, Row, interleaved
from benchmarks.office import BACKLOG
from benchmarks.served import served
from benchmarks.workload import contract_ids
from projections.databases.connections import IN_ORDER
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.paging import PageRequest
from service.databases.addresses import conninfo
from service.http.app import create_app
from service.settings import Settings
from service.tenants.opening import sqlite_path
from service.tenants.tenant import Tenant
from tests.databases import Only

PAGE = Figure(
    name="page",
    what="p50 over HTTP of a page of 100 over 1,000,000 rows that nobody has analysed, against the "
    "SQL alone: without a filter, by status and customer, or by contract, whichever is worst",
    unit="ms",
    against_unit="ms",
    floor=3.5,
    stretch=1.5,
    better="less",
)
PAGE_SCALE = Figure(
    name="page_scale",
    what="p50 over HTTP of a page of 100 by status and customer over 1,000,000 rows, against over "
    "10,000",
    unit="ms",
    against_unit="ms",
    floor=1.5,
    stretch=1.1,
    better="less",
)
SEARCH = Figure(
    name="search",
    what="p50 over HTTP of the slowest text: a page of 100 by it over 1,000,000 rows, against the "
    "page without it",
    unit="ms",
    against_unit="ms",
    floor=5.0,
    stretch=3.0,
    better="less",
)
SEARCH_WITHIN = replace(
    SEARCH,
    name="search_within",
    what="The same of two digits, of texts within a filter, and of pages from a later day on",
)
TEXTS = {
    "half_of_all": "workshop",
    "a_word_of_all": "LINDQVIST",
    "11000_rows": "note 12",
    "1100_rows": "note 123",
    "120_rows": "note 1234",
    "50_rows": "note 777",
    "20_rows": "note 24998",
    "10000_approvals": "a012",
    "one_approval": "A0123456",
    "no_row": "xylophone",
    "words_that_no_row_has_together": "workshop on stock movementz",
    "two_letters_of_no_row": "qz",
    "one_letter_of_no_row": "x",
    "one_letter_of_another_alphabet": "ж",
    "a_customers_name": "customer cu-017",
    "a_contracts_name": "programme c017",
    "ten_contracts_names": "programme c01",
    "late_contracts_names": "programme c3",
    "late_approvals": "a04",
    "three_digits": "999",
}
"""What is looked for, by what has it in the backlog of due size."""
LATE_DAY = "2026-10-25"
BY_CUSTOMER: Mapping[str, list[str]] = {"customer_id": [CUSTOMER]}
TEXTS_WITHIN: Mapping[str, tuple[str, Mapping[str, list[str]]]] = {
    "two_digits": ("55", {}),
    "half_of_all_but_none_of_a_customer": ("workshop", BY_CUSTOMER),
    "late_approvals_of_a_customer": ("a04", BY_CUSTOMER),
    "two_digits_of_a_customer": ("99", BY_CUSTOMER),
    "two_digits_late": ("99", {"seek": [LATE_DAY]}),
    "approvals_before_a_late_day": ("a00", {"seek": [LATE_DAY]}),
}
"""Two digits, and texts by filter, or by where the page starts."""
BY_STATUS_AND_CUSTOMER = {"billing_status": [STATUS], "customer_id": [CUSTOMER]}
FILTERS: Mapping[str, Mapping[str, list[str]]] = {
    "whole": {},
    "by_status_and_customer": BY_STATUS_AND_CUSTOMER,
    "by_contract": {"contract_id": contract_ids(1)},
}
Statement = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Backlog:
    """A backlog of so many rows, and the service over it."""

    url: str
    port: int


@cache
def backlogs(bench: Bench) -> tuple[Backlog, Backlog]:
    """The big one and the small one."""
    counts = (bench.sizes.page_rows, bench.sizes.few_page_rows)
    urls = [big_views(bench, count) for count in counts]
    ports = bench.stack.enter_context(served(*urls))
    big, few = (Backlog(url, port) for url, port in zip(urls, ports, strict=True))
    return big, few


def measure_page(bench: Bench) -> Row:
    """Blocks of requests over one connection, in turn with blocks of the bare statement."""
    backlog, _ = backlogs(bench)
    with _Bare(bench, backlog.url) as bare:
        pairs = {name: _measured(bench, backlog, bare, by) for name, by in FILTERS.items()}
    worst = max(pairs.values(), key=lambda pair: pair.ours / pair.limit)
    ratios = {name: pair.ours / pair.limit for name, pair in pairs.items()}
    return PAGE.row(bench.kind, worst.ours, worst.limit, worst.repetitions, **ratios)


def _measured(bench: Bench, backlog: Backlog, bare: _Bare, by: Mapping[str, list[str]]) -> Pair:
    statement = _executed(backlog.url, by)
    return interleaved(
        lambda: _p50(bench, lambda: bare.fetch(statement)),
        lambda: _p50_over_http(bench, backlog, by),
        bench.sizes.page_blocks,
    )


def measure_page_scale(bench: Bench) -> Row:
    """The same page of both backlogs, in turn; each matches the same part of its rows."""
    big, few = backlogs(bench)
    pair = interleaved(
        lambda: _p50_over_http(bench, few, BY_STATUS_AND_CUSTOMER),
        lambda: _p50_over_http(bench, big, BY_STATUS_AND_CUSTOMER),
        bench.sizes.page_blocks,
    )
    return PAGE_SCALE.row(bench.kind, pair.ours, pair.limit, pair.repetitions)


def measure_search(bench: Bench) -> Row:
    """Each text and the list without it, in turn; what each takes is shown beside."""
    whole = FILTERS["whole"]
    return _slowest(bench, SEARCH, {name: (text, whole) for name, text in TEXTS.items()})


def measure_search_within(bench: Bench) -> Row:
    """Each text and the same page without it, in turn; what each takes is shown beside."""
    return _slowest(bench, SEARCH_WITHIN, TEXTS_WITHIN)


def _slowest(
    bench: Bench, figure: Figure, texts: Mapping[str, tuple[str, Mapping[str, list[str]]]]
) -> Row:
    big, _ = backlogs(bench)
    pairs = {name: _searched(bench, big, text, by) for name, (text, by) in texts.items()}
    worst = max(pairs.values(), key=lambda pair: pair.ours / pair.limit)
    each = {name: round(pair.ours, 2) for name, pair in pairs.items()}
    return figure.row(bench.kind, worst.ours, worst.limit, worst.repetitions, **each)


def _searched(bench: Bench, backlog: Backlog, text: str, by: Mapping[str, list[str]]) -> Pair:
    return interleaved(
        lambda: _p50_over_http(bench, backlog, by),
        lambda: _p50_over_http(bench, backlog, {**by, "q": [text]}),
        bench.sizes.search_blocks,
    )


def _p50_over_http(bench: Bench, backlog: Backlog, by: Mapping[str, list[str]]) -> float:
    return p50_of(bench, backlog, path_of(by))


def p50_of(bench: Bench, backlog: Backlog, path: str) -> float:
    """The median of a block of requests, in milliseconds."""
    page = request("GET", path)
    with closing(Line(backlog.port)) as line:
        return _p50(bench, lambda: line.ask(page).expect())


def _p50(bench: Bench, call: Callable[[], object]) -> float:
    """The median of a block of calls, in milliseconds; the first does not count."""
    taken: list[float] = []
    for _ in range(bench.sizes.page_requests + 1):
        started = perf_counter()
        call()
        taken.append(perf_counter() - started)
    return 1_000 * median(taken[1:])


def path_of(by: Mapping[str, list[str]]) -> str:
    """The path of a page by such filters."""
    return f"{BACKLOG}?{urlencode({**by, 'limit': LIMIT}, doseq=True)}"


def _executed(url: str, by: Mapping[str, list[str]]) -> Statement:
    """What the service executes for the page, with its values. Raises ValueError if not full."""
    with closing(Tenant(url, project=False)) as tenant:
        answer = asyncio.run(_called(tenant, path_of(by)))
        with tenant.glancing() as views:
            statement = list_time_and_material.statement(
                views, BacklogFilter(any_of=by), PageRequest(limit=LIMIT)
            )
    if len(answer["items"]) != LIMIT or not answer["next"]:
        raise ValueError(f"{len(answer['items'])} items")
    return statement


async def _called(tenant: Tenant, path: str) -> Any:
    """The page as a call within this process gets it."""
    transport = httpx.ASGITransport(app=create_app(Only(tenant), Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get(path)).raise_for_status().json()


class _Bare:
    """A connection of the driver alone: prepared, planned once and binary, where there is such."""

    def __init__(self, bench: Bench, url: str) -> None:
        self._connection: Any = (
            psycopg.connect(conninfo(url, "benchmarks", **IN_ORDER), autocommit=True)
            if bench.kind == POSTGRESQL
            else sqlite3.connect(sqlite_path(url).with_suffix(".views.db"))
        )
        self._how = {"prepare": True, "binary": True} if bench.kind == POSTGRESQL else {}

    def __enter__(self) -> _Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fetch(self, statement: Statement) -> None:
        """All rows that the statement finds. Raises ValueError when they are less than a page."""
        found = self._connection.execute(*statement, **self._how).fetchall()
        if len(found) < LIMIT:
            raise ValueError(f"{len(found)} rows")
