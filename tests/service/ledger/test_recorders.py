"""The recorders: durable, in order, without holes; and the library's own cases for them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import AggregateRecorder, IntegrityError, StoredEvent
from psycopg.sql import SQL, Identifier

from projections.databases.notices import CHANNEL, HISTORY, understood
from service.databases.postgres_server import Server
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.ledger.recorders.postgres import COPY_FROM, PostgresRecorder
from service.ledger.recorders.postgres_schema import PostgresSchema
from service.ledger.recorders.sqlite import SQLiteRecorder
from tests.databases import opened_server, opened_storage
from tests.postgres import PostgresServer
from tests.service import library_cases as library

Recorder = SQLiteRecorder | PostgresRecorder


@pytest.fixture
def recorder(empty_database: str) -> Any:
    """The recorder of the events on an empty database."""
    with opened_storage(empty_database) as storage, Ledger(storage) as ledger:
        yield ledger.recorder


def events(stream: str, count: int, first: int = 1) -> list[StoredEvent]:
    return [StoredEvent(stream, first + n, "topic", b"state") for n in range(count)]


def positions(recorder: Recorder) -> list[int]:
    found = recorder.select_notifications(None, 1_000_000)
    return [notification.id for notification in found]


@pytest.mark.parametrize("count", [1, COPY_FROM - 1, COPY_FROM, 25_000])
def test_appends_of_any_size_are_there_in_order_with_the_positions_told(
    recorder: Recorder, count: int
) -> None:
    """Among them more than the 20,000 that the library's own pipeline hangs at."""
    before = recorder.insert_events(events("a", 3))
    told = recorder.insert_events(events("b", count))
    assert [*(before or ()), *(told or ())] == list(range(1, count + 4)) == positions(recorder)
    assert list(recorder.select_events("b")) == events("b", count)


@pytest.mark.parametrize("count", [2, COPY_FROM])
def test_an_append_that_conflicts_leaves_nothing_and_no_hole(
    recorder: Recorder, count: int
) -> None:
    recorder.insert_events(events("a", 2))
    with pytest.raises(IntegrityError):
        recorder.insert_events([*events("b", count), *events("a", 1, first=2)])
    assert recorder.insert_events(events("c", 2)) is not None
    assert positions(recorder) == [1, 2, 3, 4]
    assert list(recorder.select_events("b")) == []


@pytest.mark.parametrize("count", [2, COPY_FROM])
def test_an_append_that_depends_on_a_stream_that_has_moved_leaves_nothing(
    recorder: Recorder, count: int
) -> None:
    recorder.insert_events(events("a", 2))
    recorder.insert_events(events("other", 1))
    told = recorder.append(events("b", count), 2, {"a": 2, "not there": 0})
    recorder.insert_events(events("a", 1, first=3))
    with pytest.raises(IntegrityError):
        recorder.append(events("c", count), told[-1], {"not there": 0, "a": 2})
    assert recorder.append(events("c", 1), told[-1], {"a": 3}) == [told[-1] + 2]
    assert list(recorder.select_events("c")) == events("c", 1)


def test_an_append_decided_on_what_the_history_has_lost_leaves_nothing(recorder: Recorder) -> None:
    recorder.insert_events(events("a", 2))
    with pytest.raises(IntegrityError):
        recorder.append(events("b", 1), 3, {})
    assert recorder.append(events("b", 1), 2, {}) == [3]


def test_a_reader_that_follows_misses_nothing_whoever_writes(recorder: Recorder) -> None:
    """Commits in the order of positions: else a reader passes over what comes later (D-64)."""
    writers, rounds = 4, 30

    def write(name: int) -> None:
        for n in range(rounds):
            recorder.insert_events(events(f"{name}/{n}", 1 + (name * n) % 7))

    seen: list[int] = []
    with ThreadPoolExecutor(writers) as pool:
        writing = [pool.submit(write, name) for name in range(writers)]
        while not all(each.done() for each in writing) or len(seen) < positions(recorder)[-1]:
            after = seen[-1] if seen else 0
            seen += [position for *_, position in recorder.select_after(after, 1_000)]
        for each in writing:
            each.result()
    assert seen == list(range(1, len(seen) + 1))


def test_streams_after_a_position_are_those_of_its_events(recorder: Recorder) -> None:
    recorder.insert_events([*events("a", 1), *events("b", 2), *events("a", 1, first=2)])
    assert recorder.streams_after(1, 10) == ["b", "b", "a"]
    assert recorder.streams_after(1, 2) == ["b", "b"]
    assert recorder.streams_after(4, 10) == []


