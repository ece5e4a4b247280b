"""All tenants of an installation, opened when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from projections.history import Unavailable
from service.databases.addresses import BadDatabase, is_postgres, is_reference, resolved, shown
from service.garbage_collector import STATE_CACHE
from service.tenants.names import DEFAULT, Entry, TenantExists, UnknownTenant
from service.tenants.opening import schema_of, sqlite_path
from service.tenants.sqlite_files import UnknownEvents, check_history
from service.tenants.tenant import Tenant

if TYPE_CHECKING:
    from service.databases.postgres_server import Server
    from service.tenants.directory import Directory

OPEN_SECONDS = 10.0
"""How long a call waits for another one that opens the tenant."""


class AnyTenants(Protocol):
    """Where a call finds its tenant."""

    def __getitem__(self, name: str) -> Tenant:
        """A tenant that is open already. Raises KeyError when it is not."""
        ...

    def open(self, name: str) -> Tenant:
        """A tenant, opened if need be. Raises UnknownTenant, Unavailable, NoAddress."""
        ...

    def names(self) -> Collection[str]:
        """Every tenant there is. Raises Unavailable."""
        ...


class Tenants:
    """The tenants of a process; one pool a server, shared by the tenants on it.

    On SQLite there is the default tenant alone. With `make` false, a tenant's history that is not
    there yet is refused as a BadDatabase instead of made. Their ledgers keep `state_cache` bytes of
    folded states, each as many as the others. Close them when done.
    """

    def __init__(
        self,
        database: str,
        *,
        project: bool = True,
        make: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        state_cache: int = STATE_CACHE,
    ) -> None:
        self._database = database
        self._project, self._make, self._clock = project, make, clock
        self._state_cache = state_cache
        self._listeners: list[Callable[[Tenant], object]] = []
        self._directory = _directory(database) if is_postgres(database) else None
        self._servers: dict[str, Server] = {}
        self._opened: dict[str, Tenant] = {}
        self._opening: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def __getitem__(self, name: str) -> Tenant:
        """A tenant that is open already. Raises KeyError when it is not."""
        return self._opened[name]

    def on_open(self, listener: Callable[[Tenant], object]) -> None:
        """Calls `listener` with every tenant that is opened from now on, before it is used."""
        self._listeners.append(listener)

    def open(self, name: str = DEFAULT) -> Tenant:
        """A tenant, opened if need be; while one is, the others are not held up.

        Raises UnknownTenant, Unavailable when its server can't be used, NoAddress when the variable
        that names it is not set, UnknownEvents when this version can't read its history, and
        BadDatabase when the default tenant's database can't be used at all.
        """
        address = self._address(name)  # first, so that locks are kept for tenants alone
        with self._guard:
            opening = self._opening.setdefault(name, threading.Lock())
        if not opening.acquire(timeout=OPEN_SECONDS):
            raise Unavailable(f"tenant {name!r} is being opened: its views may be migrated")
        try:
            if name not in self._opened:
                self._opened[name] = self._open(name, address)
                self._share_memory()
            return self._opened[name]
        finally:
            opening.release()

    def names(self) -> list[str]:
        """Every tenant there is. Raises Unavailable, BadDatabase."""
        return [entry.name for entry in self.entries()]

    def entries(self) -> list[Entry]:
        """Every tenant there is, and where. Raises Unavailable, BadDatabase."""
        if self._directory is None:
            sqlite_path(self._database)
            return [Entry(name=DEFAULT, server=self._database)]
        return self._directory.entries()

    def check(self) -> None:
        """Raises BadDatabase when there is no tenant at all, not even the default one; Unavailable.

        Nothing is made or opened by it.
        """
        if self._directory is None:
            check_history(sqlite_path(self._database))
        elif not self._directory.is_there():
            raise BadDatabase(
                f"there is no billing history in {shown(self._database)!r}: name the database that "
                "is meant with --database; `billing-backlog serve` makes a new one"
            )

    def create(self, name: str, server: str | None = None) -> None:
        """Makes a tenant: its schema on the server, then its line in the directory.

        Without a server it is where the directory is. A server named as `env:NAME` stays so in the
        directory: every process takes the address from its own environment. Raises ValueError for a
        name that no tenant may have, BadDatabase when the server can't be used, NoAddress when the
        variable is not set, TenantExists, Unavailable.
        """
        schema_of(name)
        if self._directory is None:
            raise BadDatabase("an SQLite file has one tenant: use PostgreSQL for more")
        if server is not None and not is_reference(server) and not is_postgres(server):
            raise BadDatabase(f"{shown(server)!r} is not the address of a PostgreSQL server")
        if name in self.names():
            raise TenantExists(name)
        Tenant(resolved(server or self._database), name=name, project=False).close()
        self._directory.add(name, server)

    def close(self) -> None:
        """Closes every tenant, and the connections to their servers."""
        for tenant in self._opened.values():
            tenant.close()
        for server in self._servers.values():
            server.close()
        self._opened, self._servers = {}, {}

    def _address(self, name: str) -> str:
        """The server of a tenant. Raises UnknownTenant, Unavailable."""
        if name == DEFAULT:
            return self._database
        if self._directory is None:
            raise UnknownTenant(name)
        return self._directory.server_of(name)

    def _open(self, name: str, address: str) -> Tenant:
        try:
            address = resolved(address)
            server = self._server(address) if self._directory else None
            if not self._make:
                _must_be_there(address, name, server)
            tenant = Tenant(
                address, name=name, server=server, project=self._project, clock=self._clock
            )
        except UnknownEvents:
            raise
        except BadDatabase as error:
            if name == DEFAULT:
                raise
            raise Unavailable(str(error)) from error
        for listener in self._listeners:
            listener(tenant)
        return tenant

    def _share_memory(self) -> None:
        opened = list(self._opened.values())
        for tenant in opened:
            tenant.ledger.keep_states(self._state_cache // len(opened))

    def _server(self, address: str) -> Server:
        with self._guard:
            if address not in self._servers:
                from service.databases.postgres_server import Server

                self._servers[address] = Server(address)
            return self._servers[address]


# --- what is PostgreSQL's alone ------------------------------------------------------------------


def _directory(database: str) -> Directory:
    from service.tenants.directory import Directory

    return Directory(database)


def _must_be_there(address: str, name: str, server: Server | None) -> None:
    """Raises BadDatabase when there is no history of this tenant yet."""
    if server is None:
        check_history(sqlite_path(address))
        return
    from service.tenants.opening_postgres import must_be_there

    must_be_there(address, name, server)
