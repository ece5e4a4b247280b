"""Commands over API keys: keys create, keys list, keys revoke; also while a server runs."""

import getpass
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import typer

from aggregates.access.state import Key
from aggregates.refusals import Refused
from projections.history import OutcomeUnknown, Unavailable
from service.access.principals import BadToken
from service.access.tokens import KeyToken, new_token, read_token
from service.cli.options.failing import fail
from service.cli.tenants import open_tenant, opened_tenants
from service.handlers import keys
from service.handlers.keys import Lets
from service.ledger.conflicts_and_retries import Conflict
from service.ledger.group_commit import Context
from service.ledger.stored_form import UnreadableEvent
from service.tenants.opening import schema_of
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants

_FAILURES = (Refused, Conflict, Unavailable, OutcomeUnknown, UnreadableEvent)


def create(database: str, tenant_name: str, name: str, lets: Lets, expires: str | None) -> None:
    """Makes a key; its token is all that goes to standard output, once."""
    expires_at = _instant(expires) if expires is not None else None
    with _opened(database, tenant_name, make=True) as tenant:
        token = keys.create_key(tenant, _context(), name, replace(lets, expires_at=expires_at))
    typer.echo(f"key {read_token(token).key_id} is made; its token is shown this once:", err=True)
    typer.echo(token)


def generate(tenant_name: str) -> None:
    """Prints a token of no key yet."""
    try:
        schema_of(tenant_name)
    except ValueError as error:
        fail(str(error))
    typer.echo(new_token(tenant_name))


def list_all(database: str, tenant_name: str) -> None:
    """Prints a line a key that is not revoked: id, name, until when, scopes, what it is kept to."""
    with _opened(database, tenant_name) as tenant:
        now = tenant.clock()
        for key in keys.list_keys(tenant, _context()):
            until = key.expires_at.isoformat() if key.expires_at else "-"
            expired = " expired" if key.has_expired(now) else ""
            shown = (key.key_id, key.name, until + expired, " ".join(key.scopes), _kept_to(key))
            typer.echo("\t".join(shown))


def revoke(database: str, tenant_name: str, key_id: str, reason: str | None) -> None:
    """Revokes a key; each server knows that within a second."""
    with _opened(database, tenant_name) as tenant:
        key = keys.revoke_key(tenant, _context(reason), key_id)
    typer.echo(f"key {key_id} ({key.name}) is revoked")


def take_first_key(tenants: Tenants, file: Path) -> None:
    """Has the token in a file be the first key of its tenant, unless one was made before."""
    token = first_key_of(file)
    tenant = open_tenant(tenants, token.tenant)
    context = Context(actor=f"first key of {file.name}", correlation_id=str(uuid.uuid4()))
    try:
        is_known = keys.take_first_key(tenant, context, token)
    except _FAILURES as error:
        fail(str(error))
    if not is_known:
        note = f"the first key in {file} is not used: other keys were made, or it was revoked"
        typer.echo(note, err=True)


def first_key_of(file: Path) -> KeyToken:
    """The token in a file. Ends the command when it can't be read, without a word of what it is."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(1024).strip()
        return read_token(text)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        fail(f"the first key can't be read from {file}: {why}")
    except BadToken:
        advice = "`billing-backlog keys generate` makes one"
        fail(f"{file} does not have the token of a key, and nothing else: {advice}")


@contextmanager
def _opened(database: str, tenant_name: str, *, make: bool = False) -> Generator[Tenant]:
    """The tenant; what is in the way ends the command."""
    with opened_tenants(database, project=False, make=make) as tenants:
        tenant = open_tenant(tenants, tenant_name)
        try:
            yield tenant
        except _FAILURES as error:
            fail(str(error))


def _kept_to(key: Key) -> str:
    """The contracts and customers that a key is restricted to, as the options name them."""
    named = [f"contract={each}" for each in key.contracts or ()]
    named += [f"customer={each}" for each in key.customers or ()]
    return " ".join(named) or "-"


def _context(reason: str | None = None) -> Context:
    return Context(actor=_actor(), reason=reason, correlation_id=str(uuid.uuid4()))


def _actor() -> str:
    """Who types, as far as the machine knows."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"


def _instant(text: str) -> datetime:
    """When a key ends: at an instant, or with a day (UTC). Ends the command for neither."""
    try:
        if len(text) == len("2027-01-31"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        fail(f"{text!r} is no day (2027-01-31) and no instant with its zone (2027-01-31T18:00:00Z)")
    return at
