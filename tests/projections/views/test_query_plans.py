"""Pages of a large backlog are read by indexes that fit: little more than the page is looked at."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import Connection, Engine, event, text

from projections.databases.connections import (
    Glance,
    as_of_now,
    glance_of,
    glancing,
    with_large_cache,
)
from projections.keeping.gathering import PatchRows
from projections.keeping.writer import Writer
from projections.tables import time_and_material
from projections.views.actuals import Actual, list_actuals
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import find_items, list_time_and_material
from projections.views.backlog.rows import Row, TotalledPage
from projections.views.contract.performance import performance
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from projections.views.resource import Page
from tests.projections.large_views import OF_AN_INVOICE, ROWS, fill, sales

R = TypeVar("R")

LIMIT = 20
MOST_ROWS = ROWS // 25
"""Of all that there are: those of one contract, for a filter that goes by contract."""
KINDS = 1_200
"""Of rows, which totals are kept by."""
SOME_IDS = [sale["item_id"] for sale in sales()[:: ROWS // 5_000]]
MANY, MANY_PROJECTS = ([f"{of}{n}" for n in range(60)] for of in "CP")
STEPS_A_ROW = 60
"""Of SQLite's machine, at most; it takes about 25 to look at a row and another 25 to show it."""


Wanted = dict[str, list[str]]
SHAPES: list[Wanted] = [
    {},
    {"billing_status": ["ready"]},
    {"billing_status": ["ready", "invoice_created"]},
    {"billing_status": ["invoice_posted"]},
    {"customer_id": ["K7"]},
    {"customer_id": ["K7", "K8"], "billing_status": ["ready"]},
    {"contract_id": ["C3"]},
    {"contract_id": ["C3"], "billing_status": ["ready"], "line_id": ["L"]},
    {"project_id": ["P3"]},
    {"project_id": ["P3", "P4"]},
    {"project_id": ["P3"], "contract_id": ["C3"]},
    {"project_id": ["P3"], "customer_id": ["K3"], "billing_status": ["ready"]},
    {"nte_status": ["failed"]},
    {"resource": ["R7"]},
    {"resource": ["R7", "R8"], "billing_status": ["ready", "not_ready"]},
    {"resource": ["R3", "R103"], "contract_id": ["C3"]},
    {"nte_status": ["failed", "committed"], "billing_status": ["not_ready"]},
    {"item_id": SOME_IDS[:200], "contract_id": MANY},
    {"invoice_id": ["I7"]},
    {"invoice_id": ["I7", "I8"], "billing_status": ["invoice_posted"], "contract_id": MANY},
    {"invoice_id": ["I7"], "project_id": MANY_PROJECTS},
    {"role": ["dev"]},
    {"task_id": ["T2"], "category": ["travel"], "currency": ["JPY", "KWD"]},
]


@pytest.mark.parametrize("behind", [False, True], ids=["first page", "next page"])
@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize("wanted", SHAPES, ids=lambda wanted: "+".join(wanted) or "nothing")
def test_a_page_of_a_large_view_looks_at_few_rows(
    large: Engine, wanted: Wanted, sort: str, *, behind: bool
) -> None:
    page, looked_at = glanced(large, wanted, sort)
    if behind:
        page, looked_at = glanced(large, wanted, sort, page.next)
    assert len(page.items) == LIMIT
    assert looked_at < MOST_ROWS


@pytest.mark.parametrize("sort", ["date", "-date"])
def test_pages_that_were_planned_when_there_was_nothing_look_at_few_rows_when_there_is_much(
    views: Engine, sort: str
) -> None:
    for wanted in SHAPES:
        glanced(views, wanted, sort, position=0)
    fill(views)
    for wanted in SHAPES:
        page, looked_at = glanced(views, wanted, sort)
        assert (len(page.items), looked_at < MOST_ROWS) == (LIMIT, True), wanted


@pytest.mark.parametrize("sort", ["date", "-date"])
def test_pages_look_at_few_rows_once_postgresql_has_analysed_them(views: Engine, sort: str) -> None:
    fill(views)
    with views.begin() as connection:
        connection.execute(text("ANALYZE"))
    for wanted in SHAPES:
        page, looked_at = glanced(views, wanted, sort)
        assert (len(page.items), looked_at < MOST_ROWS) == (LIMIT, True), wanted


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"billing_status": ["invoice_posted"]},
        {"customer_id": ["K7"], "nte_status": ["failed"]},
        {"contract_id": ["C3"], "class": ["time"], "billing_type": ["non_chargeable"]},
        {"project_id": ["P3", "P4"]},
    ],
    ids=lambda wanted: "+".join(wanted) or "nothing",
)
def test_a_page_with_totals_of_a_large_view_looks_at_few_rows(
    large: Engine, wanted: dict[str, list[str]]
) -> None:
    def read(connection: Connection) -> TotalledPage[Row]:
        request, matching = PageRequest(LIMIT), BacklogFilter(any_of=wanted)
        return list_time_and_material(connection, matching, request, totals=True)

    page, looked_at = looking(large, read)
    assert page.totals
    assert looked_at < MOST_ROWS + KINDS


