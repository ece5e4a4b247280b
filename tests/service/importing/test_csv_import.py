"""CSV files on the command line: taken in once, whatever is in them, by one process or several."""

import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import Result

from service.importing.csv_files import ready
from service.importing.importing import AHEAD, BATCH, import_events
from service.tenants.tenant import Tenant
from tests.databases import NewDatabase
from tests.office import contract_body, contract_event, line_event
from tests.service.command_line import assert_refused, run, started
from tests.service.importing.exports_told import NAMES, OF, SAYS
from tests.service.importing.reading_csv import HEAD, MAP, csv_file, row, written
from tests.service.office import CONTEXT, Json, assert_sound, caught_up, post, rows
from tests.service.processes import until

PROCESSES = pytest.mark.parametrize("processes", ["1", "2"])


@contextmanager
def opened(database: str) -> Generator[Tenant]:
    """A tenant whose views show everything."""
    tenant = Tenant(database)
    try:
        tenant.projector.wake(tenant.ledger.position())
        caught_up(tenant)
        yield tenant
    finally:
        tenant.close()


@pytest.fixture
def file_database(tmp_path: Path) -> str:
    """An SQLite database, for what is the same whichever database it is."""
    return f"sqlite:///{tmp_path}/backlog.db"


def made(database: str, *contracts: str, line_id: str = "L1") -> None:
    """Contracts with a line each."""
    with opened(database) as tenant:
        for contract in contracts:
            terms = contract_body(["A"])
            named = {"contract_id": contract, **terms}
            line = line_event(contract, line_id)
            post(tenant, {**contract_event(contract), "data": named}, line)


def items(database: str) -> list[Json]:
    with opened(database) as tenant:
        found = rows(tenant, "time_and_material")
    return [{**each, "position": 0, "sequence": 0} for each in found]


def imported(database: str, path: Path, *options: str | Path) -> Result:
    return run("import", path, "--database", database, *options)


def own_map(folder: Path, text: str = MAP) -> Path:
    return written(folder, text, "own.toml")


@pytest.mark.parametrize("name", NAMES)
def test_an_export_waits_for_its_contracts_and_is_in_the_backlog_when_they_come(
    tmp_path: Path, file_database: str, name: str
) -> None:
    path = written(tmp_path, OF[name])
    result = imported(file_database, path, "--map", name)
    assert (result.exit_code, f"{len(SAYS[name])} parked" in result.output) == (0, True)
    contracts = {str(said[0]) for said in SAYS[name]}
    currency = SAYS[name][0][4]
    with opened(file_database) as tenant:
        for contract in contracts:
            terms = {"contract_id": contract, **contract_body(["A"]), "currency": currency}
            line = line_event(contract, "TIME")
            post(tenant, {**contract_event(contract), "data": terms}, line)
    found = items(file_database)
    assert {each["approval_id"] for each in found if each["contract_id"] in contracts}
    assert len(found) == len(SAYS[name])
    again = imported(file_database, path, "--map", name)
    assert f"{len(found)} duplicate" in again.output
    assert items(file_database) == found


@PROCESSES
def test_bad_rows_stop_no_others_and_mended_ones_come_in_from_the_file_of_rejects(
    new_database: NewDatabase, tmp_path: Path, processes: str
) -> None:
    database = new_database()
    made(database, "C1", "C2")
    good = [row(f"{n}", contract=f"C{n % 2 + 1}") for n in range(20)]
    bad = [
        row("bad", hours='"7,5"', rate="1.00"),
        row('"two\r\nlines"', rate="zwei"),
        row("x", "C9", ""),
    ]
    path = written(tmp_path, "\ufeff" + HEAD + bad[0] + "".join(good) + bad[1] + good[0] + bad[2])
    mapped, rejects = own_map(tmp_path), tmp_path / "rejects.csv"
    options = ("--map", mapped, "--processes", processes)
    result = imported(database, path, *options, "--rejects", rejects)
    assert result.exit_code == 1
    assert "21 recorded, 3 refused" in result.output
    assert "refused: line 2: Hours: '7,5' is no number" in result.output
    assert rejects.read_bytes() == ("\ufeff" + HEAD + "".join(bad)).encode()
    over = imported(database, path, *options, "--rejects", rejects)
    assert_refused(over, "must be a new file, or be empty")
    mended = rejects.read_text().replace('"7,5"', "7.5").replace("zwei", "2").replace("C9", "C1")
    rejects.write_text(mended.replace("C1,2026-10-05,,", "C1,2026-10-05,3,"), newline="")
    result = imported(database, rejects, *options)
    assert (result.exit_code, "3 recorded" in result.output) == (0, True)
    assert len(items(database)) == 24
    result = imported(database, path, *options)
    assert "21 duplicate, 3 refused" in result.output
    assert len(items(database)) == 24


