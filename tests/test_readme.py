"""The README holds: its worked example, its other commands, what it shows, and its tables."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.documents import COMMAND, NEEDS_CURL, ROOT, run
from tests.postgres import PostgresServer
from tests.service.command_line import run as command
from tests.service.command_line import started
from tests.service.processes import until
from tests.service.sockets import free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
OTHERS = re.findall(r"(?<!<!-- example -->\n)```sh\n(.*?)```", README, re.DOTALL)
"""Blocks of commands that stand alone: not of the worked example."""
THROUGH_UV = ".uv/bin/uv run --frozen billing-backlog"


def only(word: str) -> str:
    """The one block of commands with this word."""
    (block,) = [block for block in OTHERS if word in block]
    return block


@NEEDS_CURL
def test_the_worked_example_ends_as_the_readme_says(api: httpx.Client) -> None:
    examples = run("README.md", api)
    answers = [answer for example in examples for answer in example.answers]
    assert [a["code"] for a in answers if "problem" in str(a.get("type"))] == []
    assert [example for example in examples if not example.is_as_shown()] == []
    assert any(example.shown for example in examples)

    confirmed = next(a for a in answers if a.get("number"))
    assert (confirmed["number"], confirmed["amount"]) == ("INV-000001", "960.00")
    limits = next(a for a in answers if "levels" in a)
    invoiced = {level["level"]: level["invoiced"] for level in limits["levels"]}
    assert invoiced["contract"] == "960.00"
    history = next(a["items"] for a in answers if "reason" in (a.get("items") or [{}])[0])
    assert [event["reason"] for event in history] == ["October close"]
    (corrected,) = (a["items"] for a in answers if "actual_id" in (a.get("items") or [{}])[0])
    booked = [(row["type"], row["amount"]) for row in corrected]
    assert booked == [
        ("billed_sales", "-960.00"),
        ("unbilled_sales", "760.00"),
        ("unbilled_sales", "-760.00"),
        ("billed_sales", "760.00"),
        ("unbilled_sales", "200.00"),
    ]
    (recalled,) = (r for a in answers for r in a.get("results", []) if r["id"] == "e-3")
    assert recalled["problem"]["code"] == "correction_required"
    owed = {(each["customer_id"], each["amount"]) for each in answers[-1]["items"]}
    assert owed == {("PORT", "760.00"), ("CITY", "600.00")}


def test_no_block_of_commands_is_without_a_test() -> None:
    """Those of this file; the worked example is one test for all of its blocks."""
    known = [only(word) for word in ("demo", "just check", "serve\n", "export DATABASE")]
    assert sorted(known) == sorted(OTHERS)


def test_the_first_command_works_the_sample_in_a_clone_and_shows_what_the_readme_shows(
    tmp_path: Path,
) -> None:
    """With git and python3 alone, and nothing installed that is for developers."""
    tracked = ["git", "ls-files", "-z"]
    names = subprocess.run(tracked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    block = only("demo")
    setting_up, found, _ = block.partition(" && .uv/bin/uv run")
    assert found
    ready = in_shell(setting_up, tmp_path)
    if ready.returncode and not os.environ.get("CI"):
        pytest.skip(f"the package index is out of reach: {ready.stderr[-300:]}")
    told = in_shell(block, tmp_path)
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    rows = shown()
    assert len(rows) >= 8
    assert [row for row in rows if not any(all(c in line for c in row) for line in lines)] == []


def in_shell(
    block: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a block comes to in a shell of somebody who has not set up anything."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(("UV", "VIRTUAL_ENV", "PYTHON"))}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env={**own, "COLUMNS": "200", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def shown() -> list[list[str]]:
    """The figures and ids of each row that "What one sees" shows."""
    _, _, part = README.partition("## What one sees\n")
    rows = re.findall(r"^\|.*\|$", part.partition("\n## ")[0], re.MULTILINE)
    figures = [[word.rstrip(",") for word in re.findall(r"\S*[0-9]\S*", row)] for row in rows]
    return [row for row in figures if row]


def test_just_check_runs_what_the_readme_and_the_contributors_guide_say() -> None:
    just = COMMAND.with_name("just")
    asked = only("just check").strip().partition("just ")[2]
    dumped = [just, "--dump", "--dump-format", "json"]
    told = subprocess.run(dumped, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    recipes = json.loads(told)["recipes"]
    runs = [each["recipe"] for each in recipes[asked]["dependencies"]]
    public = [each for each in runs if not each.startswith("_")]
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", guide, re.MULTILINE)
    assert re.findall(r"`([a-z-]+)`", " ".join(rows)) == public
    listed = (
        "format, lint, types, import rules, Dockerfile, scripts of the web interface, "
        "generated documents, tests"
    )
    assert listed in " ".join(README.split())
    assert len(listed.split(", ")) == len(public)
    assert recipes["test"]["body"][0][0].startswith("pytest ")


def test_serve_makes_its_database_in_the_folder_and_shows_its_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the README has it, but for the port, which may be taken on this machine."""
    block = only("serve\n").strip()
    assert block == f"{THROUGH_UV} serve"
    assert re.search(r"--port .*?8000", command("serve", "--help").output, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    port = free_port()
    with started("serve", "--port", str(port)) as server:
        until(lambda: server.poll() is not None or reads(f"http://127.0.0.1:{port}/v1/contracts"))
        assert "/openapi.json" in httpx.get(f"http://127.0.0.1:{port}/docs").text
    assert (tmp_path / "billing-backlog.db").is_file()


@NEEDS_CURL
def test_the_commands_for_postgresql_serve_tenants_on_two_databases(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """As they stand, but for the addresses; `serve` goes on while the others are given."""
    port = free_port()
    given = only("export DATABASE")
    for address in re.findall(r"postgresql://postgres@127\.0\.0\.1:[0-9]+/billing", given):
        given = given.replace(address, postgres_server.new_database())
    given = given.replace(THROUGH_UV, str(COMMAND)).replace("localhost:8000", f"127.0.0.1:{port}")
    export, serve, *others = given.splitlines()
    address = export.partition("=")[2]
    assert serve == f"{COMMAND} serve --database $DATABASE"
    with started("serve", "--database", address, "--port", str(port)) as server:
        until(lambda: server.poll() is not None or reads(f"http://127.0.0.1:{port}/v1/contracts"))
        done = in_shell("\n".join([export, *others]), tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout[done.stdout.index("{") :])["items"] == []
        listed = command("tenant", "list", "--database", address).output
        assert {"default", "north", "south"} <= set(listed.split())


def reads(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def test_each_command_and_option_of_the_table_is_there_and_no_other_command_is() -> None:
    _, _, part = README.partition("## The command line\n")
    rows = re.findall(r"^\| `billing-backlog ([^`]*)` \|", part.partition("\n## ")[0], re.MULTILINE)
    named: set[str] = set()
    for row in rows:
        words, options = (
            re.match(r"((?:[a-z|\\ ]|(?<=[a-z])-(?=[a-z]))*)", row),
            re.findall(r"--[a-z-]+", row),
        )
        assert words
        *group, last = words[1].replace("\\", "").split() or [""]
        for name in last.split("|"):
            path = [*group, name] if name else []
            told = command(*path, "--help")
            assert told.exit_code == 0, row
            assert [each for each in options if each not in told.output] == [], row
            named.add(" ".join(path))
    assert named == {"", *commands_of()}


def commands_of(*group: str) -> set[str]:
    """All commands that the help lists, with those of groups."""
    listed = command(*group, "--help").output.partition("Commands")[2]
    names = re.findall(r"^\W*([a-z-]+)  ", listed, re.MULTILINE)
    if not names:
        return {" ".join(group)}
    return {each for name in names for each in commands_of(*group, name)}
