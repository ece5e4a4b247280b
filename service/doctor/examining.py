"""An examination: the settings, then each tenant, as far as it can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from difflib import get_close_matches

from projections.history import Unavailable
from service.databases.addresses import BadDatabase, NoAddress, is_postgres, resolved, shown
from service.doctor import sqlite
from service.doctor.findings import Finding, Status
from service.doctor.of_tenants import of_tenant
from service.settings import PREFIX, Settings
from service.tenants.names import DEFAULT

_ALIKE = 0.9
"""From which on a name is taken for another one misspelt, of 0 to 1."""


def examine(settings: Settings, unknown: Sequence[str] = ()) -> list[Finding]:
    """What was found, in the order it was looked at; it is done after some seconds a tenant.

    `unknown` are the variables that are named like settings, and are none.
    """
    found = [_settings(settings.database, unknown)]
    if not is_postgres(settings.database):
        return [*found, *_sqlite(settings)]
    return [*found, *_postgres(settings.database)]


def _settings(database: str, unknown: Sequence[str]) -> Finding:
    """Variables that look like a setting misspelt; others may be of somebody else."""
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    meant = {name: get_close_matches(name.upper(), known, 1, _ALIKE) for name in unknown}
    misspelt = {name: near[0] for name, near in meant.items() if near}
    if not misspelt:
        found = f"the database is {shown(database)}"
        return Finding(check="settings", status=Status.OK, found=found)
    return Finding(
        check="settings",
        status=Status.WARN,
        found=f"no setting is called {', '.join(misspelt)}: they have no effect",
        do=f"correct the name, such as {', '.join(misspelt.values())}, or unset them",
    )


def _sqlite(settings: Settings) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(sqlite.opened_for_looking(settings.database))
        except (BadDatabase, Unavailable) as error:
            yield _unreachable(DEFAULT, error)
            return
        yield Finding(
            check="database", tenant=DEFAULT, status=Status.OK, found="the history can be read"
        )
        yield from of_tenant(DEFAULT, opened)
        yield from sqlite.of_machine(settings.database, settings.connection_limit)


def _postgres(database: str) -> Iterator[Finding]:
    from service.doctor import postgres
    from service.tenants.directory import Directory

    try:
        entries = Directory(database).entries()
    except (BadDatabase, Unavailable) as error:
        yield _unreachable(DEFAULT, error)
        return
    servers: set[str] = set()
    for entry in entries:
        with ExitStack() as stack:
            try:
                address = database if entry.name == DEFAULT else resolved(entry.server)
                looking = postgres.opened_for_looking(address, entry.name)
                opened = stack.enter_context(looking)
            except (BadDatabase, NoAddress, Unavailable) as error:
                yield _unreachable(entry.name, error)
                continue
            yield Finding(
                check="database",
                tenant=entry.name,
                status=Status.OK,
                found=f"the history on {shown(address)} can be read",
            )
            yield from of_tenant(entry.name, opened)
            if address not in servers:
                servers.add(address)
                yield from postgres.of_server(address)


def _unreachable(tenant: str, error: Exception) -> Finding:
    return Finding(
        check="database",
        tenant=tenant,
        status=Status.FAIL,
        found=str(error).partition("\n")[0],
        do="see that the server runs and takes connections with this address, "
        "or name the database that is meant with --database",
    )
