"""Copies of a history on SQLite: what is in the file by itself, `backup` and `restore`."""

import json
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.command_line import COMMAND, assert_refused, run, serving, started
from tests.service.office import NOW, assert_sound, record, views_of
from tests.service.processes import LONG, until

BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/backlog.db"


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def filled(database: str, approvals: int = 20) -> int:
    """Makes a history; its last position."""
    tenant = Tenant(database, clock=lambda: NOW)
    record(tenant, contract_event(), line_event())
    record(tenant, *(approval_event(f"A{n}") for n in range(approvals)))
    position = tenant.ledger.position()
    tenant.close()
    return position


def shown_by(database: str) -> dict[str, list[tuple[Any, ...]]]:
    tenant = Tenant(database, clock=lambda: NOW)
    try:
        assert_sound(tenant.ledger)
        return views_of(tenant)
    finally:
        tenant.close()


def post(client: httpx.Client, *events: Json) -> int:
    """Posts events; the position reached."""
    answer = client.post("/events", content=json.dumps(events), headers=BATCH).raise_for_status()
    return answer.json()["position"]


def events_in(file: Path) -> int:
    """The events in this very file, whatever lies beside it."""
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM stored_events").fetchone()[0]


# --- what is in the file by itself ---------------------------------------------------------------


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_after_a_clean_stop_the_file_alone_is_the_whole_history(
    asked: signal.Signals, database: str, port: int, tmp_path: Path
) -> None:
    with serving(database, port) as (server, client):
        position = post(client, contract_event(), line_event(), approval_event("A1"))
        server.send_signal(asked)
        assert server.wait(LONG) == 0
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"backlog.db", "backlog.views.db", "backlog.jobs.lock"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(tmp_path / "backlog.db", elsewhere)
    rebuilt = run("rebuild", "--database", f"sqlite:///{elsewhere}/backlog.db")
    assert (rebuilt.exit_code, rebuilt.stdout) == (
        0,
        f"the views show all {position} events of the history\n",
    )


def test_while_it_is_served_the_file_is_seconds_behind_at_most(
    database: str, port: int, tmp_path: Path
) -> None:
    with serving(database, port) as (_, client):
        for some in ([contract_event(), line_event()], [approval_event("A1")]):
            position = post(client, *some)
            until(lambda reached=position: events_in(tmp_path / "backlog.db") == reached)


def test_project_leaves_the_file_whole_too(database: str, tmp_path: Path) -> None:
    position = filled(database)
    with started("project", "--database", database) as running:
        until((tmp_path / "backlog.views.db-wal").exists)
        running.terminate()
        running.wait(LONG)
    assert not (tmp_path / "backlog.db-wal").exists()
    assert events_in(tmp_path / "backlog.db") == position


# --- backup and restore --------------------------------------------------------------------------


def test_a_backup_is_one_file_that_says_what_is_in_it_and_restores(
    database: str, tmp_path: Path
) -> None:
    position = filled(database)
    before = shown_by(database)
    copy = tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    result = run("backup", copy, "--database", database)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{copy} holds the history up to position {position}, checked\n"
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]
    assert events_in(copy) == position
    for name in ("backlog.db", "backlog.views.db"):
        (tmp_path / name).unlink()
    restored = run("restore", copy, "--database", database)
    assert restored.exit_code == 0, restored.output
    assert f"up to position {position}" in restored.stdout
    assert f"the views show all {position} events" in restored.stdout
    assert shown_by(database) == before


def test_a_backup_while_others_write_is_the_history_as_of_one_moment(
    database: str, port: int, tmp_path: Path
) -> None:
    with serving(database, port) as (_, client):
        post(client, contract_event(), line_event())
        first = post(client, *(approval_event(f"B{n}") for n in range(400)))
        copying = subprocess.Popen(
            [COMMAND, "backup", tmp_path / "copy.db", "--database", database],
            stdout=subprocess.PIPE,
            text=True,
        )
        last, posted = first, 0
        while copying.poll() is None:
            last = post(client, *(approval_event(f"C{posted}-{n}") for n in range(5)))
            posted += 1
        assert copying.wait(LONG) == 0
        said = copying.communicate()[0]
    found = re.search(r"up to position (\d+)", said)
    assert found
    assert first <= int(found[1]) <= last
    restored = run("restore", tmp_path / "copy.db", "--database", f"sqlite:///{tmp_path}/new.db")
    assert restored.exit_code == 0, restored.output
    assert f"all {found[1]} events" in restored.stdout
    shown_by(f"sqlite:///{tmp_path}/new.db")


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(
    database: str, tmp_path: Path
) -> None:
    filled(database)
    copy = tmp_path / "copy.db"
    with started("backup", copy, "--database", database) as running:
        until(lambda: running.poll() is not None or list(tmp_path.glob(".copy.db.*")))
        running.kill()
        running.wait()
    assert running.returncode in {-signal.SIGKILL, 0}
    if running.returncode:
        assert not copy.exists()
    again = run("backup", copy, "--database", database, "--force")
    assert again.exit_code == 0, again.output


