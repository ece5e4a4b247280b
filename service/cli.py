"""The command line: serve, project, tenant, demo, import, sample, rebuild, backup, restore."""

import ipaddress
import json
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import structlog
import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from projections.history import OutcomeUnknown, Unavailable
from projections.keeping.rebuilding import RebuildRunning
from service import demo as demonstration
from service import demo_tables, logs, serving
from service.addresses import BadDatabase, NoAddress, is_postgres, shown
from service.app import create_app
from service.collector import collect_seldom
from service.copies import back_up, restore
from service.database_files import is_of_database
from service.import_processes import (
    MOST_PROCESSES,
    ImportFailed,
    Order,
    import_by_processes,
    processes_for,
)
from service.importing import Imported, Share, import_events
from service.ledger import Conflict, Context
from service.mending import mend_views
from service.rejects import RejectsFile, holds_rejects, rejects_file
from service.sample import DEFAULT_APPROVALS, DEFAULT_CONTRACTS, DEFAULT_SEED, generate, to_ndjson
from service.settings import Settings
from service.stored_form import UnreadableEvent
from service.tenant import DEFAULT, Tenant, ViewsBehind, sqlite_path
from service.tenants import TenantExists, Tenants, UnknownTenant

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The billing backlog: from approved work and milestones to confirmed invoices.",
)
tenant_commands = typer.Typer(no_args_is_help=True, help="Make and list tenants.")
cli.add_typer(tenant_commands, name="tenant")
errors = Console(stderr=True)
log = structlog.stdlib.get_logger(__name__)
PRINTED_WIDTH = 120
"""Columns of tables that go to a file or a pipe."""

Database = Annotated[
    str,
    typer.Option(
        help="Where history and views are kept: sqlite:///path/to/file.db or postgresql://…"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
TenantName = Annotated[str, typer.Option("--tenant", help="Whose history and views.")]
SHOWN_REFUSALS = 20
"""Refused lines of an import that are shown."""
LOOK_SECONDS = 5.0
"""How often `project` looks for new tenants."""
STILL_SECONDS = 30.0
"""How long views stand still before an import no longer waits for them."""
DEFAULTS = Settings()
_IMPORT_FAILURES = (
    ImportFailed,
    Conflict,
    Unavailable,
    OutcomeUnknown,
    UnreadableEvent,
    ViewsBehind,
    OSError,
)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = DEFAULTS.host,
    port: Annotated[int, typer.Option(min=1, max=65535)] = DEFAULTS.port,
    database: Database = DEFAULTS.database,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name that callers may use, beside loopback names; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose pages may change something; repeatable."),
    ] = None,
) -> None:
    """Serve the HTTP API; the database is made and migrated as needed."""
    if not _is_loopback(host):
        _fail(
            f"{host} is not a loopback address, and no authentication is configured: "
            "anybody who reaches it could bill. Listen on 127.0.0.1."
        )
    try:
        settings = Settings(
            host=host,
            port=port,
            database=database,
            hosts=(*DEFAULTS.hosts, *(allow_host or ())),
            origins=(*DEFAULTS.origins, *(allow_origin or ())),
        )
    except ValidationError as error:
        _fail(str(error.errors()[0]["msg"]).removeprefix("Value error, "))
    with _tenants(database) as tenants:
        _open(tenants, DEFAULT)
        serving.serve(create_app(tenants, settings), settings)


