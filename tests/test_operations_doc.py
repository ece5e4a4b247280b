"""The first call of docs/operations.md works as it is pasted, by the installed command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.documents import NEEDS_CURL, ROOT
from tests.service.processes import LONG
from tests.service.sockets import free_port

SHOWN = re.compile(r"<!-- first call -->\n```sh\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL)


@NEEDS_CURL
def test_the_first_call_is_answered_to_who_has_the_first_key(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    ((commands, shown),) = SHOWN.findall(page)
    port = str(free_port())
    stop = "trap 'kill %1 && wait %1' EXIT"
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f"{stop}\n{commands}".replace("localhost:8000", f"localhost:{port}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BILLING_BACKLOG_PORT": port,
        },
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer.pop("position") in {0, 1}  # the views may not show yet that the key was made
    assert answer == json.loads(shown)
