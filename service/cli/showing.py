"""The command that shows the settings in force, and whence each comes: settings."""

import json

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from service.cli.options.of_settings import Given
from service.configuration.loading import as_shown
from service.configuration.served import ServedSettings
from service.settings import Settings

SPARE = 40
"""Columns beside the longest row, so that no value is broken."""


def settings(given: Given, *, as_json: bool) -> None:
    """Prints each setting with its value and where it is from; no secrets."""
    in_force = given.settings(ServedSettings)
    rows = [
        (name, as_shown(getattr(in_force, name)), given.whence(name))
        for name in Settings.model_fields
    ]
    if as_json:
        told = [dict(zip(("name", "value", "from"), row, strict=True)) for row in rows]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        table = Table("setting", "value", "from", box=box.SIMPLE_HEAD)
        for row in rows:
            table.add_row(*row)
        width = max(sum(map(len, row)) for row in rows) + SPARE
        Console(width=width, markup=False, highlight=False).print(table)
    for name in given.unknown_variables():
        typer.echo(f"{name} is no setting: it is left alone", err=True)
