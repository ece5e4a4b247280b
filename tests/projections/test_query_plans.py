"""Pages of a large backlog are read by an index, whatever they are filtered by."""

import pytest
from sqlalchemy import Engine

from projections import backlog_queries
from projections.backlog_views import BacklogFilter
from projections.database import as_of_now, driver_of, glance_of, schema_of
from projections.paging import PageRequest


@pytest.mark.parametrize("behind", [False, True], ids=["first page", "next page"])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"billing_status": ["ready"]},
        {"customer_id": ["K7"]},
        {"customer_id": ["K7"], "billing_status": ["ready"]},
        {"contract_id": ["C3"]},
        {"contract_id": ["C3"], "billing_status": ["ready"], "line_id": ["L"]},
        {"project_id": ["P3"], "contract_id": ["C3"]},
    ],
    ids=lambda wanted: "+".join(wanted) or "nothing",
)
def test_a_page_of_a_large_view_is_read_by_an_index(
    large: Engine, wanted: dict[str, list[str]], behind: bool
) -> None:
    matching = BacklogFilter(any_of=wanted)
    request = PageRequest(limit=20)
    with as_of_now(large) as (connection, _):
        if behind:
            first = backlog_queries.list_time_and_material(
                connection, matching, request, totals=False
            )
            request = PageRequest(limit=20, cursor=first.next_cursor)
        page = backlog_queries.list_time_and_material(connection, matching, request, totals=False)
        statement, values = backlog_queries.list_time_and_material.statement(
            glance_of(connection), matching, request
        )
        explain = "EXPLAIN" if schema_of(large) else "EXPLAIN QUERY PLAN"
        found = driver_of(connection).execute(f"{explain} {statement}", values).fetchall()
    assert len(page.items) == 20
    plan = "\n".join(str(row[-1]) for row in found)
    assert "time_and_material_by_" in plan, plan
    assert "Seq Scan on time_and_material" not in plan, plan
