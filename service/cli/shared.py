"""What the commands share: tenants opened, failures shown."""

from collections.abc import Generator
from contextlib import contextmanager

from projections.history import Unavailable
from service.cli.options.failing import fail
from service.databases.addresses import BadDatabase, NoAddress
from service.garbage_collector import STATE_CACHE, collect_seldom
from service.handlers.intake import parked
from service.tenants.names import UnknownTenant
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
