"""The README's worked example is run as it is pasted, against a real server."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"<!-- example -->\n```sh\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
def test_the_worked_example_ends_as_the_readme_says(api: httpx.Client) -> None:
    server = f"127.0.0.1:{api.base_url.port}"
    script = "\n".join(BLOCKS).replace("localhost:8000", server)
    done = subprocess.run(
        ["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = _documents(done.stdout)
    assert [
        answer.get("status") for answer in answers if "problem" in str(answer.get("type"))
    ] == []

    failed = next(a for a in answers if a.get("items") and "nte_status" in a["items"][0])
    assert failed == _documents(_shown())[0]
    confirmed = next(a for a in answers if a.get("number"))
    assert (confirmed["number"], confirmed["amount"]) == ("INV-000001", "960.00")
    limits = next(a for a in answers if "levels" in a)
    invoiced = {level["level"]: level["invoiced"] for level in limits["levels"]}
    assert invoiced["contract"] == "960.00"
    history = answers[-1]["items"]
    assert [event["reason"] for event in history] == ["October close"]


def _shown() -> str:
    """The answer that the README prints."""
    return re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL)[0]


def _documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that follow each other without a separator."""
    decoder, documents = json.JSONDecoder(), list[dict[str, Any]]()
    rest = text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].strip()
    return documents
