"""Whatever a file holds, its bad lines stop none of the others, by one process or several."""

import json
import tracemalloc
from base64 import b64decode
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli.main import cli
from service.importing.importing import Imported, import_events
from service.importing.json_lines import LONGEST_LINE
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.office import CONTEXT, rows

GOOD = [
    contract_event("C1"),
    line_event("C1"),
    *(approval_event(f"A{n}") for n in range(3)),
]
BAD: list[bytes] = [
    b'{"data":{"contract_id":"\xff"}}',
    b'{"data":{"contract_id":"C1","x":"\xff\xfe"}}',
    b"\xff\xff\xff",
    b"[" * 100_000 + b"]" * 100_000,
    b'{"data":{"contract_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    b'{"data":' * 50_000,
    b"\x00" * 100,
    b'{"id":"\x00"}',
    b'{"data":{"contract_id":"\\ud800"}}',
    b'{"data":{"contract_id":"C1"},"data":{"contract_id":"C2"}}',
    b'{"data":{"contract_id":1' + b"0" * 5_000 + b"}}",
    b"[" + b"1," * 100_000 + b"1]",
    b"{",
    b'"',
    b"null",
    b"\xef\xbb\xbf" + json.dumps(approval_event("B1")).encode(),
]
PROCESSES = pytest.mark.parametrize("processes", ["1", "3"])


def encoded(event: Json) -> bytes:
    return json.dumps(event).encode()


def ran(path: Path, folder: Path, *options: str) -> Result:
    database = f"sqlite:///{folder}/backlog.db"
    return CliRunner().invoke(cli, ["import", str(path), "--database", database, *options])


def approvals_in(folder: Path) -> set[str]:
    tenant = Tenant(f"sqlite:///{folder}/backlog.db")
    try:
        return {row["approval_id"] for row in rows(tenant, "time_and_material")}
    finally:
        tenant.close()


def rejected(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@PROCESSES
def test_no_line_stops_the_others_and_each_refused_one_is_in_the_file_of_rejects(
    tmp_path: Path, processes: str
) -> None:
    lines = [encoded(GOOD[0]), encoded(GOOD[1])]
    for n, bad in enumerate(BAD):
        lines += [bad, encoded(GOOD[2 + n % 3])]
    path, rejects = tmp_path / "events.ndjson", tmp_path / "rejects.ndjson"
    path.write_bytes(b"\n".join(lines))
    options = ("--processes", processes, "--rejects", str(rejects))
    for outcome in ("recorded", "duplicate"):
        result = ran(path, tmp_path, *options)
        assert result.exit_code == 1, result.output
        assert f"{len(BAD)} refused" in result.output
        assert outcome in result.output
        assert approvals_in(tmp_path) == {"A0", "A1", "A2"}
        found = rejected(rejects)
        assert [entry["line"] for entry in found] == list(range(3, 3 + 2 * len(BAD), 2))
        for entry, bad in zip(found, BAD, strict=True):
            text = entry["text"].encode() if "text" in entry else b64decode(entry["bytes"])
            assert text == bad
            assert entry["problem"]["detail"]
            assert entry["problem"]["status"] in {400, 413, 422}
            assert f"refused: line {entry['line']}: " in result.output
    assert len(result.output) < 10_000


@PROCESSES
def test_a_byte_order_mark_line_ends_of_windows_and_empty_lines_cost_nothing(
    tmp_path: Path, processes: str
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n \t\r\n\n".join(map(encoded, GOOD)))
    result = ran(path, tmp_path, "--processes", processes)
    assert result.exit_code == 0, result.output
    assert f"{len(GOOD)} recorded" in result.output
    assert approvals_in(tmp_path) == {"A0", "A1", "A2"}


@PROCESSES
@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"  \n\n"])
def test_a_file_without_events_is_refused_and_leaves_the_rejects_of_before(
    tmp_path: Path, processes: str, content: bytes
) -> None:
    path, rejects = tmp_path / "events.ndjson", tmp_path / "rejects.ndjson"
    path.write_bytes(content)
    rejects.write_text('{"line": 1, "text": "of an import before"}\n')
    result = ran(path, tmp_path, "--processes", processes, "--rejects", str(rejects))
    assert (result.exit_code, "of an import before" in rejects.read_text()) == (2, True)
    assert "is empty" in result.output


def test_where_the_folder_of_rejects_is_missing_nothing_is_taken_in(tmp_path: Path) -> None:
    path, missing = tmp_path / "events.ndjson", tmp_path / "none"
    path.write_bytes(b"\n".join(map(encoded, GOOD)))
    result = ran(path, tmp_path, "--rejects", str(missing / "x"))
    assert result.exit_code == 2
    assert f"the folder {str(missing)!r} does not exist" in result.output
    assert not (tmp_path / "backlog.db").exists()


def test_where_rejects_can_not_be_written_or_the_file_not_read_nothing_is_taken_in(
    tmp_path: Path,
) -> None:
    """In /proc nobody makes a file, and the memory of a process is none to read from its start."""
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(map(encoded, GOOD)))
    written = ran(path, tmp_path, "--rejects", "/proc/rejects")
    assert (written.exit_code, "recorded" in written.output) == (2, False)
    assert "error: /proc/rejects can't be written: " in written.output
    read = ran(Path("/proc/self/mem"), tmp_path)
    assert read.exit_code == 2
    assert read.output.startswith("error: /proc/self/mem can't be read: ")


