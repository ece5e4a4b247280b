"""Commands over tenants: tenant create, tenant list."""

from typing import Annotated

import typer

from projections.history import Unavailable
from service.cli.shared import DEFAULTS, Database, fail, opened_tenants
from service.databases.addresses import BadDatabase, NoAddress, shown
from service.tenants.directory import TenantExists


def create(
    name: Annotated[str, typer.Argument(help="At most 40 of a-z, 0-9 and -.")],
    server: Annotated[
        str | None,
        typer.Option(
            help="postgresql://…, if it is not where the directory is; or env:NAME, a variable "
            "that holds it wherever the tenant is opened, so that no password is kept."
        ),
    ] = None,
    database: Database = DEFAULTS.database,
) -> None:
    """Make a tenant: a schema of its own on a server, and its line in the directory."""
    with opened_tenants(database) as tenants:
        try:
            tenants.create(name, server)
        except (BadDatabase, NoAddress, TenantExists, Unavailable, ValueError) as error:
            fail(str(error))
    typer.echo(f"tenant {name} is made")


def list_tenants(database: Database = DEFAULTS.database) -> None:
    """List the tenants, and on which server each is."""
    with opened_tenants(database) as tenants:
        try:
            tenants.check()
            entries = tenants.entries()
        except (BadDatabase, Unavailable) as error:
            fail(str(error))
    for entry in entries:
        typer.echo(f"{entry.name}\t{shown(entry.server)}")
