"""The command line: its commands, by name."""

import signal
import sys

import typer
import yaml

from service import logs
from service.cli import importing, serving, tenants, upkeep
from service.cli.shared import DEFAULTS
from service.http.app import create_app

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The billing backlog: from approved work and milestones to confirmed invoices.",
)
tenant_commands = typer.Typer(no_args_is_help=True, help="Make and list tenants.")
tenant_commands.command()(tenants.create)
tenant_commands.command(name="list")(tenants.list_tenants)
cli.add_typer(tenant_commands, name="tenant")
cli.command()(serving.serve)
cli.command()(serving.demo)
cli.command(name="import")(importing.import_file)
cli.command()(importing.sample)
cli.command()(upkeep.rebuild)
cli.command()(upkeep.backup)
cli.command(name="restore")(upkeep.restore_file)
cli.command()(upkeep.project)


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
