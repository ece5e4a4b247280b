"""Processes of their own for modules of this package; none outlives what it is needed for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 30.0


class Failed(Exception):
    """A process did not do what it was started for; standard error has what it said."""


@contextmanager
def started(module: str, *arguments: str) -> Generator[str]:
    """Runs a module until it is no longer needed; the first line that it prints. Raises Failed."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        try:
            told = process.stdout.readline() if process.stdout else b""
            if not told:
                raise Failed(" ".join(command))
            yield told.decode()
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