@pytest.mark.parametrize("sort", ["position", "-position"])
@pytest.mark.parametrize(
    "wanted", [{}, {"type": ["unbilled_sales"]}, {"contract_id": ["C3"]}, {"approval_id": ["A3"]}]
)
def test_a_page_of_actuals_looks_at_few_rows(
    large: Engine, wanted: dict[str, list[str]], sort: str
) -> None:
    def read(connection: Connection) -> Page[Actual]:
        return list_actuals(connection, UNRESTRICTED, wanted, PageRequest(LIMIT, sort=sort))

    page, looked_at = looking(large, read)
    assert len(page.items) == (1 if "approval_id" in wanted else LIMIT)
    assert looked_at < MOST_ROWS


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"item_id": SOME_IDS[:1]}, 1),
        ({"invoice_id": ["I7"]}, OF_AN_INVOICE),
        ({"cause": ["correction"]}, 0),
        ({"cause": ["correction", "recall"], "contract_id": ["C3"]}, 0),
    ],
    ids=["item", "invoice", "cause", "causes of a contract"],
)
def test_the_few_actuals_of_an_item_an_invoice_or_a_cause_are_found_by_a_look_at_few_rows(
    large: Engine, wanted: dict[str, list[str]], found: int
) -> None:
    def read(connection: Connection) -> Page[Actual]:
        return list_actuals(connection, UNRESTRICTED, wanted, PageRequest(1000))

    page, looked_at = looking(large, read)
    assert len(page.items) <= found
    assert bool(page.items) == bool(found)
    assert looked_at < MOST_ROWS


def test_thousands_of_items_are_found_by_their_ids(large: Engine) -> None:
    def read(connection: Connection) -> Sequence[object]:
        return find_items(connection, UNRESTRICTED, SOME_IDS)

    found, looked_at = looking(large, read)
    assert len(found) == len(SOME_IDS)
    assert looked_at <= 2 * len(SOME_IDS)


def test_thousands_of_items_are_changed_by_their_ids(views: Engine) -> None:
    fill(views)
    changed = [{"item_id": item_id, "billing_status": "ready"} for item_id in SOME_IDS]
    steps = [PatchRows(time_and_material, ("billing_status",), changed)]
    looked_at: list[float] = []
    written = with_large_cache(views)
    with ExitStack() as stack:

        @event.listens_for(written, "begin")
        def begun(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction] - an event
            count = stack.enter_context(counting(glance_of(connection)))

            def committed(_: Connection) -> None:
                looked_at.append(count())

            event.listen(written, "commit", committed)

        Writer(views).write(steps, after=ROWS, position=ROWS + 1)
    # Each row, and the kinds that it leaves and joins: here nearly each is of a kind of its own.
    assert max(looked_at) <= 4 * len(SOME_IDS)


def test_how_a_contract_performs_is_told_without_a_look_at_its_items(large: Engine) -> None:
    known, looked_at = looking(large, partial(performance, kept_to=UNRESTRICTED, contract_id="C3"))
    assert known
    assert looked_at < LIMIT


def test_looking_at_all_rows_is_told(large: Engine) -> None:
    """Else the tests above could not fail: no index has what this is sorted by."""

    def read(connection: Connection) -> TotalledPage[Row]:
        request = PageRequest(LIMIT, sort="amount")
        return list_time_and_material(connection, BacklogFilter(), request, totals=False)

    _, looked_at = looking(large, read)
    assert looked_at > MOST_ROWS


def glanced(
    views: Engine, wanted: Wanted, sort: str, cursor: str | None = None, position: int = ROWS
) -> tuple[TotalledPage[Row], float]:
    """A page as callers get it, and about how many rows of the view it looks at."""
    request, matching = PageRequest(LIMIT, cursor, sort), BacklogFilter(any_of=wanted)
    with glancing(views, position) as glance, _transaction(glance), counting(glance) as count:
        page = list_time_and_material.glance(glance, matching, request)
        assert page
        return page, count()


def looking(views: Engine, read: Callable[[Connection], R]) -> tuple[R, float]:
    """What a read comes to, and about how many rows of the view it looks at."""
    with as_of_now(views) as (connection, _), counting(glance_of(connection)) as count:
        return read(connection), count()


def _transaction(views: Glance) -> AbstractContextManager[object]:
    return views.driver.transaction() if views.schema else nullcontext()


@contextmanager
def counting(views: Glance) -> Generator[Callable[[], float]]:
    """What tells about how many rows of the view were looked at on this connection."""
    driver, steps = views.driver, 0

    def count() -> None:
        nonlocal steps
        steps += 100

    def fetched() -> int:
        return driver.execute(_FETCHED).fetchone()[0]

    if views.schema is None:
        driver.set_progress_handler(count, 100)
        try:
            yield lambda: steps / STEPS_A_ROW
        finally:
            driver.set_progress_handler(None, 0)
        return
    before = fetched()
    yield lambda: fetched() - before


_FETCHED = """
    SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int FROM pg_stat_xact_user_tables
    WHERE relname = 'time_and_material'
"""
"""Rows that the transaction has taken from the table."""
