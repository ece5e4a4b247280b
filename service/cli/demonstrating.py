"""The command that shows the service at work on a sample: demo."""

import json
import sys
import tempfile

import httpx
from rich.console import Console

from service.cli.tenants import opened_tenants
from service.demo import tables, two_months
from service.http.app import create_app
from service.http.server import serving
from service.settings import Settings

PRINTED_WIDTH = 120
"""Columns of tables that go to a file or a pipe."""


def demo(*, as_json: bool) -> None:
    """Works the sample over HTTP, and prints what came of it."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-") as folder:
        database = f"sqlite:///{folder}/demo.db"
        with (
            opened_tenants(database) as tenants,
            serving.running(create_app(tenants, Settings(authentication=False))) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=60) as client,
        ):
            end = two_months.work_the_backlog(client)
    if as_json:
        sys.stdout.write(json.dumps(two_months.as_json(end), ensure_ascii=False) + "\n")
    else:
        console = Console() if sys.stdout.isatty() else Console(width=PRINTED_WIDTH)
        tables.print_tables(end, console)
