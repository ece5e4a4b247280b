"""A PostgreSQL server as this process uses it: one pool, and one session that listens and holds.

All tenants of the server share the two. The session hears the NOTIFYs of every tenant that is open
here, and holds the advisory locks that say which process projects which tenant: they go with it.
"""

from __future__ import annotations

import os
import select
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg.pq import ConnStatus
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import ConnectionPool, PoolTimeout

from projections.databases.connections import IN_ORDER
from service.databases.addresses import CONNECT_SECONDS, BadDatabase, conninfo, shown, told
from service.databases.bounded_connections import ANSWER_SECONDS, Bounded, connect

log = structlog.stdlib.get_logger(__name__)

POOL_SIZE = 16
READERS = 8
POOL_SECONDS = 3
"""How long a call waits for a connection before it is answered with a 503."""
DOWN_SECONDS = 1.0
"""How long nobody waits for a server that could not be reached."""
RECHECK_SECONDS = 30.0
"""How long the session is quiet before it is asked whether it is still there."""
SESSION_SECONDS = 5.0
"""How long the session waits for an answer: what it asks for is small, and others wait for it."""
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to get the session back, at most."""
CLOSE_SECONDS = SESSION_SECONDS + 2 * CONNECT_SECONDS
"""How long the session's thread is waited for at the end; it is cut off with the process then."""

_STANDBY = (
    "SELECT extract(epoch FROM clock_timestamp() - state_change) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event = 'SyncRep' ORDER BY 1 DESC LIMIT 1"
)

Heard = Callable[[str], object]


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
        """A connection. Raises PoolTimeout when there is none to be had."""
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
    """One server: `pool` for everything in short, a session of its own for listening and turns.

    Pages of the backlog are read on the connections of `readers`.
    """

    def __init__(self, url: str, pool_size: int = POOL_SIZE) -> None:
        """Raises BadDatabase for an address that is none."""
        self.url = url
        self.pool = _pool(conninfo(url, "billing-backlog"), 1, pool_size)
        self.readers = _pool(conninfo(url, "billing-backlog pages", **IN_ORDER), 0, READERS)
        self._session = _Session(url)

    def listen(self, channel: str, heard: Heard) -> None:
        """Calls `heard` with the payload of every NOTIFY on the channel, from now on."""
        self._session.listen(channel, heard)

    def unlisten(self, channel: str) -> None:
        """No longer listens on the channel."""
        self._session.unlisten(channel)

    def turn(self, name: str) -> Turn:
        """The turn of that name, that one process at a time has."""
        return Turn(self._session, name)

    def commit_waits(self) -> float:
        """For how many seconds a commit has waited for a standby, 0.0 when none does."""
        with self.pool.connection() as connection:
            found = connection.execute(_STANDBY).fetchone()
        return float(found[0]) if found else 0.0

    def close(self) -> None:
        """Closes the pool and the session."""
        self._session.close()
        self.readers.close()
        self.pool.close()


class Turn:
    """A turn that one process at a time has: an advisory lock of the session."""

    def __init__(self, session: _Session, name: str) -> None:
        self._session, self._name = session, name

    def mine(self) -> bool:
        """Whether this process has it, taking it if nobody has."""
        return self._session.take(self._name)

    def leave(self) -> None:
        """Gives it up, for another process to take."""
        self._session.leave(self._name)


