"""Customers, contracts, lines and milestones as lists, and suggestions: as a look at every row."""

import base64
import json
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from aggregates.money import MINOR_UNITS
from projections.databases.connections import as_of_now
from projections.keeping.gathering import PutRows
from projections.keeping.writer import Writer
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    fixed_price,
    invoices,
    limit_usage,
    line_customers,
    milestones,
    search_texts,
    time_and_material,
)
from projections.values.search_texts import folded, milestone_row, milestone_text_id
from projections.views import suggestions
from projections.views.contract.customers import list_customers
from projections.views.contract.lines_and_milestones import (
    MilestonesAsked,
    list_lines,
    list_milestones,
)
from projections.views.contract.listed_contracts import list_contracts
from projections.views.contract.performance import performance
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import BadQuery, PageRequest
from projections.views.suggestions import suggest
from tests.projections import large_views
from tests.projections.feeding import examples, shown

Row = dict[str, Any]
Listed = Callable[[Connection, PageRequest], Any]
CONTRACTS, CURRENCIES = 12, ("EUR", "JPY", "KWD", "CLF")
NAMES = ("Harbour", "Ähre %", "QUAY_1", "Shore")
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")
DAY = date(2026, 3, 1)


def name_of(customer: int, contract: int) -> str:
    """What a contract calls a customer: not all call them the same."""
    return f"{NAMES[customer % 4]} {customer}{'' if contract % 3 else ' of old'}"


def customers_of(n: int) -> list[int]:
    return sorted({n % 5, n % 7})


CUSTOMERS: list[Row] = [
    {
        "contract_id": f"C{n}",
        "customer_id": f"Kü{customer}",
        "ordinal": ordinal,
        "name": name_of(customer, n),
        "search_text": folded(name_of(customer, n)),
        "nte_limit": None,
        "position": 100 - n,
    }
    for n in range(CONTRACTS)
    for ordinal, customer in enumerate(customers_of(n))
]
BOOKED: list[Row] = [
    {
        "contract_id": f"C{n}",
        "name": f"{NAMES[n % 4]} {n}",
        "search_text": folded(f"{NAMES[n % 4]} {n}"),
        "currency": CURRENCIES[n % 4],
        "nte_limit": None,
        "approval": "none",
        "version": 1,
    }
    for n in range(CONTRACTS)
]
LINES: list[Row] = [
    {
        "contract_id": f"C{n}",
        "line_id": f"L{line}",
        "name": f"Line {NAMES[(n + line) % 4]}",
        "search_text": folded(f"Line {NAMES[(n + line) % 4]}"),
        "project_id": f"P-{n % 3}",
        "billing_method": "fixed_price" if line else "time_and_material",
        "currency": CURRENCIES[n % 4],
        "contract_amount": None if n % 5 == 4 else 70_000 * n,
        "nte_limit": None,
        "schedule": "milestones",
        "includes": "[]",
        "chargeable": '{"roles": {}, "categories": {}, "tasks": null}',
        "milestones_total": 0,
        "version": 1,
    }
    for n in range(CONTRACTS)
    for line in range(2)
]
PAYERS: list[Row] = [
    {
        **{name: row[name] for name in ("contract_id", "customer_id", "ordinal")},
        "line_id": f"L{line}",
        "split_percent": "50",
        "rounding": False,
        "nte_limit": None,
    }
    for row in CUSTOMERS
    for line in range(2)
    if line == 0 or row["ordinal"] == 0
]
MILESTONES: list[Row] = [
    {
        "milestone_id": f"M{n}",
        "contract_id": f"C{n % CONTRACTS}",
        "line_id": "L1",
        "name": f"{NAMES[n % 4]} done",
        "currency": CURRENCIES[n % CONTRACTS % 4],
        "amount": 1000 * (n % 4),
        "tax": 0,
        "date": DAY + timedelta(n % 9),
        "task_id": None,
        "status": large_views.MILESTONE_STATUSES[n % 3],
        "text_id": milestone_text_id(f"M{n}"),
    }
    for n in range(30)
]
PARTS: list[Row] = [
    {
        **{name: row[name] for name in ("milestone_id", "contract_id", "line_id", "date")},
        **{name: row[name] for name in ("amount", "tax", "currency")},
        "item_id": f"{row['milestone_id']}-{ordinal}",
        "customer_id": customer,
        "ordinal": ordinal,
        "billing_type": "chargeable",
        "billing_status": STATUSES[n % 4],
        "invoice_id": None,
    }
    for n, row in enumerate(MILESTONES)
    for ordinal, customer in enumerate(
        each["customer_id"] for each in CUSTOMERS if each["contract_id"] == row["contract_id"]
    )
]
SALES: list[Row] = [
    {
        **row,
        "contract_id": f"C{n % 8}",
        "resource": (None, "Ada", "ÄDA Byron", "Bo")[n % 4],
        "currency": CURRENCIES[n % 8 % 4],
        "amount": 12_345 * n,
    }
    for n, row in enumerate(large_views.sales()[:400])
]
INVOICES: list[Row] = [
    {
        "invoice_id": f"I{n}",
        "position": n,
        "number": f"INV-{n:03d}" if n % 2 else None,
        "status": "draft",
        "contract_id": "C1",
        "customer_id": "Kü1",
        "currency": "EUR",
        "cutoff": None,
        "accounting_date": None,
        "corrects": None,
        "corrects_number": None,
        "has_corrections": False,
        "approval_actor": None,
        "approval_at": None,
        "approval_version": None,
        "amount": 0,
        "tax": 0,
        "version": 1,
    }
    for n in range(20)
]
USAGE: list[Row] = [
    {
        "contract_id": f"C{n}",
        "level": "contract",
        "line_id": "",
        "customer_id": "",
        "committed": 0,
        "invoiced": 31_415 * (n % 6) - 7,
    }
    for n in range(1, CONTRACTS)
]


