"""Many parked events: one more costs the same, and those that go on do so in steps (D-23)."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from aggregates import streams
from aggregates.intake.events import EventParked, EventUnparked
from projections.tables import parked_events
from projections.views import parked_events as parked_views
from projections.views.paging import PageRequest
from service.handlers import contracts
from service.handlers.intake import parked, resuming
from service.ledger.stream_kinds import PARKING
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from service.wire import commands
from service.wire.requests import ContractBody, LineBody
from tests.office import Json, approval_event, contract_body, contract_event, line_body, line_event
from tests.service.office import assert_sound, caught_up, levels, loaded, post, request, rows
from tests.service.processes import LONG, kill, process, until, until_the_parent_is_gone

MANY = 1_200


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Definitions wait for all that waited for them, also on a busy machine."""
    monkeypatch.setattr(parked, "PATIENCE", LONG)


def approvals(count: int, amount: str = "1.00", **options: Any) -> list[Json]:
    return [approval_event(f"A{n:05}", amount, **options) for n in range(count)]


def park(tenant: Tenant, events: Sequence[Json]) -> None:
    for start in range(0, len(events), 5_000):
        results = post(tenant, *events[start : start + 5_000])
        assert {result.outcome.value for result in results} == {"parked"}


def put_contract(
    tenant: Tenant, customers: Sequence[str] = ("A", "B"), limit: str | None = None
) -> int:
    """The position that the answer tells."""
    body = ContractBody.model_validate(contract_body(customers, limit=limit))
    define = commands.define_contract("C1", body)
    return contracts.define_contract(tenant, request(), define).position


def put_line(tenant: Tenant, limit: str | None = None) -> int:
    """The position that the answer tells."""
    define = commands.define_line("L1", LineBody.model_validate(line_body(limit=limit)))
    return contracts.define_line(tenant, request(), "C1", define).position


def parked_count(tenant: Tenant) -> int:
    caught_up(tenant)
    with tenant.reading() as (views, _):
        return views.execute(select(func.count()).select_from(parked_events)).scalar_one()


# --- the cost of one more ----------------------------------------------------------------------


def cost_of_some_more(tenant: Tenant, prefix: str) -> float:
    """Processor time that it takes to park some more one by one, the least of some tries."""
    least = float("inf")
    for tries in range(4):
        events = [approval_event(f"{prefix}{tries}-{n}") for n in range(10)]
        before = time.process_time()
        for each in events:
            post(tenant, each)
        least = min(least, time.process_time() - before)
    return least


def test_one_more_parked_event_costs_the_same_whether_100_wait_or_10_000(tenant: Tenant) -> None:
    put_contract(tenant)
    park(tenant, approvals(100, line_id="L9"))
    few = cost_of_some_more(tenant, "few")
    park(tenant, [approval_event(f"M{n}", line_id=f"L{n % 7 + 8}") for n in range(10_000)])
    caught_up(tenant)
    assert cost_of_some_more(tenant, "many") <= 4 * few


def test_what_waits_is_weighed_by_what_was_posted(tenant: Tenant) -> None:
    """A cache of states holds so much and no more: states with thousands of events count so."""
    park(tenant, approvals(100))
    one = loaded(tenant.ledger, streams.parking("C1"))
    assert PARKING.memory(one, 0) >= 200 * 1024
    assert PARKING.memory(None, 0) < 2048


def test_a_page_of_parked_events_and_one_of_them_are_found_by_index(tmp_path: Path) -> None:
    with closing(Tenant(f"sqlite:///{tmp_path}/x.db")) as tenant:
        park(tenant, approvals(300))
        caught_up(tenant)
        seen: list[tuple[str, Any]] = []

        def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
            if "parked_events" in statement and not statement.startswith("EXPLAIN"):
                seen.append((statement, values))

        event.listen(tenant.views, "before_cursor_execute", note)
        with tenant.reading() as (views, _):
            assert len(parked_views.find_parked(views, "approval C1 A00007")) == 1
            assert len(parked_views.list_parked(views, PageRequest(limit=5)).items) == 5
            for statement, values in seen:
                plan = views.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
                steps = [str(row[-1]) for row in plan]
                assert not any("TEMP B-TREE" in step for step in steps), steps
                assert all("INDEX" in step for step in steps if "parked_events" in step), steps


