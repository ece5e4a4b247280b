"""docs/importing.md: its commands are run as they are pasted, its map is read as it stands."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.importing.csv_files.map import FIELDS
from service.importing.csv_files.map_reading import map_of
from tests.service.command_line import COMMAND, serving
from tests.service.sockets import free_port

PAGE = (Path(__file__).parent.parent / "docs" / "importing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- example -->\n```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
def test_a_stranger_with_a_harvest_export_sees_its_hours_in_the_backlog(tmp_path: Path) -> None:
    database, port = f"sqlite:///{tmp_path}/billing-backlog.db", free_port()
    script = "\n".join(BLOCKS).replace("localhost:8000", f"127.0.0.1:{port}")
    with serving(database, port):
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=tmp_path,
            env={
                **os.environ,
                "BILLING_BACKLOG_DATABASE": database,
                "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"<!-- shown -->\n```\n(.*?)```", PAGE, re.DOTALL)[0]
    assert shown in done.stderr
    assert "4 recorded, 1 refused" in done.stdout
    assert "1 recorded in" in done.stdout
    view = json.loads(done.stdout.splitlines()[-1])
    assert sorted((r["quantity"], r["amount"], r["billing_type"]) for r in view["items"]) == [
        ("1.5", "0.00", "non_chargeable"),
        ("2", "300.00", "chargeable"),
        ("2", "300.00", "chargeable"),
        ("3.5", "525.00", "chargeable"),
        ("7.5", "1500.00", "chargeable"),
    ]
    amounts = {total["billing_type"]: total["amount"] for total in view["totals"]}
    assert amounts == {"chargeable": "2625.00", "non_chargeable": "0.00"}


def test_the_map_that_is_shown_is_one(tmp_path: Path) -> None:
    text = re.findall(r"<!-- map -->\n```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    head = "Customer,Project,class,contract_id,line_id\n"
    (tmp_path / "projects.csv").write_text(f"{head}City,Bridge,*,PC-2,WORK\n")
    mapped = map_of(text.encode(), "shown.toml", tmp_path)
    assert len(mapped.lookups) == 2
    assert all(f"`{field}`" in PAGE for field in FIELDS)
