"""Lists in pages: every row once, in order, whatever the sort; and cursors that nobody gave."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Table, event

from aggregates.statuses import BillingStatus
from projections.keeping.writer import Writer
from projections.projecting.changes import Put
from projections.tables import (
    booked_actuals,
    contracts,
    fixed_price,
    invoices,
    jobs,
    parked_events,
    search_texts,
    time_and_material,
)
from projections.values.search_texts import each_once, text_row
from projections.values.units import from_minor
from projections.views import actuals as actual_views
from projections.views import jobs as job_views
from projections.views import parked_events as parked_views
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_fixed_price, list_time_and_material
from projections.views.contract import listed_contracts
from projections.views.contract import performance as performance_views
from projections.views.invoice import invoices as invoice_views
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import BadQuery, PageRequest
from projections.views.resource import Page
from tests.projections.feeding import apply, empty, examples, shown

DAY = date(2026, 3, 2)
OPEN = [BillingStatus.NOT_READY, BillingStatus.READY, BillingStatus.INVOICE_CREATED]
EVERYTHING = BacklogFilter()
Values = dict[str, Any]
List = Callable[[Connection, PageRequest], Page[Any]]


def list_sales(connection: Connection, request: PageRequest) -> Page[Any]:
    return list_time_and_material(connection, EVERYTHING, request, totals=False)


def list_milestones(connection: Connection, request: PageRequest) -> Page[Any]:
    return list_fixed_price(connection, EVERYTHING, request, totals=False)


def sale(item_id: str, **values: Any) -> Values:
    """A row of the time-and-material view."""
    same = {
        "position": 1,
        "approval_id": "1",
        "contract_id": "C1",
        "line_id": "T",
        "customer_id": "A",
        "class": "time",
        "date": DAY,
        "resource": None,
        "role": None,
        "category": None,
        "task_id": None,
        "description": None,
        "quantity": 0,
        "unit_price": 0,
        "amount": 0,
        "tax": 0,
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "not_ready",
        "nte_status": "not_applicable",
        "nte_detail": None,
        "invoice_id": None,
        "adjustment_status": "adjustable",
        "sequence": int.from_bytes(item_id.encode()[:6]),
        "text_id": text["text_id"] if (text := text_row(values.get("description"))) else None,
    }
    return {**same, "item_id": item_id, **values}


def put(views: Engine, table: Table, *rows: Mapping[str, Any]) -> None:
    """Writes these rows into the views as they stand, with the texts that they are found by."""
    writer = Writer(views)
    position = writer.position()
    texts = each_once(text_row(row.get("description")) for row in rows)
    changes = [Put(table, rows), Put(search_texts, texts)]
    apply(writer, changes, after=position, position=position + 1)


def refill(views: Engine, table: Table, rows: list[Values]) -> None:
    empty(views)
    put(views, contracts, contract("C1"))
    put(views, table, *rows)


def contract(contract_id: str, name: str = "Harbour") -> Values:
    terms = {
        "name": name,
        "search_text": name.lower(),
        "currency": "EUR",
        "nte_limit": None,
        "approval": "none",
        "version": 1,
    }
    return {"contract_id": contract_id, **terms}


def walk(views: Engine, listed: List, limit: int, sort: str | None = None) -> list[Values]:
    """Every page, from the first on to where there is no next one."""
    found: list[Any] = []
    cursor = None
    for _ in range(1000):
        with views.connect() as connection:
            page = listed(connection, PageRequest(limit=limit, cursor=cursor, sort=sort))
        assert len(page.items) <= limit
        found += shown(page.items)
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.items) == limit, "a page with a next one is full"
    raise AssertionError("the pages never end")


def in_order(rows: list[Values], sort: str, key: str) -> list[Values]:
    """Python's own order: the last sort field first, as a stable sort wants it."""
    names = sort.split(",")
    ends = names if key in {name.removeprefix("-") for name in names} else [*names, key]
    if ends is not names and names[-1].startswith("-"):
        ends[-1] = f"-{key}"
    for name in reversed(ends):
        rows = sorted(rows, key=partial(_sort_key, name.removeprefix("-")), reverse=name[0] == "-")
    return rows


def _sort_key(name: str, row: Values) -> Any:
    """The value that a row sorts by; what it does not have goes before all that others have."""
    missing = date.min if name in {"cutoff", "accounting_date"} else ""
    return (
        row["amount"] + row["tax"]
        if name == "total"
        else missing
        if row[name] is None
        else row[name]
    )


# --- any rows, any sort, any limit -------------------------------------------------------------


def _sale(values: Values) -> Values:
    return sale(**values)


