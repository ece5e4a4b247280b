"""How connections to a database are used, for operators."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """A pool of connections at this moment: how many are open, of these idle, and who waits."""

    server: str
    """Which one, without who connects to it and how."""
    name: str
    limit: int
    opened: int
    idle: int
    waiting: int
