"""What a process loads: as much as it was started for, and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

SERVER = {"fastapi", "starlette", "uvicorn", "service.http"}
DATABASES = {"sqlalchemy", "alembic", "eventsourcing", "psycopg"}
TERMINAL = {"typer", "rich.progress", "service.cli.main", "httpx", "yaml"}
TO_IMPORT = "import service.importing.processes"
TO_OPEN = """
from service.tenants.tenants import Tenants
Tenants("sqlite:///{folder}/x.db", project=False).open()
"""


def loaded(code: str) -> set[str]:
    """The modules in a new process once it has run some code."""
    told = f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["tenant", "--help"]])
def test_help_loads_no_server_and_no_database(arguments: list[str]) -> None:
    code = f"""
import sys
from service.cli import main
sys.argv[1:] = {arguments}
try:
    main()
except SystemExit as ended:
    assert not ended.code
"""
    assert "service.cli.main" in (modules := loaded(code))
    assert not modules & (SERVER | DATABASES | {"tomllib"})


def test_a_server_on_sqlite_loads_no_driver_of_postgresql_and_nothing_for_a_terminal(
    tmp_path: Path,
) -> None:
    to_open = TO_OPEN.format(folder=tmp_path)
    loaded(to_open)  # which makes the database
    modules = loaded(f"import service.cli.serving\n{to_open}")
    assert {"fastapi", "sqlalchemy"} <= modules
    assert not modules & {"psycopg", "sqlalchemy.dialects.postgresql", "rich", "alembic", "httpx"}


def test_a_process_of_an_import_loads_no_server_and_no_command_line() -> None:
    """It loads the module that the command begins with, too, as all new processes of Python do."""
    modules = loaded(f"import service.cli\n{TO_IMPORT}")
    assert "sqlalchemy" in modules
    assert not modules & (SERVER | TERMINAL | {"alembic", "psycopg", "tomllib"})
    assert not [name for name in modules if name.startswith("service.importing.csv_files")]


def test_a_process_that_takes_in_csv_loads_no_reader_of_maps_and_no_other_map() -> None:
    """It gets the map as the first process has read it."""
    code = "import service.importing.csv_files.reader"
    modules = loaded(f"import service.cli\n{TO_IMPORT}\n{code}")
    assert not modules & (SERVER | TERMINAL | {"alembic", "psycopg", "tomllib"})
    assert "service.importing.csv_files.ready" not in modules


def test_tables_that_are_as_they_have_to_be_are_opened_without_alembic(tmp_path: Path) -> None:
    to_open = TO_OPEN.format(folder=tmp_path)
    assert "alembic" in loaded(to_open)
    assert "alembic" not in loaded(to_open)