@pytest.fixture(scope="module")
def directory(shared_views: Engine) -> Engine:
    """Views of some contracts."""
    texts = [milestone_row(row["name"], row["milestone_id"]) for row in MILESTONES]
    steps = (
        PutRows(contracts, BOOKED),
        PutRows(contract_customers, CUSTOMERS),
        PutRows(contract_lines, LINES),
        PutRows(line_customers, PAYERS),
        PutRows(milestones, MILESTONES),
        PutRows(search_texts, texts),
        PutRows(fixed_price, PARTS),
        PutRows(time_and_material, SALES),
        PutRows(invoices, INVOICES),
        PutRows(limit_usage, USAGE),
    )
    Writer(shared_views).write(steps, after=0, position=200)
    return shared_views


def walked(views: Engine, listed: Listed, limit: int, sort: str | None) -> list[Row]:
    """All rows of a list, page by page."""
    found: list[Row] = []
    cursor = None
    for _ in range(100):
        with as_of_now(views) as (connection, _position):
            page = listed(connection, PageRequest(limit, cursor, sort))
        found += shown(page.items)
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


def ordered(rows: Iterable[Row], sort: str, *keys: str) -> list[Row]:
    fields = sort.split(",")
    last = "-" if fields[-1].startswith("-") else ""
    found = list(rows)
    for field in reversed([*fields, *(f"{last}{key}" for key in keys)]):
        name = field.removeprefix("-")
        found.sort(key=lambda row, name=name: row[name], reverse=field.startswith("-"))
    return found


def has(text: str | None, *texts: str) -> bool:
    return text is None or any(folded(text) in folded(each) for each in texts)


TEXTS = st.sampled_from(
    [None, None, "har", "HARBOUR 1", "ähre", "%", "_", "1", "kÜ", "of old", "l"]
)
LIMITS = st.sampled_from([1, 3, 100])