def test_rejects_are_in_the_encoding_of_the_file_byte_for_byte(
    tmp_path: Path, file_database: str
) -> None:
    bad = row("Müller", hours="x").encode("cp1252")
    for n, (mark, encoding) in enumerate([(b"", "cp1252"), (b"\xff\xfe", "utf-16-le")]):
        head, good = HEAD.encode(encoding), row("good").encode(encoding)
        other = bad.decode("cp1252").encode(encoding)
        path = written(tmp_path, mark + head + other + good)
        rejects = tmp_path / f"rejects{n}.csv"
        imported(file_database, path, "--map", own_map(tmp_path), "--rejects", rejects)
        assert rejects.read_bytes() == mark + head + other
    none = tmp_path / "none.csv"
    path = written(tmp_path, HEAD + row("good"))
    imported(file_database, path, "--map", own_map(tmp_path), "--rejects", none)
    assert none.read_bytes() == b""


def test_one_process_and_several_make_the_same_of_a_file(tmp_path: Path) -> None:
    lines = [row(f"{n % 40}", contract=f"C{n % 7}", hours=f"{n % 3}") for n in range(600)]
    lines[100] = lines[200] = "x,y\n"
    path = written(tmp_path, HEAD + "".join(lines))
    found: list[list[Json]] = []
    for processes in ("1", "3"):
        (folder := tmp_path / processes).mkdir()
        database = f"sqlite:///{folder}/backlog.db"
        made(database, *(f"C{n}" for n in range(7)))
        result = imported(database, path, "--map", own_map(folder), "--processes", processes)
        assert "598 recorded, 2 refused" in result.output
        found.append(sorted(items(database), key=lambda each: each["item_id"]))
    assert found[0] == found[1]


