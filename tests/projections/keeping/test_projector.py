"""The projector: up to date with the history, stopped by an error, started again after a fix."""

import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent
from sqlalchemy import Engine

from aggregates.contract_line.events import LineUsageChanged
from aggregates.events import RequestAnswered
from projections.history import History, Recorded, Unavailable
from projections.keeping import catching_up
from projections.keeping import projector as projector_module
from projections.keeping.catching_up import catch_up
from projections.keeping.projector import Projector
from projections.keeping.writer import Writer
from service.ledger.group_commit import Context
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.ledger.stored_form import EventCodec, EventMapper, UnknownEventType, Upcaster
from tests.projections.feeding import dump, empty, feed
from tests.projections.story import EVENTS, LINE_USAGE, STORY, Listed, recorded
from tests.service.processes import until

LONG = 20.0
"""Seconds that no test waits, unless what it waits for never comes."""
NEVER = 10**9
START = Callable[..., Projector]


@pytest.fixture
def start(writer: Writer) -> Generator[START]:
    """Starts projectors over the views, and stops them in the end."""
    started: list[Projector] = []

    def start(history: History) -> Projector:
        projector = Projector(history, writer)
        projector.start()
        started.append(projector)
        return projector

    yield start
    for projector in started:
        projector.stop()


@pytest.fixture
def only_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The projector does not look by itself: it moves when it is woken, or never."""
    monkeypatch.setattr(projector_module, "RECHECK_SECONDS", 10 * LONG)


@dataclass
class Gated:
    """A history that gives three events a read, and each read only once it is let through."""

    events: list[Recorded]
    through: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        assert self.through.acquire(timeout=LONG)
        return self.events[after : after + min(limit, 3)]

    def position(self) -> int:
        return len(self.events)


@dataclass
class Watched(Listed):
    """A history that tells when its end was read: all before it is projected by then."""

    ends: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    before_the_end: Callable[[], None] | None = None

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        found = super().read(after, limit)
        if not found:
            deed, self.before_the_end = self.before_the_end, None
            if deed:
                deed()
            self.ends.release()
        return found

    def read_to_the_end(self) -> bool:
        """Waits until the end was read once more."""
        return self.ends.acquire(timeout=LONG)


@dataclass
class Busy(Listed):
    """A history in which one more event is recorded whenever it is read."""

    projector: Projector | None = None
    reads: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        found = super().read(after, limit)
        self.events = STORY[: len(self.events) + 1]
        if self.projector:
            self.projector.wake(len(self.events))
        self.reads.release()
        return found


def whole(views: Engine) -> object:
    """What the views show of the whole story."""
    feed(views, STORY)
    shown = dump(views)
    empty(views)
    return shown


def until_shown(writer: Writer, position: int) -> None:
    """Waits for the views without asking the projector, which would look at once."""
    until(lambda: writer.position() == position)


# --- catching up -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 7, len(STORY), 1000])
def test_catching_up_tells_the_position_after_every_page(writer: Writer, page: int) -> None:
    seen: list[int] = []
    assert catch_up(Listed(STORY), writer, page=page, progress=seen.append) == len(STORY)
    assert seen == [*range(page, len(STORY), page), len(STORY)]
    assert catch_up(Listed(STORY), writer, page=page, progress=seen.append) == len(STORY)
    assert seen[-1] == writer.position() == len(STORY)
    assert seen.count(len(STORY)) == 1


def test_pages_grow_from_a_small_first_one_so_that_writing_begins_soon(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "FIRST_PAGE", 2)
    told: list[int] = []
    catch_up(Listed(STORY), writer, page=7, progress=told.append)
    assert told[:4] == [2, 2 + 4, 2 + 4 + 7, 2 + 4 + 7 + 7]


def test_threads_take_short_turns_only_while_pages_are_read_ahead(writer: Writer) -> None:
    usual, turns = sys.getswitchinterval(), list[float]()
    catch_up(
        Listed(STORY), writer, page=7, progress=lambda _: turns.append(sys.getswitchinterval())
    )
    assert max(turns) < usual
    assert sys.getswitchinterval() == usual


def test_an_empty_history_leaves_the_views_at_zero(writer: Writer) -> None:
    assert catch_up(Listed([]), writer) == 0


def test_catching_up_begins_no_page_once_it_is_to_stop(writer: Writer) -> None:
    seen: list[int] = []
    reached = catch_up(
        Listed(STORY), writer, page=5, progress=seen.append, stopping=lambda: len(seen) == 2
    )
    assert (reached, writer.position(), seen) == (10, 10, [5, 10])


# --- following and waiting ---------------------------------------------------------------------


@pytest.mark.usefixtures("only_woken")
def test_a_commit_wakes_the_projector_at_once_and_none_is_overlooked(
    start: START, writer: Writer
) -> None:
    history = Watched([])
    projector = start(history)
    assert history.read_to_the_end()
    for position in range(1, len(STORY) + 1):
        history.events = STORY[:position]
        projector.wake(position)
        until_shown(writer, position)


@pytest.mark.usefixtures("only_woken")
def test_what_is_known_to_be_recorded_is_read_once(start: START, writer: Writer) -> None:
    history = Watched([])
    projector = start(history)
    assert history.read_to_the_end()
    history.events = STORY
    projector.wake(len(STORY))
    until_shown(writer, len(STORY))
    projector.stop()
    assert not history.ends.acquire(blocking=False), "nothing more was looked for"


@pytest.mark.usefixtures("only_woken")
def test_commits_that_come_while_a_page_is_made_are_gathered_for_the_next_one(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "LINGER_SECONDS", 10 * LONG)
    history = Busy(STORY[:1])
    projector = history.projector = Projector(history, writer)
    projector.wake(1)
    projector.start()
    assert history.reads.acquire(timeout=LONG)
    assert not history.reads.acquire(timeout=0.1), "a page was made of a single commit"
    assert projector.wait_for(2, LONG), "who waits gets them at once"
    projector.stop()


@pytest.mark.usefixtures("only_woken")
def test_a_position_that_the_history_does_not_reach_is_looked_for_once(start: START) -> None:
    """A server that took over may have lost what another one told of."""
    history = Watched(STORY)
    projector = start(history)
    assert history.read_to_the_end()
    projector.wake(NEVER)
    assert history.read_to_the_end()
    assert not history.ends.acquire(timeout=4 * projector_module.LINGER_SECONDS)


@pytest.mark.usefixtures("only_woken")
def test_waiting_ends_as_soon_as_the_position_is_reached(start: START) -> None:
    history = Listed(STORY[:5])
    projector = start(history)
    assert projector.wait_for(5, LONG)
    history.events = STORY
    assert projector.wait_for(len(STORY), LONG), "waiting wakes it, too"
    assert projector.position == len(STORY)


@pytest.mark.usefixtures("only_woken")
@pytest.mark.parametrize("by", ["a commit", "someone waiting"])
def test_a_projector_about_to_rest_is_kept_awake(writer: Writer, by: str) -> None:
    history = Watched([])
    projector = Projector(history, writer)

    def meanwhile() -> None:
        history.events = STORY
        if by == "a commit":
            projector.wake(len(STORY))
        else:
            assert not projector.wait_for(len(STORY), 0)

    history.before_the_end = meanwhile
    projector.start()
    assert history.read_to_the_end()
    until_shown(writer, len(STORY))
    projector.stop()


@pytest.mark.usefixtures("only_woken")
def test_a_commit_to_the_ledger_is_shown_to_who_waits_for_it(
    start: START, writer: Writer, tmp_path: Path
) -> None:
    with Ledger(SQLiteFile(tmp_path / "x.db")) as ledger:
        projector = start(ledger)
        ledger.on_commit(projector.wake)
        for position in range(1, 21):
            assert commit(ledger, f"key {position}") == position
            assert projector.wait_for(position, LONG)
        assert writer.position() == 20
        projector.stop()


def test_commits_of_another_process_are_found_without_being_woken(
    start: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "RECHECK_SECONDS", 0.001)
    history = Listed(STORY[:5])
    projector = start(history)
    assert projector.wait_for(5, LONG)
    history.events = STORY
    assert projector.wait_for(len(STORY), LONG)


def test_waiting_for_what_is_shown_already_takes_no_projector(writer: Writer) -> None:
    catch_up(Listed(STORY), writer)
    projector = Projector(Listed(STORY), writer)
    assert projector.wait_for(len(STORY), 0)
    assert projector.wait_for(0, 0)


def test_waiting_for_what_does_not_come_ends_in_time(start: START) -> None:
    projector = start(Listed(STORY))
    began = time.monotonic()
    assert not projector.wait_for(NEVER, 0.02)
    assert 0.02 <= time.monotonic() - began < LONG
    assert projector.failure is None


def test_a_stop_ends_all_waiting_and_comes_after_the_page_at_hand(
    writer: Writer, start: START
) -> None:
    history = Gated(STORY)
    projector = start(history)
    history.through.release()
    assert projector.wait_for(3, LONG)
    stop = threading.Thread(target=projector.stop)
    stop.start()
    assert not projector.wait_for(NEVER, LONG), "the stop has ended the waiting"
    history.through.release(1000)
    stop.join(LONG)
    assert writer.position() == 6, "the page being read was the last one"
    projector.start()
    assert projector.wait_for(len(STORY), LONG)


def test_a_projector_that_was_never_started_can_be_stopped(writer: Writer) -> None:
    projector = Projector(Listed(STORY), writer)
    projector.stop()
    assert projector.position == 0


# --- failing, and going on ---------------------------------------------------------------------


def test_a_history_that_can_not_be_read_stops_the_projector_until_it_is_fixed(
    views: Engine, writer: Writer, start: START
) -> None:
    expected = whole(views)
    history = Listed(STORY, broken={20})
    projector = start(history)
    assert not projector.wait_for(len(STORY), LONG)
    assert isinstance(projector.failure, LookupError)
    assert projector.position == writer.position() == 0
    projector.wake(len(STORY))
    assert not projector.wait_for(1, LONG), "it stays stopped"
    history.broken.clear()
    projector.start()
    assert projector.wait_for(len(STORY), LONG)
    assert projector.failure is None
    assert dump(views) == expected


def test_a_projection_that_fails_stops_and_goes_on_after_the_fix_without_skip_or_repeat(
    views: Engine, writer: Writer, start: START
) -> None:
    expected = whole(views)
    at = EVENTS.index(LINE_USAGE)
    foreign = LineUsageChanged(
        contract_id="C1", line_id="T", currency="XXX", usages=LINE_USAGE.usages
    )
    history = Listed(STORY[: at - 1])
    projector = start(history)
    assert projector.wait_for(at - 1, LONG)
    before = dump(views)
    history.events = recorded([*EVENTS[:at], foreign, *EVENTS[at + 1 :]])
    projector.wake(len(STORY))
    assert not projector.wait_for(len(STORY), LONG)
    assert "'XXX' is not an ISO 4217 currency" in str(projector.failure)
    assert projector.position == at - 1
    assert dump(views) == before, "nothing of the page that failed"
    history.events = STORY
    projector.start()
    assert projector.wait_for(len(STORY), LONG)
    assert dump(views) == expected
    assert [row[0] for row in dump(views)["event_index"]] == [*range(1, len(STORY) + 1)]


def test_an_event_of_an_unknown_name_stops_the_projector_until_the_code_knows_it(
    views: Engine,
    start: START,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Ledger(SQLiteFile(tmp_path / "x.db")) as ledger:
        commit(ledger, "first")
        projector = start(ledger)
        assert projector.wait_for(1, LONG)
        name, state = EventCodec().encode(EVENTS[0], STORY[0].metadata)
        assert name == "ContractDefined.v2"
        ledger.recorder.insert_events([StoredEvent("contract/C1", 1, "ContractDefined.v0", state)])
        commit(ledger, "third")
        projector.wake(3)
        assert not projector.wait_for(2, LONG)
        assert isinstance(projector.failure, UnknownEventType)
        assert projector.position == 1
        known = {"ContractDefined.v0": Upcaster(into=name, convert=lambda data: data)}
        monkeypatch.setattr(EventMapper, "codec", EventCodec(known))
        projector.start()
        assert projector.wait_for(3, LONG)
        projector.stop()
    shown = dump(views)
    assert [row[1] for row in shown["contracts"]] == ["Harbour"]
    types = [(row[0], row[1]) for row in shown["event_index"]]
    assert types == [(1, "RequestAnswered"), (2, "ContractDefined"), (3, "RequestAnswered")]


class Away(Listed):
    """A history that can't be read for a while."""

    away = True

    def read(self, after: int, limit: int) -> Sequence[Recorded]:
        if self.away:
            raise Unavailable("the server is starting up")
        return super().read(after, limit)


