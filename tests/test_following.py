"""The examples of docs/following.md do what it says, against a real server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.office import contract_body

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
