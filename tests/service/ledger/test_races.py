"""Races: threads, ledgers and processes on one database, and what must never come of it."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import ParamSpec, TypeVar

import msgspec
import pytest

from aggregates.contract.defining import DefineContract
from aggregates.contract_line.terms import DefineLine
from aggregates.refusals import ItemsRefused, Refused
from aggregates.statuses import Outcome
from service.handlers import contracts
from service.handlers.idempotency import Answer, KeyReused, execute
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant
from service.wire.commands import create_milestone
from service.wire.intake.cloudevents import read
from service.wire.intake.results import Result
from service.wire.requests import MilestoneBody
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.office import (
    NOW,
    assert_sound,
    confirm,
    correct,
    delete_draft,
    draft,
    history,
    levels,
    mark_ready,
    numbers_assigned,
    post,
    record,
    request,
    rows,
    views_of,
)

P = ParamSpec("P")
R = TypeVar("R")
TRIES = 200
"""How often a writer that was refused for conflicts tries again."""


@pytest.fixture
def tenants(database: str) -> Generator[tuple[Tenant, Tenant]]:
    """Two services on one database, as two processes would be: each with a cache of its own."""
    one = Tenant(database, clock=lambda: NOW)
    other = Tenant(database, project=False, clock=lambda: NOW)
    yield one, other
    other.close()
    one.close()


def at_once(*works: Callable[[], R]) -> list[R | Exception]:
    """What each of the works came to, or raised, when all begin in the same moment."""
    start = threading.Barrier(len(works))
    outcomes: dict[int, R | Exception] = {}

    def run(index: int, work: Callable[[], R]) -> None:
        start.wait()
        try:
            outcomes[index] = work()
        except Exception as error:
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[index] for index in range(len(works))]


def persistent(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a work that tries again while others are faster, as a caller of a 409 would."""
    for _ in range(TRIES):
        with suppress(Conflict):
            return work(*args, **kwargs)
    raise Conflict


def post_one(tenant: Tenant, event: Json) -> Result:
    return post(tenant, event)[0]


# --- the last room of a limit --------------------------------------------------------------------

LEVELS = ("line_customer", "line", "contract_customer", "contract")


