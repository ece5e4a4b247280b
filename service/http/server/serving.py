"""The HTTP server: for as long as the process lives, or in a thread of it for a while."""

import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from service.garbage_collector import collect_seldom
from service.http.server.client_limits import bounded
from service.http.server.safe_headers import always
from service.http.server.stopping import OrderlyServer
from service.settings import Settings

START_SECONDS = 30
OTHER_FILES = 500
"""Files that a process opens beside its connections: databases, and what is its own."""


def serve(
    app: Callable[..., Any],
    settings: Settings | None = None,
    *,
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serves the app until the process is asked to stop; on sockets that listen, if there are any.

    Exits with 1 when it can't listen there.
    """
    collect_seldom()
    settings = settings or Settings()
    server = _server(app, settings, settings.log_level)
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(1)


def listening(settings: Settings) -> socket.socket:
    """A socket for several processes to serve on. Exits with 1 when it can't be had."""
    place = uvicorn.Config("", host=settings.host, port=settings.port, log_config=None)
    return place.bind_socket()


def _server(app: Callable[..., Any], settings: Settings, log_level: str) -> uvicorn.Server:
    password = settings.tls_key_password
    _allow_files(settings.connection_limit + OTHER_FILES)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounded(settings),
        ws="none",
        lifespan="off",
        log_config=None,  # its lines go where ours go
        log_level=log_level,
        access_log=False,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=settings.stop_seconds,
        forwarded_allow_ips=list(settings.forwarded_allow_ips),
        headers=always(settings),
        root_path=settings.root_path,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        ssl_keyfile_password=password.get_secret_value() if password else None,
    )
    return OrderlyServer(config, settings.drain_seconds)


def _allow_files(wanted: int) -> None:
    """Lets the process open as many files as connections need, as far as the machine allows it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if allowed != unlimited and allowed < wanted:
        wanted = wanted if most == unlimited else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class NotStarted(Exception):
    """The server did not come up."""


@contextmanager
def running(app: Callable[..., Any], settings: Settings | None = None) -> Generator[str]:
    """Serves the app on a free loopback port and gives its address. Raises NotStarted."""
    loopback = {"host": "127.0.0.1", "port": 0}
    server = _server(app, (settings or Settings()).model_copy(update=loopback), "warning")
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise NotStarted
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if server.config.is_ssl else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()  # the server gives up its calls after those seconds
