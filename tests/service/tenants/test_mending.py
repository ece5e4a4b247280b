"""Views that can't be used: the history is the truth, and `rebuild` makes them anew of it."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.tenants.tenant import BadDatabase, Tenant
from tests.office import approval_event, contract_event, line_event
from tests.service.command_line import assert_refused, run
from tests.service.office import NOW, record, views_of, write_ndjson

Views = dict[str, list[tuple[Any, ...]]]
Spoil = Callable[[Path], object]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/backlog.db"


@pytest.fixture
def views(database: str) -> Views:
    """What the views show of some history."""
    tenant = Tenant(database, clock=lambda: NOW)
    record(tenant, contract_event(), line_event(), *(approval_event(f"A{n}") for n in range(60)))
    shown = views_of(tenant)
    tenant.close()
    return shown


def shown_by(database: str) -> Views:
    tenant = Tenant(database, clock=lambda: NOW)
    try:
        return views_of(tenant)
    finally:
        tenant.close()


def with_statements(*statements: str) -> Spoil:
    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


def of_another_program(path: Path) -> None:
    path.unlink()
    with_statements("CREATE TABLE letters (text TEXT)", "CREATE TABLE contracts (x TEXT)")(path)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def noise_behind(start: int) -> Spoil:
    """All but the first bytes is noise."""

    def spoil(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[:start] + random.Random(1).randbytes(len(whole) - start))

    return spoil


NO_GOOD: dict[str, Spoil] = {
    "text": lambda path: path.write_text("Dear Jo,\n" * 100),
    "noise": noise_behind(0),
    "noise after the header": noise_behind(100),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:20_000]),
    "cut in a page": lambda path: path.write_bytes(path.read_bytes()[:-1000]),
    "of another program": of_another_program,
    "a table is missing": with_statements("DROP TABLE time_and_material"),
    "a column is missing": with_statements("ALTER TABLE limit_usage RENAME COLUMN invoiced TO x"),
    "newer revision": with_statements("UPDATE alembic_version SET version_num = '9999'"),
    "no revision": with_statements("DELETE FROM alembic_version"),
}
DAMAGED_INSIDE: dict[str, Spoil] = {"noise after some pages": noise_behind(24 * 4096)}


@pytest.mark.parametrize("kind", [*NO_GOOD, *DAMAGED_INSIDE])
def test_rebuild_replaces_them_says_so_and_keeps_the_file(
    kind: str, views: Views, database: str, tmp_path: Path
) -> None:
    spoil = {**NO_GOOD, **DAMAGED_INSIDE}[kind]
    path = tmp_path / "backlog.views.db"
    spoil(path)
    spoiled = path.read_bytes()
    result = run("rebuild", "--database", database)
    assert result.exit_code == 0, result.output
    assert "backlog.views.db.aside-1" in result.stdout
    assert f"all {dict(views['tracking'])['views']} events" in result.stdout
    aside = (tmp_path / "backlog.views.db.aside-1").read_bytes()
    assert aside[100:] == spoiled[100:], "all but the header, which SQLite opens it by"
    assert shown_by(database) == views


@pytest.mark.parametrize("spoil", [emptied, Path.unlink])
def test_views_that_are_empty_or_gone_are_made_anew_without_ado(
    spoil: Spoil, views: Views, database: str, tmp_path: Path
) -> None:
    spoil(tmp_path / "backlog.views.db")
    result = run("rebuild", "--database", database)
    assert result.exit_code == 0, result.output
    assert "aside" not in result.output
    assert shown_by(database) == views


@pytest.mark.parametrize("kind", NO_GOOD)
def test_every_other_command_names_them_and_says_rebuild(
    kind: str, views: Views, database: str, tmp_path: Path
) -> None:
    NO_GOOD[kind](tmp_path / "backlog.views.db")
    events = write_ndjson(tmp_path / "events.ndjson", [contract_event()])
    for arguments in (("serve",), ("project",), ("import", events)):
        result = run(*arguments, "--database", database)
        assert_refused(result, "backlog.views.db", "billing-backlog rebuild")


def test_a_file_is_never_written_over_by_one_that_is_set_aside(
    views: Views, database: str, tmp_path: Path
) -> None:
    for text in ("one", "two"):
        (tmp_path / "backlog.views.db").write_text(text * 1000)
        assert run("rebuild", "--database", database).exit_code == 0
    for number, text in ((1, "one"), (2, "two")):
        assert (tmp_path / f"backlog.views.db.aside-{number}").read_text() == text * 1000


def test_views_that_are_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "backlog.views.db").mkdir()
    with pytest.raises(BadDatabase, match=r"backlog\.views\.db"):
        Tenant(f"sqlite:///{tmp_path}/backlog.db")
    assert_refused(run("rebuild", "--database", f"sqlite:///{tmp_path}/backlog.db"), "views")