def limited_at(level: str, contract_id: str) -> tuple[Json, ...]:
    """A contract with two lines and room for one approval of 60, at this level alone."""
    at = {level: "100.00"}
    whole, customer = at.get("contract"), at.get("contract_customer")
    line, line_customer = at.get("line"), at.get("line_customer")
    return (
        contract_event(contract_id, limit=whole, limits={"A": customer} if customer else {}),
        *(
            line_event(
                contract_id,
                line_id,
                limit=line,
                limits={"A": line_customer} if line_customer else {},
            )
            for line_id in ("L1", "L2")
        ),
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("services", ["one service", "two services"])
def test_of_two_approvals_racing_for_the_last_room_one_commits_and_one_fails_d38(
    tenants: tuple[Tenant, Tenant], level: str, services: str
) -> None:
    one, other = tenants if services == "two services" else (tenants[0], tenants[0])
    second_line = "L2" if level.startswith("contract") else "L1"
    for number in range(12):
        contract_id = f"C{number}"
        record(one, *limited_at(level, contract_id))
        first = approval_event(f"A1-{number}", "60.00", contract_id=contract_id)
        second = approval_event(
            f"A2-{number}", "60.00", contract_id=contract_id, line_id=second_line
        )
        at_once(partial(record, one, first), partial(record, other, second))
    verdicts: dict[str, list[str]] = {}
    for row in rows(one, "time_and_material"):
        verdicts.setdefault(row["contract_id"], []).append(row["nte_status"])
    assert len(verdicts) == 12
    assert all(sorted(both) == ["committed", "failed"] for both in verdicts.values())
    for contract_id in verdicts:
        limited = [at for at in levels(one, contract_id).values() if at.limit is not None]
        assert limited
        used = {at.committed for at in limited if at.committed}
        assert used == {Decimal(60)}
    assert_sound(one.ledger)
    assert_sound(other.ledger)


def test_many_approvals_racing_fill_a_limit_to_the_cent_and_never_over_d38(
    tenants: tuple[Tenant, Tenant],
) -> None:
    record(tenants[0], contract_event(limit="100.00"), line_event(splits={"A": "60", "B": "40"}))

    def approve(tenant: Tenant, name: str) -> None:
        for number in range(6):
            event = approval_event(f"{name}-{number}", "5.00")
            persistent(record, tenant, event)

    works = [partial(approve, tenant, f"{n}") for n, tenant in enumerate((*tenants, *tenants))]
    assert at_once(*works) == [None] * 4
    sums = Counter[str]()
    for row in rows(tenants[0], "time_and_material"):
        sums[row["nte_status"]] += row["amount"]
    assert sums == {"committed": 10_000, "failed": 2_000}
    assert levels(tenants[0])["contract", "", ""].committed == Decimal("100.00")


# --- drafts and confirmations --------------------------------------------------------------------


def test_an_item_is_on_one_draft_only_when_two_are_made_at_once_d41(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    record(one, contract_event(), line_event(splits={"A": "50", "B": "50"}))
    for number in range(10):
        items = record(one, approval_event(f"X{number}"), approval_event(f"Y{number}"))
        mark_ready(one, items)
        outcomes = at_once(
            partial(draft, one, key=f"one {number}"), partial(draft, other, key=f"other {number}")
        )
        drafted = [
            detail["item_id"]
            for outcome in outcomes
            if not isinstance(outcome, Exception)
            for invoice in outcome
            for line in invoice["lines"]
            for detail in line["details"]
        ]
        assert sorted(drafted) == sorted(items)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(refusal).__name__ for refusal in refused] == ["NothingReady"]
    invoices_of = Counter(row["item_id"] for row in rows(one, "invoice_details"))
    assert set(invoices_of.values()) == {1}
    assert_sound(one.ledger)


def a_draft(tenant: Tenant, number: int) -> str:
    items = record(tenant, approval_event(f"A{number}"))
    mark_ready(tenant, items)
    return draft(tenant, key=f"draft {number}", items=items)[0]["invoice_id"]


def test_confirming_twice_at_once_gives_one_number_and_the_same_answer_d44(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    record(one, contract_event(), line_event())
    for number in range(10):
        invoice_id = a_draft(one, number)
        answers = at_once(
            *(partial(confirm, tenant, invoice_id) for tenant in (one, other, one, other))
        )
        plain = [answer for answer in answers if not isinstance(answer, Exception)]
        assert len(plain) == 4, answers
        assert {answer["number"] for answer in plain} == {f"INV-{number + 1:06d}"}
        assert {answer["status"] for answer in plain} == {"confirmed"}
    assert numbers_assigned(one.ledger) == list(range(1, 11))
    booked = Counter(row["actual_id"] for row in rows(one, "booked_actuals"))
    assert set(booked.values()) == {1}
    assert len(booked) == 20


def test_invoices_confirmed_in_parallel_are_numbered_without_gaps_d44(
    tenants: tuple[Tenant, Tenant],
) -> None:
    record(tenants[0], contract_event(), line_event())
    drafts = [a_draft(tenants[0], number) for number in range(24)]

    def confirm_all(tenant: Tenant, invoice_ids: Sequence[str]) -> list[str]:
        return [persistent(confirm, tenant, invoice_id)["number"] for invoice_id in invoice_ids]

    given = at_once(*(partial(confirm_all, tenants[n % 2], drafts[n::4]) for n in range(4)))
    numbers = sorted(number for part in given if isinstance(part, list) for number in part)
    assert numbers == [f"INV-{n:06d}" for n in range(1, 25)]
    assert numbers_assigned(tenants[1].ledger) == list(range(1, 25))
    assert_sound(tenants[1].ledger)


def test_a_draft_is_either_confirmed_or_deleted_when_both_are_asked_for_at_once_d44(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    record(one, contract_event(), line_event())
    confirmed = 0
    for number in range(10):
        invoice_id = a_draft(one, number)
        outcomes = at_once(
            partial(confirm, one, invoice_id),
            partial(delete_draft, other, invoice_id),
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert len(refused) == 1, outcomes
        assert isinstance(refused[0], Refused)
        confirmed += outcomes[1] is refused[0]
    assert numbers_assigned(one.ledger) == list(range(1, confirmed + 1))
    statuses = Counter(row["billing_status"] for row in rows(one, "time_and_material"))
    assert (statuses["invoice_posted"], statuses["ready"]) == (confirmed, 10 - confirmed)
    assert_sound(other.ledger)


def test_a_detail_is_on_one_correction_only_when_two_are_made_at_once_d49(
    tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = tenants
    record(one, contract_event(), line_event())
    for number in range(10):
        invoice_id = a_draft(one, number)
        confirm(one, invoice_id)
        outcomes = at_once(
            *(
                partial(correct, tenant, invoice_id, f"{number}/{n}")
                for n, tenant in enumerate((one, other))
            )
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert [refusal.code for refusal in refused] == ["in_correction"], outcomes
        (made,) = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        both = at_once(*(partial(confirm, t, made["invoice_id"]) for t in tenants))
        assert not any(isinstance(outcome, Exception) for outcome in both), both
    assert levels(one)["contract", "", ""].invoiced == Decimal(0)
    back = [row for row in rows(one, "time_and_material") if row["billing_status"] == "not_ready"]
    assert len(back) == 10
    assert numbers_assigned(other.ledger) == list(range(1, 21))
    assert_sound(other.ledger)


# --- the same thing, several times at once -------------------------------------------------------


def test_an_event_posted_by_several_at_once_is_recorded_once_and_the_others_are_duplicates(
    tenants: tuple[Tenant, Tenant],
) -> None:
    record(tenants[0], contract_event(), line_event(splits={"A": "50", "B": "50"}))
    for number in range(10):
        event = approval_event(f"A{number}")
        results = at_once(*(partial(post_one, tenant, event) for tenant in (*tenants, *tenants)))
        told = [r for r in results if not isinstance(r, Exception)]
        assert sorted(r.outcome.value for r in told) == ["duplicate"] * 3 + ["recorded"], results
        assert len({r.items for r in told}) == 1
    assert len(rows(tenants[0], "time_and_material")) == 20
    assert_sound(tenants[1].ledger)


def test_an_approval_posted_at_once_under_different_event_ids_makes_its_items_once(
    tenants: tuple[Tenant, Tenant],
) -> None:
    record(tenants[0], contract_event(), line_event())
    for number in range(10):
        events = [approval_event(f"A{number}", event_id=f"{number}/{n}") for n in range(4)]
        results = at_once(*map(partial, [post_one] * 4, (*tenants, *tenants), events))
        told = [r for r in results if not isinstance(r, Exception)]
        assert sorted(r.outcome.value for r in told) == ["duplicate"] * 3 + ["recorded"], results
        assert len({r.items for r in told}) == 1
    assert len(rows(tenants[0], "time_and_material")) == 10


def test_the_same_idempotency_key_at_once_does_the_work_once_and_answers_alike(
    tenants: tuple[Tenant, Tenant],
) -> None:
    record(tenants[0], contract_event(), line_event(method="fixed_price"))
    body = MilestoneBody.model_validate({"name": "M", "amount": "10.00", "date": "2026-10-31"})

    def create(tenant: Tenant, key: str, request_id: str) -> Json:
        asked = request(request_id, key=key, digest="the same")
        identity = contracts.milestone_id(asked, "C1", "L1")
        command = create_milestone(identity, body)
        made = contracts.create_milestone(tenant, asked, "C1", "L1", command)
        return msgspec.to_builtins(made.body)

    for number in range(10):
        answers = at_once(
            *(
                partial(create, tenant, f"key {number}", f"{number}/{n}")
                for n, tenant in enumerate((*tenants, *tenants))
            )
        )
        assert not any(isinstance(answer, Exception) for answer in answers), answers
        assert all(answer == answers[0] for answer in answers)
    assert len(rows(tenants[0], "milestones")) == 10


def test_one_idempotency_key_for_two_different_requests_at_once_serves_one_of_them(
    tenants: tuple[Tenant, Tenant],
) -> None:
    def nothing(_: UnitOfWork) -> Answer:
        return Answer(body={})

    for number in range(10):
        outcomes = at_once(
            *(
                partial(execute, tenant, request(key=f"key {number}", digest=f"{n}"), nothing)
                for n, tenant in enumerate(tenants)
            )
        )
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == [Answer.__name__, KeyReused.__name__]


# --- what waits for what -------------------------------------------------------------------------


def test_an_approval_parked_while_its_contract_was_being_defined_goes_on(database: str) -> None:
    """Neither transaction sees the other; still nothing waits for what is there."""
    upstream = Tenant(database, project=False, clock=lambda: NOW)
    posted: list[str] = []

    def clock() -> datetime:
        if not posted:
            posted.extend(r.outcome.value for r in post(upstream, approval_event("A1")))
        return NOW

    sales = Tenant(database, clock=clock)
    try:
        record(sales, contract_event(), line_event())
        assert posted == ["parked"]
        assert [row["approval_id"] for row in rows(sales, "time_and_material")] == ["A1"]
        assert rows(sales, "parked_events") == []
        assert post(upstream, approval_event("A1"))[0].outcome.value == "duplicate"
    finally:
        sales.close()
        upstream.close()


@pytest.mark.parametrize("late", ["contract", "line"])
def test_an_approval_parked_while_a_definition_was_put_goes_on(database: str, late: str) -> None:
    upstream = Tenant(database, project=False, clock=lambda: NOW)
    posted: list[str] = []
    waiting = [False]

    def clock() -> datetime:
        if waiting[0] and not posted:
            posted.extend(r.outcome.value for r in post(upstream, approval_event("A1")))
        return NOW

    sales = Tenant(database, clock=clock)
    contract, line = read(contract_event()).command, read(line_event()).command
    assert isinstance(contract, DefineContract)
    assert isinstance(line, DefineLine)
    try:
        if late == "line":
            contracts.define_contract(sales, request(), contract)
        else:
            post(upstream, line_event())
        waiting[0] = True
        if late == "line":
            contracts.define_line(sales, request(), "C1", line)
        else:
            contracts.define_contract(sales, request(), contract)
        assert posted == ["parked"]
        assert [row["approval_id"] for row in rows(sales, "time_and_material")] == ["A1"]
    finally:
        sales.close()
        upstream.close()


def test_an_approval_is_recorded_whose_contract_came_while_it_was_being_parked(
    database: str,
) -> None:
    """It was decided on a contract that was not there; that is noticed when it is saved."""
    sales = Tenant(database, project=False, clock=lambda: NOW)
    defined: list[str] = []

    def clock() -> datetime:
        if not defined:
            defined.extend(record(sales, contract_event(), line_event()) or ["yes"])
        return NOW

    upstream = Tenant(database, clock=clock)
    try:
        assert post(upstream, approval_event("A1"))[0].outcome.value == "recorded"
        assert [row["approval_id"] for row in rows(upstream, "time_and_material")] == ["A1"]
        assert rows(upstream, "parked_events") == []
    finally:
        upstream.close()
        sales.close()


# --- processes -----------------------------------------------------------------------------------

PROCESSES = 2
EACH = 12


def work_the_office(database: str, name: str, start: Barrier) -> None:
    """What each of several processes does at once: approves, marks, drafts, confirms."""
    tenant = Tenant(database, project=False, clock=lambda: NOW)
    try:
        start.wait(60)
        for number in range(EACH):
            event = approval_event(f"{name}-{number}", "10.00", line_id=f"L{number % 2 + 1}")
            result = persistent(post_one, tenant, event)
            assert result.outcome is Outcome.RECORDED, result
            persistent(post_one, tenant, approval_event("shared", "0.00"))
            with suppress(ItemsRefused):  # what failed its limit can't be marked ready
                bill(tenant, f"{name} {number}", result.items)
    finally:
        tenant.close()


def bill(tenant: Tenant, key: str, items: Sequence[str]) -> None:
    persistent(mark_ready, tenant, items)
    for invoice in persistent(draft, tenant, key=key, items=items):
        persistent(confirm, tenant, invoice["invoice_id"])


def test_processes_on_one_database_share_a_limit_and_a_series_of_numbers_d38_d44(
    database: str,
) -> None:
    tenant = Tenant(database, clock=lambda: NOW)
    try:
        record(tenant, contract_event(limit="120.00"), line_event(), line_event(line_id="L2"))
        context = multiprocessing.get_context("spawn")
        start = context.Barrier(PROCESSES)
        workers = [
            context.Process(target=work_the_office, args=(database, f"P{n}", start), daemon=True)
            for n in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(90)
        assert [worker.exitcode for worker in workers] == [0] * PROCESSES
        committed = EACH * PROCESSES // 2
        verdicts = Counter(
            (row["nte_status"], row["billing_status"])
            for row in rows(tenant, "time_and_material")
            if row["amount"]
        )
        assert verdicts == {
            ("committed", "invoice_posted"): committed,
            ("failed", "not_ready"): committed,
        }
        whole = levels(tenant)["contract", "", ""]
        assert (whole.committed, whole.invoiced) == (Decimal(0), Decimal(120))
        assert numbers_assigned(tenant.ledger) == list(range(1, committed + 1))
        assert_sound(tenant.ledger)
        before = views_of(tenant)
        tenant.rebuild()
        assert before == views_of(tenant)
        assert [r.position for r in history(tenant.ledger)][-1] == tenant.ledger.position()
    finally:
        tenant.close()
