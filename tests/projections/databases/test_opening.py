"""Opening a new SQLite file while others open it: they need it alone for a moment, each in turn."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projections.databases import sqlite
from projections.databases.sqlite import patiently

WAL = "PRAGMA journal_mode=WAL"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new.db"


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Another connection, that is about to write to the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_sqlite_itself_does_not_wait_for_the_log(path: Path, other: sqlite3.Connection) -> None:
    """Else `patiently` would be there for nothing."""
    with (
        closing(sqlite3.connect(path, timeout=300)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        connection.execute(WAL)


def test_a_statement_is_tried_until_the_others_are_done(
    path: Path, other: sqlite3.Connection
) -> None:
    tries = 0
    with closing(sqlite3.connect(path)) as connection:

        def execute(statement: str) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                other.rollback()
            connection.execute(statement)

        patiently(execute, WAL)
        assert tries == 3
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_is_given_up_in_the_end(
    path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        patiently(connection.execute, WAL)


def test_another_error_is_raised_at_once(path: Path, other: sqlite3.Connection) -> None:
    tries: list[str] = []
    with closing(sqlite3.connect(path)) as connection:

        def execute(statement: str) -> None:
            tries.append(statement)
            connection.execute(statement)

        with pytest.raises(sqlite3.OperationalError, match="syntax"):
            patiently(execute, "PRAGMA journal mode")
    assert len(tries) == 1
