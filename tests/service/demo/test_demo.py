"""The demo: the sample worked through the HTTP API, and the tables it ends with."""

import json
from collections import defaultdict
from collections.abc import Generator
from decimal import Decimal
from io import StringIO

import httpx
import pytest
from rich.cells import cell_len
from rich.console import Console

from service.demo import DEFAULT_CONTRACTS
from service.demo.balance import balances
from service.demo.desk import (
    ALL_STATUSES,
    DemoFailed,
    Desk,
    Json,
    call,
)
from service.demo.tables import SHOWN_ROWS, print_tables
from service.demo.two_months import EndState, as_json, work_the_backlog
from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture(scope="module")
def end(tmp_path_factory: pytest.TempPathFactory) -> Generator[EndState]:
    """The end state of one demo; the tests only look at it."""
    tenant = Tenant(f"sqlite:///{tmp_path_factory.mktemp('demo')}/backlog.db")
    with (
        running(create_app(Only(tenant), Settings())) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=30) as client,
    ):
        yield work_the_backlog(client)
    tenant.close()


def levels_of(row: Json) -> list[tuple[str, str | None, str | None, str]]:
    """The levels that an item counts against: those of its line only if it is T&M (D-30)."""
    contract_id, line_id, customer_id = row["contract_id"], row["line_id"], row["customer_id"]
    return [
        ("line_customer", line_id, customer_id, contract_id),
        ("line", line_id, None, contract_id),
        ("contract_customer", None, customer_id, contract_id),
        ("contract", None, None, contract_id),
    ]


def test_the_end_state_holds_committed_and_failed_items_d31(end: EndState) -> None:
    rows = end.time_and_material
    assert {row["nte_status"] for row in rows} >= {
        "committed",
        "failed",
        "not_evaluated",
        "not_applicable",
    }
    failed = [row for row in rows if row["nte_status"] == "failed"]
    assert {row["billing_status"] for row in failed} == {"not_ready"}
    assert {row["contract_id"] for row in failed} == {row["contract_id"] for row in rows}


def test_the_end_state_holds_every_billing_status_in_both_views(end: EndState) -> None:
    assert {row["billing_status"] for row in end.time_and_material} == set(ALL_STATUSES)
    assert {row["billing_status"] for row in end.fixed_price} == set(ALL_STATUSES)


def test_the_end_state_holds_milestones_in_every_status_d12(end: EndState) -> None:
    statuses = {row["milestone_status"] for row in end.fixed_price}
    assert statuses == {"not_started", "in_progress", "completed"}


def test_the_end_state_holds_drafts_and_numbered_confirmed_invoices_d44(end: EndState) -> None:
    drafts = [invoice for invoice in end.invoices if invoice["status"] == "draft"]
    confirmed = [invoice for invoice in end.invoices if invoice["status"] == "confirmed"]
    assert len(drafts) + len(confirmed) == len(end.invoices)
    assert len(confirmed) > len(drafts) > 1
    assert all(invoice["number"] is None for invoice in drafts)
    assert len({invoice["number"] for invoice in confirmed}) == len(confirmed)
    dates = {invoice["accounting_date"] for invoice in confirmed if not invoice["corrects"]}
    assert dates == {"2026-09-30", "2026-10-31"}
    assert {invoice["cutoff"] for invoice in drafts} == {"2026-09-30", "2026-10-31"}


def test_the_end_state_holds_a_credit_and_an_obligation_d76_d83(end: EndState) -> None:
    (correction,) = [invoice for invoice in end.invoices if invoice["corrects"]]
    assert correction["status"] == "confirmed"
    assert Decimal(correction["amount"]) < 0
    (corrected,) = [invoice for invoice in end.invoices if invoice["has_corrections"]]
    assert corrected["invoice_id"] == correction["corrects"]
    (obligation,) = end.obligations
    assert obligation["status"] == "open"
    assert Decimal(obligation["amount"]) > 0


