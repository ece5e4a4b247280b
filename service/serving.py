"""The HTTP server: for as long as the process lives, or in a thread of it for a while."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

START_SECONDS = 30


def serve(app: Callable[..., Any], host: str, port: int) -> None:
    """Serves the app until the process is asked to stop."""
    uvicorn.run(app, host=host, port=port, access_log=False, timeout_graceful_shutdown=10)


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
