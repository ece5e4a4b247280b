"""How a command ends that can't do what it was asked for."""

from typing import NoReturn

import typer


def fail(message: str) -> NoReturn:
    """Ends the command with exit code 2 and the message."""
    typer.echo(f"{typer.style('error:', fg='red')} {message}", err=True)
    raise typer.Exit(2)
