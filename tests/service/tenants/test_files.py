"""Files that hold no history of ours: refused with what to do, never taken for an empty one."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from service.tenants.tenant import Tenant
from tests.databases import NewDatabase, sql
from tests.office import contract_event, line_event
from tests.service.command_line import assert_refused, run
from tests.service.office import record, write_ndjson

Make = Callable[[Path], object]


def folder(path: Path) -> None:
    path.mkdir()


def sqlite_with(*statements: str) -> Make:
    """A sound SQLite file of another kind."""

    def make(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return make


def without_its_log(path: Path) -> None:
    """What a copy of a new history was as long as all of it stood in the log."""
    sqlite_with("PRAGMA journal_mode=WAL", "CREATE TABLE x (y)", "DROP TABLE x")(path)


def of_a_newer_version(path: Path) -> None:
    Tenant(f"sqlite:///{path}").close()
    sqlite_with("ALTER TABLE stored_events ADD COLUMN shard INTEGER")(path)


def with_a_newer_number(path: Path) -> None:
    Tenant(f"sqlite:///{path}").close()
    sqlite_with("PRAGMA user_version = 9")(path)


def truncated(path: Path) -> None:
    Tenant(f"sqlite:///{path}").close()
    path.write_bytes(path.read_bytes()[:5000])


def cut_in_a_page(path: Path) -> None:
    Tenant(f"sqlite:///{path}").close()
    path.write_bytes(path.read_bytes()[:-1000])


HOSTILE: dict[str, tuple[Make, str]] = {
    "text": (lambda path: path.write_text("Dear Jo,\n" * 100), "not a database"),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 64), "not a database"),
    "empty": (lambda path: path.touch(), "0 bytes"),
    "folder": (folder, "a folder"),
    "without its log": (without_its_log, "billing-backlog backup"),
    "of another program": (sqlite_with("CREATE TABLE letters (text TEXT)"), "no billing history"),
    "events of others": (sqlite_with("CREATE TABLE stored_events (x TEXT)"), "no billing history"),
    "newer table": (of_a_newer_version, "newer version"),
    "newer number": (with_a_newer_number, "newer version"),
    "cut in a page": (cut_in_a_page, "cut off"),
    "truncated": (truncated, "can't be opened"),
}
COMMANDS = ("serve", "project", "rebuild", "import", "backup", "tenant list")


def command(name: str, database: str, folder: Path) -> tuple[str | Path, ...]:
    """A command on the database, with what it needs beside."""
    further: dict[str, tuple[str | Path, ...]] = {
        "import": (write_ndjson(folder / "events.ndjson", [contract_event()]),),
        "backup": (folder / "copy.db",),
    }
    return (*name.split(), *further.get(name, ()), "--database", database)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_is_no_history_is_refused_by_every_command_and_left_alone(
    kind: str, name: str, tmp_path: Path
) -> None:
    make, word = HOSTILE[kind]
    path = tmp_path / "backlog.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert_refused(run(*command(name, f"sqlite:///{path}", tmp_path)), "backlog.db", word)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_is_no_history_is_not_restored(kind: str, tmp_path: Path) -> None:
    make, word = HOSTILE[kind]
    make(tmp_path / "copy.db")
    database = f"sqlite:///{tmp_path}/backlog.db"
    assert_refused(run("restore", tmp_path / "copy.db", "--database", database), "copy.db", word)
    assert not (tmp_path / "backlog.db").exists()


@pytest.mark.parametrize("name", ["project", "rebuild", "backup", "tenant list"])
def test_a_database_that_is_not_there_is_not_made_by_who_only_reads_it(
    name: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/backlog.db"
    result = run(*command(name, database, tmp_path))
    assert_refused(result, "there is no database", "backlog.db", "--database")
    assert [path.name for path in tmp_path.glob("*backlog*")] == []


def test_import_makes_the_database_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/backlog.db"
    result = run(*command("import", database, tmp_path))
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"backlog.db", "backlog.views.db", "events.ndjson"}


def test_a_log_whose_file_is_gone_is_not_given_to_a_new_history(tmp_path: Path) -> None:
    tenant = Tenant(f"sqlite:///{tmp_path}/old.db", project=False)
    record(tenant, contract_event(), line_event())
    shutil.copy(tmp_path / "old.db-wal", tmp_path / "backlog.db-wal")
    tenant.close()
    for name in COMMANDS:
        result = run(*command(name, f"sqlite:///{tmp_path}/backlog.db", tmp_path))
        assert_refused(result, "backlog.db-wal")
    assert not (tmp_path / "backlog.db").exists()


def test_a_history_that_ends_before_its_views_is_refused_until_they_are_made_anew(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path}/backlog.db"
    events = write_ndjson(tmp_path / "more.ndjson", [contract_event(), line_event()])
    run(*command("import", database, tmp_path))
    shutil.copy(tmp_path / "backlog.db", tmp_path / "older.db")
    run("import", events, "--database", database)
    (tmp_path / "older.db").replace(tmp_path / "backlog.db")
    assert_refused(run("import", events, "--database", database), "the history ends at", "rebuild")
    rebuilt = run("rebuild", "--database", database)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert run("import", events, "--database", database).exit_code == 0


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", ["project", "rebuild", "tenant list"])
def test_a_schema_that_is_not_there_is_not_made_by_who_only_reads_it(
    name: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    database = new_database()
    result = run(*command(name, database, tmp_path))
    assert_refused(result, "there is no billing history", "--database")
    found = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(tenant|billing)_'"
    assert sql(database, found) == []


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", ["backup", "restore"])
def test_copies_on_postgresql_are_made_with_its_own_tools(
    name: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    result = run(name, tmp_path / "copy.db", "--database", new_database())
    assert_refused(result, "pg_basebackup", "pg_dump")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_schema_of_a_newer_version_is_refused(new_database: NewDatabase, tmp_path: Path) -> None:
    database = new_database()
    Tenant(database).close()
    sql(database, "ALTER TABLE stored_events ADD COLUMN shard integer")
    for name in ("serve", "project", "rebuild", "import"):
        assert_refused(run(*command(name, database, tmp_path)), "newer version")
