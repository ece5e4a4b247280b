"""After a busy time: views rebuilt are the views live, and their sums hold (D-37, D-46)."""

import random
from collections import Counter, defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from aggregates import streams
from aggregates.statuses import BillingStatus
from projections.history import Recorded
from projections.keeping.catching_up import catch_up
from projections.keeping.writer import Writer
from projections.views import actuals as actual_views
from projections.views import parked_events as parked_views
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import Page, list_fixed_price, list_time_and_material
from projections.views.contract import limits as limit_views
from projections.views.invoice import invoices as invoice_views
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import NewDatabase, Only
from tests.projections.busy_office import CURRENCIES, Office
from tests.projections.feeding import Dump, dump, empty, examples, feed, shown

Rows = list[dict[str, Any]]
STEPS = 220
ALL = PageRequest(limit=100_000)
ANY_STATUS = BacklogFilter(any_of={"billing_status": [*BillingStatus]})


@dataclass(frozen=True)
class Worked:
    """A tenant after a busy time, its projector stopped: the history, and what the views show."""

    tenant: Tenant
    events: list[Recorded]
    live: Dump

    def reading(self) -> Connection:
        return self.tenant.views.connect()


@pytest.fixture(scope="module", params=[1, 2])
def worked(request: pytest.FixtureRequest, new_database: NewDatabase) -> Generator[Worked]:
    tenant = Tenant(new_database())
    app = create_app(Only(tenant), Settings(read_wait=60.0))
    with running(app) as address, httpx.Client(base_url=f"{address}/v1", timeout=30) as api:
        office = Office(api, random.Random(request.param))
        office.open()
        office.work(STEPS)
        office.close()
    tenant.wait_for(tenant.ledger.position(), 30)
    tenant.projector.stop()
    events = tenant.ledger.read(0, 1_000_000)
    yield Worked(tenant, events, dump(tenant.views))
    tenant.close()


def test_a_busy_time_has_seen_the_life_of_items(worked: Worked) -> None:
    seen = Counter(type(recorded.event).__name__ for recorded in worked.events)
    life = {"UnbilledSalesRecorded", "MilestoneSplit", "MilestoneChanged", "MilestoneDeleted"}
    verdicts = {"NTEEvaluated", "NTEReset", "LineUsageChanged", "ContractUsageChanged"}
    moves = {"MarkedReady", "MarkedNotReady", "ItemsDrafted", "ItemsReleased", "ItemsPosted"}
    rest = {"InvoiceConfirmed", "ActualsBooked", "EventParked", "EventUnparked", "RequestAnswered"}
    assert life | verdicts | moves | rest <= set(seen)


# --- rebuilt is live ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", [13, 97, 2_000])
def test_views_rebuilt_from_the_history_are_the_views_that_followed_it(
    worked: Worked, page: int
) -> None:
    empty(worked.tenant.views)
    reached = catch_up(worked.tenant.ledger, worked.tenant.writer, page=page)
    assert reached == worked.tenant.ledger.position()
    assert dump(worked.tenant.views) == worked.live


@examples(5)
@given(pages=st.lists(st.integers(1, 120), max_size=40), times=st.integers(1, 2))
def test_any_pages_of_a_real_history_with_events_repeated_give_the_same_tables(
    worked: Worked, shared_views: Engine, pages: list[int], times: int
) -> None:
    feed(shared_views, worked.events, pages, times=times)
    assert dump(shared_views) == worked.live


def test_rows_carry_the_version_of_their_stream_for_etags(worked: Worked) -> None:
    versions = {recorded.stream: recorded.version for recorded in worked.events}
    shown: dict[str, int] = {}
    for row in worked.live["contracts"]:
        shown[streams.contract(row[0])] = row[-1]
    for row in worked.live["contract_lines"]:
        shown[streams.line(row[0], row[1])] = row[-1]
    for row in worked.live["invoices"]:
        shown[streams.invoice(row[0])] = row[-1]
    assert shown == {stream: versions[stream] for stream in shown}
    assert any(stream.startswith("invoice/") for stream in shown)


