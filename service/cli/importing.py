"""The commands that take files in: import, and maps for it."""

import sys
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import typer

from projections.history import OutcomeUnknown, Unavailable
from service.cli.bars import import_bar, views_bar
from service.cli.options.failing import fail
from service.cli.tenants import open_tenant, opened_tenants
from service.databases.addresses import is_postgres
from service.importing.csv_files import ready
from service.importing.dry_run import Refused, Tried, try_out
from service.importing.entries import BadFile, Reader, Share
from service.importing.importing import SKIPPED, Imported, import_events
from service.importing.json_lines import JsonLines
from service.importing.kinds_of_files import reader_of
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
from service.settings import Settings
from service.tenants.opening import sqlite_path
from service.tenants.sqlite_files import is_of_database
from service.tenants.tenant import Tenant, ViewsBehind

SHOWN_REFUSALS = 20
"""Refused lines of an import that are shown."""
SHOWN_LINES = 20
"""Contracts and lines that a dry run names."""
STILL_SECONDS = 30.0
"""How long views stand still before an import no longer waits for them."""
_IMPORT_FAILURES = (
    BadFile,
    ImportFailed,
    Conflict,
    Unavailable,
    OutcomeUnknown,
    UnreadableEvent,
    ViewsBehind,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a file is taken in: by which map, by how many processes, and where rejects go."""

    mapped: str | None
    processes: int | None
    rejects: Path | None


def import_file(file: Path, settings: Settings, tenant_name: str, options: Options) -> None:
    """Takes a file in, and prints what came of it."""
    database = settings.database
    reader, rejects = _reader(file, options.mapped), options.rejects
    if rejects and not rejects.absolute().parent.is_dir():
        fail(f"--rejects {rejects}: the folder {str(rejects.parent)!r} does not exist")
    if rejects and not _is_free_for_rejects(rejects, reader, database):
        is_json = isinstance(reader, JsonLines)
        what = "hold refused lines of an earlier import" if is_json else "be empty"
        fail(f"--rejects {rejects} must be a new file, or {what}")
    context = Context(
        actor="import",
        correlation_id=str(uuid.uuid4()),
        causation_id=file.name,
        kind="import",
    )
    order = Order(database=database, tenant=tenant_name, file=reader, context=context)
    processes = options.processes or processes_for(file)
    started = time.monotonic()
    with opened_tenants(database, state_cache=settings.state_cache) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            with import_bar(file) as show, _rejects(rejects) as made:

                def progress(events: int, size: int) -> None:
                    show(events, size)
                    tenant.projector.wake(tenant.ledger.position())

                whole = Share(rejects=made and made.part(0))
                imported = (
                    import_events(tenant, reader, context, progress, whole)
                    if processes == 1
                    else import_by_processes(order, processes, progress, made)
                )
                if made:
                    made.finish(reader.rejected)
            seconds = time.monotonic() - started
            _show_all(tenant)
        except _IMPORT_FAILURES as error:
            fail(f"{error}; what was taken in stays, and the import can be repeated")
    counted = ", ".join(f"{n} {outcome}" for outcome, n in sorted(imported.outcomes.items()))
    typer.echo(f"{counted or 'no events'} in {seconds:.1f} s")
    _show_refused(imported, rejects)
    if imported.outcomes["refused"]:
        raise typer.Exit(1)


def dry_run(file: Path, mapped: str | None) -> None:
    """Prints the first events of a file and every line that can't go in; stores nothing."""
    tried = Tried()
    try:
        for found in try_out(_reader(file, mapped), tried):
            if isinstance(found, Refused):
                typer.echo(f"refused: line {found.line}: {found.why}", err=True)
            else:
                typer.echo(msgspec.json.encode(found).decode())
    except (BadFile, OSError) as error:
        fail(str(error))
    skipped = tried.outcomes[SKIPPED]
    told = f", {skipped} are skipped" if skipped else ""
    typer.echo(
        f"{tried.outcomes['good']} would go in, {tried.refused} can't{told}; nothing was stored",
        err=True,
    )
    for (contract_id, line_id), count in tried.lines.most_common(SHOWN_LINES):
        typer.echo(f"contract {contract_id}, line {line_id or 'none'}: {count}", err=True)
    if len(tried.lines) > SHOWN_LINES:
        typer.echo(f"and {len(tried.lines) - SHOWN_LINES} lines of contracts more", err=True)
    if tried.refused:
        raise typer.Exit(1)


def maps(name: str | None) -> None:
    """Lists the ready maps, or prints one of them."""
    if name is None:
        for each in ready.names():
            typer.echo(f"{each}\t{ready.about(each)}")
        return
    try:
        sys.stdout.write(ready.text(name))
    except BadFile as error:
        fail(str(error))


def _show_refused(imported: Imported, rejects: Path | None) -> None:
    for line, reason in imported.refused[:SHOWN_REFUSALS]:
        typer.echo(f"refused: line {line}: {reason}", err=True)
    refused = imported.outcomes["refused"]
    if refused > SHOWN_REFUSALS:
        where = f"all are in {rejects}" if rejects else "--rejects FILE has them all"
        typer.echo(f"refused: {refused - SHOWN_REFUSALS} lines more; {where}", err=True)


# --- helpers -----------------------------------------------------------------------------------


def _reader(file: Path, mapped: str | None) -> Reader:
    """What reads the file; ends the command, with why, where there is no sense in it."""
    if file.exists() and not file.is_file() and not file.is_dir():
        fail(f"{file} has to be a file: it is read more than once, and a pipe can't be")
    if not file.is_file():
        fail(f"there is no file {file}")
    try:
        return reader_of(file, ready.named(mapped) if mapped else None)
    except BadFile as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or file} can't be read: {error.strerror or error}")


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


def _is_free_for_rejects(path: Path, reader: Reader, database: str) -> bool:
    """Whether refused lines may be written there: only over such lines, as far as one can tell.

    Rows of CSV look like any others, so they are written over nothing.
    """
    if path.is_dir() or (path.exists() and path.samefile(reader.path)):
        return False
    if not is_postgres(database) and is_of_database(path, sqlite_path(database)):
        return False
    if isinstance(reader, JsonLines):
        return holds_rejects(path)
    return not path.exists() or (path.is_file() and not path.stat().st_size)
