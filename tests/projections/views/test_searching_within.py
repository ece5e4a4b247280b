"""Rows by a text within a filter: of a customer, a contract or some days (`q` with others)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from aggregates.contract_line.events import UnbilledSalesRecorded
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.backlog.search import leading, searching, text_lookup
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


@pytest.fixture(scope="module", name="views")
def _filled(shared_views: Engine) -> Engine:
    """Eight rows a day by turns of three customers, each on a contract of its own."""
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
    feed(shared_views, recorded([*defined, *sold]))
    return shared_views


def found(views: Engine, wanted: BacklogFilter, sort: str) -> list[str]:
    """The ids of all rows, page by page."""
    ids: list[str] = []
    cursor = None
    for _ in range(ROWS):
        with views.connect() as connection:
            request = PageRequest(limit=24, cursor=cursor, sort=sort)
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


def by_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked up is so after a first step, of as many rows as a page has."""
    for name, value in {"FAR": 30, "STEP": 2, "GONE_THROUGH": 1}.items():
        monkeypatch.setattr(searching, name, value)


TEXTS = ("workshop", "visit", "n1", "n23", "deal a", "7")
AS_IT_IS: Mapping[str, int] = {}


@pytest.mark.parametrize(
    ("most", "sort"),
    [
        (AS_IT_IS, "date"),
        (AS_IT_IS, "-date"),
        ({"MOST_WITHIN": 5, "MOST_BY_INDEX": 0}, "date"),
        ({"MOST_STRANDS": 1, "MOST_BY_INDEX": 0}, "-date"),
    ],
    ids=["by indexes", "by indexes, last first", "too many for that", "each by its first row"],
)
def test_within_a_filter_a_text_finds_the_rows_that_pass_it(
    views: Engine, monkeypatch: pytest.MonkeyPatch, sort: str, most: Mapping[str, int]
) -> None:
    by_small_steps(monkeypatch)
    for name, value in {"MOST_SORTED": 9, **most}.items():
        monkeypatch.setattr(leading, name, value)
    for by, passes in FILTERS:
        for text in TEXTS:
            wanted = BacklogFilter(any_of=by, text=text)
            assert found(views, wanted, sort) == ids_of(text, sort, passes), (by, text)


@pytest.mark.parametrize("at_once", [1_000, 3], ids=["at once", "by and by"])
@pytest.mark.parametrize("sort", ["date", "-date"])
def test_among_some_days_a_text_finds_the_rows_of_these(
    views: Engine, monkeypatch: pytest.MonkeyPatch, sort: str, at_once: int
) -> None:
    by_small_steps(monkeypatch)
    monkeypatch.setitem(text_lookup.AT_ONCE, 3, at_once)
    first, last = day_of(100), day_of(190)
    for text in ("n0", "n10", "n19", "n23", "visit 1", "deal c", "11"):
        wanted = BacklogFilter(date_from=first, date_to=last, text=text)
        expected = ids_of(text, sort, lambda n: first <= day_of(n) <= last)
        assert found(views, wanted, sort) == expected, text
    ever = BacklogFilter(date_from=date.min, date_to=date.max, text="n1")
    assert found(views, ever, sort) == ids_of("n1", sort, lambda n: True)
