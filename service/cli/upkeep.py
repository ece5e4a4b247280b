"""Commands that look after a database: rebuild, backup, restore, project."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from projections.history import Unavailable
from projections.keeping.rebuilding import RebuildRunning
from service.cli.shared import (
    DEFAULTS,
    Database,
    Force,
    TenantName,
    errors,
    fail,
    open_tenant,
    opened_tenants,
    views_bar,
)
from service.databases.addresses import BadDatabase, NoAddress, is_postgres
from service.ledger.stored_form import UnreadableEvent
from service.tenants.copies import back_up, restore
from service.tenants.directory import UnknownTenant
from service.tenants.mending import mend_views
from service.tenants.opening import DEFAULT, sqlite_path
from service.tenants.tenants import Tenants

log = structlog.stdlib.get_logger(__name__)
LOOK_SECONDS = 5.0
"""How often `project` looks for new tenants."""


def rebuild(database: Database = DEFAULTS.database, tenant_name: TenantName = DEFAULT) -> None:
    """Make the views anew from the history, beside the live ones, and swap them."""
    _rebuild(database, tenant_name)


def backup(
    file: Annotated[Path, typer.Argument(help="The copy to make: one file, whole by itself.")],
    database: Database = DEFAULTS.database,
    force: Force = False,
) -> None:
    """Copy the history on SQLite, also while others work on it, and check the copy."""
    with _copy_bar("backup") as show:
        position = back_up(_history_file(database), file, replace=force, progress=show)
    typer.echo(f"{file} holds the history up to position {position}, checked")


def restore_file(
    file: Annotated[Path, typer.Argument(help="A copy that `backup` made.")],
    database: Database = DEFAULTS.database,
    force: Force = False,
) -> None:
    """Put a copy in the place of the history on SQLite, and make the views anew."""
    with _copy_bar("restore") as show:
        position = restore(file, _history_file(database), replace=force, progress=show)
    typer.echo(f"the history is that of {file}, up to position {position}")
    _rebuild(database, DEFAULT)


def project(database: Database = DEFAULTS.database) -> None:
    """Keep the views of all tenants current; stands by while another process does."""
    stopped = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda signum, frame: stopped.set())
    with opened_tenants(database, make=False) as tenants:
        open_tenant(tenants, DEFAULT)
        while True:
            _open_all(tenants)
            if stopped.wait(LOOK_SECONDS):
                return


def _open_all(tenants: Tenants) -> None:
    """Opens the tenants that there are by now; what can't be opened is tried again later."""
    try:
        names = tenants.names()
    except Unavailable as error:
        log.warning("the directory of tenants is unavailable", error=str(error))
        return
    for name in names:
        try:
            tenants.open(name)
        except (Unavailable, BadDatabase, NoAddress, UnknownTenant) as error:
            log.warning("a tenant can't be opened", tenant=name, error=str(error))


def _rebuild(database: str, tenant_name: str) -> None:
    if not is_postgres(database):
        try:
            replaced = mend_views(sqlite_path(database))
        except BadDatabase as error:
            fail(str(error))
        if replaced:
            typer.echo(replaced)
    with opened_tenants(database, project=False, make=False) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            with views_bar("rebuild", tenant.ledger.position()) as show:
                reached = tenant.rebuild(show)
        except (RebuildRunning, Unavailable, UnreadableEvent) as error:
            fail(str(error))
    typer.echo(f"the views show all {reached} events of the history")


def _history_file(database: str) -> Path:
    """The file of an SQLite history. Raises BadDatabase for any other."""
    if is_postgres(database):
        raise BadDatabase(
            "backup and restore are for SQLite: on PostgreSQL take copies with pg_basebackup or "
            "pg_dump, and put them back with pg_restore"
        )
    return sqlite_path(database)


@contextmanager
def _copy_bar(what: str) -> Generator[Callable[[int, int], None]]:
    """Shows how many pages are copied; what a copy is refused for ends the command."""
    columns = (TextColumn(what), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    task = bar.add_task(what, total=None)
    try:
        with bar:
            yield lambda done, total: bar.update(task, completed=done, total=total)
    except BadDatabase as error:
        fail(str(error))
