"""Filtered lists of a large backlog: all that matches, once, in order, whatever is combined."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections.databases.connections import as_of_now
from projections.values.units import from_minor
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.paging import PageRequest
from tests.projections.feeding import examples, shown
from tests.projections.large_views import (
    BILLING_TYPES,
    CLASSES,
    CONTRACTS,
    CUSTOMERS,
    DAYS,
    FIRST_DAY,
    NTE_STATUSES,
    RESOURCES,
    STATUSES,
    sales,
)

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
        "resource": some_of("R", RESOURCES),
    },
)

KINDS = st.fixed_dictionaries(
    {},
    optional={
        "class": st.lists(st.sampled_from(CLASSES), min_size=1, max_size=2),
        "billing_type": st.lists(st.sampled_from(BILLING_TYPES), min_size=1, max_size=2),
        "line_id": st.lists(st.sampled_from(["L", "M"]), min_size=1, max_size=2),
    },
)
"""What else rows are summed by."""
_DAYS = st.dates(FIRST_DAY, FIRST_DAY + timedelta(days=DAYS))
DATES = st.fixed_dictionaries(
    {},
    optional={
        "date_from": _DAYS,
        "date_to": _DAYS,
    },
)
"""What tells rows of one kind apart, as the resource does."""


@examples(100)
@given(FILTERS, st.booleans(), st.integers(1, 40))
def test_pages_of_a_filter_show_what_matches_in_order(
    large: Engine, wanted: dict[str, list[str]], descending: bool, limit: int
) -> None:
    in_order = sorted(
        matching_rows(wanted), key=lambda row: (row["date"], row["sequence"]), reverse=descending
    )
    matching = [row["item_id"] for row in in_order]
    sort = "-date" if descending else None
    found: list[str] = []
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
            found += [row.item_id for row in page.items]
            cursor = page.next
    assert found == matching[: 3 * limit]
    assert (cursor is None) == (len(matching) <= 3 * limit)


@examples(200)
@given(FILTERS, KINDS, DATES)
def test_totals_of_a_filter_are_those_of_what_matches(
    large: Engine,
    wanted: dict[str, list[str]],
    kinds: dict[str, list[str]],
    dates: dict[str, Any],
) -> None:
    """Kept by kinds of rows, or counted where rows of a kind are told apart: all the same."""
    any_of = wanted | kinds
    with as_of_now(large) as (connection, _):
        page = list_time_and_material(
            connection, BacklogFilter(any_of=any_of, **dates), PageRequest(limit=1), totals=True
        )
    assert shown(page.totals) == totals_of(matching_rows(any_of, **dates))


def totals_of(matching: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Totals as a list tells them, by adding row to row."""
    sums = defaultdict[tuple[str, str, str], list[int]](lambda: [0, 0, 0])
    for row in matching:
        kept = sums[row["currency"], row["billing_status"], row["billing_type"]]
        kept[0] += 1
        kept[1] += row["amount"]
        kept[2] += row["tax"]
    return [
        {
            "currency": currency,
            "billing_status": status,
            "billing_type": billing_type,
            "count": count,
            "amount": from_minor(amount, currency),
            "tax": from_minor(tax, currency),
        }
        for (currency, status, billing_type), (count, amount, tax) in sorted(sums.items())
    ]


def matching_rows(
    wanted: Mapping[str, Sequence[str]],
    date_from: date = date.min,
    date_to: date = date.max,
) -> list[dict[str, Any]]:
    """What a filter wants, by looking at every row."""
    asked = {"billing_status": SHOWN, **wanted}
    return [
        row
        for row in rows()
        if date_from <= row["date"] <= date_to
        and all(row[name] in values for name, values in asked.items())
    ]


@cache
def rows() -> list[dict[str, Any]]:
    """The rows of the view, each with the project of its line."""
    return [{**row, "project_id": f"P{row['contract_id'][1:]}"} for row in sales()]
