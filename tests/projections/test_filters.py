"""Filtered lists of a large backlog: all that matches, once, in order, whatever is combined."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections.backlog_queries import list_time_and_material
from projections.backlog_views import BacklogFilter
from projections.database import as_of_now
from projections.paging import PageRequest
from tests.projections.feeding import examples
from tests.projections.large_views import CONTRACTS, CUSTOMERS, NTE_STATUSES, STATUSES, sales

SHOWN = STATUSES[:-1]
"""What the list shows unless it is asked for more (D-20)."""


def some_of(prefix: str, count: int) -> st.SearchStrategy[list[str]]:
    """Some values, one of which nothing has; any of them may be named twice."""
    values = st.integers(0, count).map(lambda n: f"{prefix}{n}")
    return st.lists(values, min_size=1, max_size=12)


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "billing_status": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=5),
        "customer_id": some_of("K", CUSTOMERS),
        "contract_id": some_of("C", CONTRACTS),
        "project_id": some_of("P", CONTRACTS),
        "nte_status": st.lists(st.sampled_from(NTE_STATUSES), min_size=1, max_size=3),
    },
)


@examples(100)
@given(FILTERS, st.booleans(), st.integers(1, 40))
def test_pages_of_a_filter_show_what_matches_in_order(
    large: Engine, wanted: dict[str, list[str]], descending: bool, limit: int
) -> None:
    expected = sorted(matching(wanted), reverse=descending)[: 3 * limit]
    sort = "-date" if descending else None
    found: list[tuple[Any, str]] = []
    cursor = None
    with as_of_now(large) as (connection, _):
        for number in range(3):
            if number and cursor is None:
                break
            page = list_time_and_material(
                connection,
                BacklogFilter(any_of=wanted),
                PageRequest(limit, cursor, sort),
                totals=False,
            )
            rows_shown = msgspec.to_builtins(page.items)
            found += [(row["date"], row["item_id"]) for row in rows_shown]
            cursor = page.next_cursor
    assert found == expected
    assert (cursor is None) == (len(matching(wanted)) <= 3 * limit)


@examples(100)
@given(FILTERS)
def test_totals_of_a_filter_count_what_matches(large: Engine, wanted: dict[str, list[str]]) -> None:
    with as_of_now(large) as (connection, _):
        page = list_time_and_material(
            connection, BacklogFilter(any_of=wanted), PageRequest(limit=1), totals=True
        )
    assert page.totals is not None
    assert sum(total["count"] for total in page.totals) == len(matching(wanted))


def matching(wanted: Mapping[str, Sequence[str]]) -> list[tuple[Any, str]]:
    """Dates and ids of what a filter wants, by looking at every row."""
    asked = {"billing_status": SHOWN, **wanted}
    return [
        (row["date"].isoformat(), row["item_id"])
        for row in rows()
        if all(row[name] in values for name, values in asked.items())
    ]


@cache
def rows() -> list[dict[str, Any]]:
    """The rows of the view, each with the project of its line."""
    return [{**row, "project_id": f"P{row['contract_id'][1:]}"} for row in sales()]
