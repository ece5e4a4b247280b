"""The HTTP server: for as long as the process lives, or in a thread of it for a while."""

import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

START_SECONDS = 30
COLLECT_AFTER = 100_000
"""New objects after which the garbage collector looks for cycles among them. Requests leave few,
and it would go through the tens of thousands that a large draft makes in vain."""


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
    # What is loaded by now stays, so the collector need not go through it time and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
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
