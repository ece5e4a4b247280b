"""Views that can't be opened: each is refused, and told from those that a later try may open."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from projections.databases.migrating import MigrationFailed
from projections.databases.sqlite import are_unusable, sqlite_views
from tests.databases import opened_views
from tests.postgres import PostgresServer
from tests.projections.feeding import feed
from tests.projections.story import STORY

CONNECTIONS = 40
"""More than a pool has."""


def with_statement(statement: str) -> Callable[[Path], object]:
    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    return spoil


def of_another_program(path: Path) -> None:
    path.unlink()
    with_statement("CREATE TABLE letters (text TEXT)")(path)


def noise_in_a_table(path: Path) -> None:
    """One page is noise, which opening the file does not read by itself."""
    with closing(sqlite3.connect(path)) as connection:
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'invoices'"
        ((page,),) = connection.execute(where)
        ((size,),) = connection.execute("PRAGMA page_size")
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * size : page * size] = Random(1).randbytes(size)
    path.write_bytes(whole)


NO_GOOD: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("Dear Jo,\n" * 100), "not a database"),
    "cut in a page": (lambda path: path.write_bytes(path.read_bytes() + b"\0" * 1000), "cut off"),
    "damaged": (noise_in_a_table, "damaged"),
    "of another program": (of_another_program, "tables of another program: 'letters'"),
    "newer": (with_statement("UPDATE alembic_version SET version_num = '9999'"), "newer version"),
    "without a column": (
        with_statement("ALTER TABLE limit_usage RENAME COLUMN invoiced TO x"),
        "'limit_usage' or its column 'invoiced' is missing",
    ),
}


@pytest.mark.parametrize("kind", NO_GOOD)
def test_a_file_that_no_views_can_be_in_is_refused_for_good(kind: str, tmp_path: Path) -> None:
    spoil, why = NO_GOOD[kind]
    path = tmp_path / "views.db"
    views = sqlite_views(path)
    feed(views, STORY)
    views.dispose()
    spoil(path)
    with pytest.raises((DBAPIError, MigrationFailed), match=why) as refused:
        sqlite_views(path, thoroughly=True)
    assert are_unusable(refused.value)


def test_a_file_that_another_holds_may_be_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.databases.sqlite.BUSY_SECONDS", 0.01)
    path = tmp_path / "views.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DBAPIError, match="locked") as refused:
            sqlite_views(path)
        assert not are_unusable(refused.value)
        other.rollback()
    sqlite_views(path).dispose()


def test_connections_that_the_server_ended_are_not_missed_in_the_pool(
    postgres_server: PostgresServer,
) -> None:
    with opened_views(postgres_server.new_database()) as views:
        for _ in range(CONNECTIONS):
            with pytest.raises(OperationalError), views.connect() as connection:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