def some_of(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


OF_CONTRACTS = some_of("C1", "C4", "C11", "none")
OF_CUSTOMERS = some_of("Kü0", "Kü3", "Kü6", "none")


@examples(40)
@given(
    st.fixed_dictionaries({}, optional={"contract_id": OF_CONTRACTS}),
    TEXTS,
    st.sampled_from(["customer_id", "-customer_id", "name", "-contracts", "contracts,-name"]),
    LIMITS,
)
def test_customers_have_the_name_that_the_contract_defined_last_gives_them(
    directory: Engine, wanted: dict[str, list[str]], text: str | None, sort: str, limit: int
) -> None:
    expected: list[Row] = []
    for customer_id in {row["customer_id"] for row in CUSTOMERS}:
        named = [row for row in CUSTOMERS if row["customer_id"] == customer_id]
        newest = max(named, key=lambda row: row["position"])
        is_on_them = any(
            row["contract_id"] in wanted.get("contract_id", [row["contract_id"]]) for row in named
        )
        if is_on_them and has(text, newest["name"], customer_id):
            row = {"customer_id": customer_id, "name": newest["name"], "contracts": len(named)}
            expected.append(row)
    found = walked(
        directory,
        lambda connection, request: list_customers(
            connection, UNRESTRICTED, wanted, request, text=text
        ),
        limit,
        sort,
    )
    assert found == ordered(expected, sort, "customer_id")


FIGURES = ("contract_value", "invoiced", "on_drafts", "ready", "not_ready", "remaining")


@examples(60)
@given(
    st.one_of(st.just([]), OF_CUSTOMERS),
    TEXTS,
    st.sampled_from(
        [
            *("contract_id", "-contract_id", "name"),
            *FIGURES,
            *(f"-{name}" for name in FIGURES),
            "-ready,contract_value",
        ]
    ),
    LIMITS,
)
def test_contracts_are_listed_with_how_they_perform_and_by_it(
    directory: Engine, customer_ids: list[str], text: str | None, sort: str, limit: int
) -> None:
    expected: list[Row] = []
    with as_of_now(directory) as (connection, _):
        for row in BOOKED:
            on_it = [each for each in CUSTOMERS if each["contract_id"] == row["contract_id"]]
            ids = {each["customer_id"] for each in on_it}
            names = [each["name"] for each in on_it]
            if (not customer_ids or ids & {*customer_ids}) and has(
                text, row["name"], row["contract_id"], *names
            ):
                figures = shown(performance(connection, UNRESTRICTED, row["contract_id"]))
                known = {name: figures[name] for name in FIGURES}
                numbers = {name: as_number(value) for name, value in known.items()}
                expected.append(
                    {**numbers, "contract_id": row["contract_id"], "name": row["name"], "of": known}
                )
    found = walked(
        directory,
        lambda connection, request: list_contracts(
            connection,
            UNRESTRICTED,
            request,
            text=text,
            customer_ids=customer_ids,
            performance=True,
        ),
        limit,
        sort,
    )
    assert [(row["contract_id"], row["performance"]) for row in found] == [
        (row["contract_id"], row["of"]) for row in ordered(expected, sort, "contract_id")
    ]


def as_number(figure: Any) -> Decimal:
    """What a figure is compared by: a number, whatever its currency."""
    parts: list[str] = [*figure.values()] if isinstance(figure, dict) else [figure or "0"]
    return sum(map(Decimal, parts), Decimal())


def test_figures_read_in_the_decimals_of_their_currency_are_compared_as_numbers(
    directory: Engine,
) -> None:
    assert {MINOR_UNITS[row["currency"]] for row in BOOKED} == {0, 2, 3, 4}
    for value in (float("nan"), float("inf"), 1):
        cursor = _cursor(["ready", "contract_id"], [value, "C1"])
        with as_of_now(directory) as (connection, _), pytest.raises(BadQuery):
            list_contracts(connection, UNRESTRICTED, PageRequest(1, cursor, "ready"))


def _cursor(keys: list[str], values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([keys, values]).encode()).decode().rstrip("=")


@examples(50)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "contract_id": OF_CONTRACTS,
            "project_id": some_of("P-0", "P-2", "none"),
            "customer_id": OF_CUSTOMERS,
            "billing_method": some_of("fixed_price", "time_and_material"),
        },
    ),
    TEXTS,
    st.sampled_from(["contract_id", "-contract_id", "name,-project_id", "billing_method"]),
    LIMITS,
)
def test_lines_of_all_contracts_are_listed(
    directory: Engine, wanted: dict[str, list[str]], text: str | None, sort: str, limit: int
) -> None:
    def payers(row: Row) -> set[str]:
        key = (row["contract_id"], row["line_id"])
        return {p["customer_id"] for p in PAYERS if (p["contract_id"], p["line_id"]) == key}

    expected = [
        row
        for row in LINES
        if has(text, row["name"], row["line_id"])
        and all(
            payers(row) & {*values} if name == "customer_id" else row[name] in values
            for name, values in wanted.items()
        )
    ]
    found = walked(
        directory,
        lambda connection, request: list_lines(
            connection, UNRESTRICTED, wanted, request, text=text
        ),
        limit,
        sort,
    )
    keys = [(row["contract_id"], row["line_id"]) for row in found]
    in_order = ordered(expected, sort, "contract_id", "line_id")
    assert keys == [(row["contract_id"], row["line_id"]) for row in in_order]
    for row in found:
        assert {each["customer_id"] for each in row["customers"]} == payers(row)