def test_connections_to_a_file_are_durable_wal_with_full_synchronous(tmp_path: Path) -> None:
    with Ledger(SQLiteFile(tmp_path / "backlog.db")) as ledger:
        recorder = ledger.recorder
        assert isinstance(recorder, SQLiteRecorder)
        pool = recorder.datastore.pool
        connections = [pool.get_connection() for _ in range(3)]
        try:
            for connection in connections:
                cursor = connection.cursor()
                cursor.execute("PRAGMA journal_mode")
                assert cursor.fetchone()[0] == "wal"
                cursor.execute("PRAGMA synchronous")
                assert cursor.fetchone()[0] == 2, "2 is FULL"
        finally:
            for connection in connections:
                pool.put_connection(connection)


def test_a_commit_is_told_with_its_position_and_its_schema_unless_it_is_quiet(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.new_database()
    with opened_server(url) as server, psycopg.connect(url, autocommit=True) as listener:
        one, other = (_recorder(server, name) for name in ("tenant_one", "tenant_other"))
        listener.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
        other.insert_events(events("a", 1))
        one.insert_events(events("a", 3))
        other.append(events("b", 1), 1, {}, quietly=True)
        one.insert_events(events("b", COPY_FROM))
        heard = [understood(each.payload) for each in listener.notifies(timeout=10, stop_after=3)]
    assert heard == [
        (1, HISTORY, "tenant_other"),
        (3, HISTORY, "tenant_one"),
        (3 + COPY_FROM, HISTORY, "tenant_one"),
    ]


def _recorder(server: Server, schema: str) -> PostgresRecorder:
    with Ledger(PostgresSchema(server.pool, schema)) as ledger:
        assert isinstance(ledger.recorder, PostgresRecorder)
        return ledger.recorder


# --- the library's own cases for recorders -------------------------------------------------------


class _Recorders:
    """Ids of streams are text here, and each case has a database of its own."""

    database: str
    addCleanup: Callable[..., object]  # noqa: N815 - unittest's name

    @pytest.fixture(autouse=True)
    def _database(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        on_postgres = type(self).__name__.endswith("OnPostgreSQL")
        server = request.getfixturevalue("postgres_server") if on_postgres else None
        self.new = server.new_database if server else lambda: f"sqlite:///{tmp_path}/{uuid4()}.db"

    def new_originator_id(self) -> str:
        return f"line/C1/{uuid4()}"

    def ledger(self) -> Ledger:
        """A ledger on a new database, closed once the readers that a case leaves are done."""
        before, opened = set(threading.enumerate()), ExitStack()
        ledger = opened.enter_context(Ledger(opened.enter_context(opened_storage(self.new()))))
        own = set(threading.enumerate()) - before

        def close() -> None:
            for left in set(threading.enumerate()) - before - own:
                if "pool" not in left.name:
                    left.join(30)
            opened.close()

        self.addCleanup(close)
        return ledger

    def events(self) -> Any:
        return self.ledger().recorder

    def snapshots(self) -> AggregateRecorder:
        kept = self.ledger().snapshots
        assert kept
        return kept.recorder


class TestTheLibrarysCasesForHistories(
    _Recorders, library.ApplicationRecorderTestCase[SQLiteRecorder]
):
    def create_recorder(self) -> SQLiteRecorder:
        return self.events()


class TestTheLibrarysCasesForSnapshots(_Recorders, library.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.snapshots()


class TestTheLibrarysCaseForPositions(_Recorders, library.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SQLiteRecorder:
        return self.events()


class TestTheLibrarysCasesForHistoriesOnPostgreSQL(
    _Recorders, library.ApplicationRecorderTestCase[PostgresRecorder]
):
    def create_recorder(self) -> PostgresRecorder:
        return self.events()


class TestTheLibrarysCasesForSnapshotsOnPostgreSQL(_Recorders, library.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.snapshots()


class TestTheLibrarysCaseForPositionsOnPostgreSQL(
    _Recorders, library.NonInterleavingNotificationIDsBaseCase
):
    def create_recorder(self) -> PostgresRecorder:
        return self.events()


def test_the_cases_of_the_library_ran_here() -> None:
    """Their names are the library's: a new release that renames them must not pass in silence."""
    cases: Sequence[tuple[type, str]] = (
        (TestTheLibrarysCasesForHistories, "test_insert_select"),
        (TestTheLibrarysCasesForHistories, "test_concurrent_no_conflicts"),
        (TestTheLibrarysCasesForHistoriesOnPostgreSQL, "test_insert_select"),
        (TestTheLibrarysCasesForSnapshots, "test_insert_and_select"),
        (TestTheLibrarysCaseForPositions, "test"),
    )
    for case, name in cases:
        assert callable(getattr(case, name))