FIELDS = ("date", "amount", "quantity", "customer_id", "resource", "billing_status", "item_id")
SORTS = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda field: field[0],
).map(lambda fields: ",".join(f"{'-' if descending else ''}{name}" for name, descending in fields))
SALES = st.lists(
    st.fixed_dictionaries(
        {
            "item_id": st.text("aAéz~0🚢", min_size=1, max_size=3),
            "date": st.integers(-2, 2).map(lambda days: DAY + timedelta(days)),
            "amount": st.sampled_from([-(2**62), -1, 0, 1, 2**62]) | st.integers(-3, 3),
            "quantity": st.integers(-1, 1),
            "customer_id": st.sampled_from(["A", "a", "B", "É"]),
            "resource": st.sampled_from([None, "", "Ada", "Bo"]),
            "billing_status": st.sampled_from(OPEN),
            "sequence": st.integers(0, 10**6),
        }
    ).map(_sale),
    max_size=20,
    unique_by=(lambda row: row["item_id"], lambda row: row["sequence"]),
)


@examples(60)
@given(rows=SALES, sort=SORTS, limit=st.integers(1, 8))
def test_following_the_cursor_gives_every_row_once_in_order(
    shared_views: Engine, rows: list[Values], sort: str, limit: int
) -> None:
    refill(shared_views, time_and_material, rows)
    found = [row["item_id"] for row in walk(shared_views, list_sales, limit, sort)]
    assert found == [row["item_id"] for row in in_order(rows, sort, "sequence")]


@examples(40)
@given(rows=SALES, late=SALES, sort=SORTS, limit=st.integers(1, 4), after=st.integers(1, 4))
def test_rows_that_come_between_pages_make_none_repeat_and_none_get_lost(
    shared_views: Engine, rows: list[Values], late: list[Values], sort: str, limit: int, after: int
) -> None:
    refill(shared_views, time_and_material, rows)
    known = {row["item_id"] for row in rows}
    taken = {row["sequence"] for row in rows}
    late = [row for row in late if row["item_id"] not in known and row["sequence"] not in taken]
    pages = 0

    def listed(connection: Connection, request: PageRequest) -> Page[Any]:
        nonlocal pages
        pages += 1
        if pages == after + 1:
            put(shared_views, time_and_material, *late)
        return list_sales(connection, request)

    found = [row["item_id"] for row in walk(shared_views, listed, limit, sort)]
    assert len(found) == len(set(found))
    expected = [row["item_id"] for row in in_order(rows, sort, "sequence")]
    assert [item_id for item_id in found if item_id in known] == expected


def milestone(number: int) -> Values:
    return {
        "item_id": f"M{number:02d}",
        "milestone_id": f"M{number}",
        "contract_id": "C1",
        "line_id": "F",
        "customer_id": "A",
        "ordinal": 0,
        "date": DAY + timedelta(number % 3),
        "amount": number % 4,
        "tax": 0,
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "not_ready",
        "invoice_id": None,
    }


def invoice(number: int) -> Values:
    return {
        "invoice_id": f"I{number:02d}",
        "position": number // 2,
        "number": f"INV-{number % 4}" if number % 2 else None,
        "status": "draft",
        "contract_id": "C1",
        "customer_id": "A",
        "currency": "EUR",
        "cutoff": DAY + timedelta(number % 3) if number % 4 else None,
        "accounting_date": None,
        "corrects": None,
        "corrects_number": None,
        "has_corrections": False,
        "approval_actor": None,
        "approval_at": None,
        "approval_version": None,
        "amount": number % 3,
        "tax": number % 5,
        "version": 1,
    }


