"""The summary of the backlog: it is what all rows come to, whatever is asked."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections.databases.connections import as_of_now
from projections.keeping.gathering import PutRows
from projections.keeping.writer import Writer
from projections.tables import time_and_material
from projections.values.units import from_minor
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.statements import FIXED_PRICE, TIME_AND_MATERIAL, View
from projections.views.backlog.sums.summary import BY, summarize
from projections.views.paging import BadQuery, PageRequest
from tests.projections.feeding import empty, examples, feed, shown
from tests.projections.large_views import (
    DAYS,
    FIRST_DAY,
    STATUSES,
    sales,
    terms,
)
from tests.projections.story import STORY
from tests.projections.views.test_filters import (
    AMOUNTS,
    DATES,
    PART_FILTERS,
    PARTS,
    SALES,
    SALES_FILTERS,
    TEXTS,
    matching_rows,
)

Json = dict[str, Any]
BOTH = (FIXED_PRICE, TIME_AND_MATERIAL)
NAMES = {"customer": "K", "line": "Line"}
PART_OF = {
    "not_ready": "not_ready",
    "ready": "ready",
    "invoice_created": "on_draft",
    "invoice_posted": "posted",
}
OF_IDS = ("customer", "contract", "line", "project")
DIMENSIONS = st.lists(st.sampled_from([*BY]), max_size=3, unique=True)


def months(first: int, last: int) -> Json:
    """From the first day of a month to the last one of another."""
    starts = [date(FIRST_DAY.year + n // 12, n % 12 + 1, 1) for n in (first, last + 1)]
    return {"date_from": starts[0], "date_to": starts[1] - timedelta(days=1)}


WHOLE_MONTHS = st.builds(months, st.integers(0, DAYS // 31), st.integers(0, DAYS // 31))


def summarized(
    views: Engine,
    wanted: BacklogFilter,
    by: Sequence[str] = (),
    limit: int = 1000,
    of: Sequence[View] = BOTH,
    most_pages: int = 1000,
) -> list[Json]:
    """All pages of a summary; after that many, the rest in large ones."""
    items, cursor, pages = list[Json](), None, 0
    with as_of_now(views) as (connection, _):
        while cursor or not pages:
            most = limit if pages < most_pages else 1000
            page = summarize(connection, wanted, by, PageRequest(most, cursor), of)
            assert len(page.items) <= most
            items += shown(page.items)
            cursor, pages = page.next, pages + 1
    return items


def looked_at(wanted: BacklogFilter, of: Sequence[View] = BOTH) -> Iterator[Json]:
    """Every row of the views that a summary counts, with what it can be told apart by."""
    filters = {"billing_status": STATUSES, **wanted.any_of}
    asked = BacklogFilter(
        any_of=filters,
        date_from=wanted.date_from,
        date_to=wanted.date_to,
        amount_min=wanted.amount_min,
        amount_max=wanted.amount_max,
        text=wanted.text,
    )
    of_sales = {"class", "nte_status", "resource", "role", "category"}
    if TIME_AND_MATERIAL in of and "milestone_status" not in filters:
        yield from matching_rows(SALES, asked)
    if FIXED_PRICE in of and not of_sales & filters.keys():
        milestone = {"class": "milestone", "nte_status": None, "nte_detail": None}
        yield from ({**row, **milestone} for row in matching_rows(PARTS, asked))


def added_up(rows: Iterator[Json], by: Sequence[str]) -> list[Json]:
    """A summary by adding row to row."""
    columns = [*dict.fromkeys(chain(*(BY[one] for one in by), ("currency", "billing_type")))]
    kinds = defaultdict[tuple[str, ...], list[Json]](list)
    for row in rows:
        own = {**row, "month": f"{row['date']:%Y-%m}"}
        kinds[tuple(own[name] or "" for name in columns)].append(row)
    items: list[Json] = []
    for key, of_kind in sorted(kinds.items()):
        told = {name: value or None for name, value in zip(columns, key, strict=True)}
        items.append(item(told, by, of_kind))
    return items


def item(told: Json, by: Sequence[str], rows: list[Json]) -> Json:
    names = {
        f"{one}_name": NAMES.get(one) or f"N{told['contract_id'][1:]}"
        for one in by
        if one in {"customer", "contract", "line"}
    }
    parts: dict[str, list[Json]] = {name: [] for name in (*PART_OF.values(), "blocked")}
    levels = defaultdict[str, list[Json]](list)
    for row in rows:
        if (row["billing_status"], row["nte_status"]) == ("not_ready", "failed"):
            parts["blocked"].append(row)
            for failed in json.loads(row["nte_detail"]):
                levels[failed["level"]].append(row)
        else:
            parts[PART_OF[row["billing_status"]]].append(row)
    currency = told["currency"]
    found: Json = {name: sums(some, currency) for name, some in parts.items()}
    found["blocked"]["levels"] = {name: sums(some, currency) for name, some in levels.items()}
    tax = from_minor(sum(row["tax"] for row in rows), currency)
    name = next(iter(names.values()), None)
    return {**told, **names, "name": name, **sums(rows, currency), "tax": tax, **found}


def sums(rows: list[Json], currency: str) -> Json:
    amount = sum(row["amount"] for row in rows)
    return {"count": len(rows), "amount": from_minor(amount, currency)}


@examples(150)
@given(
    st.one_of(SALES_FILTERS, PART_FILTERS, st.just({})),
    st.one_of(DATES, WHOLE_MONTHS, st.just({})),
    st.one_of(AMOUNTS, st.just({})),
    TEXTS,
    DIMENSIONS,
    st.integers(1, 400),
    st.sampled_from([BOTH, BOTH, BOTH[:1], BOTH[1:]]),
)
def test_a_summary_is_what_all_rows_come_to(
    large: Engine,
    any_of: Mapping[str, Sequence[str]],
    dates: Json,
    amounts: Json,
    text: str | None,
    by: list[str],
    limit: int,
    of: Sequence[View],
) -> None:
    """By totals that are kept or by rows, in pages or not; no currency is added to another.

    Two examples would come to 400 pages, and take as long as all others do ten times.
    """
    wanted = BacklogFilter(any_of=any_of, text=text, **dates, **amounts)
    assert summarized(large, wanted, by, limit, of, 50) == added_up(looked_at(wanted, of), by)


@pytest.mark.parametrize("by", [*BY])
def test_by_any_one_dimension_and_whatever_month_a_summary_is_what_all_rows_come_to(
    large: Engine, by: str
) -> None:
    whole: Json = {}
    for dates in (whole, months(3, 5)):
        wanted = BacklogFilter(**dates)
        assert summarized(large, wanted, [by]) == added_up(looked_at(wanted), [by])


@pytest.mark.parametrize("by", OF_IDS)
def test_page_by_page_a_summary_is_what_all_rows_come_to(large: Engine, by: str) -> None:
    """As far as a page goes, and no further, totals are looked at: nothing is lost between two."""
    whole = BacklogFilter()
    for limit in (1, 9, 30):
        assert summarized(large, whole, [by], limit) == added_up(looked_at(whole), [by])


@examples(50)
@given(SALES_FILTERS, DIMENSIONS)
def test_each_item_is_in_one_part_and_these_add_up(
    large: Engine, any_of: Mapping[str, Sequence[str]], by: list[str]
) -> None:
    parts = (*PART_OF.values(), "blocked")
    for one in summarized(large, BacklogFilter(any_of=any_of), by):
        assert one["count"] == sum(one[part]["count"] for part in parts)


def test_canceled_items_are_in_no_part(large: Engine) -> None:
    canceled = BacklogFilter(any_of={"billing_status": ["canceled"]})
    assert summarized(large, canceled) == []
    both = BacklogFilter(any_of={"billing_status": ["canceled", "ready"]})
    assert summarized(large, both) == summarized(
        large, BacklogFilter(any_of={"billing_status": ["ready"]})
    )


def test_all_milestones_are_the_fixed_price_view(large: Engine) -> None:
    milestones = summarized(large, BacklogFilter(any_of={"class": ["milestone"]}), ["line"])
    assert milestones
    assert milestones == summarized(large, BacklogFilter(any_of={}), ["line"], of=[FIXED_PRICE])


def test_items_that_failed_at_many_sets_of_levels_are_on_a_page_whole(shared_views: Engine) -> None:
    """Each set is a row of the statement, which reads so many only if it has to."""
    levels = ("line_customer", "line", "contract_customer", "contract")
    sets = [[level for n, level in enumerate(levels) if 1 << n & which] for which in range(1, 16)]
    fill_with_failed(shared_views, sets)
    for limit in (1, 2, 3):
        first, *others = summarized(shared_views, BacklogFilter(), ["customer"], limit)
        assert len(others) == 2
        assert first["blocked"]["count"] == len(sets)
        assert {level: of["count"] for level, of in first["blocked"]["levels"].items()} == (
            dict.fromkeys(levels, 8)
        )


def test_after_every_event_a_summary_counts_each_item(shared_views: Engine) -> None:
    for end in range(1, len(STORY) + 1):
        feed(shared_views, STORY[:end])
        for by in BY:
            kept = summarized(shared_views, BacklogFilter(), [by])
            by_rows = summarized(shared_views, BacklogFilter(date_from=date(1999, 9, 9)), [by])
            assert kept == by_rows


@pytest.mark.parametrize("by", OF_IDS)
def test_who_has_no_items_leaves_no_gap_in_a_summary(shared_views: Engine, by: str) -> None:
    """Two contracts of a hundred have items; they come after more others than a page has places."""
    empty(shared_views)
    some = PutRows(time_and_material, [of for of in sales() if of["contract_id"] in {"C42", "C7"}])
    Writer(shared_views).write([*terms(), some], after=0, position=1)
    found = summarized(shared_views, BacklogFilter(), [by], 1)
    assert len(found) == 2
    assert found == summarized(shared_views, BacklogFilter(date_from=FIRST_DAY), [by])


def test_a_cursor_of_another_summary_is_refused(large: Engine) -> None:
    with as_of_now(large) as (connection, _):
        page = summarize(connection, BacklogFilter(), ["customer"], PageRequest(1))
        with pytest.raises(BadQuery, match="belongs to another sort order"):
            summarize(connection, BacklogFilter(), ["month"], PageRequest(1, page.next))


def fill_with_failed(views: Engine, sets: Sequence[Sequence[str]]) -> None:
    """Three customers with an item for each of these sets of levels that it failed at."""
    empty(views)
    first = sales()[0]
    rows = [
        {
            **first,
            "item_id": f"{customer}-{n}",
            "customer_id": customer,
            "billing_status": "not_ready",
            "nte_status": "failed",
            "nte_detail": json.dumps([{"level": level} for level in levels]),
        }
        for customer in ("A", "B", "C")
        for n, levels in enumerate(sets)
    ]
    Writer(views).write([PutRows(time_and_material, rows)], after=0, position=100_000)
