"""Group commit: commands that wait together share a transaction, and none harms another."""

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import Any

import pytest

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.refusals import ItemsRefused, Refused
from service.handlers import backlog
from service.handlers.idempotency import Answer, submit
from service.ledger.conflicts_and_retries import ATTEMPTS, Conflict
from service.ledger.group_commit import Committed
from service.ledger.ledger import Ledger
from service.ledger.unit_of_work import StaleVersion, UnitOfWork
from service.tenants.tenant import Tenant
from tests.databases import opened_storage
from tests.office import approval_event, contract_event, line_event
from tests.service.ledger.test_ledger import next_number, numbers
from tests.service.office import CONTEXT, NOW, assert_sound, history, record, request, rows

LONG = 20.0
"""Seconds that no test waits, unless what it waits for never comes."""
Work = Callable[[UnitOfWork], Any]
Outcome = Committed[Any] | BaseException


@pytest.fixture
def ledgers(database: str) -> Generator[tuple[Ledger, Ledger]]:
    """A ledger and its rival: one history, as two processes have it."""
    with ExitStack() as opened:

        def another() -> Ledger:
            storage = opened.enter_context(opened_storage(database))
            return opened.enter_context(closing(Ledger(storage, lambda: NOW)))

        yield another(), another()


@contextmanager
def held(ledger: Ledger) -> Generator[None]:
    """Holds the writer in a command that changes nothing: what is asked for now is one group."""
    holding, release = threading.Event(), threading.Event()

    def hold(_: UnitOfWork) -> None:
        holding.set()
        assert release.wait(LONG)

    holder = ledger.submit(hold, CONTEXT)
    try:
        assert holding.wait(LONG)
        yield
    finally:
        release.set()
        holder.result(LONG)


def together(ledger: Ledger, *works: Work) -> list[Outcome]:
    """What each of the works came to, or failed with, when all were in one group."""
    with held(ledger):
        futures = [ledger.submit(work, CONTEXT) for work in works]
    return [future.exception(LONG) or future.result() for future in futures]


def results(outcomes: Sequence[Outcome]) -> list[object]:
    """The results, and of what failed the type of the error."""
    return [o.result if isinstance(o, Committed) else type(o) for o in outcomes]


def counted(work: Work, runs: list[object]) -> Work:
    """The work, that notes each of its runs."""

    def run(unit: UnitOfWork) -> object:
        runs.append(work)
        return work(unit)

    return run


def test_commands_that_wait_together_share_a_commit_and_are_told_their_own_positions(
    ledgers: tuple[Ledger, Ledger],
) -> None:
    ledger, heard = ledgers[0], list[int]()
    ledger.on_commit(heard.append)

    def both(unit: UnitOfWork) -> list[int]:
        return [next_number(unit), next_number(unit, "other")]

    outcomes = together(ledger, next_number, both, lambda unit: unit.version("series/s"), both)
    assert results(outcomes) == [1, [2, 1], 2, [3, 2]]
    assert [o.position for o in outcomes if isinstance(o, Committed)] == [1, 3, 3, 5]
    assert heard == [5]
    assert_sound(ledger)


async def test_commands_of_requests_that_are_ready_at_once_are_saved_in_one_transaction(
    tenant: Tenant,
) -> None:
    heard = list[int]()
    tenant.ledger.on_commit(heard.append)
    asked = [submit(tenant, request(), numbered) for _ in range(5)]
    answers = await asyncio.wait_for(asyncio.gather(*asked), LONG)
    assert [answer.body["number"] for answer in answers] == [1, 2, 3, 4, 5]
    assert [answer.position for answer in answers] == [1, 2, 3, 4, 5]
    assert heard == [5]


async def test_a_command_of_a_request_fails_where_the_ledger_is_closed(database: str) -> None:
    tenant = Tenant(database, project=False)
    tenant.close()
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(submit(tenant, request(), numbered), LONG)


def numbered(unit: UnitOfWork) -> Answer:
    return Answer(body={"number": next_number(unit)})


# --- refused in the middle -----------------------------------------------------------------------


def refuse(unit: UnitOfWork) -> None:
    next_number(unit)
    raise Refused("no", "no")


def expect_another_version(unit: UnitOfWork) -> None:
    next_number(unit)
    unit.expect("series/s", 99)


def break_down(unit: UnitOfWork) -> None:
    next_number(unit)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("work", "error"),
    [(refuse, Refused), (expect_another_version, StaleVersion), (break_down, ZeroDivisionError)],
)
def test_a_command_that_is_refused_in_a_group_leaves_nothing_and_its_neighbours_are_saved(
    ledgers: tuple[Ledger, Ledger], work: Work, error: type[Exception]
) -> None:
    ledger, heard, runs = ledgers[0], list[int](), list[object]()
    ledger.on_commit(heard.append)
    works = [next_number, work, next_number, work, next_number]
    outcomes = together(ledger, *(counted(each, runs) for each in works))
    assert results(outcomes) == [1, error, 2, error, 3]
    assert (heard, runs) == ([3], works), "one commit, and nothing was decided twice"
    assert numbers(ledger) == [1, 2, 3]
    assert ledger.transact(next_number, CONTEXT).result == 4
    assert_sound(ledger)


