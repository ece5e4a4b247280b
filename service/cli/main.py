"""The commands by name, with their options; what each does is in the modules beside."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from aggregates.statuses import JobStatus
from service.access.scopes import Scope
from service.cli.options.of_settings import Given, with_flags
from service.cli.options.whole_numbers import whole_number
from service.demo import DEFAULT_APPROVALS, DEFAULT_CONTRACTS, DEFAULT_PORT, DEFAULT_SEED
from service.importing import MOST_PROCESSES
from service.tenants.names import DEFAULT

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The billing backlog: from approved work and milestones to confirmed invoices.",
)
tenant_commands = typer.Typer(no_args_is_help=True, help="Make and list tenants.")
cli.add_typer(tenant_commands, name="tenant")
job_commands = typer.Typer(no_args_is_help=True, help="List, show and cancel jobs.")
cli.add_typer(job_commands, name="jobs")
key_commands = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")
cli.add_typer(key_commands, name="keys")

Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
TenantName = Annotated[str, typer.Option("--tenant", help="Whose history and views.")]


def _show_version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"billing-backlog {metadata.version('billing-backlog')}")
        raise typer.Exit


@cli.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """What comes before the name of a command."""


@cli.command()
@with_flags()
def serve(given: Given) -> None:
    """Serve the HTTP API; the database is made and migrated as needed.

    Each option can stand in the environment or in the file of --config, too; `settings` shows how
    each is named there, what is in force, and whence.
    """
    from service.cli import serving
    from service.configuration.served import ServedSettings

    serving.serve(given.settings(ServedSettings))


@cli.command()
@with_flags()
def settings(
    given: Given,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Show the settings that `serve` would have with these options, and whence each comes."""
    from service.cli import showing

    showing.settings(given, as_json=as_json)


@cli.command()
def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the end state as JSON, for programs.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Go on serving the sample, to be tried in a browser.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="The port to serve it on; 0 takes a free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
) -> None:
    """Work a sample backlog to confirmed invoices over HTTP, on a temporary database."""
    from service.cli import demonstrating

    demonstrating.demo(as_json=as_json, port=port if serve else None)


@cli.command(name="import")
@with_flags("config", "database")
def import_file(
    given: Given,
    file: Annotated[
        Path, typer.Argument(help="CloudEvents, one a line (NDJSON), or with --map a CSV file.")
    ],
    tenant_name: TenantName = DEFAULT,
    mapped: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="Which columns of a CSV file are which fields: a file in TOML, or the name of a "
            "ready map (see `maps`).",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show the first events and every line that can't go in; store nothing.",
        ),
    ] = False,
    processes: Annotated[
        int | None,
        whole_number(
            1, MOST_PROCESSES, "Without it, one for each core, or only one for a small file."
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="Write the refused lines there: as NDJSON, each with its number and the problem; "
            "rows of a CSV file as they stood, to be mended and imported again."
        ),
    ] = None,
) -> None:
    """Take in a file of CloudEvents or a CSV file; safe to stop and to repeat.

    Lines that are refused stop none of the others; with any, the exit code is 1.
    """
    from service.cli import importing

    if dry_run:
        importing.dry_run(file, mapped)
    else:
        options = importing.Options(mapped=mapped, processes=processes, rejects=rejects)
        importing.import_file(file, given.settings(), tenant_name, options)


@cli.command()
def maps(
    name: Annotated[
        str | None, typer.Argument(help="The map to print; without it, they are listed.")
    ] = None,
) -> None:
    """List the ready maps for CSV files of time trackers, or print one to copy and change."""
    from service.cli import importing

    importing.maps(name)


@cli.command()
def sample(
    contracts: Annotated[int, whole_number(1)] = DEFAULT_CONTRACTS,
    approvals: Annotated[int, whole_number(0)] = DEFAULT_APPROVALS,
    seed: Annotated[int, whole_number()] = DEFAULT_SEED,
) -> None:
    """Write a sample of any size as CloudEvents, one a line; the same seed, the same sample."""
    from service.demo.sample import generate, to_ndjson

    for line in to_ndjson(generate(contracts, approvals, seed)):
        sys.stdout.write(line + "\n")


@cli.command()
@with_flags("config", "database")
def rebuild(given: Given, tenant_name: TenantName = DEFAULT) -> None:
    """Build the views again from the history, beside the live ones, and swap them."""
    from service.cli import upkeep

    upkeep.rebuild(given.settings().database, tenant_name)


@cli.command()
@with_flags("config", "database")
def backup(
    given: Given,
    file: Annotated[Path, typer.Argument(help="The copy to make: one file, whole by itself.")],
    force: Force = False,
) -> None:
    """Copy the history on SQLite, also while others work on it, and check the copy."""
    from service.cli import upkeep

    upkeep.backup(file, given.settings().database, force=force)


@cli.command()
@with_flags("config", "database")
def restore(
    given: Given,
    file: Annotated[Path, typer.Argument(help="A copy that `backup` made.")],
    force: Force = False,
) -> None:
    """Put a copy in the place of the history on SQLite, and build the views again."""
    from service.cli import upkeep

    upkeep.restore_file(file, given.settings().database, force=force)


@cli.command()
@with_flags("config", "database")
def project(given: Given) -> None:
    """Keep the views of all tenants current; waits while another process does so."""
    from service.cli import upkeep

    upkeep.project(given.settings())