# --- going on ----------------------------------------------------------------------------------


def others_meanwhile(tenant: Tenant, work: Callable[[], object]) -> int:
    """Posts on another contract as long as the work takes; how many were answered."""
    done = threading.Event()

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    answered = 0
    while not done.is_set():
        (result,) = post(tenant, approval_event(f"O{answered}", contract_id="C2"))
        assert result.outcome == "recorded"
        answered += 1
    thread.join()
    return answered


def test_those_that_wait_go_on_in_steps_between_which_others_get_their_turns(
    tenant: Tenant,
) -> None:
    post(tenant, contract_event("C2"), line_event("C2"))
    put_contract(tenant)
    park(tenant, approvals(MANY))
    sizes: list[int] = []
    before = [tenant.ledger.position()]

    def note(position: int) -> None:
        sizes.append(position - before[0])
        before[0] = position

    tenant.ledger.on_commit(note)
    start = tenant.ledger.position()
    answered = others_meanwhile(tenant, lambda: put_line(tenant))
    assert answered >= 3
    assert parked_count(tenant) == 0
    # Of each event that goes on: its sale, its verdict's share, that it was received and unparked.
    assert max(sizes) <= 5 * resuming.STEP
    went = tenant.ledger.read(start, 100_000)
    unparked = [r.position for r in went if isinstance(r.event, EventUnparked)]
    between = [
        r.position
        for r in went
        if getattr(r.event, "contract_id", None) == "C2" and unparked[0] < r.position < unparked[-1]
    ]
    assert len(unparked) == MANY
    assert between
    assert_sound(tenant.ledger)


def test_those_that_wait_go_on_in_the_order_they_came_over_all_steps_d31(tenant: Tenant) -> None:
    fits = MANY // 2
    put_contract(tenant, limit=f"{fits}.00")
    park(tenant, [approval_event(f"A{n:05}", "1.00", line_id=f"L{n % 2}") for n in range(MANY)])
    lines = [line_event(line_id=f"L{n}") for n in range(2)]
    post(tenant, *lines)
    assert parked_count(tenant) == 0
    # Line L0 was there first, with its half; of what is left, L1 gets nothing.
    verdicts = {r["approval_id"]: r["nte_status"] for r in rows(tenant, "time_and_material")}
    assert [verdicts[f"A{n:05}"] for n in range(0, MANY, 2)] == ["committed"] * fits
    assert {verdicts[f"A{n:05}"] for n in range(1, MANY, 2)} == {"failed"}
    assert levels(tenant)["contract", "", ""].committed == fits


def test_lines_that_waited_go_first_and_approvals_on_all_of_them_follow_as_they_came_d31(
    tenant: Tenant,
) -> None:
    fits = MANY // 2
    events = [approval_event(f"A{n:05}", "1.00", line_id=f"L{n % 2}") for n in range(MANY)]
    park(tenant, [*events, line_event(line_id="L0"), line_event(line_id="L1")])
    position = put_contract(tenant, limit=f"{fits}.00")
    tenant.wait_for(position, 60)
    verdicts = {r["approval_id"]: r["nte_status"] for r in rows(tenant, "time_and_material")}
    assert [verdicts[f"A{n:05}"] for n in range(fits)] == ["committed"] * fits
    assert {verdicts[f"A{n:05}"] for n in range(fits, MANY)} == {"failed"}
    assert parked_count(tenant) == 0


def test_what_waited_goes_before_what_follows_the_definition_in_its_batch_however_much_d31(
    tenant: Tenant,
) -> None:
    put_contract(tenant, limit=f"{MANY}.00")
    park(tenant, approvals(MANY))
    *_, last = post(tenant, line_event(), approval_event("late", "1.00"))
    assert last.outcome == "recorded"
    verdicts = {r["approval_id"]: r["nte_status"] for r in rows(tenant, "time_and_material")}
    assert verdicts.pop("late") == "failed"
    assert set(verdicts.values()) == {"committed"}


