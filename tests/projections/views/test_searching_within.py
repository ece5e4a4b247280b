"""Rows by a text within a filter: of a customer, a contract or some days (`q` with others)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from aggregates.contract_line.events import UnbilledSalesRecorded
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.backlog.search import searching, text_lookup
from projections.views.paging import PageRequest
from tests.projections.feeding import feed
from tests.projections.story import CONTRACT_DEFINED, TIME_LINE_DEFINED, recorded, sale, work

DAY = date(2026, 3, 2)
ROWS = 240
CUSTOMERS = "ABC"


def says(n: int) -> str:
    """What was done: customer A has no workshop, and the first days no visit."""
    return "review" if n % 3 == 0 else f"workshop {n % 40}" if n < ROWS // 2 else f"visit {n % 40}"


def day_of(n: int) -> date:
    return DAY + timedelta(n // 8)


def fill(views: Engine) -> None:
    """One row each day by turns of three customers, each on a contract of its own."""
    defined = [
        event
        for each in CUSTOMERS
        for event in (
            replace(CONTRACT_DEFINED, contract_id=f"K{each}", name=f"Deal {each}"),
            replace(TIME_LINE_DEFINED, contract_id=f"K{each}"),
        )
    ]
    sold = [
        UnbilledSalesRecorded(
            contract_id=f"K{CUSTOMERS[n % 3]}",
            line_id="T",
            currency="EUR",
            approvals=(
                replace(
                    work(f"N{n:03d}", sale(f"n{n:03d}", CUSTOMERS[n % 3], "1.00"), day=day_of(n)),
                    description=says(n),
                    resource=None,
                    role=None,
                    task_id=None,
                ),
            ),
        )
        for n in range(ROWS)
    ]
    feed(views, recorded([*defined, *sold]))


def found(views: Engine, wanted: BacklogFilter, sort: str) -> list[str]:
    """The ids of all rows, page by page."""
    ids: list[str] = []
    cursor = None
    for _ in range(ROWS):
        with views.connect() as connection:
            request = PageRequest(limit=7, cursor=cursor, sort=sort)
            page = list_time_and_material(connection, wanted, request, totals=False)
        ids += [row.item_id for row in page.items]
        cursor = page.next
        if cursor is None:
            return ids
    raise AssertionError("the pages never end")


def ids_of(text: str, sort: str, passes: Callable[[int], bool]) -> list[str]:
    """The ids of the rows that have the text and pass a filter."""

    def has(n: int) -> bool:
        said = (says(n), f"n{n:03d}", f"deal {CUSTOMERS[n % 3].lower()}")
        return any(text in each for each in said)

    ids = [f"n{n:03d}" for n in range(ROWS) if passes(n) and has(n)]
    return ids if sort == "date" else ids[::-1]


FILTERS: Sequence[tuple[Mapping[str, Sequence[str]], Callable[[int], bool]]] = [
    ({"customer_id": ["A"]}, lambda n: n % 3 == 0),
    ({"contract_id": ["KB"]}, lambda n: n % 3 == 1),
    ({"customer_id": ["B"], "contract_id": ["KB"]}, lambda n: n % 3 == 1),
    ({"customer_id": ["A", "C"], "billing_status": ["not_ready"]}, lambda n: n % 3 != 1),
    ({"class": ["time"]}, lambda n: True),
]


@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize(
    "most", [{}, {"MOST_WITHIN": 5, "FIRST": 0}, {"MOST_STRANDS": 1, "FIRST": 0}]
)
def test_within_a_filter_a_text_finds_the_rows_that_pass_it(
    shared_views: Engine, monkeypatch: pytest.MonkeyPatch, sort: str, most: Mapping[str, int]
) -> None:
    fill(shared_views)
    for name, value in {"DEAR": 20, "FAR": 8, "MANY": 2, "MOST_SORTED": 9, **most}.items():
        monkeypatch.setattr(searching, name, value)
    for by, passes in FILTERS:
        for text in ("workshop", "visit", "n1", "n23", "deal a", "7"):
            wanted = BacklogFilter(any_of=by, text=text)
            assert found(shared_views, wanted, sort) == ids_of(text, sort, passes)


@pytest.mark.parametrize("at_once", [1_000, 0])
@pytest.mark.parametrize("looked_at", [5_000, 1])
@pytest.mark.parametrize("sort", ["date", "-date"])
def test_among_some_days_a_text_finds_the_rows_of_these(
    shared_views: Engine, monkeypatch: pytest.MonkeyPatch, sort: str, looked_at: int, at_once: int
) -> None:
    fill(shared_views)
    monkeypatch.setattr(text_lookup, "MOST_AT_ONCE", at_once)
    monkeypatch.setattr(text_lookup, "MOST_OF_A_LETTER", at_once)
    monkeypatch.setattr(text_lookup, "LOOKED_AT", looked_at)
    first, last = day_of(100), day_of(190)
    for text in ("n0", "n1", "n23", "visit 1", "deal c", "11"):
        wanted = BacklogFilter(date_from=first, date_to=last, text=text)
        expected = ids_of(text, sort, lambda n: first <= day_of(n) <= last)
        assert found(shared_views, wanted, sort) == expected
    ever = BacklogFilter(date_from=date.min, date_to=date.max, text="n1")
    assert found(shared_views, ever, sort) == ids_of("n1", sort, lambda n: True)
