"""What the Dockerfile does, done without Docker: its folders here, its steps, its command.

Not done: its base images, its user, and the limits that a container has.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.documents import NEEDS_CURL
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
QUICK = {"UV_NO_CACHE": "false", "UV_COMPILE_BYTECODE": "false"}
"""Other than in the image, where these make it small, and starts fast."""
BY_ROOT = "RUN useradd"
IN_BUILDER = "RUN pip install"


def instructions() -> list[str]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return re.sub(r"\\\n\s*", "", text).strip().splitlines()


def of(kind: str) -> Iterator[str]:
    return (each.split(" ", 1)[1] for each in instructions() if each.startswith(f"{kind} "))


@NEEDS_CURL
def test_the_steps_of_the_image_make_what_its_command_and_its_health_check_run(
    tmp_path: Path,
) -> None:
    port = free_port()

    def here(text: str) -> str:
        """With folders and the port of this test in the place of the container's."""
        moved = text.replace("/opt/", f"{tmp_path}/opt/").replace("/data", f"{tmp_path}/data")
        return moved.replace("8000", str(port))

    for folder in ("src", "opt", "data"):
        (tmp_path / folder).mkdir()
    pairs = [pair.split("=", 1) for each in of("ENV") for pair in shlex.split(each)]
    told = {name: here(value) for name, value in pairs}
    tools = f"{UV.parent}:{os.environ['PATH']}"
    building = {
        **os.environ,
        **told,
        **QUICK,
        "PATH": tools,
    }  # how this machine reaches packages, too
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if "!" in line
    }
    for step in instructions():
        if step.startswith(("COPY --from", BY_ROOT, IN_BUILDER)):
            continue
        if step.startswith("COPY "):
            *named, into = step.split()[1:]
            assert set(named) <= allowed, "the builder does not get what .dockerignore leaves out"
            for name in named:
                _copy(ROOT / name, tmp_path / "src" / into / ("" if into == name else name))
        elif step.startswith("RUN "):
            command = ["bash", "-euc", step.removeprefix("RUN ")]
            done = subprocess.run(
                command, cwd=tmp_path / "src", env=building, check=False, capture_output=True
            )
            assert done.returncode == 0, done.stderr.decode()

    shutil.rmtree(tmp_path / "src")  # the image has what was installed alone
    running = {**told, "PATH": told["PATH"].replace("$PATH", "/usr/bin:/bin")}
    (command,), (checked,) = list(of("CMD")), list(of("HEALTHCHECK"))
    check = json.loads(here(checked.partition("CMD ")[2]))
    data = tmp_path / "data"
    # A server that can't send traces refuses to start when it is asked to; nobody takes these.
    running |= {"BILLING_BACKLOG_TRACES": f"http://127.0.0.1:{free_port()}"}
    with subprocess.Popen(
        _found(json.loads(here(command)), running), cwd=data, env=running
    ) as server:
        try:

            def is_healthy() -> bool:
                found = _found(check, running)
                done = subprocess.run(found, env=running, check=False, capture_output=True)
                return done.returncode == 0

            until(lambda: server.poll() is not None or is_healthy())
            assert _answer_of_the_page(data, running, here)["items"] == []
            server.send_signal(signal.SIGTERM)
            assert server.wait(LONG) == 0
        finally:
            server.kill()
    assert (data / "billing-backlog.db").is_file()


def _answer_of_the_page(
    data: Path, environment: dict[str, str], here: Callable[[str], str]
) -> dict[str, Any]:
    """What the lines of the page about a container are answered, once it runs."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- container -->\n```sh\n(.*?)```", page, re.DOTALL)
    built, started, *lines = block.splitlines()
    assert built.startswith("docker build ")
    assert started.startswith("docker run ")
    script = here("\n".join(line.removeprefix("docker exec backlog ") for line in lines))
    done = subprocess.run(
        ["bash", "-euc", script], cwd=data, env=environment, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def _copy(source: Path, into: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, into, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, into)


def _found(command: list[str], environment: dict[str, str]) -> list[str]:
    """A command with its program as that PATH finds it."""
    program = shutil.which(command[0], path=environment["PATH"])
    assert program, command[0]
    return [program, *command[1:]]
