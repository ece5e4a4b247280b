"""The ledger: one transaction a command, conflicts decided anew, a history without holes."""

import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from aggregates.events import Event, RequestAnswered
from aggregates.invoice.events import InvoiceNumberAssigned
from aggregates.refusals import Refused
from projections.history import Unavailable
from service.ledger.conflicts_and_retries import ATTEMPTS, Conflict
from service.ledger.group_commit import Context, Submission
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.ledger.stream_kinds import LINE, LINE_HEAD, REQUEST, SERIES
from service.ledger.unit_of_work import StaleVersion, UnitOfWork
from tests.aggregates.examples import a_line
from tests.databases import opened_storage, sql
from tests.service.office import CONTEXT, NOW, assert_sound, history, loaded

Opened = Callable[..., Ledger]


@pytest.fixture
def opened(database: str) -> Generator[Opened]:
    """Opens ledgers on the one history, and closes them in the end."""
    with ExitStack() as ledgers:

        def open_one(clock: Callable[[], datetime] = lambda: NOW) -> Ledger:
            storage = ledgers.enter_context(opened_storage(database))
            return ledgers.enter_context(closing(Ledger(storage, clock)))

        yield open_one


@pytest.fixture
def ledger(opened: Opened) -> Ledger:
    return opened()


def contract_line_defined(amount: str) -> Event:
    (defined, _) = a_line(amount=amount)
    return defined


def number(sequence: int, series: str = "s") -> InvoiceNumberAssigned:
    return InvoiceNumberAssigned(
        series=series, sequence=sequence, number=str(sequence), invoice_id=f"I{sequence}"
    )


def next_number(unit: UnitOfWork, series: str = "s") -> int:
    """Gives out the next number of a series: an append that depends on what it read."""
    state = unit.load(SERIES, f"series/{series}")
    sequence = state.sequence + 1 if state else 1
    unit.append([number(sequence, series)])
    return sequence


def numbers(ledger: Ledger, series: str = "s") -> list[int]:
    return [
        recorded.event.sequence
        for recorded in history(ledger)
        if isinstance(recorded.event, InvoiceNumberAssigned) and recorded.event.series == series
    ]


def at_once(*works: Callable[[], object]) -> None:
    """Runs all of them at the same time; raises what one of them raises."""
    start, errors = threading.Barrier(len(works)), list[Exception]()

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise ExceptionGroup("at once", errors)


# --- one transaction ---------------------------------------------------------------------------


def test_an_append_to_several_streams_is_recorded_in_one_go(ledger: Ledger) -> None:
    def work(unit: UnitOfWork) -> list[int]:
        return [next_number(unit, series) for series in ("a", "b", "a")]

    done = ledger.transact(work, CONTEXT)
    assert (done.result, done.position) == ([1, 1, 2], 3)
    assert [(r.position, r.stream, r.version) for r in history(ledger)] == [
        (1, "series/a", 1),
        (2, "series/b", 1),
        (3, "series/a", 2),
    ]


def test_one_conflicting_stream_leaves_nothing_in_any_of_them(opened: Opened) -> None:
    """The rival takes stream b in the moment between the decision and its recording."""
    rival = opened()
    seen: list[list[str]] = []

    def clock() -> datetime:
        if not numbers(rival, "b"):
            rival.transact(lambda unit: next_number(unit, "b"), CONTEXT)
        seen.append([recorded.stream for recorded in history(rival)])
        return NOW

    ledger = opened(clock)
    ledger.transact(lambda unit: [next_number(unit, series) for series in ("a", "b", "c")], CONTEXT)
    # At the second attempt only the rival's event was there: the first attempt left nothing.
    assert seen == [["series/b"], ["series/b"]]
    assert (numbers(ledger, "a"), numbers(ledger, "b"), numbers(ledger, "c")) == ([1], [1, 2], [1])
    assert_sound(ledger)


