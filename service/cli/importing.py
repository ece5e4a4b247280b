"""Commands for files of CloudEvents: import, sample."""

import sys
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from projections.history import OutcomeUnknown, Unavailable
from service.cli.shared import (
    DEFAULTS,
    Database,
    TenantName,
    errors,
    fail,
    open_tenant,
    opened_tenants,
    views_bar,
)
from service.databases.addresses import is_postgres
from service.demo.sample import (
    DEFAULT_APPROVALS,
    DEFAULT_CONTRACTS,
    DEFAULT_SEED,
    generate,
    to_ndjson,
)
from service.importing.importing import Imported, Share, import_events
from service.importing.processes import (
    MOST_PROCESSES,
    ImportFailed,
    Order,
    import_by_processes,
    processes_for,
)
from service.importing.rejects import RejectsFile, holds_rejects, rejects_file
from service.ledger.ledger import Conflict, Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.opening import DEFAULT, sqlite_path
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
    file: Annotated[Path, typer.Argument(help="CloudEvents, one a line (NDJSON).")],
    database: Database = DEFAULTS.database,
    tenant_name: TenantName = DEFAULT,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_PROCESSES,
            help="By itself one a core, and one for a small file.",
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="Write each refused line there, with its number and the problem, as NDJSON."
        ),
    ] = None,
) -> None:
    """Take in a file of CloudEvents; safe to stop and to repeat.

    Lines that are refused stop none of the others; with any, the exit code is 1.
    """
    if not file.is_file():
        fail(f"there is no file {file}")
    if rejects and not _is_free_for_rejects(rejects, file, database):
        fail(f"--rejects {rejects} must be a file of its own, or hold refused lines of before")
    context = Context(actor="import", correlation_id=str(uuid.uuid4()), causation_id=file.name)
    order = Order(database=database, tenant=tenant_name, path=str(file.absolute()), context=context)
    processes = processes or processes_for(file)
    started = time.monotonic()
    with opened_tenants(database) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            with _import_bar(file) as show, _rejects(rejects) as made:

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


def sample(
    contracts: Annotated[int, typer.Option(min=1)] = DEFAULT_CONTRACTS,
    approvals: Annotated[int, typer.Option(min=0)] = DEFAULT_APPROVALS,
    seed: Annotated[int, typer.Option()] = DEFAULT_SEED,
) -> None:
    """Write a sample of any size as CloudEvents, one a line; the same seed, the same sample."""
    for line in to_ndjson(generate(contracts, approvals, seed)):
        sys.stdout.write(line + "\n")


# --- helpers -----------------------------------------------------------------------------------


@contextmanager
def _rejects(path: Path | None) -> Generator[RejectsFile | None]:
    """The file of refused lines, None for none. Raises OSError when it can't be made."""
    if path is None:
        yield None
        return
    with rejects_file(path.absolute()) as made:
        yield made


@contextmanager
def _import_bar(file: Path) -> Generator[Callable[[int, int], None]]:
    """Shows how much of the file was taken in, by the events and bytes of each batch."""
    bar = Progress(
        TextColumn("import"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[events]} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=errors,
    )
    task = bar.add_task("import", total=file.stat().st_size, events=0, rate=0.0)
    taken, started = 0, time.monotonic()

    def show(events: int, size: int) -> None:
        nonlocal taken
        taken += events
        bar.update(task, advance=size, events=taken, rate=taken / (time.monotonic() - started))

    with bar:
        yield show


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
    """Whether refused lines may be written there: over nothing but such lines."""
    if path.is_dir() or (path.exists() and path.samefile(imported)):
        return False
    if not is_postgres(database) and is_of_database(path, sqlite_path(database)):
        return False
    return holds_rejects(path)