# --- the sums hold -----------------------------------------------------------------------------


def backlog(connection: Connection) -> tuple[Rows, Rows]:
    """All rows of both views, posted ones too."""
    parts = list_fixed_price(connection, ANY_STATUS, ALL, totals=False).items
    sales = list_time_and_material(connection, ANY_STATUS, ALL, totals=False).items
    return shown(parts), shown(sales)


def levels_of(row: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """The four levels that an item counts at (D-30)."""
    line, customer = row["line_id"], row["customer_id"]
    return [
        ("line_customer", line, customer),
        ("line", line, None),
        ("contract_customer", None, customer),
        ("contract", None, None),
    ]


@pytest.mark.parametrize("contract_id", CURRENCIES)
def test_every_level_holds_the_sum_of_its_items_d37(worked: Worked, contract_id: str) -> None:
    with worked.reading() as connection:
        parts, sales = backlog(connection)
        found = shown(limit_views.limits(connection, UNRESTRICTED, contract_id))
    assert found
    committed: dict[Any, Decimal] = defaultdict(Decimal)
    invoiced: dict[Any, Decimal] = defaultdict(Decimal)
    for row in (*parts, *sales):
        if row["contract_id"] != contract_id or row.get("billing_type") == "non_chargeable":
            continue
        for key in levels_of(row):
            if row["billing_status"] == "invoice_posted":
                invoiced[key] += Decimal(row["amount"])
            elif row.get("nte_status") == "committed":
                committed[key] += Decimal(row["amount"])
    levels = {(row["level"], row["line_id"], row["customer_id"]): row for row in found["levels"]}
    assert {*committed, *invoiced} <= {*levels}
    assert any(invoiced.values())
    for key, row in levels.items():
        assert Decimal(row["committed"]) == committed[key], key
        assert Decimal(row["invoiced"]) == invoiced[key], key
        if row["limit"] is not None:
            used = committed[key] + invoiced[key]
            assert Decimal(row["remaining"]) == Decimal(row["limit"]) - used, key


def test_unbilled_sales_and_reversals_of_what_is_posted_net_to_zero_d46(worked: Worked) -> None:
    with worked.reading() as connection:
        _, sales = backlog(connection)
        actuals = shown(actual_views.list_actuals(connection, UNRESTRICTED, {}, ALL).items)
    nets: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in actuals:
        if row["type"] == "unbilled_sales":
            of_row = [Decimal(row[name]) for name in ("quantity", "amount", "tax")]
            nets[row["item_id"]] = [
                a + b for a, b in zip(nets[row["item_id"]], of_row, strict=True)
            ]
    posted = {row["item_id"] for row in sales if row["billing_status"] == "invoice_posted"}
    reversed_ = {row["reversal_of"] for row in actuals if row["reversal_of"]}
    assert posted
    assert reversed_ == posted
    assert all(nets[item_id] == [0, 0, 0] for item_id in posted)
    for row in sales:
        if row["item_id"] not in posted:
            assert nets[row["item_id"]][1] == Decimal(row["amount"])


def test_the_billed_chargeable_actuals_are_the_invoice_d46(worked: Worked) -> None:
    with worked.reading() as connection:
        invoices = shown(
            invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL, details=True).items
        )
        actuals = shown(
            actual_views.list_actuals(
                connection, UNRESTRICTED, {"type": ["billed_sales"]}, ALL
            ).items
        )
    billed: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in actuals:
        if row["billing_type"] == "chargeable":
            billed[row["invoice_id"]][0] += Decimal(row["amount"])
            billed[row["invoice_id"]][1] += Decimal(row["tax"])
    confirmed = [invoice for invoice in invoices if invoice["status"] == "confirmed"]
    assert confirmed
    for invoice in confirmed:
        sums = [Decimal(invoice["amount"]), Decimal(invoice["tax"])]
        assert billed.pop(invoice["invoice_id"], [0, 0]) == sums
    assert billed == {}, "nothing is billed but by confirmed invoices"


