"""The benchmarks work: at a small size, every row comes out whole. Nothing here is timed."""

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIGURES = (
    "import",
    "mapper_recorder",
    "read_map",
    "projection",
    "command_http",
    "workers",
    "command_one",
    "stream",
    "page",
    "page_scale",
    "search",
    "search_within",
    "summary",
    "facets",
    "mark_bulk",
    "draft_bulk",
    "confirm_bulk",
    "matching_bulk",
    "mark_one_large_line",
    "edit_one_large_draft",
    "edit_bulk",
    "correct_bulk",
    "rebuild_scale",
    "import_memory",
    "rebuild_memory",
    "serve_memory",
    "cold_start",
)
ON_ONE = {"workers": ("sqlite",)}
"""Figures, and where they are not measured."""
WITHOUT_LIMIT = {"import_memory", "rebuild_memory", "serve_memory"}
TEXTS = {"name", "database", "what", "unit"}
NUMBERS = {"value", "floor", "stretch", "repetitions"}
COMPARED = {"against", "against_unit", "ratio"}


def test_every_row_is_measured_on_both_databases() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--small", "--json"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == [
        f"{figure}.{database}"
        for figure in FIGURES
        for database in ("postgresql", "sqlite")
        if database not in ON_ONE.get(figure, ())
    ]
    for row in rows:
        figure, _, database = row["name"].partition(".")
        assert row["database"] == database
        assert all(isinstance(row[name], str) and row[name] for name in TEXTS), row
        assert isinstance(row["holds"], bool)
        numbers = {name: row[name] for name in row.keys() - TEXTS - COMPARED - {"holds"}}
        assert numbers.keys() >= NUMBERS
        if figure in WITHOUT_LIMIT:
            assert [row[name] for name in COMPARED] == [None, None, None]
        else:
            assert row["against_unit"]
            numbers |= {name: row[name] for name in ("against", "ratio")}
        assert all(math.isfinite(number) and number > 0 for number in numbers.values()), row
