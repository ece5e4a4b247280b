"""Tenants on the command line: opened for other commands, made and listed (tenant create, list)."""

from collections.abc import Generator
from contextlib import contextmanager

import typer

from projections.history import Unavailable
from service.cli.options.failing import fail
from service.databases.addresses import BadDatabase, NoAddress, shown
from service.garbage_collector import STATE_CACHE, collect_seldom
from service.handlers.intake import parked
from service.tenants.names import TenantExists, UnknownTenant
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants


@contextmanager
def opened_tenants(
    database: str, *, project: bool = True, make: bool = True, state_cache: int = STATE_CACHE
) -> Generator[Tenants]:
    """The tenants of a database, closed at the end."""
    collect_seldom()
    tenants = Tenants(database, project=project, make=make, state_cache=state_cache)
    if project:
        tenants.on_open(parked.recover)
    try:
        yield tenants
    finally:
        tenants.close()


def open_tenant(tenants: Tenants, name: str) -> Tenant:
    """The tenant of that name; ends the command, with why, where it can't be opened."""
    try:
        return tenants.open(name)
    except (BadDatabase, NoAddress, UnknownTenant, Unavailable) as error:
        fail(str(error))


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