def test_an_import_stopped_half_way_and_repeated_ends_as_one_in_one_go(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    lines = [row(f"{n % 50}") for n in range((2 + AHEAD) * BATCH)]
    file = csv_file(written(tmp_path, HEAD + "".join(lines)))

    class Stopped(Exception):
        pass

    def stop(_: int, __: int) -> None:
        raise Stopped

    whole, pieces = new_database(), new_database()
    made(whole, "C1")
    made(pieces, "C1")
    with opened(whole) as tenant:
        assert import_events(tenant, file, CONTEXT).outcomes == {"recorded": len(lines)}
    with opened(pieces) as tenant:
        with pytest.raises(Stopped):
            import_events(tenant, file, CONTEXT, stop)
        again = import_events(tenant, file, CONTEXT)
        assert again.outcomes == {"recorded": BATCH, "duplicate": (1 + AHEAD) * BATCH}
        assert_sound(tenant.ledger)
    assert items(pieces) == items(whole)


def test_an_import_that_is_killed_can_be_repeated_and_doubles_nothing(
    tmp_path: Path, file_database: str
) -> None:
    lines = [row(f"{n % 50}", contract=f"C{n % 5}") for n in range(4_000)]
    path, mapped = written(tmp_path, HEAD + "".join(lines)), own_map(tmp_path)
    made(file_database, *(f"C{n}" for n in range(5)))
    with opened(file_database) as tenant:
        before = tenant.ledger.position()
        arguments = ("--database", file_database, "--map", mapped, "--processes", "2")
        with started("import", path, *arguments) as running:
            until(lambda: running.poll() is not None or tenant.ledger.position() > before)
            running.kill()
    result = imported(file_database, path, "--map", mapped)
    assert result.exit_code == 0
    assert len(items(file_database)) == len(lines)


def test_a_corrected_entry_with_an_id_is_refused_and_what_was_taken_in_stays(
    tmp_path: Path, file_database: str
) -> None:
    made(file_database, "Harbour-terminal", line_id="TIME")
    text = OF["toggl"].replace("(USD)", "(EUR)")
    imported(file_database, written(tmp_path, text), "--map", "toggl")
    before = items(file_database)
    corrected = text.replace("01:30:00", "01:45:00")
    result = imported(file_database, written(tmp_path, corrected), "--map", "toggl")
    assert "2 duplicate, 1 refused" in result.output
    assert "refused: line 2: " in result.output
    assert items(file_database) == before


def test_what_the_rules_refuse_is_told_by_column(tmp_path: Path, file_database: str) -> None:
    made(file_database, "C1")
    path = written(tmp_path, HEAD + row("n" * 5_000) + row("good", hours="0.1234567"))
    result = imported(file_database, path, "--map", own_map(tmp_path))
    assert "refused: line 2: Note (description): " in result.output
    assert "refused: line 3: Hours (quantity): " in result.output


def test_a_dry_run_shows_events_and_all_bad_rows_and_makes_no_database(
    tmp_path: Path, file_database: str
) -> None:
    bad = [row("x", hours="x") for _ in range(150)] + [row("n" * 5_000)]
    lines = [row(f"{n}", contract=f"C{n % 30}") for n in range(40)]
    path = written(tmp_path, HEAD + "".join(bad + lines))
    result = imported(file_database, path, "--map", own_map(tmp_path), "--dry-run")
    assert result.exit_code == 1
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["data"]["description"] for event in shown] == ["0", "1", "2", "3", "4"]
    assert sum(line.startswith("refused: line ") for line in result.stderr.splitlines()) == 151
    assert "40 would go in, 151 can't; nothing was stored" in result.stderr
    assert "contract C0, line L1: 2" in result.stderr
    assert "and 10 lines of contracts more" in result.stderr
    assert not (tmp_path / "backlog.db").exists()
    good = written(tmp_path, json.dumps(contract_event("C1")) + "\n{}\n", "e.ndjson")
    result = imported(file_database, good, "--dry-run")
    assert "1 would go in, 1 can't" in result.stderr