def test_an_invoice_is_the_sum_of_its_lines_and_these_of_their_chargeable_details_d43(
    worked: Worked,
) -> None:
    with worked.reading() as connection:
        invoices = shown(
            invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL, details=True).items
        )
    for invoice in invoices:
        lines = invoice["lines"]
        assert Decimal(invoice["amount"]) == sum(Decimal(line["amount"]) for line in lines)
        assert Decimal(invoice["total"]) == Decimal(invoice["amount"]) + Decimal(invoice["tax"])
        for line in lines:
            charged = [d for d in line["details"] if d["billing_type"] == "chargeable"]
            assert Decimal(line["amount"]) == sum(Decimal(d["amount"]) for d in charged)
            assert Decimal(line["tax"]) == sum(Decimal(d["tax"]) for d in charged)
            counts = {group["billing_type"]: group["count"] for group in line["groups"]}
            assert counts == Counter(d["billing_type"] for d in line["details"])


def test_items_on_an_invoice_and_the_details_of_invoices_are_the_same_d41(worked: Worked) -> None:
    with worked.reading() as connection:
        items = [row for rows in backlog(connection) for row in rows]
        invoices = shown(
            invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL, details=True).items
        )
    status = {"draft": "invoice_created", "confirmed": "invoice_posted"}
    on_invoices = {
        detail["item_id"]: (invoice["invoice_id"], status[invoice["status"]])
        for invoice in invoices
        for line in invoice["lines"]
        for detail in line["details"]
    }
    with_invoice = {
        row["item_id"]: (row["invoice_id"], row["billing_status"])
        for row in items
        if row["invoice_id"] is not None
    }
    assert with_invoice == on_invoices


def test_invoice_numbers_have_no_gaps_d44(worked: Worked) -> None:
    with worked.reading() as connection:
        invoices = shown(
            invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL, details=True).items
        )
    numbers = sorted(invoice["number"] for invoice in invoices if invoice["number"])
    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("view", ["fixed price", "time and material"])
def test_totals_are_the_sums_of_the_rows_that_pages_show(worked: Worked, view: str) -> None:
    listed = list_fixed_price if view == "fixed price" else list_time_and_material
    cursor, pages = None, list[Page]()
    with worked.reading() as connection:
        while cursor or not pages:
            request = PageRequest(limit=7, cursor=cursor, sort="-amount,date")
            pages.append(listed(connection, ANY_STATUS, request, totals=True))
            cursor = pages[-1].next
    rows = [row for page in pages for row in shown(page.items)]
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in rows:
        key = row["currency"], row["billing_status"], row["billing_type"]
        added = (Decimal(1), Decimal(row["amount"]), Decimal(row["tax"]))
        sums[key] = [a + b for a, b in zip(sums[key], added, strict=True)]
    assert rows
    for page in pages:
        assert {
            (total["currency"], total["billing_status"], total["billing_type"]): [
                total["count"],
                Decimal(total["amount"]),
                Decimal(total["tax"]),
            ]
            for total in shown(page.totals)
        } == sums


def test_parked_events_are_those_that_no_event_took_off_the_list(worked: Worked) -> None:
    waiting: set[str] = set()
    for recorded in worked.events:
        parked_id = getattr(recorded.event, "parked_id", None)
        if parked_id:
            parked = type(recorded.event).__name__ == "EventParked"
            (waiting.add if parked else waiting.discard)(parked_id)
    with worked.reading() as connection:
        listed = shown(parked_views.list_parked(connection, ALL).items)
    assert {row["parked_id"] for row in listed} == waiting


def test_the_writer_is_where_the_history_ends(worked: Worked) -> None:
    assert Writer(worked.tenant.views).position() == worked.events[-1].position