def test_a_stream_that_was_only_looked_at_must_not_move_before_the_commit(opened: Opened) -> None:
    """The rival takes what the decision stands on, in a stream that it does not append to."""
    rival, seen = opened(), list[object]()

    def clock() -> datetime:
        if not numbers(rival, "a"):
            rival.transact(lambda unit: next_number(unit, "a"), CONTEXT)
        return NOW

    def work(unit: UnitOfWork) -> None:
        seen.append(unit.load(SERIES, "series/a"))
        next_number(unit, "b")

    ledger = opened(clock)
    ledger.transact(work, CONTEXT)
    assert seen == [None, loaded(rival, "series/a")]
    assert (numbers(ledger, "a"), numbers(ledger, "b")) == ([1], [1])
    assert_sound(ledger)


def test_what_others_write_elsewhere_meanwhile_makes_no_command_decide_anew(opened: Opened) -> None:
    rival, runs = opened(), list[object]()

    def clock() -> datetime:
        rival.transact(lambda unit: next_number(unit, "a"), CONTEXT)
        return NOW

    def work(unit: UnitOfWork) -> int:
        runs.append(unit.load(SERIES, "series/c"))
        return next_number(unit, "b")

    assert opened(clock).transact(work, CONTEXT).result == 1
    assert runs == [None]


def test_two_ways_to_fold_a_stream_never_show_two_versions_of_it(opened: Opened) -> None:
    """The whole of the line is looked at, another writer appends, then its head is looked at."""
    ledger, rival = opened(), opened()
    rival.transact(lambda unit: unit.append([contract_line_defined("100")]), CONTEXT)
    looked: list[tuple[object, object]] = []

    def work(unit: UnitOfWork) -> None:
        whole = unit.load(LINE, "line/C1/L1")
        if not looked:
            rival.transact(lambda it: it.append([contract_line_defined("200")]), CONTEXT)
        looked.append((whole, None))
        head = unit.load(LINE_HEAD, "line/C1/L1")
        assert whole
        assert head
        looked[-1] = whole.terms, head.terms
        unit.append([contract_line_defined("300")])

    ledger.transact(work, CONTEXT)
    assert looked[0][1] is None, "the first attempt ended where the head was looked at"
    assert looked[1][0] == looked[1][1]
    assert_sound(ledger)


def test_a_work_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def work(unit: UnitOfWork) -> None:
        next_number(unit)
        raise Refused("no", "no")

    with pytest.raises(Refused):
        ledger.transact(work, CONTEXT)
    assert ledger.position() == 0
    assert loaded(ledger, "series/s") is None


def test_a_work_that_appends_nothing_changes_nothing_and_tells_the_position(
    ledger: Ledger,
) -> None:
    ledger.transact(next_number, CONTEXT)
    assert ledger.transact(lambda unit: unit.version("series/s"), CONTEXT).position == 1
    assert ledger.position() == 1


def test_a_work_that_appends_nothing_sees_what_others_did_before(opened: Opened) -> None:
    ledger, rival = opened(), opened()
    ledger.transact(next_number, CONTEXT)
    rival.transact(next_number, CONTEXT)
    seen = ledger.transact(lambda unit: unit.version("series/s"), CONTEXT)
    assert (seen.result, seen.position) == (2, 2)


def test_a_command_goes_on_from_what_is_left_where_a_server_lost_what_it_had_confirmed(
    opened: Opened, database: str
) -> None:
    """One that takes over without all of it: what was seen of that must not count any more."""
    ledger = opened()
    for _ in range(3):
        ledger.transact(next_number, CONTEXT)
    sql(database, "DELETE FROM stored_events WHERE originator_version > 1")
    assert ledger.transact(lambda unit: unit.version("series/s"), CONTEXT).result == 1
    assert [ledger.transact(next_number, CONTEXT).result for _ in range(2)] == [2, 3]
    sql(database, "DELETE FROM stored_events WHERE originator_version > 1")
    assert ledger.transact(next_number, CONTEXT).result == 2
    assert numbers(ledger) == [1, 2]


