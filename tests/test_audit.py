"""`just audit` fails on a known vulnerability, and says so where it could ask nobody."""

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.service.processes import LONG
from tests.service.sockets import free_port

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent
OUT_OF_REACH = "nothing was audited"


@contextmanager
def a_database(*, status: int = 200, of: str = "") -> Generator[tuple[str, list[Json]]]:
    """A database in which one package, or none, has a vulnerability; and what it was asked."""
    asked: list[Json] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            known: Json = {"id": "PYSEC-2026-1", "summary": "It opens.", "affected": []}
            found = {"vulns": [known]} if asked[-1]["package"]["name"] == of else {}
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audited(database: str) -> tuple[int, str]:
    """How the recipe ends that asks this database, and what it says."""
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [tools / "just", "audit", database],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "NO_PROXY": "*"},
        check=False,
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_locked_package_of_the_service_is_looked_up_by_its_version() -> None:
    with a_database() as (address, asked):
        code, said = audited(address)
    assert (code, OUT_OF_REACH in said) == (0, False), said
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {(package["name"], package["version"]) for package in packages}
    looked_up = {(each["package"]["name"], each["version"]) for each in asked}
    assert looked_up <= locked
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["telemetry"]]
    names = {each.partition("[")[0].partition(">")[0] for each in wanted}
    assert names <= {name for name, _ in looked_up}


def test_a_known_vulnerability_fails_and_is_named() -> None:
    with a_database(of="starlette") as (address, _):
        code, said = audited(address)
    assert code == 1
    assert "starlette" in said
    assert "PYSEC-2026-1" in said


def test_a_database_that_is_out_of_reach_is_said_and_fails_nothing() -> None:
    code, said = audited(f"http://127.0.0.1:{free_port()}/v1/query")
    assert code == 0
    assert OUT_OF_REACH in said


@pytest.mark.parametrize("status", [500, 503])
def test_a_database_that_is_down_is_said_and_fails_nothing(status: int) -> None:
    with a_database(status=status) as (address, _):
        code, said = audited(address)
    assert code == 0
    assert OUT_OF_REACH in said


def test_a_database_that_refuses_to_answer_fails() -> None:
    with a_database(status=403) as (address, _):
        code, said = audited(address)
    assert code != 0
    assert OUT_OF_REACH not in said
