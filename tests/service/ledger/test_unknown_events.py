"""A history with events that only a newer version knows: refused with what to do, by no 500."""

from pathlib import Path

import httpx
import psycopg
import pytest

from service.http.app import create_app
from service.settings import Settings
from service.tenants.sqlite_files import UnknownEvents
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.databases import NewDatabase, sql
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.command_line import assert_refused, run
from tests.service.http_caller import problem
from tests.service.office import record, write_ndjson
from tests.service.processes import until

NEWER = "LineRetold.v7"


def append_a_newer_event(database: str, newer: str = NEWER) -> None:
    """As a newer version would, to the stream of the line."""
    defined = "SELECT originator_id FROM stored_events WHERE topic = 'ContractLineDefined.v1'"
    ((stream, version),) = sql(
        database,
        "SELECT originator_id, max(originator_version) FROM stored_events "
        f"WHERE originator_id = ({defined}) GROUP BY originator_id",
    )
    columns, marks = "originator_id, originator_version, topic, state", "?, ?, ?, ?"
    if database.startswith("postgresql"):
        columns += ", notification_id"
        marks += ", (SELECT max(notification_id) + 1 FROM stored_events)"
    insert = f"INSERT INTO stored_events ({columns}) VALUES ({marks})"
    sql(database, insert, stream, version + 1, newer, b"\x00 no JSON that we know")


def filled(database: str) -> None:
    tenant = Tenant(database, project=False)
    record(tenant, contract_event(), line_event(), approval_event("A1"))
    tenant.close()


@pytest.mark.parametrize("name", ["serve", "project", "rebuild", "import"])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_every_command_that_folds_refuses_it_at_start_and_says_where_and_what_to_do(
    name: str, where: str, database: str, tmp_path: Path
) -> None:
    filled(database)
    position = "notification_id" if database.startswith("postgresql") else "rowid"
    (last,) = sql(database, f"SELECT max({position}) FROM stored_events")[0]
    changed = {"first": 1, "middle": 2, "last": last}[where]
    sql(database, f"UPDATE stored_events SET topic = '{NEWER}' WHERE {position} = {changed}")
    file = (write_ndjson(tmp_path / "events.ndjson", [contract_event()]),)
    result = run(name, *(file if name == "import" else ()), "--database", database)
    assert_refused(result, NEWER, f"first at position {changed};", "install the version")


def test_an_event_that_is_damaged_is_named_by_its_position(database: str) -> None:
    filled(database)
    position = "notification_id" if database.startswith("postgresql") else "rowid"
    sql(database, f"UPDATE stored_events SET state = ? WHERE {position} = 2", b"\xff\x00garbage")
    result = run("rebuild", "--database", database)
    assert result.exit_code == 2
    assert "the history is damaged: the event at position 2 can't be read" in result.stderr


def test_several_such_types_are_counted(database: str) -> None:
    filled(database)
    for newer in ("Zeta.v1", "Alpha.v2", "ContractDefined.v99"):
        append_a_newer_event(database, newer)
    with pytest.raises(UnknownEvents, match=r"'Zeta\.v1', first at .* and 2 other such types"):
        Tenant(database)


def test_a_history_from_before_there_was_an_index_of_types_is_looked_through_too(
    database: str,
) -> None:
    filled(database)
    sql(database, "DROP INDEX stored_events_by_type")
    append_a_newer_event(database)
    with pytest.raises(UnknownEvents, match=NEWER):
        Tenant(database)


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_a_tenant_opened_later_answers_503_with_the_reason_and_the_others_go_on(
    new_database: NewDatabase,
) -> None:
    home = new_database()
    first = Tenants(home, project=False)
    first.create("north")
    record(first.open("north"), contract_event(), line_event())
    first.close()
    with psycopg.connect(home) as connection:
        connection.execute(f"UPDATE tenant_north.stored_events SET topic = '{NEWER}'")  # pyright: ignore[reportCallIssue, reportArgumentType]
    tenants = Tenants(home)
    transport = httpx.ASGITransport(create_app(tenants, Settings()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        refused = problem(await http.get("/contracts", headers={"X-Tenant": "north"}))
        assert (refused["status"], refused["code"]) == (503, "history_too_new")
        assert NEWER in refused["detail"]
        assert (await http.get("/contracts")).status_code == 200
    tenants.close()


# --- two versions side by side -------------------------------------------------------------------


def post(api: httpx.Client, *events: Json) -> httpx.Response:
    return api.post(
        "/events", json=events, headers={"Content-Type": "application/cloudevents-batch+json"}
    )


def test_events_of_a_newer_version_that_arrive_later_stop_the_views_with_the_reason(
    api: httpx.Client, database: str, tenant: Tenant
) -> None:
    assert post(api, contract_event(), line_event()).status_code == 200
    append_a_newer_event(database)
    until(lambda: tenant.projector.failure)

    def stopped() -> Json | None:  # on a busy machine, one look may take too long to tell
        found = problem(api.get(str(api.base_url).replace("/v1/", "/health/ready")), 503)
        return found if found["code"] == "projector_stopped" else None

    found = until(stopped)
    assert found
    assert NEWER in found["detail"]
    assert "install the version" in found["detail"]


def test_commands_on_such_a_stream_are_answered_503_and_others_go_on(
    api: httpx.Client, database: str
) -> None:
    assert post(api, contract_event(), line_event()).status_code == 200
    append_a_newer_event(database)
    line: Json = {
        k: v for k, v in line_event()["data"].items() if k not in ("contract_id", "line_id")
    }
    refused = problem(api.put("/contracts/C1/lines/L1", json=line))
    assert (refused["status"], refused["code"]) == (503, "history_too_new")
    assert NEWER in refused["detail"]
    refused = problem(post(api, approval_event("A1")))
    assert (refused["status"], refused["code"]) == (503, "history_too_new")
    contract = {k: v for k, v in contract_event("C2")["data"].items() if k != "contract_id"}
    assert api.put("/contracts/C2", json=contract).status_code == 201


def test_the_history_as_auditors_read_it_is_answered_503_where_it_holds_such_events(
    api: httpx.Client, database: str
) -> None:
    assert post(api, contract_event(), line_event()).status_code == 200
    append_a_newer_event(database)
    refused = problem(api.get("/audit/events"))
    assert (refused["status"], refused["code"]) == (503, "history_too_new")
