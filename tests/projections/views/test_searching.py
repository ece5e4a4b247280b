"""Rows by a text: of any approvals, descriptions and days, in any order, page by page (`q`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from aggregates.contract_line.events import UnbilledSalesRecorded
from aggregates.events import Event
from projections.tables import time_and_material
from projections.values.search_texts import Sought, folded, key_of
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_fixed_price, list_time_and_material
from projections.views.backlog.search import leading, matches, searching, text_lookup
from projections.views.paging import PageRequest
from tests.projections.feeding import examples, feed
from tests.projections.story import (
    CONTRACT_DEFINED,
    FIXED_LINE_DEFINED,
    TIME_LINE_DEFINED,
    recorded,
    sale,
    split,
    work,
)

DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Work:
    """An approval; whether it is billed, and so not in the list."""

    approval_id: str
    day: date
    description: str
    is_posted: bool = False


WORK = st.builds(
    Work,
    st.text("aA1b~É\u0131q -", min_size=1, max_size=4),
    st.integers(0, 3).map(lambda days: DAY + timedelta(days)),
    st.text("aA1bßq -ж", min_size=1, max_size=3),
    st.booleans(),
)
RECORDED = st.lists(st.lists(WORK, min_size=1, max_size=8), min_size=1, max_size=8)
SOUGHT = st.text("aA1b~É\u0131q -ßж", min_size=1, max_size=4)
SORTS = ("date", "-date", "-date,-sequence", "date,-sequence", "amount")


def fill(views: Engine, events: Sequence[Sequence[Work]], before: Sequence[Event] = ()) -> None:
    """Views of these approvals, each list of them recorded by one event."""
    feed(views, recorded([*before, *(event_of(n, works) for n, works in enumerate(events))]))
    posted = [f"{n}-{m}" for n, ws in enumerate(events) for m, w in enumerate(ws) if w.is_posted]
    of_posted = time_and_material.c.item_id.in_(posted)
    with views.begin() as connection:
        connection.execute(
            update(time_and_material).where(of_posted).values(billing_status="invoice_posted")
        )


def event_of(number: int, works: Sequence[Work]) -> UnbilledSalesRecorded:
    approvals = (
        replace(
            work(it.approval_id, sale(f"{number}-{place}", "A", "1.00"), day=it.day),
            description=it.description,
            resource=None,
            role=None,
            task_id=None,
        )
        for place, it in enumerate(works)
    )
    return UnbilledSalesRecorded(
        contract_id="C1", line_id="T", currency="EUR", approvals=tuple(approvals)
    )


def found(views: Engine, text: str, limit: int, sort: str | None) -> list[str]:
    """The ids of all rows with the text, page by page."""
    ids: list[str] = []
    cursor = None
    for _ in range(200):
        request = PageRequest(limit=limit, cursor=cursor, sort=sort)
        with views.connect() as connection:
            page = list_time_and_material(
                connection, BacklogFilter(text=text), request, totals=True
            )
        ids += [row.item_id for row in page.items]
        cursor = page.next
        if cursor is None:
            assert sum(total.count for total in page.totals or []) == len(ids)
            return ids
    raise AssertionError("the pages never end")


@examples(40)
@given(events=RECORDED, text=SOUGHT, limit=st.integers(1, 3), sort=st.sampled_from(SORTS))
def test_a_text_finds_the_rows_that_have_it_each_once_and_in_order(
    shared_views: Engine, events: list[list[Work]], text: str, limit: int, sort: str
) -> None:
    fill(shared_views, events)
    rows = [
        (it.day, number, f"{number}-{place}")
        for number, works in enumerate(events)
        for place, it in enumerate(works)
        if not it.is_posted
        and any(folded(text) in folded(said) for said in (it.approval_id, it.description))
    ]
    rows.sort(key=lambda row: row[1:], reverse="-sequence" in sort or sort == "-date")
    if sort != "amount":
        rows.sort(key=lambda row: row[0], reverse=sort[0] == "-")
    assert found(shared_views, text, limit, sort) == [item_id for *_, item_id in rows]


def among_many(events: Sequence[Sequence[Work]]) -> list[Sequence[Work]]:
    """The events between others, of the days before and after, so that rows are looked up."""
    days = [DAY + timedelta(n) for n in (-2, -1, 60, 61)]
    return [*events, *([Work("o" * n, day, "z") for n in range(1, 31)] for day in days)]


@pytest.mark.parametrize("at_once", [1_000, 3])
@examples(20)
@given(events=RECORDED, text=SOUGHT, limit=st.integers(1, 2), sort=st.sampled_from(SORTS))
def test_among_many_others_a_text_finds_the_same(
    shared_views: Engine, at_once: int, events: list[list[Work]], text: str, limit: int, sort: str
) -> None:
    fill(shared_views, events)
    alone = found(shared_views, text, limit, sort)
    fill(shared_views, among_many(events))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(text_lookup.AT_ONCE, 3, at_once)
        assert found(shared_views, text, limit, sort) == alone


@pytest.fixture(params=[1_000, 3], ids=["at once", "by and by"])
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has a text is looked up at once, or by and by; that is dear, or it is not."""
    monkeypatch.setitem(text_lookup.AT_ONCE, 3, request.param)
    monkeypatch.setattr(leading, "MOST_SORTED", request.param + 1)
    monkeypatch.setattr(searching, "FAR", 20)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("sort", ["date", "-date", "amount"])
