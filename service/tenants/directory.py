"""The directory of tenants: which server holds which, in the database named at the start."""

from collections.abc import Sequence
from typing import Any

import psycopg

from projections.history import Unavailable
from service.databases.addresses import told
from service.databases.bounded_connections import connect
from service.tenants.names import DEFAULT, Entry, TenantExists, UnknownTenant

DIRECTORY_SECONDS = 5.0
"""How long the directory's database is waited for, for each answer."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('billing_backlog_directory', 0))"
_CREATE = (
    "CREATE SCHEMA IF NOT EXISTS billing_backlog_directory",
    "CREATE TABLE IF NOT EXISTS billing_backlog_directory.tenants "
    '(name text COLLATE "C" PRIMARY KEY, server text NOT NULL)',
)
_ANY = (
    "SELECT 1 WHERE to_regclass('billing_backlog_directory.tenants') IS NOT NULL "
    "OR to_regclass('tenant_default.stored_events') IS NOT NULL"
)
_ALL = "SELECT name, server FROM billing_backlog_directory.tenants ORDER BY name"
_ADD = "INSERT INTO billing_backlog_directory.tenants VALUES (%s, %s) ON CONFLICT DO NOTHING"
HERE = ""
"""The server of a tenant that is where the directory is, whatever its address is by then."""


class Directory:
    """Which server holds which tenant, kept in a PostgreSQL database."""

    def __init__(self, database: str) -> None:
        self._database = database

    def entries(self) -> list[Entry]:
        """Every tenant by name, the default one first. Raises Unavailable."""
        rows: list[tuple[str, str]] = self._ask(_ALL)
        others = [Entry(name=name, server=server or self._database) for name, server in rows]
        return [Entry(name=DEFAULT, server=self._database), *others]

    def server_of(self, name: str) -> str:
        """Where a tenant is, as the directory has it. Raises UnknownTenant, Unavailable."""
        for entry in self.entries():
            if entry.name == name:
                return entry.server
        raise UnknownTenant(name)

    def add(self, name: str, server: str | None) -> None:
        """Enters a tenant. Raises TenantExists, Unavailable."""
        added = f"{_ADD} RETURNING name"
        if name == DEFAULT or not self._ask(added, name, server or HERE, first=(_LOCK, *_CREATE)):
            raise TenantExists(name)

    def is_there(self) -> bool:
        """Whether there is a directory or a default tenant. Raises Unavailable."""
        return bool(self._ask(_ANY))

    def _ask(self, statement: str, *values: str, first: Sequence[str] = ()) -> list[Any]:
        """What a statement finds: nothing where no tenant was ever entered."""
        try:
            with (
                connect(self._database, "billing-backlog directory", DIRECTORY_SECONDS) as opened,
                opened.transaction(),
            ):
                for each in first:
                    opened.execute(each)  # pyright: ignore[reportArgumentType, reportCallIssue]
                return opened.execute(statement, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
        except psycopg.errors.UndefinedTable:
            return []
        except psycopg.Error as error:
            raise Unavailable(told(error, self._database)) from error