def test_a_projector_goes_on_by_itself_once_its_database_is_back(
    start: START, writer: Writer
) -> None:
    history = Away(STORY)
    projector = start(history)
    until(lambda: projector.failure)
    assert isinstance(projector.failure, Unavailable)
    history.away = False
    until_shown(writer, len(STORY))
    until(lambda: projector.failure is None)


def test_a_projector_that_finds_another_at_work_goes_on_from_where_that_one_is(
    views: Engine, writer: Writer, start: START
) -> None:
    expected = whole(views)
    history = Gated(STORY)
    projector = start(history)
    history.through.release()
    assert projector.wait_for(3, LONG)
    catch_up(Listed(STORY[:10]), writer)
    history.through.release(1000)
    assert projector.wait_for(len(STORY), LONG)
    assert projector.failure is None
    assert dump(views) == expected


class AnothersTurn:
    """It is always another process that projects."""

    def mine(self) -> bool:
        return False

    def leave(self) -> None:
        """There is nothing to give up."""


class Overtaken(Writer):
    """Views of which another process tells a position while an older one is on its way."""

    told_meanwhile: Callable[[], None] | None = None

    def position(self) -> int:
        reached = super().position()
        if self.told_meanwhile:
            self.told_meanwhile()
        return reached


def test_who_waits_goes_by_what_another_process_told_not_by_an_older_position(
    views: Engine,
) -> None:
    writer = Overtaken(views)
    projector = Projector(Listed(STORY), writer, turn=AnothersTurn())
    writer.told_meanwhile = lambda: projector.shown(5)
    projector.start()
    try:
        assert projector.wait_for(5, LONG)
    finally:
        projector.stop()