def test_each_invoice_with_its_correction_amounts_to_the_chargeable_items_on_it_d43_d78(
    end: EndState,
) -> None:
    """The draft that was edited, too."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in (*end.time_and_material, *end.fixed_price):
        if row["invoice_id"] and row["billing_type"] == "chargeable":
            sums[row["invoice_id"]] -= Decimal(row["amount"])
    for invoice in end.invoices:
        sums[invoice["corrects"] or invoice["invoice_id"]] += Decimal(invoice["amount"])
        assert Decimal(invoice["total"]) == Decimal(invoice["amount"]) + Decimal(invoice["tax"])
    assert set(sums.values()) == {0}


def test_the_items_of_both_views_balance_with_the_invoices_in_every_currency_d46(
    end: EndState,
) -> None:
    """By amount and tax, of what is on drafts and of what is posted, whatever is charged."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in (*end.time_and_material, *end.fixed_price):
        if row["invoice_id"]:
            key = row["currency"], row["billing_status"], row["billing_type"]
            for name in ("amount", "tax"):
                sums[*key, name] -= Decimal(row[name])
    for invoice in end.invoices:
        status = "invoice_posted" if invoice["number"] else "invoice_created"
        for group in (group for line in invoice["lines"] for group in line["groups"]):
            for name in ("amount", "tax"):
                key = invoice["currency"], status, group["billing_type"], name
                sums[key] += Decimal(group[name])
    assert {key[0] for key in sums} == {"EUR", "JPY", "KWD", "USD"}
    assert set(sums.values()) == {0}


def test_the_balance_that_is_shown_has_no_difference_and_the_totals_of_the_views(
    end: EndState,
) -> None:
    found = balances((*end.time_and_material, *end.fixed_price), end.invoices)
    assert {each.difference for each in found} == {0}
    assert {each.kind[1] for each in found} == {"invoice_created", "invoice_posted"}
    console = Console(width=120, file=StringIO(), record=True)
    print_tables(end, console)
    shown = console.export_text().partition("Items and invoices balance")[2].splitlines()[2:]
    assert [line.split()[-1] for line in shown[: len(found)]] == [
        f"{each.difference:f}" for each in found
    ]


def test_what_does_not_balance_is_shown_with_its_difference() -> None:
    row = {"currency": "EUR", "billing_status": "invoice_posted", "billing_type": "chargeable"}
    group = {"billing_type": "chargeable", "amount": "90.00", "tax": "20.00"}
    invoice = {"currency": "EUR", "status": "confirmed", "lines": [{"groups": [group]}]}
    (found,) = balances([{**row, "amount": "100.00", "tax": "19.00"}], [invoice])
    assert found.difference == Decimal("11.00")
    (unbilled,) = balances([], [invoice])
    assert (unbilled.items, unbilled.difference) == ((0, 0), Decimal("110.00"))


def test_committed_and_invoiced_agree_with_the_rows_at_every_limit_d37(end: EndState) -> None:
    committed: dict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
    invoiced: dict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
    for row in (*end.time_and_material, *end.fixed_price):
        posted = row["billing_status"] == "invoice_posted"
        if not posted and row.get("nte_status") == "committed":
            for level in levels_of(row):
                committed[level] += Decimal(row["amount"])
    for invoice in end.invoices:
        for line in invoice["lines"] if invoice["status"] == "confirmed" else ():
            for level in levels_of({**invoice, **line}):
                invoiced[level] += Decimal(line["amount"])
    limited = [row for row in end.limits if row["limit"] is not None]
    assert {row["level"] for row in limited} == {
        "line_customer",
        "line",
        "contract_customer",
        "contract",
    }
    for row in limited:
        key = (row["level"], row["line_id"], row["customer_id"], row["contract_id"])
        assert Decimal(row["committed"]) == committed[key], key
        assert Decimal(row["invoiced"]) == invoiced[key], key
        used = Decimal(row["committed"]) + Decimal(row["invoiced"])
        assert Decimal(row["remaining"]) == Decimal(row["limit"]) - used


def test_all_items_are_there_once(end: EndState) -> None:
    for rows, name in (
        (end.time_and_material, "item_id"),
        (end.fixed_price, "item_id"),
        (end.invoices, "invoice_id"),
    ):
        assert rows
        assert len({row[name] for row in rows}) == len(rows)
    contracts = {(level["contract_id"], level["currency"]) for level in end.limits}
    assert len(contracts) == DEFAULT_CONTRACTS


