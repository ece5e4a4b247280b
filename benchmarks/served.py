"""The service as a process of its own, as `billing-backlog serve` runs it, with an echo beside it.

The echo is the least that an HTTP call with a JSON body can cost on this framework and server: one
route of a bare FastAPI application that takes a model and gives it back. It runs in the same
process, past everything that is the service's.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.processes import started
from service.http.app import create_app
from service.http.server import serving
from service.http.watching.metrics import Metrics
from service.settings import Settings
from service.tenants.tenants import Tenants

ECHO = "/echo"
CPU = "/cpu"
"""Where it tells what processor time the process has taken, in seconds."""


class Mark(BaseModel):
    """The body of a command that marks items, which the echo takes and gives."""

    items: list[str]
    status: Literal["ready", "not_ready"]
    mode: Literal["all_or_nothing", "best_effort"] = "all_or_nothing"
    reason: str | None = None


@contextmanager
def served(*databases: str) -> Generator[list[int]]:
    """Runs the service over each of the databases, on a port each, for as long as it is needed.

    All in one process, which saves starts. Raises Failed.
    """
    with started("benchmarks.served", *databases) as ports:
        yield [int(port) for port in ports.split()]


def with_echo(services: Mapping[int, ASGIApp]) -> ASGIApp:
    """The services by their ports, and the echo at a path of its own on each."""
    echo = FastAPI()

    @echo.post(ECHO)
    async def give_back(body: Mark) -> Mark:  # pyright: ignore[reportUnusedFunction] - a route
        return body

    @echo.get(CPU)
    async def processor_time() -> float:  # pyright: ignore[reportUnusedFunction] - a route
        return time.process_time()

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        service = echo if scope["path"] in {ECHO, CPU} else services[scope["server"][1]]
        await service(scope, receive, send)

    return dispatch


def serve(databases: Sequence[str]) -> None:
    """Serves until it is terminated; prints the ports once they can be reached."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(_listening()) for _ in databases]
        ports = [each.getsockname()[1] for each in sockets]
        services: dict[int, ASGIApp] = {}
        for port, database in zip(ports, databases, strict=True):
            tenants, metrics = stack.enter_context(closing(Tenants(database))), Metrics()
            tenants.on_open(metrics.watch)
            tenants.open()
            settings = Settings(database=database)
            services[port] = create_app(tenants, settings, metrics=metrics)
        print(*ports, flush=True)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads the pipe from here on
        serving.serve(with_echo(services), Settings(log_level="warning"), sockets=sockets)


def _listening() -> socket.socket:
    """A port that takes connections from now on.

    It is named as TCP, for the event loop to send small answers at once, as on its own ports.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    return listening


if __name__ == "__main__":
    serve(sys.argv[1:])