def test_a_work_sees_what_it_appended_itself(ledger: Ledger) -> None:
    def work(unit: UnitOfWork) -> tuple[int, int]:
        before = unit.version("series/s")
        next_number(unit)
        next_number(unit)
        return before, unit.version("series/s")

    assert ledger.transact(work, CONTEXT).result == (0, 2)


# --- conflicts ---------------------------------------------------------------------------------


def test_a_lost_race_is_decided_anew_on_what_the_winner_left(opened: Opened) -> None:
    rival, clocked = opened(), list[datetime]()

    def clock() -> datetime:
        if not clocked:
            rival.transact(next_number, CONTEXT)
        clocked.append(NOW)
        return NOW

    ledger = opened(clock)
    assert ledger.transact(next_number, CONTEXT).result == 2
    assert numbers(ledger) == [1, 2]
    assert len(clocked) == 2


def test_a_work_that_always_loses_is_refused_after_a_bounded_number_of_attempts(
    opened: Opened,
) -> None:
    rival, attempts = opened(), list[int]()

    def clock() -> datetime:
        rival.transact(next_number, CONTEXT)
        return NOW

    def work(unit: UnitOfWork) -> None:
        attempts.append(next_number(unit))

    ledger = opened(clock)
    with pytest.raises(Conflict):
        ledger.transact(work, CONTEXT)
    assert attempts == list(range(1, ATTEMPTS + 1))
    assert numbers(ledger) == list(range(1, ATTEMPTS + 1))
    assert {recorded.metadata.actor for recorded in history(ledger)} == {"test"}
    assert_sound(ledger)


def test_a_refusal_judged_while_another_writer_was_at_work_is_judged_anew(opened: Opened) -> None:
    """One stream is seen before and the other after a change of both: a state that never was."""
    ledger, rival, attempts = opened(), opened(), list[int]()

    def both(unit: UnitOfWork) -> None:
        next_number(unit, "a")
        next_number(unit, "b")

    def work(unit: UnitOfWork) -> int:
        before = unit.version("series/a")
        attempts.append(before)
        if len(attempts) == 1:
            rival.transact(both, CONTEXT)
        if before != unit.version("series/b"):
            raise Refused("torn", "the two streams always have the same length")
        return before

    assert ledger.transact(work, CONTEXT).result == 1
    assert attempts == [0, 1]


def test_two_ledgers_on_one_file_give_out_every_number_once_d44(opened: Opened) -> None:
    ledgers = [opened(), opened()]
    taken: list[int] = []

    def take(ledger: Ledger) -> None:
        taken.extend(ledger.transact(next_number, CONTEXT).result for _ in range(6))

    at_once(*(partial(take, ledger) for ledger in (*ledgers, *ledgers)))
    assert sorted(taken) == list(range(1, 25))
    for ledger in ledgers:
        assert numbers(ledger) == list(range(1, 25))
        assert_sound(ledger)


def test_a_stale_version_is_refused_with_both_versions(ledger: Ledger) -> None:
    ledger.transact(next_number, CONTEXT)
    with pytest.raises(StaleVersion) as stale:
        ledger.transact(lambda unit: unit.expect("series/s", 0), CONTEXT)
    assert (stale.value.expected, stale.value.actual) == (0, 1)
    ledger.transact(lambda unit: unit.expect("series/s", 1), CONTEXT)
    ledger.transact(lambda unit: unit.expect("series/s", None), CONTEXT)


# --- positions and streams ---------------------------------------------------------------------


def test_positions_have_no_holes_also_after_transactions_that_failed(opened: Opened) -> None:
    rival, rounds = opened(), 5
    ledger = opened(lambda: (rival.transact(next_number, CONTEXT), NOW)[1])
    for _ in range(rounds):
        with pytest.raises(Conflict):
            ledger.transact(next_number, CONTEXT)
        rival.transact(lambda unit: next_number(unit, "other"), CONTEXT)
    positions = [recorded.position for recorded in history(rival)]
    assert positions == list(range(1, rounds * (ATTEMPTS + 1) + 1))