def test_views_that_another_process_empties_are_filled_again(
    views: Engine, writer: Writer, start: START
) -> None:
    expected = whole(views)
    history = Gated(STORY)
    projector = start(history)
    history.through.release()
    assert projector.wait_for(3, LONG)
    empty(views)
    history.through.release(1000)
    assert projector.wait_for(len(STORY), LONG)
    assert dump(views) == expected


def commit(ledger: Ledger, key: str) -> int:
    """Records one event in the ledger; its position."""
    event = RequestAnswered(key=key, digest="d", body="{}")
    context = Context(actor="tester", correlation_id="c")
    return ledger.transact(lambda unit: unit.append([event]), context).position


@pytest.mark.usefixtures("only_woken")
def test_those_who_follow_are_called_whenever_the_views_move(writer: Writer) -> None:
    history = Watched(list(STORY[:3]))
    projector = Projector(history, writer)
    moved: list[int] = []
    forget = projector.on_move(lambda: moved.append(projector.position))
    projector.start()
    try:
        assert projector.wait_for(3, LONG)
        assert moved == [3]
        projector.shown(2)
        assert moved == [3], "it has not moved"
        projector.shown(5)
        assert moved == [3, 5]
        forget()
        forget()
        projector.shown(6)
        assert moved == [3, 5]
    finally:
        projector.stop()
