"""Which process projects a tenant or works on its jobs: by advisory locks of PostgreSQL.

They go with their connection.
"""

import logging
import threading
import time
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from service.databases.addresses import BadDatabase, shown, told
from service.databases.bounded_connections import SESSION_SECONDS, Bounded, connect
from service.databases.connection_pools import DOWN_SECONDS, is_dead

log = logging.getLogger(__name__)

TURNS = "billing-backlog turns"
"""What the server shows the connection as."""


class Turns:
    """The turns that this process has: when their connection breaks, all are lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = threading.Lock()
        self._mine: set[str] = set()
        self._connection: Bounded | None = None
        self._down_until = 0.0

    def take(self, name: str) -> bool:
        """Whether this process has it, taking it if nobody has."""
        with self._guard:
            if self._connection and is_dead(self._connection):
                self._drop()
            if name not in self._mine and self._ask("pg_try_advisory_lock", name):
                self._mine.add(name)
            return name in self._mine

    def leave(self, name: str) -> None:
        """Gives it up, for another process to take."""
        with self._guard:
            if name in self._mine:
                self._mine.discard(name)
                self._ask("pg_advisory_unlock", name)

    def close(self) -> None:
        """Gives all of them up."""
        with self._guard:
            self._drop()

    def _ask(self, function: LiteralString, name: str) -> bool:
        """What the function says of a lock; False while the server can't be reached."""
        if self._connection is None and time.monotonic() < self._down_until:
            return False
        asked = SQL("SELECT {}(hashtextextended(%s, 0))").format(Identifier(function))
        try:
            self._connection = self._connection or connect(self._url, TURNS, SESSION_SECONDS)
            found = self._connection.execute(asked, (name,)).fetchone()
        except (psycopg.Error, BadDatabase) as error:
            self._drop()
            self._down_until = time.monotonic() + DOWN_SECONDS
            log.warning(
                "the turns can't be asked for; it is tried again",
                extra={"server": shown(self._url), "error": told(error, self._url)},
            )
            return False
        return found is not None and bool(found[0])

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._mine.clear()
        if connection:
            connection.close()


class Turn:
    """A turn that one process at a time has: an advisory lock."""

    def __init__(self, turns: Turns, name: str) -> None:
        self._turns, self._name = turns, name

    def mine(self) -> bool:
        """Whether this process has it, taking it if nobody has."""
        return self._turns.take(self._name)

    def leave(self) -> None:
        """Gives it up, for another process to take."""
        self._turns.leave(self._name)
