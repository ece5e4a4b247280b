"""The ids of all that a list shows, for commands over all that match."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from projections.databases.connections import as_of_now
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import BacklogList, list_fixed_price, list_time_and_material
from projections.views.backlog.search import searching
from projections.views.paging import PageRequest
from tests.projections.feeding import examples, feed
from tests.projections.story import STORY
from tests.projections.views.test_filters import DATES, FILTERS, KINDS, SALES, matching_rows


def all_ids(
    connection: Connection, listed: BacklogList, wanted: BacklogFilter, limit: int
) -> list[str]:
    """The ids page by page to the end."""
    found: list[str] = []
    cursor = None
    while True:
        page = listed.ids(connection, wanted, PageRequest(limit, cursor))
        found += page.ids
        cursor = page.next
        if cursor is None:
            return found


@examples(100)
@given(FILTERS, KINDS, DATES, st.sampled_from([2_500, 50_000]))
def test_ids_are_those_of_all_that_matches_oldest_first_and_the_count_is_theirs(
    large: Engine, wanted: dict[str, list[str]], kinds: Any, dates: Any, limit: int
) -> None:
    any_of = wanted | kinds
    by = BacklogFilter(any_of=any_of, **dates)
    rows = sorted(matching_rows(SALES, by), key=lambda row: (row["date"], row["sequence"]))
    with as_of_now(large) as (connection, _):
        assert all_ids(connection, list_time_and_material, by, limit) == [
            row["item_id"] for row in rows
        ]
        assert list_time_and_material.count(connection, by) == len(rows)


@pytest.mark.parametrize("listed", [list_fixed_price, list_time_and_material])
@pytest.mark.parametrize("most", [0, 5_000])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"text": "a"},
        {"text": "l1"},
        {"text": "nothing has this"},
        {"text": "a", "any_of": {"project_id": ["P1"]}},
        {"date_from": date(2026, 3, 1)},
    ],
)
def test_ids_are_those_of_the_list_itself_whatever_it_is_searched_by(
    views: Engine,
    monkeypatch: pytest.MonkeyPatch,
    listed: BacklogList,
    most: int,
    wanted: dict[str, Any],
) -> None:
    """Where a text leads to few rows these are looked up, else all are gone through."""
    monkeypatch.setattr(searching, "MANY_ROWS", most)
    feed(views, STORY)
    by = BacklogFilter(**wanted)
    with as_of_now(views) as (connection, _):
        shown = listed(connection, by, PageRequest(1000), totals=False)
        for limit in (1, 1000):
            found = all_ids(connection, listed, by, limit)
            assert found == [row.item_id for row in shown.items]
        assert listed.count(connection, by) == len(shown.items)