@cli.command()
@with_flags()
def doctor(
    given: Given,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON, for programs.")
    ] = False,
) -> None:
    """Look whether all is well: settings, databases, views, clock, keys, space; changes nothing.

    The exit code is 1 when something fails, 2 when the settings are wrong, 0 otherwise.
    """
    from service.cli import upkeep

    upkeep.doctor(given, as_json=as_json)


@tenant_commands.command()
@with_flags("config", "database")
def create(
    given: Given,
    name: Annotated[str, typer.Argument(help="At most 40 of a-z, 0-9 and -.")],
    server: Annotated[
        str | None,
        typer.Option(
            help="postgresql://…, if it is not where the directory is; or env:NAME, a variable "
            "that holds it wherever the tenant is opened, so that no password is kept."
        ),
    ] = None,
) -> None:
    """Make a tenant: a schema of its own on a server, and its line in the directory."""
    from service.cli import tenants

    tenants.create(name, server, given.settings().database)


@tenant_commands.command(name="list")
@with_flags("config", "database")
def list_tenants(given: Given) -> None:
    """List the tenants, and on which server each is."""
    from service.cli import tenants

    tenants.list_tenants(given.settings().database)


JobId = Annotated[str, typer.Argument(help="The id of a job.")]


@job_commands.command(name="list")
@with_flags("config", "database")
def list_jobs(
    given: Given,
    status: Annotated[
        list[JobStatus] | None, typer.Option(help="Jobs that stand so; repeatable.")
    ] = None,
    tenant_name: TenantName = DEFAULT,
) -> None:
    """List the jobs in the order they were asked for, also while a server runs."""
    from service.cli import jobs

    jobs.list_all(given.settings().database, tenant_name, status or ())


@job_commands.command(name="show")
@with_flags("config", "database")
def show_job(given: Given, job_id: JobId, tenant_name: TenantName = DEFAULT) -> None:
    """Print a job with what came of each step, as JSON."""
    from service.cli import jobs

    jobs.show(given.settings().database, tenant_name, job_id)


@job_commands.command(name="cancel")
@with_flags("config", "database")
def cancel_job(
    given: Given,
    job_id: JobId,
    reason: Annotated[str | None, typer.Option(help="Why; it is recorded.")] = None,
    tenant_name: TenantName = DEFAULT,
) -> None:
    """Stop what of a job has not begun; what is done stays."""
    from service.cli import jobs

    jobs.cancel(given.settings().database, tenant_name, job_id, reason)


KEY_SCOPES = typer.Option("--scope", help="What the key may do; repeatable.")


@key_commands.command(name="create")
@with_flags("config", "database")
def create_key(
    given: Given,
    name: Annotated[str, typer.Option(help="Who calls with it: the actor in the history.")],
    scopes: Annotated[list[Scope], KEY_SCOPES],
    expires: Annotated[
        str | None,
        typer.Option(help="The last day (2027-01-31, UTC), or an instant with its zone."),
    ] = None,
    contracts: Annotated[
        list[str] | None,
        typer.Option("--contract", help="A contract that it may know of; repeat for more."),
    ] = None,
    customers: Annotated[
        list[str] | None,
        typer.Option("--customer", help="A customer that it may know of; repeat for more."),
    ] = None,
    tenant_name: TenantName = DEFAULT,
) -> None:
    """Make a key and print its token, this once: only its SHA-256 is kept.

    Without `--contract` and `--customer` it may know of all of them; with both, of what is of one
    of these contracts and of one of these customers.
    """
    from service.cli import keys

    lets = keys.Lets(scopes=scopes, contracts=contracts or None, customers=customers or None)
    keys.create(given.settings().database, tenant_name, name, lets, expires)


@key_commands.command(name="generate")
def generate_key(tenant_name: TenantName = DEFAULT) -> None:
    """Print a token that opens nothing yet, for BILLING_BACKLOG_BOOTSTRAP_KEY_FILE."""
    from service.cli import keys

    keys.generate(tenant_name)


@key_commands.command(name="list")
@with_flags("config", "database")
def list_keys(given: Given, tenant_name: TenantName = DEFAULT) -> None:
    """List the keys that are not revoked: id, name, when they expire, scopes, what for."""
    from service.cli import keys

    keys.list_all(given.settings().database, tenant_name)


@key_commands.command(name="revoke")
@with_flags("config", "database")
def revoke_key(
    given: Given,
    key_id: Annotated[str, typer.Argument(help="The id of the key, as `keys list` has it.")],
    reason: Annotated[str | None, typer.Option(help="Why; it is recorded.")] = None,
    tenant_name: TenantName = DEFAULT,
) -> None:
    """Revoke a key: within a second it lets nobody in, in whatever server."""
    from service.cli import keys

    keys.revoke(given.settings().database, tenant_name, key_id, reason)


@cli.command(name="check-token")
@with_flags("config", "database")
def check_token(
    given: Given,
    file: Annotated[
        Path, typer.Argument(help="A file with the token and nothing else; - is standard input.")
    ] = Path("-"),
) -> None:
    """Say who comes with a token, or why it lets nobody in; it is not taken as an argument."""
    from service.cli import checking_tokens

    checking_tokens.check_token(file, given.settings())


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from service.cli import documenting

    documenting.openapi()
