"""The command for files of CloudEvents: import."""

import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import typer

from projections.history import OutcomeUnknown, Unavailable
from service.cli.bars import import_bar, views_bar
from service.cli.shared import (
    fail,
    open_tenant,
    opened_tenants,
)
from service.databases.addresses import is_postgres
from service.importing.importing import Imported, Share, import_events
from service.importing.processes import (
    ImportFailed,
    Order,
    import_by_processes,
    processes_for,
)
from service.importing.rejects import RejectsFile, holds_rejects, rejects_file
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.opening import sqlite_path
from service.tenants.sqlite_files import is_of_database
from service.tenants.tenant import Tenant, ViewsBehind

SHOWN_REFUSALS = 20
"""Refused lines of an import that are shown."""
STILL_SECONDS = 30.0
"""How long views stand still before an import no longer waits for them."""
_IMPORT_FAILURES = (
    ImportFailed,
    Conflict,
    Unavailable,
    OutcomeUnknown,
    UnreadableEvent,
    ViewsBehind,
    OSError,
)


def import_file(
    file: Path, database: str, tenant_name: str, processes: int | None, rejects: Path | None
) -> None:
    """Takes a file in, by so many processes, and prints what came of it."""
    if not file.is_file():
        fail(f"there is no file {file}")
    if rejects and not _is_free_for_rejects(rejects, file, database):
        fail(f"--rejects {rejects} must be a new file, or hold refused lines of an earlier import")
    context = Context(actor="import", correlation_id=str(uuid.uuid4()), causation_id=file.name)
    order = Order(database=database, tenant=tenant_name, path=str(file.absolute()), context=context)
    processes = processes or processes_for(file)
    started = time.monotonic()
    with opened_tenants(database) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            with import_bar(file) as show, _rejects(rejects) as made:

                def progress(events: int, size: int) -> None:
                    show(events, size)
                    tenant.projector.wake(tenant.ledger.position())

                whole = Share(rejects=made and made.part(0))
                imported = (
                    import_events(tenant, file, context, progress, whole)
                    if processes == 1
                    else import_by_processes(order, processes, progress, made)
                )
                if made:
                    made.finish()
            seconds = time.monotonic() - started
            _show_all(tenant)
        except _IMPORT_FAILURES as error:
            fail(f"{error}; what was taken in stays, and the import can be repeated")
    counted = ", ".join(f"{n} {outcome}" for outcome, n in sorted(imported.outcomes.items()))
    typer.echo(f"{counted or 'no events'} in {seconds:.1f} s")
    _show_refused(imported, rejects)
    if imported.outcomes["refused"]:
        raise typer.Exit(1)


def _show_refused(imported: Imported, rejects: Path | None) -> None:
    for line, reason in imported.refused[:SHOWN_REFUSALS]:
        typer.echo(f"refused: line {line}: {reason}", err=True)
    refused = imported.outcomes["refused"]
    if refused > SHOWN_REFUSALS:
        where = f"all are in {rejects}" if rejects else "--rejects FILE has them all"
        typer.echo(f"refused: {refused - SHOWN_REFUSALS} lines more; {where}", err=True)


# --- helpers -----------------------------------------------------------------------------------


@contextmanager
def _rejects(path: Path | None) -> Generator[RejectsFile | None]:
    """The file of refused lines, None for none. Raises OSError when it can't be made."""
    if path is None:
        yield None
        return
    with rejects_file(path.absolute()) as made:
        yield made


def _show_all(tenant: Tenant) -> None:
    """Waits until the views show everything, as long as they move. Raises ViewsBehind."""
    wanted = tenant.ledger.position()
    with views_bar("views", wanted) as show:
        while True:
            shown_before = tenant.projector.position
            show(shown_before)
            try:
                tenant.wait_for(wanted, STILL_SECONDS)
                show(wanted)
                return
            except ViewsBehind:
                if tenant.projector.position == shown_before:
                    raise


def _is_free_for_rejects(path: Path, imported: Path, database: str) -> bool:
    """Whether refused lines may be written there: only over such lines."""
    if path.is_dir() or (path.exists() and path.samefile(imported)):
        return False
    if not is_postgres(database) and is_of_database(path, sqlite_path(database)):
        return False
    return holds_rejects(path)
