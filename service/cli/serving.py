"""Commands that serve HTTP: serve, demo."""

import ipaddress
import json
import sys
import tempfile
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

from service.cli.shared import DEFAULTS, Database, fail, open_tenant, opened_tenants
from service.demo import desk as demonstration
from service.demo import tables
from service.http.app import create_app
from service.http.server import serving
from service.settings import Settings
from service.tenants.opening import DEFAULT

PRINTED_WIDTH = 120
"""Columns of tables that go to a file or a pipe."""


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = DEFAULTS.host,
    port: Annotated[int, typer.Option(min=1, max=65535)] = DEFAULTS.port,
    database: Database = DEFAULTS.database,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name that callers may use, beside loopback names; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose pages may change something; repeatable."),
    ] = None,
) -> None:
    """Serve the HTTP API; the database is made and migrated as needed."""
    if not _is_loopback(host):
        fail(
            f"{host} is not a loopback address, and no authentication is configured: "
            "anybody who reaches it could bill. Listen on 127.0.0.1."
        )
    try:
        settings = Settings(
            host=host,
            port=port,
            database=database,
            hosts=(*DEFAULTS.hosts, *(allow_host or ())),
            origins=(*DEFAULTS.origins, *(allow_origin or ())),
        )
    except ValidationError as error:
        fail(str(error.errors()[0]["msg"]).removeprefix("Value error, "))
    with opened_tenants(database) as tenants:
        open_tenant(tenants, DEFAULT)
        serving.serve(create_app(tenants, settings), settings)


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the end state as JSON, for programs.")
    ] = False,
) -> None:
    """Work a sample backlog to confirmed invoices over HTTP, on a temporary database."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-") as folder:
        database = f"sqlite:///{folder}/demo.db"
        with (
            opened_tenants(database) as tenants,
            serving.running(create_app(tenants, DEFAULTS)) as address,
        ):
            client = httpx.Client(base_url=f"{address}/v1", timeout=60)
            with client:
                end = demonstration.work_the_backlog(client)
    if as_json:
        sys.stdout.write(json.dumps(demonstration.as_json(end), ensure_ascii=False) + "\n")
    else:
        console = Console() if sys.stdout.isatty() else Console(width=PRINTED_WIDTH)
        tables.print_tables(end, console)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