def test_of_items_marked_at_once_the_one_that_failed_its_limit_is_refused_alone_d26(
    tenant: Tenant,
) -> None:
    record(tenant, contract_event(limit="50.00"), line_event())
    items = record(tenant, *(approval_event(f"A{n}", "10.00") for n in range(3)))
    items += record(tenant, approval_event("over", "30.00"))
    items += record(tenant, approval_event("last", "20.00"))
    heard = list[int]()
    tenant.ledger.on_commit(heard.append)
    before = tenant.ledger.position()

    async def at_once() -> list[Any]:
        with held(tenant.ledger):
            asked = [
                asyncio.create_task(
                    backlog.command(tenant, request(), MarkReady, (i,), partly=False)
                )
                for i in items
            ]
            await asyncio.sleep(0)  # each has run until it waits for the writer
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(at_once())
    assert [type(a) for a in answers] == [Answer, Answer, Answer, ItemsRefused, Answer]
    assert heard == [before + 4]
    shown = {row["approval_id"]: row["billing_status"] for row in rows(tenant, "time_and_material")}
    ready = {status: sorted(a for a in shown if shown[a] == status) for status in shown.values()}
    assert ready == {"ready": ["A0", "A1", "A2", "last"], "not_ready": ["over"]}


def test_a_request_repeated_within_a_group_does_its_work_once_and_is_answered_alike(
    tenant: Tenant,
) -> None:
    done = list[int]()

    def work(unit: UnitOfWork) -> Answer:
        done.append(next_number(unit))
        return Answer(body={"number": done[-1]})

    async def at_once() -> list[Answer]:
        with held(tenant.ledger):
            asked = [
                asyncio.create_task(submit(tenant, request(f"{n}", key="k", digest="d"), work))
                for n in range(3)
            ]
            await asyncio.sleep(0)
        return await asyncio.gather(*asked)

    answers = asyncio.run(at_once())
    assert [answer.body for answer in answers] == [{"number": 1, "position": 2}] * 3
    assert done == numbers(tenant.ledger) == [1]


def test_a_command_about_what_no_database_can_hold_fails_alone(
    ledgers: tuple[Ledger, Ledger],
) -> None:
    """PostgreSQL has no NUL in texts: the database says so, and is there all the same."""
    ledger = ledgers[0]
    outcomes = together(ledger, next_number, lambda unit: unit.version("series/\0"), next_number)
    assert results([outcomes[0], outcomes[2]]) == [1, 2]
    assert numbers(ledger) == [1, 2]


# --- overtaken by another process ----------------------------------------------------------------


def test_a_command_that_conflicts_in_a_group_is_decided_anew_and_its_neighbours_are_saved(
    ledgers: tuple[Ledger, Ledger],
) -> None:
    ledger, rival = ledgers
    runs = list[object]()

    def overtaken(unit: UnitOfWork) -> int:
        """The rival takes this number in the moment between the decision and its recording."""
        number = next_number(unit, "b")
        if number == 1:
            rival.transact(partial(next_number, series="b"), CONTEXT)
        return number

    works = [next_number, overtaken, next_number, refuse, next_number]
    outcomes = together(ledger, *(counted(work, runs) for work in works))
    assert results(outcomes) == [1, 2, 2, Refused, 3]
    assert numbers(ledger, "b") == [1, 2]
    assert numbers(ledger) == [1, 2, 3]
    assert len(runs) <= 2 * len(works)
    own = [outcome.position for outcome in outcomes if isinstance(outcome, Committed)]
    assert sorted(own) == [2, 3, 4, 5], "each has an event of its own, behind the rival's"
    named = {recorded.position: recorded.stream for recorded in history(ledger)}
    assert [named[position][-1] for position in own] == ["s", "b", "s", "s"]
    assert_sound(ledger)


def test_a_command_that_always_loses_is_refused_alone_and_its_neighbours_are_saved(
    ledgers: tuple[Ledger, Ledger],
) -> None:
    ledger, rival = ledgers
    runs = list[object]()

    def loses(unit: UnitOfWork) -> None:
        next_number(unit, "b")
        rival.transact(partial(next_number, series="b"), CONTEXT)

    works = [next_number, loses, next_number]
    outcomes = together(ledger, *(counted(work, runs) for work in works))
    assert results(outcomes) == [1, Conflict, 2]
    assert runs.count(loses) == ATTEMPTS
    assert (numbers(ledger), numbers(ledger, "b")) == ([1, 2], list(range(1, ATTEMPTS + 1)))
    assert_sound(ledger)


def test_a_refusal_for_a_state_that_changed_meanwhile_is_judged_anew_alone(
    ledgers: tuple[Ledger, Ledger],
) -> None:
    """One stream is seen before and the other after a change of both: a state that never was."""
    ledger, rival = ledgers
    runs = list[object]()

    def both(unit: UnitOfWork) -> None:
        next_number(unit, "a")
        next_number(unit, "b")

    def torn(unit: UnitOfWork) -> int:
        before = unit.version("series/a")
        if before == 0:
            rival.transact(both, CONTEXT)
        if before != unit.version("series/b"):
            raise Refused("torn", "the two streams always have the same length")
        return before

    works = [next_number, torn, next_number]
    outcomes = together(ledger, *(counted(work, runs) for work in works))
    assert results(outcomes) == [1, 1, 2]
    assert runs == [*works, torn], "the neighbours were saved, and not decided anew"
    assert_sound(ledger)
