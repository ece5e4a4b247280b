"""A PostgreSQL server as this process uses it: a pool, a connection that listens, one for turns.

All tenants of the server share the three. One connection hears how far histories and views have
got, wherever in the database; another holds the advisory locks that say which process projects
which tenant: they go with it. Each is made when it is first needed.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from contextlib import suppress
from typing import Any, LiteralString

import psycopg
from psycopg.pq import ConnStatus
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool, PoolTimeout

from projections.databases.connections import IN_ORDER
from projections.keeping.projector import Projector
from projections.notices import CHANNEL, VIEWS, understood
from service.databases.addresses import CONNECT_SECONDS, BadDatabase, conninfo, shown, told
from service.databases.bounded_connections import ANSWER_SECONDS, Bounded, connect

log = logging.getLogger(__name__)

POOL_SIZE = 16
READERS = 8
POOL_SECONDS = 3
"""How long a call waits for a connection before it is answered with a 503."""
DOWN_SECONDS = 1.0
"""How long nobody waits for a server that could not be reached."""
RECHECK_SECONDS = 30.0
"""How long nothing is heard before the server is asked whether it is still there."""
SESSION_SECONDS = 5.0
"""How long an answer to who listens or takes a turn is waited for: what they ask for is small."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a server that has gone is listened to again; doubled each time."""
CLOSE_SECONDS = SESSION_SECONDS + 2 * CONNECT_SECONDS
"""How long the listening thread is waited for at the end; it is cut off with the process then."""

LISTENER, TURNS = "billing-backlog listener", "billing-backlog turns"
"""What the server shows the two connections as."""
_STANDBY = (
    "SELECT extract(epoch FROM clock_timestamp() - state_change) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event = 'SyncRep' ORDER BY 1 DESC LIMIT 1"
)


class _Pool(ConnectionPool[Bounded]):
    """A pool that answers at once while its server is down, instead of each caller waiting.

    It is down when a caller waited in vain although nobody had a connection; where others have
    them all, it is only busy. When a connection turns out to be dead or silent, those that lie
    ready are given up with it: each would cost somebody a wait, or an answer in doubt.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._down_until = 0.0
        self._given_out: set[int] = set()
        super().__init__(*arguments, **options)

    def getconn(self, timeout: float | None = None) -> Bounded:
        """A connection. Raises PoolTimeout when none is free."""
        if time.monotonic() < self._down_until:
            raise PoolTimeout("the server could not be reached a moment ago")
        connection = self._lent(timeout)
        if _is_dead(connection):
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

    def _lent(self, timeout: float | None) -> Bounded:
        try:
            connection = super().getconn(timeout)
        except PoolTimeout:
            if not self._given_out:
                self._down_until = time.monotonic() + DOWN_SECONDS
            raise
        self._given_out.add(id(connection))
        connection.patience = ANSWER_SECONDS
        return connection


def _has_news(connection: Bounded) -> bool:
    """Whether the server has sent something that nobody asked for."""
    looking = select.poll()
    looking.register(connection.pgconn.socket, select.POLLIN)
    return bool(looking.poll(0))


def _is_dead(connection: Bounded) -> bool:
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


def _pool(conninfo: str, min_size: int, max_size: int) -> _Pool:
    return _Pool(
        conninfo,
        connection_class=Bounded,
        min_size=min_size,
        max_size=max_size,
        open=True,
        timeout=POOL_SECONDS,
        reconnect_timeout=CONNECT_SECONDS,
        close_returns=True,
        kwargs={"autocommit": True},
    )


class Server:
    """One server: `pool` for everything in short, connections beside for listening and turns.

    Pages of the backlog are read on the connections of `readers`.
    """

    def __init__(self, url: str, pool_size: int = POOL_SIZE) -> None:
        """Raises BadDatabase for an address that is none."""
        self.url = url
        self.pool = _pool(conninfo(url, "billing-backlog"), 1, pool_size)
        self.readers = _pool(conninfo(url, "billing-backlog pages", **IN_ORDER), 0, READERS)
        self._listener = _Listener(url)
        self._turns = _Turns(url)

    def listen(self, schema: str, projector: Projector) -> None:
        """Tells the projector how far history and views in a schema have got, from now on."""
        self._listener.add(schema, projector)

    def unlisten(self, schema: str) -> None:
        """Tells nobody of this schema any more."""
        self._listener.remove(schema)

    def turn(self, name: str) -> Turn:
        """The turn of that name, that one process at a time has."""
        return Turn(self._turns, name)

    def commit_waits(self) -> float:
        """For how many seconds a commit has waited for a standby, 0.0 when none does."""
        with self.pool.connection() as connection:
            found = connection.execute(_STANDBY).fetchone()
        return float(found[0]) if found else 0.0

    def close(self) -> None:
        """Closes all connections."""
        self._listener.close(self.pool)
        self._turns.close()
        self.readers.close()
        self.pool.close()


class Turn:
    """A turn that one process at a time has: an advisory lock."""

    def __init__(self, turns: _Turns, name: str) -> None:
        self._turns, self._name = turns, name

    def mine(self) -> bool:
        """Whether this process has it, taking it if nobody has."""
        return self._turns.take(self._name)

    def leave(self) -> None:
        """Gives it up, for another process to take."""
        self._turns.leave(self._name)


class _Turns:
    """The turns that this process has: when their connection breaks, all are lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = threading.Lock()
        self._mine: set[str] = set()
        self._connection: Bounded | None = None
        self._down_until = 0.0

    def take(self, name: str) -> bool:
        with self._guard:
            if self._connection and _is_dead(self._connection):
                self._drop()
            if name not in self._mine and self._ask("pg_try_advisory_lock", name):
                self._mine.add(name)
            return name in self._mine

    def leave(self, name: str) -> None:
        with self._guard:
            if name in self._mine:
                self._mine.discard(name)
                self._ask("pg_advisory_unlock", name)

    def close(self) -> None:
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
                "turns to project can't be taken; it is tried again",
                extra={"server": shown(self._url), "error": told(error, self._url)},
            )
            return False
        return found is not None and bool(found[0])

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._mine.clear()
        if connection:
            connection.close()