@pytest.mark.parametrize("is_posted", [False, True], ids=["all open", "few open"])
def test_approvals_that_many_ids_match_are_found_page_by_page(
    shared_views: Engine, sort: str, *, is_posted: bool
) -> None:
    events = [
        [Work(f"X{n}-{m}", DAY + timedelta(m), "y", is_posted and m % 5 > 0) for m in range(40)]
        for n in range(5)
    ]
    fill(shared_views, among_many(events))
    expected = 5 * 40 // (5 if is_posted else 1)
    ids = found(shared_views, "x", 7, sort)
    assert len(set(ids)) == len(ids) == expected
    days = [int(item_id.split("-")[1]) for item_id in ids]
    if sort != "amount":
        assert days == sorted(days, reverse=sort == "-date")


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("sort", ["date", "-date"])
def test_ids_far_from_each_other_are_found_page_by_page(shared_views: Engine, sort: str) -> None:
    days = [DAY + timedelta(n) for n in range(12)]
    events = [
        [*(Work("o" * m, day, "z") for m in range(1, 31)), Work(f"x{day.day}", day, "z")]
        for day in days
    ]
    fill(shared_views, events)
    ids = found(shared_views, "x", 1, sort)
    expected = [f"{n}-30" for n in range(12)]
    assert ids == (expected if sort == "date" else expected[::-1])


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize("day", [DAY - timedelta(3), DAY - timedelta(1), DAY, DAY + timedelta(60)])
def test_a_text_is_found_within_some_days(shared_views: Engine, day: date, sort: str) -> None:
    works = [Work(f"x{n}", DAY + timedelta(n % 2), "z") for n in range(90)]
    fill(shared_views, among_many([works]))
    wanted = BacklogFilter(text="x", date_from=day, date_to=day)
    with shared_views.connect() as connection:
        page = list_time_and_material(
            connection, wanted, PageRequest(limit=2, sort=sort), totals=True
        )
    expected = sorted(f"0-{n}" for n in range(90) if DAY + timedelta(n % 2) == day)
    order = expected if sort == "date" else expected[::-1]
    assert [row.item_id for row in page.items] == order[:2]
    assert sum(total.count for total in page.totals or []) == len(expected)


def test_a_text_is_found_within_a_project(shared_views: Engine) -> None:
    fill(shared_views, among_many([[Work("x", DAY, "z")]]), [TIME_LINE_DEFINED])
    wanted = [BacklogFilter(text="x", any_of={"project_id": [project]}) for project in ("P1", "P2")]
    with shared_views.connect() as connection:
        pages = [
            list_time_and_material(connection, each, PageRequest(), totals=True) for each in wanted
        ]
    assert [[row.item_id for row in page.items] for page in pages] == [["0-0"], []]


