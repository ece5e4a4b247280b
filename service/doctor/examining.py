"""An examination: the settings, then each tenant, as far as it can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from difflib import get_close_matches

from projections.history import Unavailable
from service.databases.addresses import BadDatabase, NoAddress, is_postgres, resolved, shown
from service.doctor import sqlite
from service.doctor.findings import Finding, Status
from service.doctor.of_tenants import of_tenant
from service.settings import Settings
from service.tenants.names import DEFAULT

PREFIX = "BILLING_BACKLOG_"


def examine(database: str, variables: Mapping[str, str] = os.environ) -> list[Finding]:
    """What was found, in the order it was looked at; it is done after some seconds a tenant."""
    found = [_settings(database, variables)]
    if not is_postgres(database):
        return [*found, *_sqlite(database)]
    return [*found, *_postgres(database)]


def _settings(database: str, variables: Mapping[str, str]) -> Finding:
    """Variables that are none of the service's: one misspelt has no effect."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name for name in variables if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if not unknown:
        return Finding(
            check="settings", status=Status.OK, found=f"the database is {shown(database)}"
        )
    meant = [match for name in unknown for match in get_close_matches(name, known, 1)]
    return Finding(
        check="settings",
        status=Status.WARN,
        found=f"no setting is called {', '.join(unknown)}: they have no effect",
        do=f"unset them{', or correct their names: ' + ', '.join(meant) if meant else ''}",
    )


def _sqlite(database: str) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(sqlite.opened_for_looking(database))
        except (BadDatabase, Unavailable) as error:
            yield _unreachable(DEFAULT, error)
            return
        yield Finding(
            check="database", tenant=DEFAULT, status=Status.OK, found="the history can be read"
        )
        yield from of_tenant(DEFAULT, opened)
        yield from sqlite.of_machine(database)


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