def test_events_are_read_page_by_page_behind_a_position(ledger: Ledger) -> None:
    ledger.transact(lambda unit: [next_number(unit) for _ in range(10)], CONTEXT)
    first = ledger.read(0, 4)
    then = ledger.read(first[-1].position, 4)
    last = ledger.read(then[-1].position, 4)
    assert [r.position for r in (*first, *then, *last)] == list(range(1, 11))
    assert [len(page) for page in (first, then, last)] == [4, 4, 2]
    assert ledger.read(10, 4) == []


def test_events_are_read_at_any_positions_in_order(ledger: Ledger) -> None:
    ledger.transact(lambda unit: [next_number(unit) for _ in range(1200)], CONTEXT)
    wanted = [1100, 7, 3, *range(200, 900)]
    assert [r.position for r in ledger.read_at(wanted)] == sorted(wanted)
    assert ledger.read_at([]) == []


def test_the_position_of_an_event_is_told_or_that_there_is_none(ledger: Ledger) -> None:
    ledger.transact(lambda unit: [next_number(unit, s) for s in ("a", "b", "b")], CONTEXT)
    assert ledger.position_of("series/b", 2) == 3
    with pytest.raises(LookupError):
        ledger.position_of("series/b", 3)


def test_many_short_streams_are_loaded_at_once(ledger: Ledger) -> None:
    keys = [f"request/{n}" for n in range(1100)]

    def answer(key: str) -> Event:
        return RequestAnswered(key=key, digest="d", body=key)

    recorded = [answer(f"key {n}") for n in range(1100)]
    ledger.transact(lambda unit: unit.append(recorded), CONTEXT)
    streams = [event.stream for event in recorded]

    def work(unit: UnitOfWork) -> list[object]:
        return [unit.load(REQUEST, stream) for stream in (*streams, *keys)]

    command = Submission(work, CONTEXT, [*streams, *keys, *streams])
    ledger.submit_together([command])
    assert command.future.result().result == [*recorded, *[None] * len(keys)]


def test_listeners_hear_the_position_of_every_commit_and_of_nothing_else(ledger: Ledger) -> None:
    heard: list[int] = []
    ledger.on_commit(heard.append)
    ledger.transact(next_number, CONTEXT)
    ledger.transact(lambda unit: [next_number(unit), next_number(unit)], CONTEXT)
    with pytest.raises(StaleVersion):
        ledger.transact(lambda unit: unit.expect("series/s", 0), CONTEXT)
    assert heard == [1, 3]


# --- metadata ----------------------------------------------------------------------------------


def test_who_why_and_what_caused_it_are_recorded_with_every_event_d64(ledger: Ledger) -> None:
    context = Context(actor="jo", reason="month's end", correlation_id="corr", causation_id="cause")
    ledger.transact(lambda unit: [next_number(unit), next_number(unit)], context)
    for recorded in history(ledger):
        about = recorded.metadata
        assert (about.actor, about.reason) == ("jo", "month's end")
        assert (about.correlation_id, about.causation_id) == ("corr", "cause")
        assert about.recorded_at == NOW


def test_the_clock_is_read_once_a_command_d64(opened: Opened) -> None:
    ticks = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(2)]
    remaining = iter(ticks)
    ledger = opened(lambda: next(remaining))
    ledger.transact(lambda unit: [next_number(unit) for _ in range(3)], CONTEXT)
    ledger.transact(lambda unit: unit.version("series/s"), CONTEXT)
    ledger.transact(next_number, CONTEXT)
    assert [r.metadata.recorded_at for r in history(ledger)] == [ticks[0]] * 3 + [ticks[1]]


# --- the database ------------------------------------------------------------------------------


def test_what_was_recorded_is_there_for_whoever_opens_the_database_next(
    opened: Opened, database: str
) -> None:
    opened().transact(lambda unit: [next_number(unit), next_number(unit)], CONTEXT)
    assert opened().transact(next_number, CONTEXT).result == 3
    topics = sql(database, "SELECT DISTINCT topic FROM stored_events")
    assert topics == [("InvoiceNumberAssigned.v1",)]


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("no database at all\n" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        Ledger(SQLiteFile(path))