def test_the_end_state_as_json_has_its_five_lists_and_nothing_else(end: EndState) -> None:
    document = json.loads(json.dumps(as_json(end)))
    lists = ["fixed_price", "time_and_material", "limits", "invoices", "obligations"]
    assert list(document) == lists
    assert document["invoices"] == end.invoices


@pytest.mark.parametrize("width", [100, 120, 200])
def test_the_tables_fit_the_screen_and_cut_no_number(end: EndState, width: int) -> None:
    console = Console(width=width, file=StringIO(), record=True)
    print_tables(end, console)
    text = console.export_text()
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= min(width, 120)
    for title in (
        "Fixed-price backlog",
        "Time and material",
        "limits",
        "Invoices",
        "Totals",
        "balance",
    ):
        assert title in text
    assert f"… and {len(end.time_and_material) - SHOWN_ROWS} more rows" in text
    for invoice in end.invoices:
        assert f"{Decimal(invoice['total']):,f}" in text
        assert invoice["number"] is None or invoice["number"] in text


def test_the_chargeable_total_of_what_is_posted_is_that_of_its_invoices_d43(end: EndState) -> None:
    """Of a view that is posted on invoices, per currency; what is free of charge stands apart."""
    console = Console(width=120, file=StringIO(), record=True)
    print_tables(end, console)
    shown: dict[str, Decimal] = defaultdict(Decimal)
    text = console.export_text().partition("Items and invoices balance")[0]
    for line in text.splitlines():
        if " posted " in line and " chargeable " in line and "non" not in line:
            currency, _, _, _, amount, _ = line.split()
            shown[currency] += Decimal(amount.replace(",", ""))
    invoiced: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in end.invoices:
        if invoice["status"] == "confirmed":
            invoiced[invoice["currency"]] += Decimal(invoice["amount"])
    assert shown == invoiced
    assert shown["EUR"] == Decimal("14953.22")


def test_a_refusal_is_raised_with_the_problem_s_detail_and_its_first_items() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        errors = [{"item_id": "i1", "code": "nte_failed", "detail": "short by 50.00"}]
        problem = {"title": "Refused", "detail": "1 item can't be marked", "errors": errors}
        return httpx.Response(409, json=problem, headers=PROBLEM)

    with (
        httpx.Client(base_url="http://t/v1", transport=httpx.MockTransport(refuse)) as client,
        pytest.raises(DemoFailed, match=r"409 1 item can't be marked; short by 50.00"),
    ):
        call(client, "POST", "/backlog/mark", {"items": ["i1"]})


def test_an_answer_that_is_no_problem_document_is_raised_with_its_text() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text="bad gateway")

    with (
        httpx.Client(base_url="http://t/v1", transport=httpx.MockTransport(fail)) as client,
        pytest.raises(DemoFailed, match="GET /invoices: 502 bad gateway"),
    ):
        Desk(client).rows("/invoices")


def test_an_event_that_was_not_taken_stops_the_demo() -> None:
    def park(_: httpx.Request) -> httpx.Response:
        results = [{"id": "e1", "outcome": "parked", "problem": {"detail": "unknown line"}}]
        return httpx.Response(200, json={"results": results, "position": 1})

    with (
        httpx.Client(base_url="http://t/v1", transport=httpx.MockTransport(park)) as client,
        pytest.raises(DemoFailed, match="e1 was parked"),
    ):
        Desk(client).post_events([{"id": "e1"}])


def test_a_list_is_read_to_its_last_page_at_the_position_of_the_last_command() -> None:
    asked: list[dict[str, str]] = []

    def page(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"invoices": [], "position": 17})
        asked.append(dict(request.url.params))
        following = None if "cursor" in request.url.params else "c1"
        answer = {"items": [{"n": len(asked)}], "next": following, "position": 17}
        return httpx.Response(200, json=answer)

    with httpx.Client(base_url="http://t/v1", transport=httpx.MockTransport(page)) as client:
        desk = Desk(client)
        desk.draft("C1", "2026-10-31")
        assert desk.rows("/invoices", {"status": "draft"}) == [{"n": 1}, {"n": 2}]
    first = {"status": "draft", "limit": "1000", "after": "17"}
    assert asked == [first, {**first, "cursor": "c1"}]
