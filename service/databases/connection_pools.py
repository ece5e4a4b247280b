"""How many connections to PostgreSQL a process holds, and what happens when none is free.

At most 26 to each server, whatever tenants are on it: 16 for everything in short, 8 for pages of
the backlog, one that listens and one for turns. The directory of tenants takes one for a moment.
"""

import select
import threading
import time
from typing import Any

import psycopg
from psycopg.pq import ConnStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from service.databases.addresses import CONNECT_SECONDS
from service.databases.bounded_connections import ANSWER_SECONDS, Bounded

POOL_SIZE = 16
"""Connections for everything in short."""
READERS = 8
"""Connections for pages of the backlog."""
POOL_SECONDS = 3
"""How long a call waits for a connection before it is answered with a 503."""
CLOSE_SECONDS = 5.0
"""How long the threads of a pool are waited for at the end."""
_LEAST_SECONDS = 0.01
DOWN_SECONDS = 1.0
"""How long nobody waits for a server that could not be reached."""


class Pool(ConnectionPool[Bounded]):
    """A pool that answers at once while its server is down, instead of each caller waiting.

    It is down when a caller waited in vain although nobody had a connection; where others have
    them all, it is only busy. When a connection turns out to be dead or silent, the idle
    ones are closed with it: each might cost a caller a wait, or an answer in doubt.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._down_until = 0.0
        self._given_out: set[int] = set()
        self._ended = False
        self._first = threading.Event()
        """Set once a connection was made, or where none is made unasked."""
        super().__init__(*arguments, configure=self._made, **options)
        if not self.min_size:
            self._first.set()

    def getconn(self, timeout: float | None = None) -> Bounded:
        """A connection. Raises PoolTimeout when none is free."""
        if time.monotonic() < self._down_until:
            raise PoolTimeout("the server could not be reached a moment ago")
        connection = self._lent(timeout)
        if is_dead(connection):
            self.putconn(connection)
            connection = self._lent(timeout)
        return connection

    def putconn(self, conn: Bounded) -> None:
        """Takes a connection back."""
        self._given_out.discard(id(conn))
        is_lost = conn.pgconn.status != ConnStatus.OK
        super().putconn(conn)
        if is_lost:
            self.drain()

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Closes it for good, whether it was ever opened or not."""
        self._ended = True
        super().close(timeout)

    def _made(self, _: Bounded) -> None:
        self._first.set()

    def _lent(self, timeout: float | None) -> Bounded:
        if self.closed and not self._ended:
            self.open()  # when it is first needed: it starts four threads
        if not self._first.is_set():
            timeout = self._without_a_second(self.timeout if timeout is None else timeout)
        try:
            connection = super().getconn(timeout)
        except PoolTimeout:
            if not self._given_out:
                self._down_until = time.monotonic() + DOWN_SECONDS
            raise
        self._given_out.add(id(connection))
        connection.patience = ANSWER_SECONDS
        return connection

    def _without_a_second(self, seconds: float) -> float:
        """Waits for the connection that is being made; the seconds that are left then.

        To ask the pool now would have it make another one beside.
        """
        until = time.monotonic() + seconds
        self._first.wait(seconds)
        return max(_LEAST_SECONDS, until - time.monotonic())


def _has_news(connection: Bounded) -> bool:
    """Whether the server has sent something that nobody asked for."""
    looking = select.poll()
    looking.register(connection.pgconn.socket, select.POLLIN)
    return bool(looking.poll(0))


def is_dead(connection: Bounded) -> bool:
    """Whether the server has ended the connection; it is asked only where it has sent something.

    Found out now, before a command is sent, it is certain that the command changed nothing.
    """
    try:
        if _has_news(connection):
            connection.patience = CONNECT_SECONDS
            connection.execute("")
            connection.patience = ANSWER_SECONDS
    except psycopg.Error:
        return True
    return False


def open_pool(conninfo: str, min_size: int, max_size: int) -> Pool:
    """A pool that makes its connections as they are needed; `min_size` of them at once."""
    return Pool(
        conninfo,
        connection_class=Bounded,
        min_size=min_size,
        max_size=max_size,
        open=min_size > 0,
        timeout=POOL_SECONDS,
        reconnect_timeout=CONNECT_SECONDS,
        close_returns=True,
        kwargs={"autocommit": True},
    )
