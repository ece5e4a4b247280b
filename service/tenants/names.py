"""Tenants by name: what they are called, and where they are."""

from dataclasses import dataclass

from aggregates.refusals import NotFound

DEFAULT = "default"
"""The tenant of whoever names none."""


class UnknownTenant(NotFound):
    """There is no tenant of that name."""

    def __init__(self, name: str) -> None:
        super().__init__("tenant", name)


class TenantExists(Exception):
    """There is a tenant of that name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a tenant {name!r} already")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the directory: a tenant and its server's address, or `env:` and a variable."""

    name: str
    server: str