def test_milestones_are_found_by_their_names_among_many(
    shared_views: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FAR", 20)
    many = [split(f"M{n}", "1.00", total=f"{n + 1}.00") for n in range(60)]
    feed(shared_views, recorded([CONTRACT_DEFINED, FIXED_LINE_DEFINED, *many]))
    with shared_views.connect() as connection:
        wanted = BacklogFilter(text="ne m58")
        page = list_fixed_price(connection, wanted, PageRequest(limit=2), totals=True)
    assert [row.item_id for row in page.items] == ["M58-A"]
    assert [total.count for total in page.totals or []] == [1]


def test_an_id_that_many_sources_gave_hides_no_other(shared_views: Engine) -> None:
    same = [[Work("x", DAY + timedelta(n), "z", is_posted=True)] for n in range(20)]
    fill(shared_views, among_many([*same, [Work("xy", DAY + timedelta(30), "z")]]))
    assert found(shared_views, "x", 1, "date") == ["20-0"]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("of_texts", [1, 9], ids=["few texts", "many texts"])
def test_texts_do_not_come_before_ids_that_are_not_read_yet(
    shared_views: Engine, of_texts: int
) -> None:
    billed = [[Work(f"x{n}", DAY, "z", is_posted=True) for n in range(20)]]
    late = [Work(f"n{n}", DAY + timedelta(9), f"x{n % of_texts}") for n in range(9)]
    fill(shared_views, among_many([*billed, [Work("x", DAY + timedelta(5), "z")], late]))
    assert found(shared_views, "x", 1, "date")[:2] == ["1-0", "2-0"]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(("gone_through", "of_a_letter"), [(25, 500), (100_000, 500), (25, 5)])
@pytest.mark.parametrize(("text", "sort"), [("x", "date"), ("x", "amount"), ("y", "date")])
def test_more_than_is_looked_up_is_gone_through(
    shared_views: Engine,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    sort: str,
    gone_through: int,
    of_a_letter: int,
) -> None:
    monkeypatch.setattr(matches, "MOST_TEXTS", 5)
    for most in ("MOST_APPROVALS", "MANY_ROWS"):
        monkeypatch.setattr(searching, most, 5)
    monkeypatch.setattr(searching, "FAR", 10)
    monkeypatch.setattr(searching, "MOST_GONE_THROUGH", gone_through)
    monkeypatch.setitem(text_lookup.AT_ONCE, 1, of_a_letter)
    events = [
        [Work(f"X{n}-{m}", DAY, f"y{n}{m}", is_posted=m > 0) for m in range(8)] for n in range(9)
    ]
    fill(shared_views, among_many(events))
    assert sorted(found(shared_views, text, 1, sort)) == [f"{n}-0" for n in range(9)]


@pytest.mark.parametrize("text", ["é", "ж", "qz", "q", "~", "a", "9", "z9", "9z", "zz"])
def test_short_texts_are_found_among_many_that_do_not_have_them(
    shared_views: Engine, text: str
) -> None:
    others: list[Work] = [Work(f"N{n}", DAY + timedelta(n % 30), "Form") for n in range(300)]
    rare = [Work("N", DAY + timedelta(29), f"m{text}"), Work(f"{text}.m", DAY, "Form")]
    fill(shared_views, [others, rare])
    has: Callable[[Work], bool] = lambda it: any(  # noqa: E731 - one line of a test
        folded(text) in folded(said) for said in (it.approval_id, it.description)
    )
    assert len(found(shared_views, text, 5, None)) == sum(map(has, [*others, *rare]))


@given(text=st.text(max_size=8), before=st.text(max_size=3), after=st.text(max_size=3))
def test_the_key_of_a_text_has_the_key_of_each_part_of_it(
    text: str, before: str, after: str
) -> None:
    whole = folded(before + text + after)
    for start in range(len(whole)):
        part = whole[start : start + max(1, len(text))]
        sought = Sought(part, key_of(part))
        assert any(key in key_of(whole) + "qq" for key in sought.alternatives())


def test_letters_of_keys_are_ascii_whatever_the_text() -> None:
    keys: Any = {key_of(folded(chr(code))) for code in range(0x20, 0x3000)}
    assert all(key.isascii() and key.isalnum() for key in keys)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize("first", [0, 10_000], ids=["looked up", "along the list"])
def test_rows_with_one_of_many_texts_are_found_in_order(
    shared_views: Engine, monkeypatch: pytest.MonkeyPatch, sort: str, first: int
) -> None:
    monkeypatch.setattr(leading, "MOST_BY_INDEX", first)
    days = [DAY + timedelta(m) for m in range(40)]
    numbers = [(m, n) for m in range(40) for n in range(24)]
    has_text = {place for count, place in enumerate(numbers) if count % 30 == 7}
    events = [
        [
            Work(f"N{n}-{m}", day, f"yy{m}" if (m, n) in has_text else "z", m % 5 == 0)
            for m, day in enumerate(days)
        ]
        for n in range(24)
    ]
    fill(shared_views, events)
    in_order = [f"{n}-{m}" for m, n in sorted(has_text) if m % 5]
    ids = found(shared_views, "yy", 15, sort)
    assert ids == (in_order if sort == "date" else in_order[::-1])