class _Session:
    """One connection, watched by a thread of its own.

    When it breaks, every turn is lost. It is opened again, after pauses, and all that listen are
    told with an empty payload: they may have missed something.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._listeners: dict[str, Heard] = {}
        self._turns: set[str] = set()
        self._heard: deque[tuple[str, str]] = deque()
        self._connection: Bounded | None = None
        self._guard = threading.Lock()
        self._wake_out, self._wake_in = os.pipe()
        self._closing = False
        self._thread: threading.Thread | None = None

    def listen(self, channel: str, heard: Heard) -> None:
        with self._guard:
            self._start()
            self._listeners[channel] = heard
            self._execute(SQL("LISTEN {}").format(Identifier(channel)))

    def unlisten(self, channel: str) -> None:
        with self._guard:
            self._listeners.pop(channel, None)
            self._execute(SQL("UNLISTEN {}").format(Identifier(channel)))

    def take(self, name: str) -> bool:
        with self._guard:
            self._start()
            if name not in self._turns and self._ask("pg_try_advisory_lock", name):
                self._turns.add(name)
            return name in self._turns

    def leave(self, name: str) -> None:
        with self._guard:
            if name in self._turns:
                self._turns.discard(name)
                self._ask("pg_advisory_unlock", name)

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._poke()
        if self._thread:
            self._thread.join(CLOSE_SECONDS)
        self._drop()
        os.close(self._wake_in)
        os.close(self._wake_out)

    # --- with the guard held -------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="session", daemon=True)
            self._connect()
            self._thread.start()

    def _ask(self, function: LiteralString, name: str) -> bool:
        found = self._execute(
            SQL("SELECT {}(hashtextextended(%s, 0))").format(Identifier(function)), name
        )
        return found is not None and bool(found[0])

    def _execute(self, statement: Composed, *values: str) -> tuple[Any, ...] | None:
        """The first row of the answer, None for none and while the session is broken."""
        if self._connection is None:
            return None
        try:
            done = self._connection.execute(statement, values or None)
            return done.fetchone() if done.description else None
        except psycopg.Error as error:
            self._broken(error)
            return None
        finally:
            if threading.current_thread() is not self._thread:
                self._poke()  # what the server has told meanwhile waits for the thread

    def _connect(self) -> bool:
        try:
            self._connection = connect(self._url, "billing-backlog session", SESSION_SECONDS)
        except (psycopg.Error, BadDatabase) as error:
            log.warning(
                "the session for NOTIFY and locks can't be opened; it is tried again",
                server=shown(self._url),
                error=told(error, self._url),
            )
            return False
        for channel in list(self._listeners):
            self._execute(SQL("LISTEN {}").format(Identifier(channel)))
        return True

    def _broken(self, error: psycopg.Error) -> None:
        log.warning(
            "the session for NOTIFY and locks is broken; it is opened again",
            server=shown(self._url),
            error=told(error, self._url),
        )
        self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._turns.clear()
        if connection:
            connection.close()
        self._poke()

    # --- in the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        pause = LONGEST_PAUSE / 64
        while not self._closing:
            with self._guard:
                lost = self._connection is None
                back = lost and self._connect()
                channels = list(self._listeners) if back else []
            self._heard.extend((channel, "") for channel in channels)
            if lost and not back:
                self._wait(None, pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            pause = LONGEST_PAUSE / 64
            self._tell()
            told = self._wait(self._connection, RECHECK_SECONDS)
            with self._guard:
                self._hear() if told else self._execute(SQL("SELECT 1").format())

    def _wait(self, connection: Bounded | None, seconds: float) -> bool:
        """Whether the server has sent something or it was poked, within so many seconds."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_out, selectors.EVENT_READ)
            try:
                if connection:
                    selector.register(connection.fileno(), selectors.EVENT_READ)
            except (psycopg.Error, ValueError, OSError):
                return True  # dropped this moment by somebody else
            ready = {key.fd for key, _ in selector.select(seconds)}
        if self._wake_out in ready:
            os.read(self._wake_out, 4096)
        return bool(ready)

    def _hear(self) -> None:
        """Takes what the server has sent; with the guard held, so it is told later."""
        if self._connection is None:
            return
        try:
            for notify in self._connection.notifies(timeout=0):
                self._heard.append((notify.channel, notify.payload))
        except psycopg.Error as error:
            self._broken(error)

    def _tell(self) -> None:
        while self._heard:
            channel, payload = self._heard.popleft()
            heard = self._listeners.get(channel)
            if heard:
                heard(payload)

    def _poke(self) -> None:
        os.write(self._wake_in, b"x")
