"""Documents whose commands are run as they are pasted: README.md and the guides in docs/.

A block of commands after `<!-- example -->` is run; JSON right after it is a part of its answer.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMAND = Path(sys.executable).with_name("billing-backlog")
NEEDS_CURL = pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed on this machine"
)
_BLOCK = re.compile(
    r"<!-- example -->\n```sh\n(?P<commands>.*?)```\n(?:\s*```json\n(?P<shown>.*?)```)?", re.DOTALL
)
_END = "\x1e"


@dataclass(frozen=True)
class Example:
    """A block of commands, and the JSON that it is said to answer, if that is shown."""

    commands: str
    shown: Any
    answers: list[dict[str, Any]]

    def is_as_shown(self) -> bool:
        """Whether one of the answers has all that is shown."""
        return self.shown is None or any(has(each, self.shown) for each in self.answers)


def run(document: str, api: httpx.Client, **variables: str) -> list[Example]:
    """Runs the commands of a document in one shell, against a server; each block with its answers.

    Asserts that none fails.
    """
    blocks = list(_BLOCK.finditer((ROOT / document).read_text(encoding="utf-8")))
    script = "".join(f"{block['commands']}\nprintf '{_END}'\n" for block in blocks)
    script = script.replace("localhost:8000", f"127.0.0.1:{api.base_url.port}")
    script = script.replace(".uv/bin/uv run --frozen billing-backlog", str(COMMAND))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return [
        Example(block["commands"], json.loads(block["shown"] or "null"), list(documents(answered)))
        for block, answered in zip(blocks, done.stdout.split(_END), strict=False)
    ]


def documents(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects that stand in a text one after the other, with or without other text between."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        document, end = decoder.raw_decode(text, at)
        yield document
        at = text.find("{", end)


def has(found: Any, shown: Any) -> bool:
    """Whether what was found has all that is shown: of lists and objects, a part may be shown."""
    if isinstance(found, dict) and isinstance(shown, dict):
        whole, part = cast("dict[str, Any]", found), cast("dict[str, Any]", shown)
        return all(name in whole and has(whole[name], value) for name, value in part.items())
    if isinstance(found, list) and isinstance(shown, list) and shown:
        rows, parts = cast("list[Any]", found), cast("list[Any]", shown)
        return all(any(has(row, each) for row in rows) for each in parts)
    return bool(found == shown)