def actual(number: int) -> Values:
    of_sale = sale("x", date=DAY + timedelta(number % 3), amount=number % 4, position=number // 2)
    kept = {name: of_sale[name] for name in of_sale if name in booked_actuals.c}
    booked = {"type": "billed_sales", "reversal_of": None, "milestone_id": None}
    booked |= {"cause": "confirmation", "replaces": None, "accounting_date": None}
    kept["approval_id"] = f"{number % 3}" if number % 2 else None
    return {**kept, **booked, "actual_id": f"A{number:02d}", "invoice_id": "I", "sequence": number}


def waiting(number: int) -> Values:
    names = ("parked_id", "source", "event_id", "type", "contract_id", "line_id", "approval_id")
    problem = {"problem_code": "x", "problem_detail": "x", "data": "{}"}
    return {**dict.fromkeys(names, f"p{number:02d}"), **problem, "position": number // 2}


def job(number: int) -> Values:
    return {
        "job_id": f"J{number:02d}",
        "position": number // 2,
        "kind": f"kind {number % 3}",
        "request": "{}",
        "status": "complete",
        "done": number % 4,
        "total": 3,
        "requested_at": "2026-03-02T12:00:00+00:00",
        "ended_at": f"2026-03-0{number % 3 + 2}T12:00:00+00:00" if number % 2 else None,
        "actor": "tester",
        "reason": None,
        "problem_code": None,
        "problem_detail": None,
        "version": 1,
    }


LISTS: dict[str, tuple[Table, Callable[[int], Values], List, str, str]] = {
    "fixed price": (fixed_price, milestone, list_milestones, "item_id", "date"),
    "invoices": (
        invoices,
        invoice,
        lambda connection, request: invoice_views.list_invoices(
            connection, UNRESTRICTED, {}, request
        ),
        "invoice_id",
        "position",
    ),
    "actuals": (
        booked_actuals,
        actual,
        lambda connection, request: actual_views.list_actuals(
            connection, UNRESTRICTED, {}, request
        ),
        "actual_id",
        "position",
    ),
    "contracts": (
        contracts,
        lambda number: contract(f"C{number:02d}", f"name {number % 3}"),
        lambda connection, request: listed_contracts.list_contracts(
            connection, UNRESTRICTED, request
        ),
        "contract_id",
        "contract_id",
    ),
    "jobs": (
        jobs,
        job,
        lambda connection, request: job_views.list_jobs(connection, {}, request),
        "job_id",
        "position",
    ),
    "parked": (parked_events, waiting, parked_views.list_parked, "parked_id", "position"),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 20, 21])
def test_every_list_pages_through_all_its_rows_in_its_own_order(
    shared_views: Engine, name: str, limit: int
) -> None:
    table, make, listed, key, default = LISTS[name]
    rows = [make(number) for number in (7 * n % 20 for n in range(20))]
    empty(shared_views)
    put(shared_views, table, *rows)
    found = walk(shared_views, listed, limit)
    assert [row[key] for row in found] == [row[key] for row in in_order(rows, default, key)]


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("fixed price", "-amount,date"),
        ("fixed price", "-date"),
        ("invoices", "-amount,position"),
        ("invoices", "-cutoff,number"),
        ("invoices", "accounting_date,-total"),
        ("actuals", "approval_id,-amount"),
        ("actuals", "date,-amount"),
        ("actuals", "-date,-actual_id"),
        ("contracts", "-name"),
        ("fixed price", "-invoice_id,milestone_id"),
        ("jobs", "-position"),
        ("jobs", "kind,-done"),
        ("jobs", "-ended_at,kind"),
        ("parked", "-position"),
        ("parked", "line_id"),
    ],
)
def test_every_list_pages_through_all_its_rows_in_any_order(
    shared_views: Engine, name: str, sort: str
) -> None:
    table, make, listed, key, _ = LISTS[name]
    rows = [make(number) for number in range(20)]
    empty(shared_views)
    put(shared_views, table, *rows)
    found = [row[key] for row in walk(shared_views, listed, 3, sort)]
    assert found == [row[key] for row in in_order(rows, sort, key)]


@pytest.mark.parametrize("name", LISTS)
def test_a_large_page_takes_as_many_statements_as_a_small_one(
    shared_views: Engine, name: str
) -> None:
    table, make, listed, _, _ = LISTS[name]
    empty(shared_views)
    put(shared_views, table, *map(make, range(20)))
    executed: list[str] = []
    with shared_views.begin() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def count(_: object, __: object, statement: str, *___: object) -> None:  # pyright: ignore[reportUnusedFunction] - an event
            executed.append(statement)

        listed(connection, PageRequest(limit=1))
        of_one = len(executed)
        assert len(listed(connection, PageRequest(limit=20)).items) == 20
    assert len(executed) - of_one == of_one


def test_a_list_sorts_by_the_names_joined_to_its_rows(shared_views: Engine) -> None:
    refill(shared_views, time_and_material, [sale(f"{n}", contract_id=f"C{n}") for n in range(5)])
    put(shared_views, contracts, *(contract(f"C{n}", f"name {-n % 3}") for n in range(5)))
    found = walk(shared_views, list_sales, 2, "contract_name,-item_id")
    assert [row["item_id"] for row in found] == ["3", "0", "2", "4", "1"]


def test_a_field_named_twice_sorts_as_it_is_named_first(shared_views: Engine) -> None:
    rows = [sale(f"{number}", amount=number) for number in range(5)]
    refill(shared_views, time_and_material, rows)
    found = walk(shared_views, list_sales, 2, "-amount,amount")
    assert [row["item_id"] for row in found] == ["4", "3", "2", "1", "0"]


