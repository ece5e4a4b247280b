"""Commands that look after a database: rebuild, backup, restore, project."""

import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import typer

from projections.history import Unavailable
from projections.keeping.backend import RebuildRunning
from service import logs
from service.cli.bars import copy_bar, views_bar
from service.cli.options.failing import fail
from service.cli.options.of_settings import Given
from service.cli.tenants import open_tenant, opened_tenants
from service.databases.addresses import BadDatabase, NoAddress, is_postgres
from service.doctor.examining import examine
from service.doctor.findings import Status, to_json, to_text
from service.ledger.stored_form import UnreadableEvent
from service.settings import Settings
from service.tenants.backup import back_up, restore
from service.tenants.mending import mend_views
from service.tenants.names import DEFAULT, UnknownTenant
from service.tenants.opening import sqlite_path
from service.tenants.tenants import Tenants

log = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
"""How often `project` looks for new tenants."""


def rebuild(database: str, tenant_name: str) -> None:
    """Builds the views of a tenant again; those that can't be used are moved aside first."""
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


def backup(file: Path, database: str, *, force: bool) -> None:
    """Copies the history into a file, and checks the copy."""
    with _copying("backup") as show:
        position = back_up(_history_file(database), file, replace=force, progress=show)
    typer.echo(f"{file} holds the history up to position {position}, checked")


def restore_file(file: Path, database: str, *, force: bool) -> None:
    """Puts a copy in the place of the history, and builds the views again."""
    with _copying("restore") as show:
        position = restore(file, _history_file(database), replace=force, progress=show)
    typer.echo(f"the history is that of {file}, up to position {position}")
    rebuild(database, DEFAULT)


def project(settings: Settings) -> None:
    """Keeps views current until the process is asked to stop."""
    logs.configure(settings.log_level, settings.log_format)
    stopped = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda signum, frame: stopped.set())
    memory = settings.state_cache
    with opened_tenants(settings.database, make=False, state_cache=memory) as tenants:
        open_tenant(tenants, DEFAULT)
        while True:
            _open_all(tenants)
            if stopped.wait(LOOK_SECONDS):
                return


def doctor(given: Given, *, as_json: bool) -> None:
    """Prints what an examination found; ends with 1 where something fails."""
    findings = examine(given.settings(), given.unknown_variables())
    typer.echo(to_json(findings) if as_json else to_text(findings))
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(1)


def _open_all(tenants: Tenants) -> None:
    """Opens the tenants that there are by now; what can't be opened is tried again later."""
    try:
        names = tenants.names()
    except Unavailable as error:
        log.warning("the directory of tenants is unavailable", extra={"error": str(error)})
        return
    for name in names:
        try:
            tenants.open(name)
        except (Unavailable, BadDatabase, NoAddress, UnknownTenant) as error:
            failed = {"tenant": name, "error": str(error)}
            log.warning("a tenant can't be opened", extra=failed)


def _history_file(database: str) -> Path:
    """The file of an SQLite history. Raises BadDatabase for any other."""
    if is_postgres(database):
        raise BadDatabase(
            "backup and restore are for SQLite: on PostgreSQL take copies with pg_basebackup or "
            "pg_dump, and put them back with pg_restore"
        )
    return sqlite_path(database)


@contextmanager
def _copying(what: str) -> Generator[Callable[[int, int], None]]:
    """Shows how far a copy is; what it is refused for ends the command."""
    try:
        with copy_bar(what) as show:
            yield show
    except BadDatabase as error:
        fail(str(error))