@cli.command()
def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the end state as JSON, for programs.")
    ] = False,
) -> None:
    """Work a sample backlog to confirmed invoices over HTTP, on a temporary database."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-") as folder:
        database = f"sqlite:///{folder}/demo.db"
        with (
            _tenants(database) as tenants,
            serving.running(create_app(tenants, DEFAULTS)) as address,
        ):
            client = httpx.Client(base_url=f"{address}/v1", timeout=60)
            with client:
                end = demonstration.work_the_backlog(client)
    if as_json:
        sys.stdout.write(json.dumps(demonstration.as_json(end), ensure_ascii=False) + "\n")
    else:
        console = Console() if sys.stdout.isatty() else Console(width=PRINTED_WIDTH)
        demo_tables.print_tables(end, console)


@cli.command(name="import")
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
        _fail(f"there is no file {file}")
    if rejects and not _is_free_for_rejects(rejects, file, database):
        _fail(f"--rejects {rejects} must be a file of its own, or hold refused lines of before")
    context = Context(actor="import", correlation_id=str(uuid.uuid4()), causation_id=file.name)
    order = Order(database=database, tenant=tenant_name, path=str(file.absolute()), context=context)
    processes = processes or processes_for(file)
    started = time.monotonic()
    with _tenants(database) as tenants:
        tenant = _open(tenants, tenant_name)
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
            _fail(f"{error}; what was taken in stays, and the import can be repeated")
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


@cli.command()
def sample(
    contracts: Annotated[int, typer.Option(min=1)] = DEFAULT_CONTRACTS,
    approvals: Annotated[int, typer.Option(min=0)] = DEFAULT_APPROVALS,
    seed: Annotated[int, typer.Option()] = DEFAULT_SEED,
) -> None:
    """Write a sample of any size as CloudEvents, one a line; the same seed, the same sample."""
    for line in to_ndjson(generate(contracts, approvals, seed)):
        sys.stdout.write(line + "\n")


@cli.command()
def rebuild(database: Database = DEFAULTS.database, tenant_name: TenantName = DEFAULT) -> None:
    """Make the views anew from the history, beside the live ones, and swap them."""
    _rebuild(database, tenant_name)


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The copy to make: one file, whole by itself.")],
    database: Database = DEFAULTS.database,
    force: Force = False,
) -> None:
    """Copy the history on SQLite, also while others work on it, and check the copy."""
    with _copy_bar("backup") as show:
        position = back_up(_history_file(database), file, replace=force, progress=show)
    typer.echo(f"{file} holds the history up to position {position}, checked")


@cli.command(name="restore")
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


@cli.command()
def project(database: Database = DEFAULTS.database) -> None:
    """Keep the views of all tenants current; stands by while another process does."""
    stopped = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda signum, frame: stopped.set())
    with _tenants(database, make=False) as tenants:
        _open(tenants, DEFAULT)
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


@tenant_commands.command()
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
    with _tenants(database) as tenants:
        try:
            tenants.create(name, server)
        except (BadDatabase, NoAddress, TenantExists, Unavailable, ValueError) as error:
            _fail(str(error))
    typer.echo(f"tenant {name} is made")


@tenant_commands.command(name="list")
def list_tenants(database: Database = DEFAULTS.database) -> None:
    """List the tenants, and on which server each is."""
    with _tenants(database) as tenants:
        try:
            tenants.check()
            entries = tenants.entries()
        except (BadDatabase, Unavailable) as error:
            _fail(str(error))
    for entry in entries:
        typer.echo(f"{entry.name}\t{shown(entry.server)}")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    document = create_app(None, DEFAULTS).openapi()
    yaml.dump(document, sys.stdout, _Plain, sort_keys=False, allow_unicode=True, width=100)


def main() -> None:
    """The command `billing-backlog`."""
    logs.configure()
    # Asked to stop, it ends as by Ctrl-C: what it has open is closed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cli()


class _Plain(yaml.SafeDumper):
    """YAML as people read it: what is shared is written out, texts of many lines stay so."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(_: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)


_Plain.add_representer(str, _text)


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


@contextmanager
def _views_bar(what: str, total: int) -> Generator[Callable[[int], None]]:
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


def _show_all(tenant: Tenant) -> None:
    """Waits until the views show everything, as long as they move. Raises ViewsBehind."""
    wanted = tenant.ledger.position()
    with _views_bar("views", wanted) as show:
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


def _rebuild(database: str, tenant_name: str) -> None:
    if not is_postgres(database):
        try:
            replaced = mend_views(sqlite_path(database))
        except BadDatabase as error:
            _fail(str(error))
        if replaced:
            typer.echo(replaced)
    with _tenants(database, project=False, make=False) as tenants:
        tenant = _open(tenants, tenant_name)
        try:
            with _views_bar("rebuild", tenant.ledger.position()) as show:
                reached = tenant.rebuild(show)
        except (RebuildRunning, Unavailable, UnreadableEvent) as error:
            _fail(str(error))
    typer.echo(f"the views show all {reached} events of the history")


def _is_free_for_rejects(path: Path, imported: Path, database: str) -> bool:
    """Whether refused lines may be written there: over nothing but such lines."""
    if path.is_dir() or (path.exists() and path.samefile(imported)):
        return False
    if not is_postgres(database) and is_of_database(path, sqlite_path(database)):
        return False
    return holds_rejects(path)


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
        _fail(str(error))


@contextmanager
def _tenants(database: str, *, project: bool = True, make: bool = True) -> Generator[Tenants]:
    collect_seldom()
    tenants = Tenants(database, project=project, make=make)
    try:
        yield tenants
    finally:
        tenants.close()


def _open(tenants: Tenants, name: str) -> Tenant:
    try:
        return tenants.open(name)
    except (BadDatabase, NoAddress, UnknownTenant, Unavailable) as error:
        _fail(str(error))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fail(message: str) -> NoReturn:
    errors.print(Text.assemble(("error:", "red"), " ", message), soft_wrap=True)
    raise typer.Exit(2)
