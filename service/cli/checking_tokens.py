"""The command that says whether a token would let its bearer in, and why not: check-token."""

import asyncio
import base64
import sys
from pathlib import Path

import typer

from projections.history import Unavailable
from service.access.authorities import authority_of
from service.access.principals import BadToken, IssuerUnavailable
from service.access.tokens import PREFIX, read_token
from service.cli.options.failing import fail
from service.cli.shared import opened_tenants
from service.databases.addresses import BadDatabase, NoAddress
from service.ledger.stored_form import UnreadableEvent
from service.settings import Settings

_LONGEST = 64 * 1024
"""Characters that are read of a file."""
_FAILURES = (Unavailable, BadDatabase, NoAddress, UnreadableEvent, IssuerUnavailable)


def check_token(file: Path, settings: Settings) -> None:
    """Prints what a token says and who comes with it; ends with 1 and why when it is not good."""
    text = _read(file)
    for line in _said(text):
        typer.echo(line)
    with opened_tenants(settings.database, project=False, make=False) as tenants:
        try:
            tenants.open()
            principal = asyncio.run(authority_of(tenants, settings).principal_of(text))
        except BadToken as error:
            typer.echo(f"the token lets nobody in: {error}")
            raise typer.Exit(1) from None
        except _FAILURES as error:
            fail(str(error))
    scopes = " ".join(sorted(principal.scopes)) or "none: it opens nothing"
    typer.echo(f"the token is good\nactor: {principal.name}\ntenant: {principal.tenant}")
    typer.echo(f"scopes: {scopes}")
    for what, only in (("contracts", principal.contracts), ("customers", principal.customers)):
        if only is not None:
            typer.echo(f"{what}: {' '.join(sorted(only))} alone")


def _read(file: Path) -> str:
    """A token in a file, or from standard input for `-`. Ends the command without one."""
    try:
        if str(file) == "-":
            return sys.stdin.read(_LONGEST).strip()
        with file.open(encoding="utf-8") as opened:
            return opened.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error.strerror if isinstance(error, OSError) else 'no text'}")


def _said(text: str) -> list[str]:
    """What a token says of itself, whoever wrote it; not what would let anybody in."""
    if text.startswith(PREFIX):
        try:
            token = read_token(text)
        except BadToken:
            return []
        return [f"it is the token of the key {token.key_id} of the tenant {token.tenant}"]
    parts = text.split(".")
    if len(parts) != 3:
        return []
    return [
        f"its {name}: {_decoded(part)}"
        for name, part in zip(("header", "claims"), parts, strict=False)
    ]


def _decoded(part: str) -> str:
    """A part of a JWT in one line of printable text."""
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except ValueError:
        return "not readable"
    return "".join(char if char.isprintable() else " " for char in decoded)
