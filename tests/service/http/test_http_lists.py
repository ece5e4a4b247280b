"""Lists over HTTP: pages to the end, sorted, filtered, totalled, and nothing silently ignored."""

from itertools import pairwise

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM = "/backlog/time-and-material"
FP = "/backlog/fixed-price"
UNKNOWN = ("as_of", "as_of_position", "dry_run", "Limit", "contractid")
LISTS = (
    *("/contracts", "/customers", "/lines", "/milestones"),
    *(FP, TM, "/invoices", "/actuals", "/intake/parked", "/audit/events"),
)


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with two contracts, and sales and milestones of many kinds on them."""
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line(splits={"A": "50", "B": "50"}, limit="60.00", name="Build")
    await caller.contract("PC-2", currency="JPY")
    await caller.line("L-2", contract_id="PC-2", project_id="P-2")
    await caller.line("FP", method="fixed_price", splits={"A": "50", "B": "50"})
    dates = ("2026-10-03", "2026-10-01", "2026-10-02", "2026-10-02")
    await caller.post(
        *(
            approval(f"ap-{n}", date=date, unit_price=f"{n * 10}.00", resource=f"R{n % 2}")
            for n, date in enumerate(dates, 1)
        ),
        approval("jp-1", contract_id="PC-2", line_id="L-2", currency="JPY", unit_price="51"),
        approval(
            "jp-2",
            kind="expense",
            contract_id="PC-2",
            line_id="L-2",
            currency="JPY",
            unit_price="7",
            billing_type="complimentary",
            description="50%_Ök",
        ),
        *(approval(f"parked-{n}", contract_id="PC-9") for n in range(3)),
    )
    for name in ("Design", "Test"):
        await caller.milestone("10.01", "1.00", line_id="FP", name=name)
    return caller


async def test_every_list_pages_to_its_end_by_cursor_and_by_link(caller: Caller) -> None:
    for path in LISTS:
        everything = (await caller.get(path, limit=1000))["items"]
        page = await caller.get(path, limit=1)
        paged = page["items"]
        linked = list(paged)
        while page["next"]:
            link = caller.last.headers["link"]
            assert link.endswith('; rel="next"')
            page = await caller.get(path, limit=1, cursor=page["next"])
            paged = [*paged, *page["items"]]
            target = str(caller.last.request.url.join(link[1 : link.index(">")]))
            by_link = (await caller.call("GET", target)) if target else {}
            linked = [*linked, *by_link["items"]]
        assert "link" not in caller.last.headers
        assert paged == everything
        assert linked == everything


async def test_a_list_takes_1_to_1000_and_no_tampered_cursor(caller: Caller) -> None:
    for path in LISTS:
        for limit in ("0", "1001", "-1", "x", "1.5", "", "9" * 500):
            refused = await caller.call("GET", path, limit=limit, expect=422)
            assert refused["errors"][0]["field"] == "limit"
        for cursor in (
            "x",
            "W10",
            "bnVsbA",
            "e30",
            "W1tdLFtdXQ",
            "\u00e4",
            "%00",
            "x" * 3000,
            "-1",
        ):
            refused = await caller.call("GET", path, cursor=cursor, expect=422)
            assert refused["errors"][0]["field"] == "cursor"


async def test_a_cursor_goes_on_with_its_own_sort_order_only(caller: Caller) -> None:
    page = await caller.get(TM, limit=1, sort="amount")
    await caller.get(TM, limit=1, cursor=page["next"], sort="amount")
    refused = await caller.get(TM, limit=1, cursor=page["next"], sort="-amount", expect=422)
    assert refused["errors"][0]["field"] == "cursor"


async def test_a_list_refuses_what_it_does_not_know(caller: Caller) -> None:
    for path in LISTS:
        for name in UNKNOWN:
            asked: Json = {name: "1"}
            refused = await caller.call("GET", path, expect=422, **asked)
            assert [error["field"] for error in refused["errors"]] == [name]


def numbers(rows: list[Json], field: str) -> list[float]:
    return [float(row[field]) for row in rows]


async def test_rows_are_sorted_up_down_and_by_several_fields_over_all_pages(
    caller: Caller,
) -> None:
    for sort in ("amount", "-amount"):
        rows = await caller.rows(TM, sort=sort, limit=3, contract_id="PC-1")
        assert numbers(rows, "amount") == sorted(numbers(rows, "amount"), reverse=sort[0] == "-")
        assert len({row["item_id"] for row in rows}) == len(rows) == 8
    rows = await caller.rows(TM, sort="-date,amount,customer_id", limit=3, contract_id="PC-1")
    keys = [(-int(r["date"][-2:]), float(r["amount"]), r["customer_id"]) for r in rows]
    assert keys == sorted(keys)
    assert len(rows) == 8


TEXTS = {
    TM: [
        "item_id approval_id contract_id contract_name line_id line_name project_id customer_id",
        "customer_name class date resource role category task_id description currency",
        "billing_type billing_status nte_status invoice_id",
    ],
    FP: [
        "item_id milestone_id milestone_name milestone_status contract_id contract_name line_id",
        "line_name project_id customer_id customer_name date currency billing_status invoice_id",
    ],
    "/invoices": [
        "invoice_id number status contract_id customer_id currency cutoff accounting_date"
    ],
    "/actuals": [
        "actual_id item_id type contract_id line_id customer_id approval_id invoice_id class",
        "date currency billing_type billing_status adjustment_status",
    ],
    "/intake/parked": ["id parked_id source type contract_id line_id approval_id"],
}


async def test_rows_are_sorted_by_any_field_they_show_missing_values_first(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("ap-9", "1", contract_id="PC-2", line_id="L-2", currency="JPY")
    await caller.mark([item])
    (invoice,) = (await caller.draft("PC-2"))["invoices"]
    await caller.confirm(invoice["invoice_id"])
    part = (await caller.rows(FP))[0]["item_id"]
    await caller.mark([part])
    await caller.draft()
    for path, names in TEXTS.items():
        for field in " ".join(names).split():
            for sort in (field, f"-{field}"):
                rows = await caller.rows(path, sort=sort, limit=2)
                assert len(rows) == len(await caller.rows(path)), sort
                values = [row[field] or "" for row in rows]
                assert values == sorted(values, reverse=sort.startswith("-")), sort


async def test_an_unknown_sort_field_is_refused(caller: Caller) -> None:
    for path in LISTS:
        for sort in ("none", "-", "date,,", "nte_detail", "+date", "a" * 600):
            refused = await caller.call("GET", path, sort=sort, expect=422)
            assert refused["errors"][0]["field"] == "sort"


FILTERS: list[tuple[str, Json, int]] = [
    (TM, {}, 10),
    (TM, {"contract_id": "PC-2"}, 2),
    (TM, {"contract_id": ["PC-2", "PC-1"]}, 10),
    (TM, {"line_id": "L-2"}, 2),
    (TM, {"project_id": ["P-2", "none"]}, 2),
    (TM, {"customer_id": "B"}, 4),
    (TM, {"billing_status": "not_ready"}, 10),
    (TM, {"billing_status": ["ready", "canceled"]}, 0),
    (TM, {"date_from": "2026-10-02", "date_to": "2026-10-02"}, 4),
    (TM, {"date_to": "2026-10-01"}, 2),
    (TM, {"class": "expense"}, 1),
    (TM, {"class": ["expense", "time"]}, 10),
    (TM, {"nte_status": "failed"}, 2),
    (TM, {"nte_status": ["failed", "committed"]}, 8),
    (TM, {"billing_type": "complimentary"}, 1),
    (TM, {"resource": ["R0", "R1"]}, 8),
    (TM, {"resource": "R0", "customer_id": "A"}, 2),
    (TM, {"q": "buiLD"}, 8),
    (TM, {"q": "50%_"}, 1),
    (TM, {"q": "0_%"}, 0),
    (TM, {"q": "jp-"}, 2),
    (TM, {"contract_id": "none"}, 0),
    (FP, {}, 4),
    (FP, {"q": "design"}, 2),
    (FP, {"customer_id": "A", "billing_status": "not_ready"}, 2),
    (FP, {"line_id": "L-1"}, 0),
    (FP, {"date_from": "2026-10-16"}, 0),
    (FP, {"date_from": "2026-10-15", "date_to": "2026-10-15"}, 4),
    ("/actuals", {"contract_id": "PC-2"}, 2),
    ("/invoices", {"status": "draft", "contract_id": "PC-1", "customer_id": "A"}, 0),
]


async def test_filters_are_combined_and_may_be_repeated(caller: Caller) -> None:
    for path, wanted, count in FILTERS:
        rows = await caller.rows(path, **wanted)
        assert len(rows) == count, (path, wanted)


async def test_filters_take_known_values_only(caller: Caller) -> None:
    wrong: list[tuple[str, str, str]] = [
        (TM, "billing_status", "done"),
        (TM, "class", "TIME"),
        (TM, "nte_status", ""),
        (TM, "billing_type", "free"),
        (TM, "date_from", "2026-02-30"),
        (TM, "date_to", "26-10-01"),
        (TM, "date_to", "2026-10-01T00:00:00Z"),
        (TM, "totals", "maybe"),
        (FP, "class", "time"),
        (FP, "nte_status", "failed"),
        ("/invoices", "status", "open"),
        ("/actuals", "type", "cost"),
    ]
    for path, name, value in wrong:
        asked: Json = {name: value}
        refused = await caller.call("GET", path, expect=422, **asked)
        assert refused["errors"][0]["field"].startswith(name), (path, name)


async def test_totals_are_over_the_whole_filter_by_currency_status_and_billing_type(
    caller: Caller,
) -> None:
    (item,) = await caller.sales("x", "40", contract_id="PC-2", line_id="L-2", currency="JPY")
    await caller.mark([item])
    page = await caller.get(TM, totals="true", limit=1)
    assert len(page["items"]) == 1
    assert [tuple(total.values()) for total in page["totals"]] == [
        ("EUR", "not_ready", "chargeable", 8, "100.00", "0.00"),
        ("JPY", "not_ready", "chargeable", 1, "51", "0"),
        ("JPY", "not_ready", "complimentary", 1, "7", "0"),
        ("JPY", "ready", "chargeable", 1, "40", "0"),
    ]
    names = ["currency", "billing_status", "billing_type", "count", "amount", "tax"]
    assert list(page["totals"][0]) == names
    by_rows = await caller.get(TM, totals="true", limit=1, date_from="2020-01-01")
    assert by_rows["totals"] == page["totals"]
    page = await caller.get(TM, totals="true", billing_type="complimentary")
    assert [(t["billing_type"], t["amount"]) for t in page["totals"]] == [("complimentary", "7")]


async def test_milestones_are_totalled_as_chargeable(caller: Caller) -> None:
    for since in (None, "2020-01-01"):
        page = await caller.get(FP, totals="true", customer_id="B", date_from=since)
        (total,) = page["totals"]
        assert list(total.values()) == ["EUR", "not_ready", "chargeable", 2, "10.02", "1.00"]
    page = await caller.get(FP, totals="true", contract_id="none")
    assert page["totals"] == []


async def test_totals_of_nothing_are_empty_and_none_are_shown_unasked(caller: Caller) -> None:
    page = await caller.get(TM, totals="true", contract_id="none")
    assert (page["items"], page["next"], page["totals"]) == ([], None, [])
    assert "totals" not in await caller.get(TM)


async def test_the_history_is_in_order_and_shows_its_newest_position(caller: Caller) -> None:
    page = await caller.get("/audit/events", limit=3)
    positions = [event["position"] for event in await caller.history()]
    assert all(later > sooner for sooner, later in pairwise(positions))
    assert page["position"] == positions[-1] == caller.position
