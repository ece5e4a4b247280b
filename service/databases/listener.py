"""The connection that hears how far histories and views have got, whatever process moves them."""

import logging
import threading
from contextlib import suppress

import psycopg
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from projections.databases.notices import CHANNEL, VIEWS, understood
from projections.keeping.projector import Projector
from service.databases.addresses import CONNECT_SECONDS, BadDatabase, shown, told
from service.databases.bounded_connections import SESSION_SECONDS, Bounded, connect

log = logging.getLogger(__name__)

LISTENER = "billing-backlog listener"
"""What the server shows the connection as."""
RECHECK_SECONDS = 30.0
"""How long nothing is heard before the server is asked whether it is still there."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a server that has gone is listened to again; doubled each time."""
CLOSE_SECONDS = SESSION_SECONDS + 2 * CONNECT_SECONDS
"""How long the listening thread is waited for at the end; it is cut off with the process then."""


class Listener:
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
        """Tells the projector how far history and views in a schema have got, from now on."""
        with self._guard:
            self._projectors[schema] = projector
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
                self._thread.start()

    def remove(self, schema: str) -> None:
        """Tells nobody of this schema any more."""
        with self._guard:
            self._projectors.pop(schema, None)

    def close(self, pool: ConnectionPool[Bounded]) -> None:
        """Ends the thread, which is woken over a connection of the pool."""
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