# --- what no list gave -------------------------------------------------------------------------


@pytest.fixture
def three(shared_views: Engine) -> Engine:
    """Views with three sales."""
    rows = [sale(f"{n}", amount=n, date=DAY + timedelta(n)) for n in range(3)]
    refill(shared_views, time_and_material, rows)
    return shared_views


def ask(views: Engine, cursor: str | None, sort: str | None = None) -> Page[Any]:
    with views.connect() as connection:
        return list_sales(connection, PageRequest(limit=1, cursor=cursor, sort=sort))


def cursor_of(*content: Any) -> str:
    packed = json.dumps(list(content)).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def refusal(views: Engine, cursor: str | None, sort: str | None = None) -> tuple[str, str]:
    with pytest.raises(BadQuery) as refused:
        ask(views, cursor, sort)
    return refused.value.field, str(refused.value)


NOT_GIVEN = ("cursor", "is not a cursor that this list gave")
OTHER_SORT = ("cursor", "belongs to another sort order")


@pytest.mark.parametrize("sort", ["nothing", "date,", "--date", ",", "nte_detail", "Date", " date"])
def test_an_unknown_sort_field_is_refused_and_the_known_ones_named(
    three: Engine, sort: str
) -> None:
    field, detail = refusal(three, None, sort)
    assert field == "sort"
    assert "can't sort by" in detail
    known = detail.partition("sortable are ")[2].split(", ")
    assert known == sorted(known)
    assert {"date", "amount", "billing_status", "customer_name"} <= {*known}


def test_a_cursor_of_another_sort_is_refused(three: Engine) -> None:
    cursor = ask(three, None, "amount").next
    assert cursor
    assert refusal(three, cursor, "-amount") == OTHER_SORT
    assert refusal(three, cursor) == OTHER_SORT
    assert ask(three, cursor, "amount").items[0].item_id == "1"


@pytest.mark.parametrize(
    "values",
    [
        ["2026-03-02"],
        ["2026-03-02", 0, "more"],
        [],
    ],
)
def test_a_cursor_with_too_few_or_too_many_values_is_refused(
    three: Engine, values: list[Any]
) -> None:
    assert refusal(three, cursor_of(["date", "sequence"], values)) == OTHER_SORT


@pytest.mark.parametrize(
    "values",
    [
        [DAY.toordinal(), 0],
        ["yesterday", 0],
        [None, 0],
        ["2026-03-02", "0"],
        ["2026-03-02", None],
        ["2026-03-02", [0]],
        ["2026-03-02", {"0": 1}],
        ["2026-03-02", 0.5],
    ],
)
def test_a_cursor_with_values_of_other_types_is_refused(three: Engine, values: list[Any]) -> None:
    assert refusal(three, cursor_of(["date", "sequence"], values)) == NOT_GIVEN


@pytest.mark.parametrize("text", [0, None, ["0"], "\ud800", "\x00"])
def test_a_cursor_with_what_is_no_text_is_refused(three: Engine, text: Any) -> None:
    cursor = cursor_of(["customer_id", "sequence"], [text, 0])
    assert refusal(three, cursor, "customer_id") == NOT_GIVEN


@pytest.mark.parametrize("amount", ["1", 1.0, None, 2**63, -(2**63), 10**30])
def test_a_cursor_with_a_number_that_no_column_holds_is_refused(three: Engine, amount: Any) -> None:
    assert refusal(three, cursor_of(["amount", "sequence"], [amount, 0]), "amount") == NOT_GIVEN


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "not base64!",
        "é",
        cursor_of(),
        cursor_of(1),
        cursor_of(1, 2, 3),
        base64.urlsafe_b64encode(b"7").decode(),
        base64.urlsafe_b64encode(b"null").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 1499).decode(),
        cursor_of(["date", "sequence"], 5),
    ],
)
def test_what_is_no_cursor_at_all_is_refused(three: Engine, cursor: str) -> None:
    assert refusal(three, cursor) == NOT_GIVEN


def _changed(cursor: str, index: int, letter: str) -> str:
    at = index % len(cursor)
    return cursor[:at] + letter + cursor[at + 1 :]


LETTERS = st.sampled_from("ABCXYZabcxyz0189-_=. é/+")


@examples(150)
@given(index=st.integers(0, 200), letter=LETTERS)
def test_a_cursor_with_a_letter_changed_is_refused_or_starts_somewhere(
    shared_views: Engine, index: int, letter: str
) -> None:
    given_one = cursor_of(["date", "sequence"], ["2026-03-02", 0])
    with suppress(BadQuery):
        ask(shared_views, _changed(given_one, index, letter))


