"""The HTTP server: for as long as the process lives, or in a thread of it for a while."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from service.collector import collect_seldom

START_SECONDS = 30


def serve(
    app: Callable[..., Any],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    sockets: list[socket.socket] | None = None,
    log_level: str = "info",
) -> None:
    """Serves the app until the process is asked to stop; on sockets that listen, if there are any.

    Exits with 1 when it can't listen there.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        log_level=log_level,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    collect_seldom()
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(1)


class NotStarted(Exception):
    """The server did not come up."""


@contextmanager
def running(app: Callable[..., Any]) -> Generator[str]:
    """Serves the app on a free loopback port and gives its address. Raises NotStarted."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise NotStarted
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
