"""The command that shows the service at work on a sample: demo."""

import json
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import typer
from rich.console import Console

from service.cli.options.failing import fail
from service.cli.tenants import opened_tenants
from service.demo import tables, two_months
from service.http.app import create_app
from service.http.server import serving
from service.settings import Settings

PRINTED_WIDTH = 120
"""Columns of tables that go to a file or a pipe."""


def demo(*, as_json: bool, port: int | None) -> None:
    """Works the sample over HTTP, and prints what came of it; with a port it goes on serving it."""
    with (
        tempfile.TemporaryDirectory(prefix="billing-backlog-") as folder,
        opened_tenants(f"sqlite:///{folder}/demo.db") as tenants,
    ):
        app = create_app(tenants, Settings(authentication=False))
        with (
            serving.running(app) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=60) as client,
        ):
            end = two_months.work_the_backlog(client)
        _print(end, as_json=as_json)
        if port is not None:
            _serve(app, port)


def _print(end: two_months.EndState, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(two_months.as_json(end), ensure_ascii=False) + "\n")
    else:
        console = Console() if sys.stdout.isatty() else Console(width=PRINTED_WIDTH)
        tables.print_tables(end, console)
    sys.stdout.flush()


def _serve(app: Callable[..., Any], port: int) -> None:
    """Serves the worked sample until the process is asked to stop; then it is gone."""
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        fail(f"port {port} can't be had: {error}; --port takes another one")
    with closing(listening):
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        typer.echo(f"The sample is at {address} until Ctrl+C.", err=True)
        settings = Settings(authentication=False, log_level="warning")
        serving.serve(app, settings, sockets=[listening])
