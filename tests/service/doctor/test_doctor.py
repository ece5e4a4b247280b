"""`doctor`: what it finds well, what it finds wrong, and what it says to do then."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from service.access.scopes import Scope
from service.access.tokens import read_token
from service.doctor import postgres, sqlite
from service.doctor.examining import examine
from service.doctor.findings import Finding, Status
from service.handlers import keys
from service.settings import Settings
from service.tenants.tenant import Tenant, is_postgres
from tests.databases import sql, views_path
from tests.office import contract_event
from tests.service.command_line import run
from tests.service.door import CONTEXT
from tests.service.office import post

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def examined(database: str, *unknown: str) -> dict[str, Finding]:
    """The worst finding of each check."""
    order = list(Status)
    found = sorted(
        examine(Settings(database=database), unknown), key=lambda each: order.index(each.status)
    )
    return {each.check: each for each in found}


def recorded(database: str, at: datetime, *, project: bool) -> None:
    """One event more in the history, recorded at that time."""
    with closing(Tenant(database, project=project, clock=lambda: at)) as tenant:
        post(tenant, contract_event())
        if project:
            tenant.wait_for(tenant.ledger.position(), 20)


def test_all_is_well_where_all_is_well(database: str) -> None:
    recorded(database, datetime.now(UTC), project=True)
    found = examined(database)
    assert {
        "settings",
        "database",
        "history",
        "migrations",
        "lag",
        "clock",
        "keys",
        "space",
        "pool",
    } == set(found)
    assert {check: each.found for check, each in found.items() if each.status != Status.OK} == {}
    result = run("doctor", "--database", database)
    assert result.exit_code == 0
    assert all(line.startswith("ok ") for line in result.stdout.splitlines())


def test_a_setting_that_is_none_is_told_with_what_may_be_meant(database: str) -> None:
    found = examined(database, "BILLING_BACKLOG_READ_WIAT", "BILLING_BACKLOG_SERVICE_HOST")
    assert found["settings"].status is Status.WARN
    assert "BILLING_BACKLOG_READ_WIAT" in found["settings"].found
    assert "BILLING_BACKLOG_READ_WAIT" in str(found["settings"].do)
    assert "SERVICE_HOST" not in found["settings"].found


def test_a_database_that_is_not_there_fails_and_none_is_made(tmp_path: Path) -> None:
    result = run("doctor", "--database", f"sqlite:///{tmp_path}/x.db", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["status"] == "fail"
    (failed,) = [each for each in told["checks"] if each["status"] == "fail"]
    assert (failed["check"], failed["tenant"]) == ("database", "default")
    assert "there is no database" in failed["found"]
    assert failed["do"]
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_can_not_be_reached_fails_without_its_password() -> None:
    address = "postgresql://me:hush4711@127.0.0.1:1/billing"
    result = run("doctor", "--database", address)
    assert result.exit_code == 1
    assert "fail  database" in result.stdout
    assert "hush4711" not in result.output


def test_views_that_nobody_keeps_are_told_with_how_long_events_have_waited(database: str) -> None:
    recorded(database, datetime.now(UTC) - timedelta(minutes=5), project=False)
    found = examined(database)["lag"]
    assert found.status is Status.WARN
    assert "waited for 300 s" in found.found or "waited for 30" in found.found
    assert "serve" in str(found.do)


def test_an_event_recorded_ahead_of_the_clock_is_told(database: str) -> None:
    recorded(database, datetime.now(UTC) + timedelta(hours=1), project=True)
    found = examined(database)["clock"]
    assert found.status is Status.WARN
    assert "ahead of this machine's clock" in found.found


def test_older_views_are_told_and_left_as_they_are(database: str) -> None:
    older(database)
    for _ in range(2):
        found = examined(database)
        assert found["migrations"].status is Status.WARN
        assert "lag" not in found


def test_events_of_a_newer_version_fail(database: str) -> None:
    recorded(database, datetime.now(UTC), project=True)
    sql(database, "UPDATE stored_events SET topic = 'FromTheFuture.1'")
    found = examined(database)["history"]
    assert found.status is Status.FAIL
    assert "FromTheFuture.1" in found.found


def older(database: str) -> None:
    """Has the views be of the step before the last."""
    change = "UPDATE {}alembic_version SET version_num = '0020'"
    if is_postgres(database):
        with psycopg.connect(database) as connection:
            connection.execute(change.format("tenant_default.").encode())
    else:
        with closing(sqlite3.connect(views_path(database))) as connection, connection:
            connection.execute(change.format(""))


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(-40, "fail"), (-2, "warn"), (-0.5, "ok"), (0.5, "ok"), (2.5, "warn"), (60, "fail")],
)
def test_clocks_may_be_a_second_apart(seconds: float, status: str) -> None:
    there = NOW + timedelta(seconds=seconds)
    assert postgres.clocks("db:5432/x", NOW, there, NOW).status == status


def test_the_time_that_a_slow_answer_takes_is_not_held_against_the_clock() -> None:
    after = NOW + timedelta(seconds=20)
    assert postgres.clocks("x", NOW, NOW + timedelta(seconds=9), after).status is Status.OK


@pytest.mark.parametrize(("free", "status"), [(26, "ok"), (25, "warn"), (0, "warn")])
def test_a_process_needs_as_many_connections_as_it_may_open(free: int, status: str) -> None:
    assert postgres.connections("x", free).status == status


@pytest.mark.parametrize(
    ("free", "size", "status"),
    [(2048, 10, "ok"), (1000, 10, "warn"), (2048, 4096, "warn"), (99, 10, "fail")],
)
def test_a_disk_needs_room_for_a_copy(free: int, size: int, status: str) -> None:
    assert sqlite.space(free * sqlite.MIB, size * sqlite.MIB).status == status


@pytest.mark.parametrize(("most", "status"), [(2_500, "ok"), (2_499, "warn"), (-1, "ok")])
def test_a_process_needs_a_file_for_each_connection(most: int, status: str) -> None:
    assert sqlite.files(most, 2_000).status == status


def made(database: str, name: str, at: datetime, expires: datetime | None = None) -> str:
    """The id of a key that was made at that time."""
    with closing(Tenant(database, clock=lambda: at)) as tenant:
        lets = keys.Lets(scopes=[Scope.BACKLOG_READ], expires_at=expires)
        token = keys.create_key(tenant, CONTEXT, name, lets)
    return read_token(token).key_id


def test_keys_that_are_old_or_end_soon_are_told_with_what_to_do(database: str) -> None:
    now = datetime.now(UTC)
    days = timedelta(days=1)
    old = made(database, "old", now - 366 * days)
    ending = made(database, "ending", now, now + 13 * days)
    ended = made(database, "ended", now - 30 * days, now - days)
    gone = made(database, "gone", now - 400 * days)
    made(database, "young", now - 364 * days, now + 15 * days)
    with closing(Tenant(database)) as tenant:
        keys.revoke_key(tenant, CONTEXT, gone)
    found = examined(database)["keys"]
    assert found.status is Status.WARN
    assert found.found == (
        f"old ({old}) was made 366 days ago; ending ({ending}) expires on "
        f"{(now + 13 * days).date()}; ended ({ended}) expired on {(now - days).date()}"
    )
    assert "keys revoke" in str(found.do)


def test_of_many_keys_some_are_named_and_the_others_counted(database: str) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=800)
    for number in range(7):
        made(database, f"k{number}", long_ago)
    assert examined(database)["keys"].found.endswith("was made 800 days ago; and 2 more")
