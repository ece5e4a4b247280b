"""The house itself: one test command, one version of each thing, and who may import what."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEST_COMMAND = re.compile(r"^\S*uv run .*\bjust check$", re.MULTILINE)
NAMED_FILE = re.compile(r"`((?:aggregates|benchmarks|projections|service|tests)/[\w/.]*)`")
UV_PIN = re.compile(r"\buv==([0-9.]+)")


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))["project"]


def test_ci_runs_exactly_the_test_command_of_the_readme() -> None:
    commands = TEST_COMMAND.findall(read("README.md"))
    assert commands, "README.md shows no line like `.uv/bin/uv run --frozen just check`"
    assert set(commands) == {read(".ci/run").splitlines()[-1]}


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "Dockerfile"])
def test_uv_is_pinned_to_the_version_that_ci_installs(path: str) -> None:
    assert set(UV_PIN.findall(read(path))) == set(UV_PIN.findall(read(".ci/run")))


def test_check_runs_every_check_and_the_tests_last() -> None:
    dump = subprocess.run(
        [Path(sys.executable).with_name("just"), "--dump", "--dump-format", "json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    check = json.loads(dump.stdout)["recipes"]["check"]
    assert [dependency["recipe"] for dependency in check["dependencies"]] == [
        "_how-long",
        "format-check",
        "lint",
        "types",
        "imports",
        "docker-lint",
        "scripts",
        "drift",
        "test",
    ]


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    versions = re.findall(r"^## \[(\d[^\]]*)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == project()["version"]


def test_the_lock_holds_the_version_of_the_project() -> None:
    packages = tomllib.loads(read("uv.lock"))["package"]
    locked = [p["version"] for p in packages if p["name"] == project()["name"]]
    assert locked == [project()["version"]]


DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
NAMES_WHAT_WAS = "docs/adr/0017-the-house.md"


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", *DOCUMENTS])
def test_every_file_that_a_document_names_is_there(path: str) -> None:
    named = NAMED_FILE.findall(read(path)) if path != NAMES_WHAT_WAS else []
    assert [name for name in named if not (ROOT / name).exists()] == []


def aggregates() -> Iterator[tuple[str, ast.AST]]:
    """Every node of every module of aggregates/, with its place."""
    for path in sorted((ROOT / "aggregates").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node


def test_aggregates_import_the_standard_library_and_rpds_alone() -> None:
    allowed = {"aggregates", "rpds"} | sys.stdlib_module_names
    imports = [
        (place, name)
        for place, node in aggregates()
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in names_imported_by(node)
    ]
    assert [found for found in imports if found[1].partition(".")[0] not in allowed] == []


def names_imported_by(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def test_aggregates_neither_read_the_clock_nor_invent_identities() -> None:
    impure = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7"}
    found = [
        (place, node.attr if isinstance(node, ast.Attribute) else node.name)
        for place, node in aggregates()
        if (isinstance(node, ast.Attribute) and node.attr in impure and called_on_a_type(node))
        or (isinstance(node, ast.alias) and node.name in impure)
    ]
    assert found == []


def called_on_a_type(node: ast.Attribute) -> bool:
    """`datetime.now`, `date.today`, `uuid.uuid4`, `dt.datetime.now`; not `command.now`, a field."""
    owner = node.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name in {"datetime", "date", "uuid"}
