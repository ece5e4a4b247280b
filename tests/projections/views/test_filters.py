"""Filtered lists of a large backlog: all that matches, once, in order, whatever is combined."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aggregates.money import MINOR_UNITS
from projections.databases.connections import as_of_now
from projections.values.units import from_minor
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import (
    BacklogList,
    list_fixed_price,
    list_time_and_material,
)
from projections.views.paging import BadQuery, PageRequest
from tests.projections.feeding import examples, shown
from tests.projections.large_views import (
    BILLING_TYPES,
    CLASSES,
    CONTRACTS,
    CURRENCIES,
    CUSTOMERS,
    DAYS,
    FIRST_DAY,
    LARGE,
    MILESTONE_STATUSES,
    NTE_STATUSES,
    RESOURCES,
    ROWS,
    STATUSES,
    of_milestone,
    parts,
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


def amount_of(n: int, decimals: int, more: str) -> Decimal:
    """One that a row has in its currency, or a little more or less."""
    return Decimal(LARGE - n).scaleb(-decimals) + Decimal(more)


_AMOUNTS = st.builds(
    amount_of,
    st.integers(-1, ROWS),
    st.sampled_from([0, 2, 3, 4]),
    st.sampled_from(["0", "0.001", "-0.5"]),
)
AMOUNTS = st.fixed_dictionaries({}, optional={"amount_min": _AMOUNTS, "amount_max": _AMOUNTS})


def item_ids(name: str) -> st.SearchStrategy[list[str]]:
    """The ids of some of the first rows."""
    numbers = st.integers(0, 4 * CONTRACTS)
    return st.lists(numbers.map(lambda n: name.format(n % CONTRACTS, n)), min_size=1, max_size=40)


FURTHER = {
    "task_id": st.lists(st.sampled_from(["T1", "T2", "T9"]), min_size=1, max_size=2),
    "currency": st.lists(st.sampled_from([*CURRENCIES, "USD"]), min_size=1, max_size=2),
    "invoice_id": some_of("I", 5),
}
OF_SALES = st.fixed_dictionaries(
    {},
    optional={
        **FURTHER,
        "item_id": item_ids("C{}~L~{:08d}"),
        "role": st.lists(st.sampled_from(["dev", "lead", "none"]), min_size=1, max_size=2),
        "category": st.just(["travel"]),
    },
)
OF_PARTS = st.fixed_dictionaries(
    {},
    optional={
        **FURTHER,
        "item_id": item_ids("C{}~L~M{:05d}"),
        "milestone_status": st.lists(st.sampled_from(MILESTONE_STATUSES), min_size=1, max_size=2),
    },
)
NOT_OF_PARTS = ("class", "nte_status", "resource")


def together(*parts: dict[str, list[str]]) -> dict[str, list[str]]:
    """Filters that are asked for at once."""
    return {name: values for part in parts for name, values in part.items()}


def those_of_parts(wanted: dict[str, list[str]]) -> dict[str, list[str]]:
    """The filters that the fixed-price view has, too."""
    return {name: values for name, values in wanted.items() if name not in NOT_OF_PARTS}


TEXTS = st.sampled_from([None, None, None, "n7", "n3", "line", "no such"])
SORTS = st.sampled_from([None, "-date", "-amount", "customer_id,-date", "invoice_id"])
SALES_FILTERS = st.builds(together, FILTERS, KINDS, OF_SALES)
PART_FILTERS = st.builds(together, FILTERS, KINDS, OF_PARTS).map(those_of_parts)


@examples(100)
@given(FILTERS, st.booleans(), st.integers(1, 40))
def test_pages_of_a_filter_show_what_matches_in_order(
    large: Engine, wanted: dict[str, list[str]], descending: bool, limit: int
) -> None:
    asked = BacklogFilter(any_of=wanted)
    shows_what_matches(large, SALES, asked, "-date" if descending else None, limit)


@examples(60)
@given(SALES_FILTERS, DATES, AMOUNTS, TEXTS, SORTS, st.integers(1, 40))
def test_any_filters_of_sales_show_what_matches_in_any_order_with_its_totals(
    large: Engine,
    any_of: dict[str, list[str]],
    dates: dict[str, Any],
    amounts: dict[str, Any],
    text: str | None,
    sort: str | None,
    limit: int,
) -> None:
    wanted = BacklogFilter(any_of=any_of, text=text, **dates, **amounts)
    shows_what_matches(large, SALES, wanted, sort, limit)


@examples(60)
@given(PART_FILTERS, DATES, AMOUNTS, TEXTS, SORTS, st.integers(1, 40))
def test_any_filters_of_milestones_show_what_matches_in_any_order_with_its_totals(
    large: Engine,
    any_of: dict[str, list[str]],
    dates: dict[str, Any],
    amounts: dict[str, Any],
    text: str | None,
    sort: str | None,
    limit: int,
) -> None:
    wanted = BacklogFilter(any_of=any_of, text=text, **dates, **amounts)
    shows_what_matches(large, PARTS, wanted, sort, limit)


@examples(200)
@given(FILTERS, KINDS, DATES)
def test_totals_of_a_filter_are_those_of_what_matches(
    large: Engine,
    wanted: dict[str, list[str]],
    kinds: dict[str, list[str]],
    dates: dict[str, Any],
) -> None:
    """Kept by kinds of rows, or counted where rows of a kind are told apart: all the same."""
    matching = BacklogFilter(any_of=wanted | kinds, **dates)
    with as_of_now(large) as (connection, _):
        page = list_time_and_material(connection, matching, PageRequest(limit=1), totals=True)
    assert shown(page.totals) == totals_of(matching_rows(SALES, matching))


@examples(60)
@given(FILTERS, DATES, _DAYS, st.booleans())
def test_a_page_starts_at_a_day_and_totals_stay_over_the_whole_filter(
    large: Engine, wanted: dict[str, list[str]], dates: dict[str, Any], day: date, descending: bool
) -> None:
    matching = BacklogFilter(any_of=wanted, **dates)
    sort = "-date" if descending else "date"
    rows = sorted_by(matching_rows(SALES, matching), sort, SALES.key)
    begin = (row["date"] <= day if descending else row["date"] >= day for row in rows)
    ids = [row["item_id"] for row, has_begun in zip(rows, begin, strict=True) if has_begun]
    request = PageRequest(7, None, sort, day)
    with as_of_now(large) as (connection, _):
        page = list_time_and_material(connection, matching, request, totals=True)
    assert [row.item_id for row in page.items] == ids[:7]
    assert shown(page.totals) == totals_of(rows)


def test_a_list_in_another_order_starts_at_no_day(large: Engine) -> None:
    request = PageRequest(7, None, "amount,date", date(2024, 2, 1))
    with as_of_now(large) as (connection, _), pytest.raises(BadQuery, match="order of dates"):
        list_time_and_material(connection, BacklogFilter(), request, totals=False)


@dataclass(frozen=True)
class Listed:
    """A view, its rows with all that they are filtered by, and what ends each sort."""

    of: BacklogList
    rows: Callable[[], list[dict[str, Any]]]
    key: str


def shows_what_matches(
    views: Engine, view: Listed, wanted: BacklogFilter, sort: str | None, limit: int
) -> None:
    """The first pages and totals of a view are those that a look at every row gives."""
    matching = sorted_by(matching_rows(view, wanted), sort or "date", view.key)
    ids = [row["item_id"] for row in matching]
    found: list[str] = []
    cursor = None
    with as_of_now(views) as (connection, _):
        for number in range(3):
            if number and cursor is None:
                break
            request = PageRequest(limit, cursor, sort)
            page = view.of(connection, wanted, request, totals=number == 0)
            found += [row.item_id for row in page.items]
            cursor = page.next
            if number == 0:
                assert shown(page.totals) == totals_of(matching)
    assert found == ids[: 3 * limit]
    assert (cursor is None) == (len(ids) <= 3 * limit)


def sorted_by(rows: list[dict[str, Any]], sort: str, key: str) -> list[dict[str, Any]]:
    """The rows in the order that a list has, which ends with its key as the last field goes."""
    fields = sort.split(",")
    last = "-" if fields[-1].startswith("-") else ""
    for field in reversed([*fields, f"{last}{key}"]):
        name = field.removeprefix("-")
        rows = sorted(rows, key=lambda row: row[name] or "", reverse=field.startswith("-"))
    return rows


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


def matching_rows(view: Listed, wanted: BacklogFilter) -> list[dict[str, Any]]:
    """What a filter wants, by looking at every row."""
    asked = {"billing_status": SHOWN if view is SALES else STATUSES, **wanted.any_of}
    return [
        row
        for row in view.rows()
        if (wanted.date_from or date.min) <= row["date"] <= (wanted.date_to or date.max)
        and (wanted.amount_min is None or wanted.amount_min <= row["own_amount"])
        and (wanted.amount_max is None or row["own_amount"] <= wanted.amount_max)
        and (wanted.text is None or wanted.text in row["names"])
        and all(row[name] in values for name, values in asked.items())
    ]


def with_names(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what stands elsewhere: the project of its line, names, its amount as it reads."""
    number, decimals = row["contract_id"][1:], MINOR_UNITS[row["currency"]]
    return {
        **row,
        "project_id": f"P{number}",
        "names": f"n{number} line k",
        "own_amount": Decimal(row["amount"]).scaleb(-decimals),
    }


@cache
def sales_rows() -> list[dict[str, Any]]:
    """The rows of the time-and-material view."""
    return [with_names(row) for row in sales()]


@cache
def part_rows() -> list[dict[str, Any]]:
    """The rows of the fixed-price view."""
    return [with_names(row | of_milestone(n)) for n, row in enumerate(parts())]


SALES = Listed(list_time_and_material, sales_rows, "sequence")
PARTS = Listed(list_fixed_price, part_rows, "item_id")
