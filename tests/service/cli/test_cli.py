"""The command line: what it says, what it leaves, and with which exit code."""

import json
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner, Result

from service.cli.main import cli
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.service.command_line import started
from tests.service.office import NOW, views_of, write_ndjson

ROOT = Path(__file__).resolve().parents[3]
COMMAND = Path(sys.executable).with_name("billing-backlog")
Ran = Callable[..., Result]


@pytest.fixture
def database(empty_database: str) -> str:
    """Commands make here what they need."""
    return empty_database


def version() -> str:
    """The version of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ran:
    """Runs a command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def events(tmp_path: Path) -> Path:
    approvals = (approval_event(f"A{n}", "5.00") for n in range(4))
    deal = contract_event(limit="15.00"), line_event()
    return write_ndjson(tmp_path / "events.ndjson", [*deal, *approvals])


def views_in(database: str) -> dict[str, list[tuple[Any, ...]]]:
    tenant = Tenant(database, clock=lambda: NOW)
    try:
        return views_of(tenant)
    finally:
        tenant.close()


def assert_refused(result: Result, *words: str) -> None:
    """Exit code 2 and one plain sentence, no traceback."""
    assert result.exit_code == 2, result.output
    assert not isinstance(result.exception, Exception)
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in words), result.stderr


# --- import --------------------------------------------------------------------------------------


def test_the_command_tells_its_version(ran: Ran) -> None:
    result = ran("--version")
    assert (result.exit_code, result.output) == (0, f"billing-backlog {version()}\n")
    assert "--version" in ran("--help").output


def test_import_takes_a_file_in_and_says_how_many_events_had_which_outcome(
    ran: Ran, events: Path, database: str
) -> None:
    result = ran("import", events, "--database", database)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("6 recorded in ")
    assert len(views_in(database)["time_and_material"]) == 4


def test_import_by_several_processes_says_and_shows_the_same(
    ran: Ran, events: Path, database: str
) -> None:
    events.write_text("not json\n" + events.read_text())
    result = ran("import", events, "--database", database, "--processes", "2")
    assert result.exit_code == 1
    assert result.stdout.startswith("6 recorded, 1 refused in ")
    assert "refused: line 1: this is not JSON: column 1: here must be a value" in result.stderr
    assert len(views_in(database)["time_and_material"]) == 4


def test_a_second_import_says_duplicate_and_changes_nothing(
    ran: Ran, events: Path, database: str
) -> None:
    ran("import", events, "--database", database)
    before = views_in(database)
    result = ran("import", events, "--database", database)
    assert (result.exit_code, result.stdout[:12]) == (0, "6 duplicate ")
    assert views_in(database) == before


def test_import_goes_on_past_bad_lines_names_them_and_ends_with_1(
    ran: Ran, events: Path, database: str
) -> None:
    events.write_text("not json\n" + events.read_text())
    result = ran("import", events, "--database", database)
    assert result.exit_code == 1
    assert result.stdout.startswith("6 recorded, 1 refused in ")
    assert "refused: line 1: this is not JSON: column 1: here must be a value" in result.stderr
    assert len(views_in(database)["time_and_material"]) == 4


def test_import_keeps_its_database_in_the_working_folder_unless_told(
    ran: Ran, events: Path, tmp_path: Path
) -> None:
    assert ran("import", events).exit_code == 0
    assert (tmp_path / "billing-backlog.db").is_file()
    assert (tmp_path / "billing-backlog.views.db").is_file()


@pytest.mark.parametrize("name", ["nothing.ndjson", "[red]", "[/foo]", "."])
def test_import_of_what_is_no_file_is_refused_by_its_name(
    ran: Ran, name: str, tmp_path: Path
) -> None:
    assert_refused(ran("import", name), "there is no file", name)
    assert not (tmp_path / "billing-backlog.db").exists()


# --- the database --------------------------------------------------------------------------------


def run_each(ran: Ran, events: Path, database: str) -> list[Result]:
    """Every command that works on data, with this database."""
    return [
        ran("import", events, "--database", database),
        ran("rebuild", "--database", database),
        ran("serve", "--database", database),
    ]


@pytest.mark.parametrize(
    "database",
    ["mysql://host/db", "backlog.db", "sqlite://backlog.db", "sqlite:///", "", "[/x]"],
)
def test_an_unknown_database_url_is_refused_with_the_form_it_should_have(
    ran: Ran, events: Path, database: str
) -> None:
    for result in run_each(ran, events, database):
        assert_refused(result, repr(database), "sqlite:///path/to/file.db")


def test_a_database_in_a_folder_that_is_not_there_is_refused(
    ran: Ran, events: Path, tmp_path: Path
) -> None:
    for result in run_each(ran, events, f"sqlite:///{tmp_path}/missing/backlog.db"):
        assert_refused(result, "the folder", "missing", "does not exist")
    assert not (tmp_path / "missing").exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(
    ran: Ran, events: Path, tmp_path: Path
) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Jo,\n" * 100)
    for result in run_each(ran, events, f"sqlite:///{path}"):
        assert_refused(result, "letter.db", "not a database")
    assert path.read_text() == "Dear Jo,\n" * 100


def test_a_folder_is_no_database(ran: Ran, events: Path, tmp_path: Path) -> None:
    for result in run_each(ran, events, f"sqlite:///{tmp_path}"):
        assert_refused(result, "can't be opened")


# --- serve ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "[::]"])
def test_serve_refuses_to_be_reached_from_elsewhere_without_authentication(
    ran: Ran, host: str, tmp_path: Path
) -> None:
    assert_refused(ran("serve", "--host", host), host, "no authentication")
    assert not (tmp_path / "billing-backlog.db").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "1_000", " 5 ", "+5", "\u0663", "1.0", ""])
