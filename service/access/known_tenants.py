"""The tenants that tokens may name: who makes names up has the directory asked once a second."""

import threading
import time

from projections.history import Unavailable
from service.access.principals import BadToken
from service.tenants.tenant import Tenant
from service.tenants.tenants import AnyTenants

FRESH_SECONDS = 1.0
"""How long the names of tenants are used before they are read again."""


class KnownTenants:
    """The tenants of a process, by names that nobody is trusted to know."""

    def __init__(self, tenants: AnyTenants) -> None:
        self._tenants = tenants
        self._guard = threading.Lock()
        self._names: frozenset[str] | Unavailable = frozenset()
        self._named_at = float("-inf")

    def is_open(self, name: str) -> bool:
        """Whether there is such a tenant for certain, without a look at any database."""
        try:
            self._tenants[name]
        except KeyError:
            return False
        return True

    def open(self, name: str) -> Tenant:
        """A tenant, opened if need be. Raises BadToken where there is none, Unavailable."""
        try:
            return self._tenants[name]
        except KeyError:
            pass
        if name not in self._known_names():
            raise BadToken(f"there is no tenant {name!r}")
        return self._tenants.open(name)

    def _known_names(self) -> frozenset[str]:
        """Every tenant there is, as of a second ago. Raises Unavailable."""
        with self._guard:
            if time.monotonic() - self._named_at >= FRESH_SECONDS:
                try:
                    self._names = frozenset(self._tenants.names())
                except Unavailable as error:
                    self._names = error
                self._named_at = time.monotonic()
            if isinstance(self._names, Unavailable):
                raise self._names
            return self._names
