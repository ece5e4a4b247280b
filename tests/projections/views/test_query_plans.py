"""Pages of a large backlog are read by indexes that fit: little more than the page is looked at."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, text

from projections.databases.connections import driver_of, schema_of
from projections.views.actuals import Actual, list_actuals
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.backlog.rows import Row, TotalledPage
from projections.views.paging import PageRequest
from projections.views.resource import Page, R
from tests.projections.large_views import ROWS

LIMIT = 20
MOST_ROWS = ROWS // 25
"""Of all that there are: those of one contract, for a filter that goes by contract."""
KINDS = 1_200
"""Of rows, which totals are kept by."""
STEPS_A_ROW = 60
"""Of SQLite's machine, at most; it takes about 25 to look at a row and another 25 to show it."""


@pytest.mark.parametrize("behind", [False, True], ids=["first page", "next page"])
@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize(
    "wanted",
    [
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
    ],
    ids=lambda wanted: "+".join(wanted) or "nothing",
)
def test_a_page_of_a_large_view_looks_at_few_rows(
    large: Engine, wanted: dict[str, list[str]], sort: str, *, behind: bool
) -> None:
    def read(connection: Connection, cursor: str | None = None) -> TotalledPage[Row]:
        request = PageRequest(LIMIT, cursor, sort)
        matching = BacklogFilter(any_of=wanted)
        return list_time_and_material(connection, matching, request, totals=False)

    page, looked_at = looking(large, read)
    if behind:
        page, looked_at = looking(large, partial(read, cursor=page.next))
    assert len(page.items) == LIMIT
    assert looked_at < MOST_ROWS


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
        return list_actuals(connection, wanted, PageRequest(LIMIT, sort=sort))

    page, looked_at = looking(large, read)
    assert len(page.items) == (1 if "approval_id" in wanted else LIMIT)
    assert looked_at < MOST_ROWS


def test_looking_at_all_rows_is_told(large: Engine) -> None:
    """Else the tests above could not fail: no index has what this is sorted by."""

    def read(connection: Connection) -> TotalledPage[Row]:
        request = PageRequest(LIMIT, sort="amount")
        return list_time_and_material(connection, BacklogFilter(), request, totals=False)

    _, looked_at = looking(large, read)
    assert looked_at > MOST_ROWS


def looking(views: Engine, read: Callable[[Connection], R]) -> tuple[R, float]:
    """What a read comes to, and about how many rows of the view it looks at."""
    with views.begin() as connection:
        if schema_of(views):
            connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
            before = connection.execute(_FETCHED).scalar_one()
            page = read(connection)
            return page, connection.execute(_FETCHED).scalar_one() - before
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 100

        driver = driver_of(connection)
        driver.set_progress_handler(count, 100)
        try:
            return read(connection), steps / STEPS_A_ROW
        finally:
            driver.set_progress_handler(None, 0)


_FETCHED = text(
    "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables "
    "WHERE relname = 'time_and_material'"
)
"""Rows that the transaction has taken from the table."""