def test_serve_refuses_ports_that_are_none(ran: Ran, port: str) -> None:
    assert_refused(ran("serve", "--port", port), "port (--port): ")


@pytest.mark.parametrize("number", ["1_000", " 5 ", "+5", "\u0663", "1.0", "0x10", "1e3", ""])
@pytest.mark.parametrize(
    "command",
    [("import", "no-file", "--processes"), ("sample", "--seed")],
)
def test_a_number_is_digits_whatever_else_python_reads_as_one(
    ran: Ran, command: tuple[str, ...], number: str
) -> None:
    result = ran(*command, number)
    told = " ".join(result.stderr.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())
    assert result.exit_code == 2
    assert f"Invalid value for '{command[-1]}': {number!r} is not a number in digits" in told


@pytest.mark.parametrize(
    ("option", "value", "range_"),
    [
        (("import", "no-file", "--processes"), "1000", "1000 is not from 1 to"),
        (("sample", "--contracts"), "0", "0 is not from 1 on"),
    ],
)
def test_a_number_beyond_its_range_is_refused_with_the_range(
    ran: Ran, option: tuple[str, ...], value: str, range_: str
) -> None:
    result = ran(*option, value)
    assert (result.exit_code, range_ in result.stderr) == (2, True)


def test_the_installed_command_refuses_a_foreign_host_with_2_and_a_plain_sentence(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [COMMAND, "serve", "--host", "0.0.0.0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "0.0.0.0 is not a loopback address" in done.stderr
    assert "Traceback" not in done.stderr


# --- rebuild, openapi, sample, demo --------------------------------------------------------------


def test_rebuild_leaves_the_very_same_views(ran: Ran, events: Path, database: str) -> None:
    ran("import", events, "--database", database)
    before = views_in(database)
    result = ran("rebuild", "--database", database)
    assert result.exit_code == 0, result.output
    position = dict(before["tracking"])["views"]
    assert result.stdout == f"the views show all {position} events of the history\n"
    assert views_in(database) == before


def test_rebuild_mends_views_that_were_lost(
    ran: Ran, events: Path, database: str, tmp_path: Path
) -> None:
    ran("import", events, "--database", database)
    before = views_in(database)
    for lost in tmp_path.glob("*.views.db*"):
        lost.unlink()
    assert ran("rebuild", "--database", database).exit_code == 0
    assert views_in(database) == before


def test_openapi_prints_the_document_that_is_committed(ran: Ran) -> None:
    result = ran("openapi")
    document = yaml.safe_load(result.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/v1/events" in document["paths"]
    committed = ROOT / "openapi.yaml"
    assert not committed.is_file() or committed.read_text(encoding="utf-8") == result.stdout


def test_sample_prints_the_same_for_the_same_seed(ran: Ran) -> None:
    arguments = ("sample", "--contracts", "2", "--approvals", "30", "--seed")
    one, same, other = (ran(*arguments, seed).stdout for seed in ("7", "7", "8"))
    assert one == same != other
    types = [json.loads(line)["type"] for line in one.splitlines()]
    assert types.count("projects.contract.confirmed.v1") == 2
    assert sum(".approved." in t or ".posted." in t for t in types) == 30


@pytest.mark.parametrize(
    "arguments", [("--contracts", "0"), ("--approvals", "-1"), ("--seed", "x")]
)
def test_sample_refuses_counts_that_make_no_sense(ran: Ran, arguments: tuple[str, str]) -> None:
    result = ran("sample", *arguments)
    assert (result.exit_code, result.stdout, arguments[0] in result.stderr) == (2, "", True)


def test_a_sample_can_be_imported(ran: Ran, database: str, tmp_path: Path) -> None:
    sample = ran("sample", "--contracts", "2", "--approvals", "50", "--seed", "1").stdout
    path = tmp_path / "sample.ndjson"
    path.write_text(sample, encoding="utf-8")
    result = ran("import", path, "--database", database)
    assert result.exit_code == 0, result.output
    assert "refused" not in result.stdout
    assert "parked" not in result.stdout


def test_demo_json_prints_an_end_state_with_every_stage_in_it(ran: Ran, tmp_path: Path) -> None:
    result = ran("demo", "--json")
    assert result.exit_code == 0, result.output
    end = json.loads(result.stdout)
    lists = ["fixed_price", "time_and_material", "limits", "invoices", "obligations"]
    assert list(end) == lists
    statuses = {row["nte_status"] for row in end["time_and_material"]}
    assert {"committed", "failed"} <= statuses
    assert {invoice["status"] for invoice in end["invoices"]} == {"draft", "confirmed"}
    confirmed = {i["invoice_id"]: i for i in end["invoices"] if i["status"] == "confirmed"}
    for row in (*end["fixed_price"], *end["time_and_material"]):
        assert (row["billing_status"] == "invoice_posted") == (row["invoice_id"] in confirmed)
    numbers = sorted(invoice["number"] for invoice in confirmed.values())
    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]
    assert end["limits"]
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_serves_opens_on_the_worked_sample_and_leaves_nothing(tmp_path: Path) -> None:
    with started("demo", "--serve", "--port", "0", TMPDIR=str(tmp_path)) as demo:
        assert demo.stderr
        told = demo.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", told)
        assert address, told
        with httpx.Client(base_url=address[0], follow_redirects=True, timeout=60) as browser:
            page = browser.get("/")
            contracts = browser.get("/v1/contracts").json()["items"]
        assert (page.status_code, page.url.path) == (200, "/ui/")
        assert len(contracts) == 4
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    assert list(tmp_path.iterdir()) == []