OTHERS = {
    "hours.xlsx": (b"PK\x03\x04\x14\x00" + b"\x00" * 50, "a spreadsheet (xlsx, ods)"),
    "hours.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\n" * 50, "an old spreadsheet"),
    "login.html": (b"\xef\xbb\xbf \n<!DOCTYPE html>\n<html>\n\n", "a web page"),
    "feed.xml": (b'<?xml version="1.0"?>\n<a/>\n', "a web page or XML"),
    "hours.pdf": (b"%PDF-1.7\n\n\n", "a PDF"),
    "hours.gz": (b"\x1f\x8b\x08\n\n", "compressed"),
    "noise": (b"\x00\x01\n\x02\x00\n" * 99, "it is binary"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("options", [(), ("--map", "harvest"), ("--map", "harvest", "--dry-run")])
def test_a_file_of_another_kind_is_told_in_one_line(
    tmp_path: Path, file_database: str, name: str, options: tuple[str, ...]
) -> None:
    content, what = OTHERS[name]
    result = imported(file_database, written(tmp_path, content, name), *options)
    assert_refused(result, name, what)
    assert not (tmp_path / "backlog.db").exists()


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", ("--map", "toggl"), ["is empty", "a line of headings"]),
        (OF["toggl"].encode(), (), ["are those of toggl, give --map toggl"]),
        (b"a;b;c\n1;2;3\n", (), ["for CSV give --map", "clockify, harvest, kimai, toggl"]),
        (b"Dear Sirs\n\nHello\n", (), ["is no file of CloudEvents"]),
        (b'[{"specversion": "1.0"}]', (), ["a JSON array", "one a line"]),
        (b'[\n{"specversion":"1.0"},\n{"a":1}\n]\n', (), ["several lines", "jq -c '.[]'"]),
        (b'\xef\xbb\xbf\n\n[\n  {\n  "id": "1"\n  }\n]\n', (), ["several lines", "jq -c '.[]'"]),
        (b'[{"specversion":"1.0"},\r\n{"a":1}]', (), ["several lines", "jq -c '.[]'"]),
        (b'\n{\n  "specversion": "1.0",\n  "data": {}\n}\n', (), ["several lines", "jq -c ."]),
        (b'{"specversion": "1.0",\n "id": "1"}\n{}\n', (), ["several lines", "jq -c ."]),
        (b'{"specversion": "1.0"\n}\n', (), ["several lines", "jq -c ."]),
        (b"", (), ["is empty", "one a line"]),
        (b"\xef\xbb\xbf\r\n \n" + b"\n" * 200_000, (), ["is empty", "one a line"]),
        (b'{"specversion": "1.0"}\n', ("--map", "toggl"), ["without --map"]),
        (OF["toggl"].encode(), ("--map", "kimai"), ["fit the map kimai", "'Hourly price'"]),
        (OF["toggl"].encode(), ("--map", "nothing"), ["no file nothing", "ready are clockify"]),
        (OF["toggl"].encode("utf-16"), (), ["UTF-16 (which needs a map)"]),
    ],
)  # fmt: skip
def test_a_file_without_sense_is_told_in_one_line_with_what_would_be_right(
    tmp_path: Path, file_database: str, content: bytes, options: tuple[str, ...], words: list[str]
) -> None:
    path = written(tmp_path, content, "file")
    assert_refused(imported(file_database, path, *options), *words)
    assert not (tmp_path / "backlog.db").exists()


@pytest.mark.parametrize(
    "bad",
    [
        b"[", b"{", b'{"specversion":', b'["a",', b'"a": 1', b"[1,2]", b'{"specversion":\n"a": 1',
    ],
)  # fmt: skip
def test_a_first_line_that_is_cut_off_stops_no_events_after_it(
    tmp_path: Path, file_database: str, bad: bytes
) -> None:
    good = [json.dumps(contract_event(f"C{n}")).encode() for n in range(3)]
    path = written(tmp_path, b"\n".join([bad, *good, b""]), "events.ndjson")
    result = imported(file_database, path)
    assert (result.exit_code, "3 recorded" in result.output) == (1, True), result.output


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([json.dumps(contract_event("C1")), '"a": 1'], "1 recorded, 1 refused"),
        (['{"specversion":', '{"id":'], "2 refused"),
    ],
)
def test_lines_that_are_no_parts_of_one_json_are_refused_one_by_one(
    tmp_path: Path, file_database: str, lines: list[str], told: str
) -> None:
    path = written(tmp_path, "\n".join([*lines, ""]), "events.ndjson")
    result = imported(file_database, path)
    assert (result.exit_code, told in result.output) == (1, True), result.output


def test_a_map_may_come_through_a_pipe_and_a_file_of_events_may_not(
    tmp_path: Path, file_database: str
) -> None:
    path, pipe = written(tmp_path, OF["toggl"].encode(), "hours.csv"), tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_text, args=(ready.text("toggl"),), daemon=True)
    writing.start()
    assert "would go in" in imported(file_database, path, "--map", str(pipe), "--dry-run").stderr
    writing.join()
    assert_refused(imported(file_database, pipe), "has to be a file")


def test_ready_maps_are_listed_and_printed() -> None:
    listed = run("maps").output.splitlines()
    assert [line.split("\t")[0] for line in listed] == [*ready.names()]
    assert run("maps", "kimai").output == ready.text("kimai")
    assert_refused(run("maps", "other"), "'other'", "clockify, harvest, kimai, toggl")