def test_what_is_nested_too_deep_or_no_utf8_is_told_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([BAD[0], BAD[3], BAD[5], b'{"id":"\\ud800"}', b""]))
    told = ran(path, tmp_path).output
    assert "codec" not in told
    assert "recursion" not in told
    assert told.count("nested deeper than 100 levels") == 2
    assert "is no UTF-8" in told


@PROCESSES
def test_a_line_that_is_longer_than_a_body_may_be_is_refused_and_the_others_recorded(
    tmp_path: Path, processes: str
) -> None:
    path, rejects = tmp_path / "events.ndjson", tmp_path / "rejects.ndjson"
    long = b'{"a":"' + b"x" * (LONGEST_LINE + 1_000) + b'"}'
    lines = [encoded(GOOD[0]), encoded(GOOD[1]), long, encoded(GOOD[2]), long]
    path.write_bytes(b"\n".join(lines))
    result = ran(path, tmp_path, "--processes", processes, "--rejects", str(rejects))
    assert result.exit_code == 1
    assert approvals_in(tmp_path) == {"A0"}
    assert [(e["line"], e["problem"]["code"]) for e in rejected(rejects)] == [
        (3, "line_too_long"),
        (5, "line_too_long"),
    ]


def test_long_lines_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    with path.open("wb") as file:
        for _ in range(4):
            file.write(b"x" * (3 * LONGEST_LINE) + b"\n")
        for _ in range(8):
            file.write(b'{"a":"' + b"x" * (LONGEST_LINE // 2) + b'"}\n')
    tenant = Tenant(f"sqlite:///{tmp_path}/backlog.db")
    tracemalloc.start()
    try:
        imported = import_events(tenant, path, CONTEXT)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        tenant.close()
    assert imported.outcomes == {"refused": 12}
    assert most < 10 * LONGEST_LINE


def test_one_process_and_several_make_the_same_of_a_file_and_its_bad_lines(tmp_path: Path) -> None:
    lines: list[bytes] = []
    for n in range(40):
        contract = f"C{n % 7}"
        lines += [encoded(approval_event(f"A{n}", contract_id=contract)), BAD[n % len(BAD)]]
        if n % 5 == 0:
            lines += [encoded(line_event(contract)), encoded(contract_event(contract))]
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines))
    results: list[tuple[list[str], list[Json], set[str]]] = []
    for processes in ("1", "4"):
        (folder := tmp_path / processes).mkdir()
        rejects = folder / "rejects.ndjson"
        result = ran(path, folder, "--processes", processes, "--rejects", str(rejects))
        counted = result.output.split(" in ")[0].splitlines()[-1:]
        results.append((counted, rejected(rejects), approvals_in(folder)))
    assert results[0][1:] == results[1][1:]
    assert len(results[0][1]) == 40


def test_the_first_twenty_refused_lines_are_shown_and_how_many_more_there_are(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text("{x\n" * 50)
    result = ran(path, tmp_path)
    assert Counter(line.split(":")[0] for line in result.output.splitlines())["refused"] == 21
    assert "30 lines more" in result.output
    assert "--rejects" in result.output


def test_rejects_are_written_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(encoded(GOOD[0]))
    for bad in (path, tmp_path, tmp_path / "no" / "folder" / "x"):
        result = ran(path, tmp_path, "--rejects", str(bad))
        assert result.exit_code == 2, bad
    assert path.read_bytes() == encoded(GOOD[0])
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sirs,\n")
    for precious in (letter, *(tmp_path / f"backlog.db{each}" for each in ("", "-wal", "-shm"))):
        before = precious.read_bytes() if precious.exists() else b""
        assert ran(path, tmp_path, "--rejects", str(precious)).exit_code == 2, precious
        assert (precious.read_bytes() if precious.exists() else b"") == before
    assert sorted(each.name for each in tmp_path.iterdir() if each.name[0] == ".") == []
    for what in (tmp_path, tmp_path / "nothing"):
        assert ran(what, tmp_path).exit_code == 2


def test_reasons_are_short_whatever_was_in_the_line(tmp_path: Path) -> None:
    imported = Imported()
    path = tmp_path / "events.ndjson"
    name = "n" * 100_000
    path.write_text(f'{{"{name}":1,"{name}":2}}\n{json.dumps({**GOOD[2], "type": name})}\n')
    tenant = Tenant(f"sqlite:///{tmp_path}/backlog.db")
    imported = import_events(tenant, path, CONTEXT)
    tenant.close()
    assert [len(reason) <= 200 for _, reason in imported.refused] == [True, True]
