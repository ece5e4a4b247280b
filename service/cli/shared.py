"""What the commands of the command line share: their options, tenants opened, failures shown."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from projections.history import Unavailable
from service.collector import collect_seldom
from service.databases.addresses import BadDatabase, NoAddress
from service.settings import Settings
from service.tenants.directory import UnknownTenant
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants

errors = Console(stderr=True)

Database = Annotated[
    str,
    typer.Option(
        help="Where history and views are kept: sqlite:///path/to/file.db or postgresql://…"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
TenantName = Annotated[str, typer.Option("--tenant", help="Whose history and views.")]
DEFAULTS = Settings()


@contextmanager
def views_bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Shows up to which position the views are made."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
    )
    task = bar.add_task(what, total=total)
    with bar:
        yield lambda position: bar.update(task, completed=position)


@contextmanager
def opened_tenants(database: str, *, project: bool = True, make: bool = True) -> Generator[Tenants]:
    """The tenants of a database, closed at the end."""
    collect_seldom()
    tenants = Tenants(database, project=project, make=make, state_cache=DEFAULTS.state_cache)
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


def fail(message: str) -> NoReturn:
    """Ends the command with exit code 2 and the message."""
    errors.print(Text.assemble(("error:", "red"), " ", message), soft_wrap=True)
    raise typer.Exit(2)