def test_a_file_that_is_there_is_replaced_only_by_force(database: str, tmp_path: Path) -> None:
    filled(database)
    copy = tmp_path / "copy.db"
    copy.write_text("Dear Jo,")
    assert_refused(run("backup", copy, "--database", database), "copy.db", "--force")
    assert copy.read_text() == "Dear Jo,"
    assert run("backup", copy, "--database", database, "--force").exit_code == 0
    assert_refused(run("restore", copy, "--database", database), "backlog.db", "--force")


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_a_history_is_not_copied_onto_itself(name: str, database: str, tmp_path: Path) -> None:
    position = filled(database)
    result = run(name, tmp_path / "backlog.db", "--database", database, "--force")
    assert_refused(result, "the file that is to be copied")
    assert events_in(tmp_path / "backlog.db") == position


@pytest.mark.parametrize("name", ["backlog.db-wal", "backlog.db-shm", "backlog.views.db"])
def test_a_backup_takes_the_place_of_nothing_that_belongs_to_the_database(
    name: str, database: str, tmp_path: Path
) -> None:
    filled(database)
    result = run("backup", tmp_path / name, "--database", database, "--force")
    assert_refused(result, "belongs to the database")


@pytest.mark.parametrize("place", [".", "missing/copy.db"])
def test_a_copy_goes_where_a_file_can_be(place: str, database: str, tmp_path: Path) -> None:
    filled(database)
    assert_refused(run("backup", tmp_path / place, "--database", database), "folder")


def test_a_history_that_a_server_uses_is_not_replaced(
    database: str, port: int, tmp_path: Path
) -> None:
    filled(database)
    run("backup", tmp_path / "copy.db", "--database", database)
    with serving(database, port) as (_, client):
        later = post(client, approval_event("A77"))
        refused = run("restore", tmp_path / "copy.db", "--database", database, "--force")
        assert_refused(refused, "in use", "stop it")
        assert post(client, approval_event("A78")) > later


def test_a_restored_history_replaces_a_later_one_with_its_views(
    database: str, tmp_path: Path
) -> None:
    filled(database)
    before = shown_by(database)
    run("backup", tmp_path / "copy.db", "--database", database)
    tenant = Tenant(database, clock=lambda: NOW)
    record(tenant, *(approval_event(f"D{n}") for n in range(10)))
    tenant.close()
    restored = run("restore", tmp_path / "copy.db", "--database", database, "--force")
    assert restored.exit_code == 0, restored.output
    assert shown_by(database) == before


def damaged(copy: Path) -> None:
    whole = bytearray(copy.read_bytes())
    middle = 6 * 4096
    whole[middle : middle + 4096] = b"\xff" * 4096
    copy.write_bytes(whole)


def with_a_hole(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid = 3")


def newer(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE stored_events SET topic = 'Newer.v1' WHERE rowid = 3")


@pytest.mark.parametrize(
    ("spoil", "word"), [(damaged, "damaged"), (with_a_hole, "not whole"), (newer, "'Newer.v1'")]
)
def test_a_copy_that_is_no_good_is_refused_and_what_is_there_stays(
    spoil: Any, word: str, database: str, tmp_path: Path
) -> None:
    filled(database, approvals=100)
    before = shown_by(database)
    copy = tmp_path / "copy.db"
    run("backup", copy, "--database", database)
    spoil(copy)
    assert_refused(run("restore", copy, "--database", database, "--force"), word)
    assert shown_by(database) == before


def test_a_damaged_history_is_not_backed_up(database: str, tmp_path: Path) -> None:
    filled(database, approvals=100)
    damaged(tmp_path / "backlog.db")
    assert_refused(run("backup", tmp_path / "copy.db", "--database", database), "backlog.db")
    assert not (tmp_path / "copy.db").exists()