def test_those_that_still_lack_their_line_are_told_so_once(tenant: Tenant) -> None:
    park(tenant, approvals(MANY))
    put_contract(tenant)
    assert {r["problem_code"] for r in rows(tenant, "parked_events")} == {"contract_line_not_found"}
    before = tenant.ledger.position()
    put_contract(tenant, customers=("A", "B", "C"))
    assert tenant.ledger.position() == before + 1


def test_what_is_refused_is_tried_once_a_definition_and_stays_with_the_reason(
    tenant: Tenant,
) -> None:
    put_contract(tenant)
    wrong = approvals(MANY)
    for each in wrong:
        each["data"]["currency"] = "USD"
    park(tenant, wrong)
    before = tenant.ledger.position()
    put_line(tenant)
    assert parked_count(tenant) == MANY
    assert {r["problem_code"] for r in rows(tenant, "parked_events")} == {"invalid_fields"}
    events = [r.event for r in tenant.ledger.read(before, 100_000)]
    assert sum(isinstance(each, EventParked) for each in events) == MANY
    before = tenant.ledger.position()
    put_line(tenant, limit="5.00")
    assert tenant.ledger.position() == before + 1
    (parked, *_) = post(tenant, approval_event("other", line_id="L9"))
    assert parked.outcome == "parked"
    assert tenant.ledger.position() == before + 3


# --- stopped half way --------------------------------------------------------------------------


def define_and_stand_still(database: str) -> None:
    """Puts the line, and stands still once some of what waited has gone on."""
    tenant = Tenant(database)
    start = tenant.ledger.position()

    def stand_still(position: int) -> None:
        if position - start > 3 * resuming.STEP:
            until_the_parent_is_gone()

    tenant.ledger.on_commit(stand_still)
    put_line(tenant)


def test_a_kill_between_steps_strands_nothing_whoever_opens_the_tenant_goes_on(
    database: str,
) -> None:
    fits = MANY // 2
    with closing(Tenant(database)) as tenant:
        put_contract(tenant, limit=f"{fits}.00")
        park(tenant, approvals(MANY))
        start = tenant.ledger.position()
        with process(define_and_stand_still, database) as running:
            until(lambda: tenant.ledger.position() - start > 3 * resuming.STEP)
            kill(running)
        tenant.projector.wake(tenant.ledger.position())
        assert 0 < parked_count(tenant) < MANY
    with closing(Tenants(database)) as tenants:
        tenants.on_open(parked.recover)
        opened = tenants.open()
        until(lambda: parked_count(opened) == 0)
        verdicts = {r["approval_id"]: r["nte_status"] for r in rows(opened, "time_and_material")}
        assert [verdicts[f"A{n:05}"] for n in range(fits)] == ["committed"] * fits
        assert {verdicts[f"A{n:05}"] for n in range(fits, MANY)} == {"failed"}
        assert_sound(opened.ledger)


def test_what_a_kill_left_waiting_goes_on_with_the_next_definition_of_the_contract(
    database: str,
) -> None:
    with closing(Tenant(database)) as tenant:
        put_contract(tenant)
        park(tenant, approvals(MANY))
        start = tenant.ledger.position()
        with process(define_and_stand_still, database) as running:
            until(lambda: tenant.ledger.position() - start > 3 * resuming.STEP)
            kill(running)
        put_contract(tenant)
        assert parked_count(tenant) == 0
        assert_sound(tenant.ledger)


def test_what_the_caller_no_longer_waits_for_goes_on_in_the_background(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "PATIENCE", 0.0)
    put_contract(tenant)
    park(tenant, approvals(MANY))
    put_line(tenant)
    until(lambda: parked_count(tenant) == 0)
    assert_sound(tenant.ledger)