class _Listener:
    """One connection that hears all notices, in a thread of its own.

    When it breaks it is opened again, after pauses. Whenever it has been opened, every projector
    looks for itself: it may have missed something.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = threading.Lock()
        self._projectors: dict[str, Projector] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, schema: str, projector: Projector) -> None:
        with self._guard:
            self._projectors[schema] = projector
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
                self._thread.start()

    def remove(self, schema: str) -> None:
        with self._guard:
            self._projectors.pop(schema, None)

    def close(self, pool: ConnectionPool[Bounded]) -> None:
        self._closing.set()
        if self._thread:
            with suppress(psycopg.Error), pool.connection() as connection:
                connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))  # wakes the thread
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        pause = SHORTEST_PAUSE
        while not self._closing.is_set():
            try:
                with connect(self._url, LISTENER, SESSION_SECONDS) as connection:
                    connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
                    pause = SHORTEST_PAUSE
                    self._wake_all()
                    self._hear(connection)
            except (psycopg.Error, BadDatabase) as error:
                log.warning(
                    "the connection for NOTIFY is broken; it is opened again",
                    extra={"server": shown(self._url), "error": told(error, self._url)},
                )
                self._closing.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _hear(self, connection: Bounded) -> None:
        """Tells what is heard until it is closed. Raises the driver's errors."""
        while not self._closing.is_set():
            for heard in connection.notifies(timeout=RECHECK_SECONDS):
                self._tell(heard.payload)
                if self._closing.is_set():
                    return
            connection.execute("")  # is it still there?

    def _tell(self, payload: str) -> None:
        notice = understood(payload)
        if notice is None:
            return
        position, what, schema = notice
        with self._guard:
            projector = self._projectors.get(schema)
        if projector:
            (projector.shown if what == VIEWS else projector.wake)(position)

    def _wake_all(self) -> None:
        with self._guard:
            projectors = list(self._projectors.values())
        for projector in projectors:
            projector.wake(projector.position + 1)
