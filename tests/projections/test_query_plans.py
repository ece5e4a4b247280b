"""Pages of a large backlog are read by indexes that fit: little more than the page is looked at."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from projections import backlog_queries
from projections.backlog_views import BacklogFilter
from projections.database import as_of_now, driver_of, glance_of, schema_of
from projections.paging import PageRequest
from tests.projections.large_views import ROWS

LIMIT = 20
MOST_ROWS = ROWS // 25
"""Of all that there are: those of one contract, for a filter that goes by contract."""
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
        {"nte_status": ["failed", "committed"], "billing_status": ["not_ready"]},
    ],
    ids=lambda wanted: "+".join(wanted) or "nothing",
)
def test_a_page_of_a_large_view_looks_at_few_rows(
    large: Engine, wanted: dict[str, list[str]], sort: str, *, behind: bool
) -> None:
    matching = BacklogFilter(any_of=wanted)
    request = PageRequest(limit=LIMIT, sort=sort)
    listed = backlog_queries.list_time_and_material
    with as_of_now(large) as (connection, _):
        page = listed(connection, matching, request, totals=False)
        if behind:
            request = PageRequest(limit=LIMIT, sort=sort, cursor=page.next_cursor)
            page = listed(connection, matching, request, totals=False)
        statement, values = listed.statement(glance_of(connection), matching, request)
        looked_at = _looked_at(connection, statement, values)
    assert len(page.items) == LIMIT
    assert looked_at < MOST_ROWS


def test_looking_at_all_rows_is_told(large: Engine) -> None:
    """Else the test above could not fail: no index has what this is sorted by."""
    request = PageRequest(limit=LIMIT, sort="amount")
    with as_of_now(large) as (connection, _):
        views = glance_of(connection)
        statement, values = backlog_queries.list_time_and_material.statement(
            views, BacklogFilter(), request
        )
        assert _looked_at(connection, statement, values) > MOST_ROWS


def _looked_at(connection: Connection, statement: str, values: Any) -> float:
    """About how many rows of the view a statement looks at."""
    driver = driver_of(connection)
    if schema_of(connection.engine) is None:
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 100

        driver.set_progress_handler(count, 100)
        driver.execute(statement, values).fetchall()
        driver.set_progress_handler(None, 0)
        return steps / STEPS_A_ROW
    with closing(driver.cursor()) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        ((plans,),) = cursor.fetchall()
    return sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in _nodes(plans[0]["Plan"])
        if node.get("Relation Name") == "time_and_material"
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