@examples(60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "contract_id": OF_CONTRACTS,
            "line_id": some_of("L0", "L1"),
            "project_id": some_of("P-0", "P-2", "none"),
            "customer_id": OF_CUSTOMERS,
            "status": some_of(*large_views.MILESTONE_STATUSES),
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "date_from": st.dates(DAY, DAY + timedelta(9)),
            "date_to": st.dates(DAY, DAY + timedelta(9)),
            "text": TEXTS,
        },
    ),
    st.sampled_from(["date", "-date", "-amount,name", "status"]),
    LIMITS,
)
def test_milestones_of_all_contracts_are_listed(
    directory: Engine, wanted: dict[str, list[str]], within: Row, sort: str, limit: int
) -> None:
    def values_of(row: Row, name: str) -> set[str]:
        if name == "project_id":
            return {f"P-{int(row['contract_id'][1:]) % 3}"}
        if name == "customer_id":
            mine = row["milestone_id"]
            return {part[name] for part in PARTS if part["milestone_id"] == mine}
        return {row[name]}

    expected = [
        row
        for row in MILESTONES
        if has(within.get("text"), row["name"], row["milestone_id"])
        and within.get("date_from", DAY) <= row["date"] <= within.get("date_to", date.max)
        and all(values_of(row, name) & {*values} for name, values in wanted.items())
    ]
    asked = MilestonesAsked(any_of=wanted, **within)
    found = walked(
        directory,
        lambda connection, request: list_milestones(connection, UNRESTRICTED, asked, request),
        limit,
        sort,
    )
    in_order = ordered(expected, sort, "milestone_id")
    assert [row["milestone_id"] for row in found] == [row["milestone_id"] for row in in_order]
    for row in found:
        ids = {part["customer_id"] for part in row["parts"]}
        assert ids == values_of(row, "customer_id")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p-2", ["project P-2"]),
        ("INV-01", [f"invoice INV-0{n}" for n in (11, 13, 15, 17)]),
        ("äda", ["resource ÄDA Byron"]),
        ("da", ["resource Ada", "resource ÄDA Byron"]),
        ("c1", ["contract QUAY_1 10", "contract Shore 11", "contract Ähre % 1"]),
        ("shore 3", ["contract Shore 3", "customer Shore 3 of old"]),
        ("no such", []),
    ],
)
def test_what_has_a_text_is_suggested(directory: Engine, text: str, found: list[str]) -> None:
    with as_of_now(directory) as (connection, _):
        items = suggest(connection, UNRESTRICTED, text).items
    assert sorted(f"{each.kind} {each.name}" for each in items) == sorted(found)


def test_a_few_of_each_kind_are_suggested_and_first_what_begins_with_the_text(
    directory: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_of_now(directory) as (connection, _):
        items = suggest(connection, UNRESTRICTED, "b").items
        assert [each.name for each in items if each.kind == "resource"] == ["Bo", "ÄDA Byron"]
        assert [each.name for each in items if each.kind == "contract"] == [
            f"Harbour {n}" for n in (0, 4, 8)
        ]
        many = suggest(connection, UNRESTRICTED, "1").items
        assert max(sum(each.kind == kind for each in many) for kind in many[0].kind.__class__) == 4
        monkeypatch.setattr(suggestions, "MOST_RESOURCES", 1)
        assert [each.name for each in suggest(connection, UNRESTRICTED, "da").items] == ["Ada"]
