"""What rows each event changes, in all views together."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from aggregates.contract_line.events import ContractLineDefined
from aggregates.events import Event
from aggregates.job.events import JobCanceled, JobClosed, JobCompleted, JobOpened
from projections import tables
from projections.history import Recorded
from projections.projecting.catalogue import project
from projections.projecting.changes import Drop, Patch, Put
from projections.projecting.time_and_material import MOST_OF_AN_EVENT
from projections.values.search_texts import (
    approvals_row,
    milestone_row,
    milestone_text_id,
    text_row,
)
from tests.projections import story
from tests.projections.row_changes import (
    CONTRACT_VERSION,
    POSITION,
    VERSION,
    changes,
    line_version,
    patch,
    put,
)
from tests.projections.story import ABOUT, DAY, EVENTS, LATER, d


def test_the_story_has_every_event_of_the_catalogue() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_in_the_index_of_the_history(event: Event) -> None:
    recorded = Recorded(
        position=POSITION, version=VERSION, stream=event.stream, event=event, metadata=ABOUT
    )
    assert list(project(recorded))[-1] == put(
        tables.event_index,
        {
            "position": POSITION,
            "type": type(event).__name__,
            "contract_id": getattr(event, "contract_id", None),
            "invoice_id": getattr(event, "invoice_id", None),
        },
    )


def called(name: str) -> dict[str, str]:
    """A name, and what it is searched by."""
    return {"name": name, "search_text": name.lower()}


# --- contracts and lines -----------------------------------------------------------------------


def test_a_contract_defined_replaces_its_row_and_all_its_customers() -> None:
    key = {"contract_id": "C1"}
    row = {
        **key,
        **called("Harbour"),
        "currency": "EUR",
        "nte_limit": 500000,
        "approval": "none",
        "version": VERSION,
    }
    named = {**key, "position": POSITION}
    bay = {**named, "customer_id": "B", "ordinal": 0, **called("Bay"), "nte_limit": 200000}
    anchor = {**named, "customer_id": "A", "ordinal": 1, **called("Anchor"), "nte_limit": None}
    assert changes(story.CONTRACT_DEFINED) == [
        put(tables.contracts, row),
        Drop(tables.contract_customers, key),
        put(tables.contract_customers, bay, anchor),
    ]


def test_a_line_defined_replaces_its_row_and_all_its_customers() -> None:
    key = {"contract_id": "C1", "line_id": "T"}
    row = {
        **key,
        **called("Works"),
        "project_id": "P1",
        "billing_method": "time_and_material",
        "currency": "EUR",
        "contract_amount": None,
        "nte_limit": 300000,
        "schedule": "milestones",
        "includes": '["time", "fee"]',
        "chargeable": '{"roles": {"dev": true}, "categories": {}, "tasks": {"t1": false}}',
        "milestones_total": 0,
        "version": VERSION,
    }
    a = {"customer_id": "A", "ordinal": 0, "split_percent": "50", "rounding": True}
    b = {"customer_id": "B", "ordinal": 1, "split_percent": "50.0", "rounding": False}
    assert changes(story.TIME_LINE_DEFINED) == [
        put(tables.contract_lines, row),
        Drop(tables.line_customers, key),
        put(
            tables.line_customers,
            {**key, **a, "nte_limit": None},
            {**key, **b, "nte_limit": 50000},
        ),
    ]


def test_a_line_defined_keeps_what_its_milestones_total() -> None:
    defined = story.FIXED_LINE_DEFINED
    again = ContractLineDefined(
        contract_id="C1",
        line_id="F",
        currency="EUR",
        terms=defined.terms,
        milestones_total=d("12.34"),
    )
    row = changes(again)[0]
    assert isinstance(row, Put)
    assert row.rows[0]["milestones_total"] == 1234
    assert row.rows[0]["contract_amount"] == 150000


def test_a_line_listed_moves_the_version_of_its_contract_alone() -> None:
    assert changes(story.TIME_LINE_LISTED) == [CONTRACT_VERSION]


def test_the_usage_of_a_line_is_set_per_level_d37() -> None:
    key = {"contract_id": "C1", "line_id": "T", "committed": 79950, "invoiced": 0}
    assert changes(story.LINE_USAGE) == [
        line_version("T"),
        put(
            tables.limit_usage,
            {**key, "level": "line_customer", "customer_id": "A"},
            {**key, "level": "line", "customer_id": ""},
        ),
    ]


def test_the_usage_of_a_contract_is_set_per_level_d37() -> None:
    key = {"contract_id": "C1", "line_id": "", "committed": 79950, "invoiced": 0}
    assert changes(story.CONTRACT_USAGE) == [
        CONTRACT_VERSION,
        put(
            tables.limit_usage,
            {**key, "level": "contract_customer", "customer_id": "A"},
            {**key, "level": "contract", "customer_id": ""},
        ),
    ]


# --- fixed price -------------------------------------------------------------------------------

PART_OF = {"milestone_id": "M1", "contract_id": "C1", "line_id": "F", "currency": "EUR"}
HEADER = {**PART_OF, "text_id": milestone_text_id("M1")}
PART = {**PART_OF, "item_id": "M1-A", "customer_id": "A", "ordinal": 0}


def test_a_milestone_split_puts_its_header_and_its_parts_not_ready_d10() -> None:
    money = {"amount": 100000, "tax": 10000, "date": DAY}
    named = {"name": "Milestone M1", "task_id": None, "status": "not_started"}
    text = milestone_row("Milestone M1", "M1")
    assert text["text"] == "milestone m1\x1fm1"
    born = {"billing_status": "not_ready", "billing_type": "chargeable", "invoice_id": None}
    assert changes(story.split("M1", "1000.00", total="1000.00")) == [
        line_version("F", milestones_total=100000),
        put(tables.search_texts, text),
        put(tables.milestones, {**HEADER, **money, **named}),
        put(tables.fixed_price, {**PART, **money, **born}),
    ]


def test_a_milestone_changed_takes_its_parts_along_and_leaves_their_status_d14() -> None:
    money = {"amount": 120000, "tax": 24000, "date": LATER}
    assert changes(story.M1_CHANGED) == [
        line_version("F", milestones_total=120000),
        put(tables.search_texts, milestone_row("Foundation", "M1")),
        patch(tables.milestones, {**HEADER, **money, "name": "Foundation", "task_id": "dig"}),
        patch(tables.fixed_price, {**PART, **money}),
    ]


def test_a_milestone_deleted_leaves_no_orphans_d14() -> None:
    assert changes(story.M2_DELETED) == [
        line_version("F", milestones_total=120000),
        Drop(tables.fixed_price, {"milestone_id": "M2"}),
        Drop(tables.milestones, {"milestone_id": "M2"}),
        Drop(tables.search_texts, {"text_id": milestone_text_id("M2")}),
    ]


@pytest.mark.parametrize(
    ("event", "billing_status", "invoice_id", "header_status"),
    [
        (story.M1_READY, "ready", None, "in_progress"),
        (story.M1_DRAFTED, "invoice_created", "I1", "in_progress"),
        (story.M1_POSTED, "invoice_posted", "I1", "completed"),
    ],
    ids=["ready", "drafted", "posted"],
)
def test_parts_that_move_take_their_header_along_d12_d13(
    event: Event, billing_status: str, invoice_id: str | None, header_status: str
) -> None:
    row = {"item_id": "M1-A", "billing_status": billing_status, "invoice_id": invoice_id}
    assert changes(event) == [
        line_version("F"),
        patch(tables.fixed_price, row),
        patch(tables.milestones, {"milestone_id": "M1", "status": header_status}),
    ]


# --- time and material -------------------------------------------------------------------------


def test_approved_work_is_a_row_per_customer_born_not_ready_d20() -> None:
    shared = {
        "position": POSITION,
        "contract_id": "C1",
        "line_id": "T",
        "class": "time",
        "resource": "Ada",
        "role": "dev",
        "category": None,
        "task_id": "t1",
        "description": "piling",
        "unit_price": 200_000_000,
        "tax": 0,
        "currency": "EUR",
        "billing_status": "not_ready",
        "nte_detail": None,
        "invoice_id": None,
        "adjustment_status": "adjustable",
    }
    text = text_row("piling", "Ada", "dev", None, "t1")
    assert text
    assert text["text"] == "piling\x1fada\x1fdev\x1ft1"
    shared["text_id"] = text["text_id"]
    first = {"approval_id": "1", "date": DAY, "quantity": 4_000_000, "amount": 80000}
    second = {"approval_id": "2", "date": LATER, "customer_id": "A"}
    open_item = {"billing_type": "chargeable", "nte_status": "not_evaluated"}
    free = {"billing_type": "non_chargeable", "nte_status": "not_applicable"}

    def sale(item_id: str, place: int) -> dict[str, Any]:
        return {"item_id": item_id, "sequence": POSITION * MOST_OF_AN_EVENT + place}

    assert changes(story.SALES_RECORDED) == [
        line_version("T"),
        put(
            tables.search_texts,
            text,
            approvals_row(POSITION, DAY, ["1"]),
            approvals_row(POSITION, LATER, ["2"]),
        ),
        put(
            tables.time_and_material,
            {**shared, **first, **open_item, **sale("1-A", 0), "customer_id": "A"},
            {**shared, **first, **open_item, **sale("1-B", 1), "customer_id": "B"},
            {**shared, **second, **open_item, **sale("2-A", 2), "quantity": -2500, "amount": -50},
            {
                **shared,
                **second,
                **free,
                **sale("2-free", 3),
                "quantity": 4_000_000,
                "amount": 10000,
            },
        ),
    ]


def test_a_verdict_names_every_failing_level_with_limit_used_and_shortfall_d31() -> None:
    failed = {"level": "line_customer", "limit": "500.00", "used": "0.00", "shortfall": "300.00"}
    assert changes(story.EVALUATED) == [
        line_version("T"),
        patch(
            tables.time_and_material,
            {"item_id": "1-A", "nte_status": "committed", "nte_detail": None},
            {"item_id": "1-B", "nte_status": "failed", "nte_detail": json.dumps([failed])},
            {"item_id": "2-A", "nte_status": "committed", "nte_detail": None},
        ),
    ]


def test_a_reset_withdraws_the_verdict_and_its_detail_d33() -> None:
    row = {"item_id": "1-B", "nte_status": "not_evaluated", "nte_detail": None}
    assert changes(story.NTE_RESET) == [line_version("T"), patch(tables.time_and_material, row)]


@pytest.mark.parametrize(
    ("event", "item_id", "billing_status", "invoice_id"),
    [
        (story.ready("1-A"), "1-A", "ready", None),
        (story.NOT_READY, "2-A", "not_ready", None),
        (story.drafted("I1", "1-A"), "1-A", "invoice_created", "I1"),
        (story.RELEASED, "2-free", "ready", None),
        (story.POSTED, "1-A", "invoice_posted", "I1"),
    ],
    ids=["ready", "not ready", "drafted", "released", "posted"],
)
def test_sales_that_move_know_the_invoice_they_are_on_d13_d42(
    event: Event, item_id: str, billing_status: str, invoice_id: str | None
) -> None:
    row = {"item_id": item_id, "billing_status": billing_status, "invoice_id": invoice_id}
    assert changes(event) == [line_version("T"), patch(tables.time_and_material, row)]


# --- intake ------------------------------------------------------------------------------------


def test_a_parked_event_is_a_row_with_what_it_lacks_and_what_was_posted() -> None:
    row = {
        "parked_id": "p-e1",
        "position": POSITION,
        "source": "/projects",
        "event_id": "e1",
        "type": "projects.time.approved.v1",
        "contract_id": "C9",
        "line_id": "T",
        "approval_id": "9",
        "problem_code": "contract_not_found",
        "problem_detail": "there is no contract 'C9'",
        "data": '{"quantity":"8"}',
    }
    assert changes(story.parked("e1")) == [put(tables.parked_events, row)]


def test_an_event_that_waits_no_more_leaves_the_list() -> None:
    assert changes(story.UNPARKED) == [Drop(tables.parked_events, {"parked_id": "p-e2"})]


# --- jobs ----------------------------------------------------------------------------------------


def test_a_job_that_is_asked_for_is_a_row_that_says_by_whom_and_for_what() -> None:
    row = {
        "job_id": "J1",
        "position": POSITION,
        "kind": "draft_invoices",
        "request": '{"cutoff":"2026-03-31"}',
        "status": "scheduled",
        "done": 0,
        "total": 3,
        "requested_at": "2026-03-02T12:00:00+00:00",
        "ended_at": None,
        "actor": "tester",
        "reason": None,
        "problem_code": None,
        "problem_detail": None,
        "version": VERSION,
    }
    assert changes(story.JOB_REQUESTED) == [put(tables.jobs, row)]


NOTHING_DONE = {
    "status": "scheduled",
    "changed_count": 0,
    "skipped_count": 0,
    "invoices": "[]",
    "skipped": "[]",
    "problem_code": None,
    "problem_detail": None,
    "exceeded": None,
    "position": None,
}
JOB_VERSION = {"job_id": "J1", "version": VERSION}


def test_each_step_that_is_planned_is_a_row_with_what_it_is_about() -> None:
    about = ("C1", None, 0), (None, "I1", 0), ("C2", None, 2)
    rows = [
        {
            "job_id": "J1",
            "step": number,
            "contract_id": contract_id,
            "invoice_id": invoice_id,
            "item_count": items,
            **NOTHING_DONE,
        }
        for number, (contract_id, invoice_id, items) in enumerate(about, 7)
    ]
    planned = replace(story.JOB_PLANNED, first=7)
    assert changes(planned) == [put(tables.job_steps, *rows), patch(tables.jobs, JOB_VERSION)]


def test_a_step_that_is_done_says_what_came_of_it_and_moves_its_job() -> None:
    invoices = (
        '[{"invoice_id": "I1", "customer_id": "A", "currency": "EUR", '
        '"amount": "400.00", "tax": "76.00", "number": null}]'
    )
    skipped = '[{"item_id": "C1~T~9", "code": "item_not_ready", "detail": "not ready"}]'
    done = {
        "job_id": "J1",
        "step": 1,
        **NOTHING_DONE,
        "status": "complete",
        "changed_count": 2,
        "skipped_count": 1,
        "invoices": invoices,
        "skipped": skipped,
        "position": POSITION,
    }
    assert changes(story.STEP_DONE) == [
        patch(tables.job_steps, done),
        patch(tables.jobs, {**JOB_VERSION, "status": "processing", "done": 1}),
    ]


def test_a_step_that_changed_nothing_has_no_position_to_be_taken_back_by() -> None:
    rows = [patched.rows[0] for patched in changes(story.STEP_FAILED) if isinstance(patched, Patch)]
    assert rows[0]["position"] is None


def test_a_step_that_failed_at_a_limit_says_at_which_d35() -> None:
    rows = [patched.rows[0] for patched in changes(story.STEP_FAILED) if isinstance(patched, Patch)]
    limit = {"level": "contract", "limit": "5000.00", "used": "4900.00", "shortfall": "300.00"}
    assert json.loads(rows[0]["exceeded"]) == [{"line_id": "T", **limit}]


@pytest.mark.parametrize(
    ("event", "status", "problem"),
    [
        (JobCompleted(job_id="J1"), "complete", {}),
        (JobCanceled(job_id="J1"), "canceled", {}),
        (
            replace(story.JOB_FAILED, job_id="J1"),
            "failed",
            {"problem_code": "internal", "problem_detail": "an unexpected error"},
        ),
    ],
)
def test_a_job_that_is_over_says_when_and_how(
    event: Event, status: str, problem: dict[str, str]
) -> None:
    ended = {**JOB_VERSION, "status": status, "ended_at": "2026-03-02T12:00:00+00:00", **problem}
    assert changes(event) == [patch(tables.jobs, ended)]


@pytest.mark.parametrize(
    "event",
    [
        story.NUMBERED,
        JobOpened(job_id="J1"),
        JobClosed(job_id="J1"),
        story.APPROVAL_RECORDED,
        story.EVENT_RECEIVED,
        story.CLAIMED,
        story.ANSWERED,
        story.KEY_CREATED,
        story.KEY_REVOKED,
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_that_only_decisions_need_change_no_view(event: Event) -> None:
    assert changes(event) == []
