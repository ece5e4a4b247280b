"""The story, written to a real file and read back as callers get it (the shapes of api.md)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from aggregates.contract.events import ContractDefined
from aggregates.events import Event
from aggregates.statuses import ApprovalRule, NTEStatus
from projections.keeping.sql import position_seen
from projections.keeping.writer import Writer
from projections.views import actuals as actual_views
from projections.views import history as history_views
from projections.views import parked_events as parked_views
from projections.views.backlog import lists as backlog_lists
from projections.views.backlog.filters import BacklogFilter
from projections.views.contract import contracts as contract_views
from projections.views.contract import limits as limit_views
from projections.views.contract import listed_contracts
from projections.views.contract import performance as performance_views
from projections.views.invoice import invoices as invoice_views
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from tests.projections import story
from tests.projections.feeding import feed, feed_more, shown
from tests.projections.story import EVENTS, recorded

ALL = PageRequest(limit=1000)
EVERYTHING = BacklogFilter()
MANY_CONTRACTS = [f"C{n}" for n in range(200)]


def until(views: Engine, last: Event) -> Connection:
    """A connection to views that show the story up to the first event like `last`."""
    feed(views, recorded(EVENTS[: EVENTS.index(last) + 1]))
    return views.connect()


def fixed_price(connection: Connection, wanted: BacklogFilter = EVERYTHING) -> list[dict[str, Any]]:
    return shown(backlog_lists.list_fixed_price(connection, wanted, ALL, totals=False).items)


def sales(connection: Connection, **any_of: list[str]) -> list[dict[str, Any]]:
    wanted = BacklogFilter(any_of={name.rstrip("_"): values for name, values in any_of.items()})
    return shown(backlog_lists.list_time_and_material(connection, wanted, ALL, totals=False).items)


def statuses(connection: Connection) -> dict[str, tuple[str, str | None]]:
    every_status = ["not_ready", "ready", "invoice_created", "invoice_posted"]
    rows = fixed_price(connection) + sales(connection, billing_status=every_status)
    return {row["item_id"]: (row["billing_status"], row["invoice_id"]) for row in rows}


# --- backlog -----------------------------------------------------------------------------------


def test_a_fixed_price_row_has_the_names_of_all_it_belongs_to(shared_views: Engine) -> None:
    with until(shared_views, story.M1_READY) as connection:
        assert fixed_price(connection) == [
            {
                "item_id": "M1-A",
                "milestone_id": "M1",
                "milestone_name": "Foundation",
                "milestone_status": "in_progress",
                "contract_id": "C1",
                "contract_name": "Harbour",
                "line_id": "F",
                "line_name": "Crane",
                "project_id": "P2",
                "customer_id": "A",
                "customer_name": "Anchor",
                "date": "2026-03-09",
                "amount": "1200.00",
                "tax": "240.00",
                "currency": "EUR",
                "billing_type": "chargeable",
                "billing_status": "ready",
                "invoice_id": None,
            }
        ]


def test_a_sale_that_failed_shows_the_level_and_the_shortfall_d31(shared_views: Engine) -> None:
    with until(shared_views, story.EVALUATED) as connection:
        (failed,) = sales(connection, nte_status=["failed"])
    assert failed == {
        "item_id": "1-B",
        "approval_id": "1",
        "contract_id": "C1",
        "contract_name": "Harbour",
        "line_id": "T",
        "line_name": "Works",
        "project_id": "P1",
        "customer_id": "B",
        "customer_name": "Bay",
        "class": "time",
        "date": "2026-03-02",
        "resource": "Ada",
        "role": "dev",
        "category": None,
        "task_id": "t1",
        "description": "piling",
        "quantity": "4",
        "unit_price": "200.00",
        "amount": "800.00",
        "tax": "0.00",
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "not_ready",
        "nte_status": "failed",
        "nte_detail": [
            {
                "level": "line_customer",
                "limit": "500.00",
                "used": "0.00",
                "shortfall": "300.00",
            }
        ],
        "invoice_id": None,
    }


def test_a_reset_sale_shows_no_verdict_any_more_d33(shared_views: Engine) -> None:
    with until(shared_views, story.NTE_RESET) as connection:
        (row,) = sales(connection, customer_id=["B"])
    assert (row["nte_status"], row["nte_detail"]) == ("not_evaluated", None)


def test_a_milestone_that_changed_keeps_its_billing_status_d14(shared_views: Engine) -> None:
    events = [*EVENTS[: EVENTS.index(story.M1_READY) + 1], story.M1_CHANGED]
    feed(shared_views, recorded(events), pages=[1] * len(events))
    with shared_views.connect() as connection:
        (row,) = fixed_price(connection)
    assert (row["billing_status"], row["milestone_status"]) == ("ready", "in_progress")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (story.SALES_RECORDED, {"M1-A": ("not_ready", None), "1-A": ("not_ready", None)}),
        (story.M1_READY, {"M1-A": ("ready", None), "2-A": ("ready", None)}),
        (story.NOT_READY, {"1-A": ("ready", None), "2-A": ("not_ready", None)}),
        (story.M1_DRAFTED, {"M1-A": ("invoice_created", "I1"), "1-A": ("invoice_created", "I1")}),
        (story.drafted("I2", "2-free"), {"2-free": ("invoice_created", "I2")}),
        (story.RELEASED, {"2-free": ("ready", None), "1-A": ("invoice_created", "I1")}),
        (story.M1_POSTED, {"M1-A": ("invoice_posted", "I1"), "1-A": ("invoice_posted", "I1")}),
    ],
    ids=["born", "ready", "not ready", "drafted", "on another draft", "released", "posted"],
)
def test_items_read_as_the_invoice_says_d13_d42(
    shared_views: Engine, last: Event, expected: dict[str, tuple[str, str | None]]
) -> None:
    with until(shared_views, last) as connection:
        found = statuses(connection)
    assert {item_id: found[item_id] for item_id in expected} == expected


def test_posted_sales_leave_the_view_unless_asked_for_and_milestones_stay_d20(
    shared_views: Engine,
) -> None:
    with until(shared_views, story.M1_POSTED) as connection:
        assert [row["item_id"] for row in sales(connection)] == ["1-B", "2-A", "2-free"]
        posted = sales(connection, billing_status=["invoice_posted"])
        assert [row["item_id"] for row in posted] == ["1-A"]
        (milestone,) = fixed_price(connection)
    assert (milestone["billing_status"], milestone["milestone_status"]) == (
        "invoice_posted",
        "completed",
    )


def test_filters_of_one_column_widen_and_those_of_several_narrow(shared_views: Engine) -> None:
    with until(shared_views, story.NOT_READY) as connection:

        def ids(**any_of: list[str]) -> list[str]:
            return [row["item_id"] for row in sales(connection, **any_of)]

        assert ids(customer_id=["A", "B"]) == ["1-A", "1-B", "2-A", "2-free"]
        assert ids(customer_id=["A"], billing_status=["ready"]) == ["1-A", "2-free"]
        assert ids(billing_type=["non_chargeable"]) == ["2-free"]
        assert ids(project_id=["P2"]) == []
        assert ids(class_=["time"], resource=["Ada"], line_id=["T"]) == ids()


def test_dates_from_and_to_are_both_inside(shared_views: Engine) -> None:
    def ids(wanted: BacklogFilter) -> list[str]:
        page = backlog_lists.list_time_and_material(connection, wanted, ALL, totals=False)
        return [row.item_id for row in page.items]

    with until(shared_views, story.SALES_RECORDED) as connection:
        assert ids(BacklogFilter(date_from=story.LATER)) == ["2-A", "2-free"]
        assert ids(BacklogFilter(date_to=story.DAY)) == ["1-A", "1-B"]
        assert ids(BacklogFilter(date_from=story.DAY, date_to=story.LATER)) == ids(EVERYTHING)
        assert fixed_price(connection, BacklogFilter(date_to=story.DAY)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HARB", ["1-A", "1-B", "2-A", "2-free"]),
        ("anchor", ["1-A", "2-A", "2-free"]),
        ("bay", ["1-B"]),
        ("ada", ["1-A", "1-B", "2-A", "2-free"]),
        ("crane", []),
    ],
)
def test_text_is_found_in_names_and_in_what_work_says_of_itself(
    shared_views: Engine, text: str, found: list[str]
) -> None:
    with until(shared_views, story.SALES_RECORDED) as connection:
        wanted = BacklogFilter(text=text)
        page = backlog_lists.list_time_and_material(connection, wanted, ALL, totals=False)
    assert [row.item_id for row in page.items] == found


@pytest.mark.parametrize(
    ("text", "any_of", "found"),
    [
        ("found", {}, ["M1-A"]),
        ("found", {"project_id": ["P2"]}, ["M1-A"]),
        ("found", {"project_id": ["P1"]}, []),
        ("found", {"billing_status": ["ready"]}, ["M1-A"]),
        ("found", {"billing_status": ["not_ready"]}, []),
        ("found", {"billing_status": ["not_ready", "ready"]}, ["M1-A"]),
        ("anchor", {"contract_id": ["C1"]}, ["M1-A"]),
        ("found", {"contract_id": MANY_CONTRACTS, "billing_status": ["ready"]}, ["M1-A"]),
        ("bay", {}, []),
    ],
)
def test_text_is_found_in_names_of_milestones_whatever_else_is_asked_for(
    shared_views: Engine, text: str, any_of: dict[str, list[str]], found: list[str]
) -> None:
    wanted = BacklogFilter(any_of=any_of, text=text)
    with until(shared_views, story.M1_READY) as connection:
        for sort in (None, "amount"):
            request = PageRequest(limit=1000, sort=sort)
            page = backlog_lists.list_fixed_price(connection, wanted, request, totals=False)
            assert [row.item_id for row in page.items] == found


def test_totals_are_over_the_whole_filter_by_currency_status_and_billing_type(
    shared_views: Engine,
) -> None:
    with until(shared_views, story.NOT_READY) as connection:
        page = backlog_lists.list_time_and_material(
            connection, EVERYTHING, PageRequest(limit=1), totals=True
        )
    assert [tuple(total.values()) for total in shown(page.totals)] == [
        ("EUR", "not_ready", "chargeable", 2, "799.50", "0.00"),
        ("EUR", "ready", "chargeable", 1, "800.00", "0.00"),
        ("EUR", "ready", "non_chargeable", 1, "100.00", "0.00"),
    ]
    assert len(page.items) == 1


def test_items_of_either_view_are_found_by_their_ids(shared_views: Engine) -> None:
    with until(shared_views, story.M1_POSTED) as connection:
        found = backlog_lists.find_items(connection, UNRESTRICTED, ["1-A", "M1-A", "nothing"])
        alone = backlog_lists.find_items(connection, UNRESTRICTED, ["M1-A"])
        assert shown(alone) == fixed_price(connection)
    assert [row.item_id for row in found] == ["M1-A", "1-A"]


# --- contracts ---------------------------------------------------------------------------------


def test_a_contract_reads_with_its_customers_in_their_order_and_its_lines(
    shared_views: Engine,
) -> None:
    contract = {
        "contract_id": "C1",
        "name": "Harbour",
        "currency": "EUR",
        "nte_limit": "5000.00",
        "approval": "none",
        "customers": [
            {"customer_id": "B", "name": "Bay", "nte_limit": "2000.00"},
            {"customer_id": "A", "name": "Anchor", "nte_limit": None},
        ],
        "lines": ["F", "T"],
    }
    with until(shared_views, story.FIXED_LINE_LISTED) as connection:
        assert shown(contract_views.find_contract(connection, UNRESTRICTED, "C1")) == (contract, 3)
        assert shown(listed_contracts.list_contracts(connection, UNRESTRICTED, ALL).items) == [
            contract
        ]
        assert shown(contract_views.find_contract(connection, UNRESTRICTED, "C2")) is None


def test_a_contract_defined_anew_keeps_no_customer_of_before(shared_views: Engine) -> None:
    anew = ContractDefined(
        contract_id="C1",
        name="Port",
        currency="EUR",
        nte_limit=None,
        approval=ApprovalRule.NONE,
        customers=story.CONTRACT_DEFINED.customers[1:],
    )
    feed(shared_views, recorded([story.CONTRACT_DEFINED]))
    feed_more(Writer(shared_views), recorded([anew], after=1))
    with shared_views.connect() as connection:
        found = shown(contract_views.find_contract(connection, UNRESTRICTED, "C1"))
    assert found
    assert found[0]["name"] == "Port"
    assert [customer["customer_id"] for customer in found[0]["customers"]] == ["A"]


def test_a_line_reads_as_it_was_put(shared_views: Engine) -> None:
    with until(shared_views, story.TIME_LINE_LISTED) as connection:
        assert shown(contract_views.find_line(connection, UNRESTRICTED, "C1", "T")) == (
            {
                "contract_id": "C1",
                "line_id": "T",
                "name": "Works",
                "project_id": "P1",
                "billing_method": "time_and_material",
                "currency": "EUR",
                "contract_amount": None,
                "nte_limit": "3000.00",
                "customers": [
                    {
                        "customer_id": "A",
                        "split_percent": "50",
                        "rounding": True,
                        "nte_limit": None,
                    },
                    {
                        "customer_id": "B",
                        "split_percent": "50.0",
                        "rounding": False,
                        "nte_limit": "500.00",
                    },
                ],
                "schedule": "milestones",
                "includes": ["time", "fee"],
                "chargeable": {"roles": {"dev": True}, "categories": {}, "tasks": {"t1": False}},
                "milestones_total": None,
                "difference": None,
            },
            1,
        )
        assert shown(contract_views.find_line(connection, UNRESTRICTED, "C1", "X")) is None


def test_a_fixed_price_line_reports_what_its_milestones_lack_d15(shared_views: Engine) -> None:
    with until(shared_views, story.M2_DELETED) as connection:
        found = shown(contract_views.find_line(connection, UNRESTRICTED, "C1", "F"))
    assert found
    assert found[0]["milestones_total"] == "1200.00"
    assert found[0]["difference"] == "300.00"
    assert found[1] == 5


def test_a_milestone_reads_with_its_parts_and_the_version_of_its_line(shared_views: Engine) -> None:
    with until(shared_views, story.M1_READY) as connection:
        assert shown(contract_views.find_milestone(connection, UNRESTRICTED, "M1")) == (
            {
                "milestone_id": "M1",
                "contract_id": "C1",
                "line_id": "F",
                "name": "Foundation",
                "status": "in_progress",
                "amount": "1200.00",
                "tax": "240.00",
                "currency": "EUR",
                "date": "2026-03-09",
                "task_id": "dig",
                "parts": [
                    {
                        "item_id": "M1-A",
                        "customer_id": "A",
                        "amount": "1200.00",
                        "tax": "240.00",
                        "billing_status": "ready",
                    }
                ],
            },
            6,
        )
        assert shown(contract_views.find_milestone(connection, UNRESTRICTED, "M2")) is None


def level(
    name: str, line: str | None, customer: str | None, *amounts: str | None
) -> dict[str, Any]:
    limit, committed, invoiced, remaining = amounts
    return {
        "level": name,
        "line_id": line,
        "customer_id": customer,
        "limit": limit,
        "committed": committed,
        "invoiced": invoiced,
        "remaining": remaining,
    }


def test_limits_list_every_level_in_the_order_they_are_checked_d30_d36(
    shared_views: Engine,
) -> None:
    with until(shared_views, story.LINE_USAGE_POSTED) as connection:
        found = shown(limit_views.limits(connection, UNRESTRICTED, "C1"))
        assert shown(limit_views.limits(connection, UNRESTRICTED, "C2")) is None
    assert found
    assert found["levels"] == [
        level("line_customer", "F", "A", None, "0.00", "0.00", None),
        level("line_customer", "T", "A", None, "0.00", "800.00", None),
        level("line_customer", "T", "B", "500.00", "0.00", "0.00", "500.00"),
        level("line", "F", None, None, "0.00", "0.00", None),
        level("line", "T", None, "3000.00", "0.00", "800.00", "2200.00"),
        level("contract_customer", None, "B", "2000.00", "0.00", "0.00", "2000.00"),
        level("contract_customer", None, "A", None, "799.50", "0.00", None),
        level("contract", None, None, "5000.00", "799.50", "0.00", "4200.50"),
    ]


def test_limits_name_who_should_be_re_evaluated_d36(shared_views: Engine) -> None:
    events = EVENTS[: EVENTS.index(story.CONTRACT_USAGE) + 1]
    feed(shared_views, recorded(events))
    with shared_views.connect() as connection:
        before = shown(limit_views.limits(connection, UNRESTRICTED, "C1"))
    lowered = replace(story.CONTRACT_DEFINED, nte_limit=story.d("700.00"))
    feed_more(Writer(shared_views), recorded([lowered], after=len(events)))
    with shared_views.connect() as connection:
        after = shown(limit_views.limits(connection, UNRESTRICTED, "C1"))
    assert before
    assert before["reevaluate"] == []
    assert after
    assert after["levels"][-1] == level(
        "contract", None, None, "700.00", "799.50", "0.00", "-99.50"
    )
    assert after["reevaluate"] == ["1-A"]  # 2-A is negative: it always passes (D-31)


def test_only_so_many_are_named_that_should_be_re_evaluated_d36(
    shared_views: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"{n}-A" for n in range(5)]
    committed = [
        story.work(id_, story.sale(id_, "A", "100.00", nte_status=NTEStatus.COMMITTED))
        for id_ in ids
    ]
    sales = replace(story.SALES_RECORDED, approvals=tuple(committed))
    begun = EVENTS[: EVENTS.index(story.SALES_RECORDED)]
    lowered = replace(story.CONTRACT_DEFINED, nte_limit=story.d("700.00"))
    feed(shared_views, recorded([*begun, sales, story.CONTRACT_USAGE, lowered]))
    with shared_views.connect() as connection:
        for most in (10, 3):
            monkeypatch.setattr(limit_views, "REEVALUATE_LISTED", most)
            found = limit_views.limits(connection, UNRESTRICTED, "C1")
            assert found
            assert found.reevaluate == ids[:most]


def test_the_performance_of_a_contract_is_by_status_and_class_d60(shared_views: Engine) -> None:
    with until(shared_views, story.CONTRACT_USAGE_POSTED) as connection:
        found = shown(performance_views.performance(connection, UNRESTRICTED, "C1"))
        assert shown(performance_views.performance(connection, UNRESTRICTED, "C2")) is None
    assert found
    assert {name: found[name] for name in found if name not in {"lines", "limits"}} == {
        "contract_id": "C1",
        "currency": "EUR",
        "contract_value": "1500.00",
        "invoiced": "2000.00",
        "on_drafts": "0.00",
        "ready": "0.00",
        "not_ready": {"time": "799.50"},
        "remaining": "-500.00",
    }
    by_line = {row["line_id"]: row for row in found["lines"]}
    assert (by_line["F"]["invoiced"], by_line["F"]["remaining"]) == ("1200.00", "300.00")
    assert (by_line["T"]["invoiced"], by_line["T"]["remaining"]) == ("800.00", None)


# --- invoices, actuals, parked events ----------------------------------------------------------


def confirmed_invoice() -> dict[str, Any]:
    def line(line_id: str, method: str, amount: str, tax: str, total: str) -> dict[str, Any]:
        group = {"billing_type": "chargeable", "count": 1, "amount": amount, "tax": tax}
        return {
            "line_id": line_id,
            "billing_method": method,
            "amount": amount,
            "tax": tax,
            "total": total,
            "groups": [group],
        }

    foundation = {
        "detail_id": "I1-M1-A",
        "item_id": "M1-A",
        "kind": "milestone",
        "date": "2026-03-09",
        "description": "Foundation",
        "external_description": None,
        "quantity": "1",
        "unit_price": "1200.00",
        "amount": "1200.00",
        "tax": "240.00",
        "billing_type": "chargeable",
    }
    hours = {
        "detail_id": "I1-1-A",
        "item_id": "1-A",
        "kind": "time",
        "date": "2026-03-02",
        "description": "piling",
        "external_description": None,
        "quantity": "4",
        "unit_price": "200.00",
        "amount": "800.00",
        "tax": "0.00",
        "billing_type": "chargeable",
    }
    return {
        "invoice_id": "I1",
        "number": "INV-000001",
        "status": "confirmed",
        "contract_id": "C1",
        "customer_id": "A",
        "currency": "EUR",
        "cutoff": "2026-03-09",
        "accounting_date": "2026-03-31",
        "corrects": None,
        "corrects_number": None,
        "has_corrections": False,
        "transfer_to": None,
        "amount": "2000.00",
        "tax": "240.00",
        "total": "2240.00",
        "approval": None,
        "lines": [
            {
                **line("F", "fixed_price", "1200.00", "240.00", "1440.00"),
                "details": [as_drafted(foundation)],
            },
            {
                **line("T", "time_and_material", "800.00", "0.00", "800.00"),
                "details": [as_drafted(hours)],
            },
        ],
        "retainers": [],
    }


def as_drafted(detail: dict[str, Any]) -> dict[str, Any]:
    """The whole detail, as long as nothing has happened to it: its source is itself."""
    names = ("quantity", "unit_price", "amount", "tax", "billing_type")
    return {
        **detail,
        "edited": False,
        "source": {name: detail[name] for name in names},
        "recalled": False,
        "corrects_detail": None,
        "corrected_by": None,
        "original_quantity": None,
        "original_unit_price": None,
        "original_amount": None,
        "original_tax": None,
    }


def test_a_confirmed_invoice_reads_with_lines_and_details_d43_d44(shared_views: Engine) -> None:
    with until(shared_views, story.ACTUALS_BOOKED) as connection:
        assert shown(invoice_views.find_invoice(connection, UNRESTRICTED, "I1")) == (
            confirmed_invoice(),
            4,
        )
        listed = invoice_views.list_invoices(connection, UNRESTRICTED, {}, ALL, details=True).items
        names = {"contract_name": "Harbour", "customer_name": "Anchor"}
        assert shown(listed) == [{**confirmed_invoice(), **names}]


def test_a_deleted_draft_is_not_there_any_more_d42(shared_views: Engine) -> None:
    with until(shared_views, story.FREE_DETAIL_ADDED) as connection:
        found = invoice_views.list_invoices(connection, UNRESTRICTED, {"status": ["draft"]}, ALL)
        assert [row.invoice_id for row in found.items] == ["I1", "I2"]
    with until(shared_views, story.DRAFT_DELETED) as connection:
        assert shown(invoice_views.find_invoice(connection, UNRESTRICTED, "I2")) is None


def test_actuals_are_unbilled_sales_then_reversals_and_billed_sales_d45(
    shared_views: Engine,
) -> None:
    def ids(**wanted: list[str]) -> list[str]:
        page = actual_views.list_actuals(connection, UNRESTRICTED, wanted, ALL)
        return [row.actual_id for row in page.items]

    with until(shared_views, story.M1_POSTED) as connection:
        booked = ["M1-A billed", "1-A reversed", "1-A billed"]
        assert ids() == ["1-A", "1-B", "2-A", "2-free", *booked]
        assert ids(type=["unbilled_sales"], item_id=["1-A"]) == ["1-A", "1-A reversed"]
        assert ids(invoice_id=["I1"], line_id=["F"]) == ["M1-A billed"]
        assert ids(approval_id=["2"]) == ["2-A", "2-free"]
        page = actual_views.list_actuals(connection, UNRESTRICTED, {"item_id": ["1-A"]}, ALL)
    shared = {
        "item_id": "1-A",
        "contract_id": "C1",
        "line_id": "T",
        "customer_id": "A",
        "approval_id": "1",
        "milestone_id": None,
        "invoice_id": "I1",
        "class": "time",
        "date": "2026-03-02",
        "replaces": None,
        "unit_price": "200.00",
        "tax": "0.00",
        "currency": "EUR",
        "billing_type": "chargeable",
        "billing_status": "invoice_posted",
    }
    unbilled = {"actual_id": "1-A", "type": "unbilled_sales", "reversal_of": None}
    unbilled |= {"cause": "approval", "accounting_date": "2026-03-02"}
    shared_booked = {**shared, "cause": "confirmation", "accounting_date": "2026-03-31"}
    billed = {"actual_id": "1-A billed", "type": "billed_sales", "reversal_of": None}
    reversal = {"actual_id": "1-A reversed", "type": "unbilled_sales", "reversal_of": "1-A"}
    whole = {"quantity": "4", "amount": "800.00", "adjustment_status": "adjustable"}
    negative = {"quantity": "-4", "amount": "-800.00", "adjustment_status": "unadjustable"}
    recorded_at, booked_at = (EVENTS.index(e) + 1 for e in (story.SALES_RECORDED, ACTUALS))
    assert shown(page.items) == [
        {**shared, **unbilled, **whole, "position": recorded_at},
        {**shared_booked, **reversal, **negative, "position": booked_at},
        {**shared_booked, **billed, **whole, "position": booked_at},
    ]


ACTUALS = story.ACTUALS_BOOKED


def test_parked_events_show_what_they_lack_now(shared_views: Engine) -> None:
    with until(shared_views, story.ANSWERED) as connection:
        (listed,) = parked_views.list_parked(connection, ALL).items
        (row,) = parked_views.find_parked(connection, "e1")
        assert parked_views.find_parked(connection, "p-e1") == [row]
        assert parked_views.find_parked(connection, "e2") == []
    assert row.items() <= listed.items()
    assert shown(row) == {
        "event_id": "e1",
        "parked_id": "p-e1",
        "source": "/projects",
        "type": "projects.time.approved.v1",
        "contract_id": "C9",
        "line_id": "T",
        "approval_id": "9",
        "position": EVENTS.index(story.parked("e1", "it still lacks its line")) + 1,
        "problem_code": "contract_not_found",
        "problem_detail": "it still lacks its line",
        "data": '{"quantity":"8"}',
    }


def test_the_index_finds_the_events_of_a_contract_an_invoice_or_a_type_d64(
    shared_views: Engine,
) -> None:
    def at(*events: Event) -> list[int]:
        return [EVENTS.index(event) + 1 for event in events]

    with until(shared_views, EVENTS[-1]) as connection:
        assert position_seen(connection) == len(EVENTS)
        of_invoice = {"invoice_id": ["I2"], "type": ["DraftDeleted", "ItemsReleased"]}
        found = history_views.event_positions(connection, of_invoice, 0, 10)
        assert found == at(story.DRAFT_DELETED, story.RELEASED)
        of_contract = {"contract_id": ["C1"]}
        everything = history_views.event_positions(connection, of_contract, 0, 1000)
        assert len(everything) == sum(getattr(e, "contract_id", "") == "C1" for e in EVENTS)
        assert history_views.event_positions(connection, of_contract, 5, 3) == [6, 7, 8]


def test_an_id_that_no_database_can_hold_is_of_nothing(shared_views: Engine) -> None:
    with until(shared_views, story.ANSWERED) as connection:
        assert contract_views.find_milestone(connection, UNRESTRICTED, "M\x00") is None
        assert invoice_views.find_invoice(connection, UNRESTRICTED, "I\x00") is None
        assert parked_views.find_parked(connection, "e\x00") == []


def test_contracts_on_the_books_with_parked_events_are_found(shared_views: Engine) -> None:
    known = replace(story.CONTRACT_DEFINED, contract_id="C9")
    parked = story.parked("e1", "it lacks its line")
    for events, expected in (([parked], []), ([parked, known], ["C9"]), ([known], [])):
        feed(shared_views, recorded(events))
        with shared_views.connect() as connection:
            assert parked_views.contracts_with_parked(connection) == expected
