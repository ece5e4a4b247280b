"""Commands over tenants: tenant create, tenant list."""

import typer

from projections.history import Unavailable
from service.cli.options.failing import fail
from service.cli.shared import opened_tenants
from service.databases.addresses import BadDatabase, NoAddress, shown
from service.tenants.names import TenantExists


def create(name: str, server: str | None, database: str) -> None:
    """Makes a tenant on a server, None for that of the directory."""
    with opened_tenants(database) as tenants:
        try:
            tenants.create(name, server)
        except (BadDatabase, NoAddress, TenantExists, Unavailable, ValueError) as error:
            fail(str(error))
    typer.echo(f"tenant {name} is made")


def list_tenants(database: str) -> None:
    """Prints the tenants, and on which server each is, without its password."""
    with opened_tenants(database) as tenants:
        try:
            tenants.check()
            entries = tenants.entries()
        except (BadDatabase, Unavailable) as error:
            fail(str(error))
    for entry in entries:
        typer.echo(f"{entry.name}\t{shown(entry.server)}")