@examples(150)
@given(cursor=st.text(min_size=1, max_size=60))
def test_any_text_is_refused_as_a_cursor(shared_views: Engine, cursor: str) -> None:
    assert refusal(shared_views, cursor) in {NOT_GIVEN, OTHER_SORT}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)


@examples(100)
@given(first=JSON, second=JSON)
def test_any_values_in_a_cursor_are_refused_or_start_somewhere(
    shared_views: Engine, first: Any, second: Any
) -> None:
    cursor = cursor_of(["amount", "sequence"], [first, second])
    fits = all(isinstance(value, int) and abs(value) < 2**63 for value in (first, second))
    assume(not fits)
    assert refusal(shared_views, cursor, "amount") == NOT_GIVEN


# --- text, and totals --------------------------------------------------------------------------

WILD = st.text(r"%_/\aA'*?[ ", min_size=1, max_size=4)


@pytest.mark.parametrize("text", ["%", "_", "/", "\\", "a%b", "a_b", "/%", "*", "?", "[a]"])
def test_a_wildcard_finds_only_itself(shared_views: Engine, text: str) -> None:
    rows = [sale("itself", description=f"x{text}x"), sale("another", description="xaxbx")]
    refill(shared_views, time_and_material, rows)
    with shared_views.connect() as connection:
        page = list_time_and_material(
            connection, BacklogFilter(text=text), PageRequest(), totals=False
        )
    assert [row.item_id for row in page.items] == ["itself"]


@examples(60)
@given(text=WILD, descriptions=st.lists(WILD, min_size=1, max_size=6))
def test_text_is_looked_for_literally_wildcards_too(
    shared_views: Engine, text: str, descriptions: list[str]
) -> None:
    rows = [sale(f"{n}", description=it) for n, it in enumerate(descriptions)]
    empty(shared_views)
    put(shared_views, time_and_material, *rows)
    wanted = BacklogFilter(text=text)
    with shared_views.connect() as connection:
        page = list_time_and_material(connection, wanted, PageRequest(), totals=True)
    expected = [f"{n}" for n, it in enumerate(descriptions) if text.lower() in it.lower()]
    assert [row.item_id for row in page.items] == expected
    assert sum(total.count for total in page.totals or []) == len(expected)


AMOUNTS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**63 - 1, -(2**63), 0, -1])
MONEY = st.tuples(AMOUNTS, AMOUNTS, st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from(OPEN))


def total_of(money: list[tuple[int, int, str, str]], currency: str, status: str) -> Values:
    some = [(amount, tax) for amount, tax, *key in money if key == [currency, status]]
    return {
        "currency": currency,
        "billing_status": status,
        "billing_type": "chargeable",
        "count": len(some),
        "amount": from_minor(sum(amount for amount, _ in some), currency),
        "tax": from_minor(sum(tax for _, tax in some), currency),
    }


def _amounts(entry: tuple[int, int, str, str]) -> Values:
    return dict(zip(("amount", "tax", "currency", "billing_status"), entry, strict=True))


@examples(40)
@given(money=st.lists(MONEY, max_size=12))
@pytest.mark.parametrize("view", ["fixed price", "time and material"])
def test_totals_are_exact_for_any_sign_and_beyond_64_bits(
    shared_views: Engine, view: str, money: list[tuple[int, int, str, str]]
) -> None:
    fixed = view == "fixed price"
    table, listed = (
        (fixed_price, list_fixed_price) if fixed else (time_and_material, list_time_and_material)
    )
    rows = [
        {**(milestone(n) if fixed else sale(f"{n}")), **_amounts(entry)}
        for n, entry in enumerate(money)
    ]
    refill(shared_views, table, rows)
    with shared_views.connect() as connection:
        page = listed(connection, EVERYTHING, PageRequest(limit=1), totals=True)
    groups = sorted({(currency, status) for _, _, currency, status in money})
    assert shown(page.totals) == [total_of(money, currency, status) for currency, status in groups]


def test_the_performance_of_a_contract_is_exact_beyond_64_bits_d60(shared_views: Engine) -> None:
    rows = [sale(f"{n}", amount=2**62) for n in range(5)]
    refill(shared_views, time_and_material, rows)
    put(shared_views, fixed_price, *({**milestone(n), "amount": 2**62} for n in range(3)))
    with shared_views.connect() as connection:
        found = performance_views.performance(connection, UNRESTRICTED, "C1")
    assert found
    assert found.not_ready == {
        "milestone": from_minor(3 * 2**62, "EUR"),
        "time": from_minor(5 * 2**62, "EUR"),
    }
