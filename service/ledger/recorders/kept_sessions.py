"""Who is signed in in a browser: in the history's database, but no part of the history.

All processes on the database know it, and a restart signs nobody out.
"""

from dataclasses import astuple, dataclass
from typing import Protocol

from eventsourcing.sqlite import SQLiteDatastore

from service.ledger.recorders.sqlite import SQLiteRecorder

KEPT = 10_000
"""Sessions that are kept; for each one more, that which was not used for longest goes."""
TABLE = "browser_sessions"
COLUMNS = "digest, whose, used_at, ends_at"


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as it is kept; times are whole seconds since 1970."""

    digest: str
    """The SHA-256 of what the browser has, in hexadecimal."""
    whose: str
    """Who is signed in, as a JSON document."""
    used_at: int
    ends_at: int
    """When it is over however much it is used."""


class KeptSessions(Protocol):
    """The sessions of one tenant."""

    def add(self, session: KeptSession, unused_since: int) -> None:
        """Keeps one more. Gives up what is over by then: what was not used since, or has ended."""
        ...

    def find(self, digest: str) -> KeptSession | None:
        """The session of this digest."""
        ...

    def note_use(self, digest: str, used_at: int) -> None:
        """Notes that a session is used; not where a later use is noted already."""
        ...

    def remove(self, digest: str) -> None:
        """Gives a session up, if it is there."""
        ...


def sessions_beside(recorder: object) -> KeptSessions:
    """The sessions in the database of a recorder of events."""
    if isinstance(recorder, SQLiteRecorder):
        return _SQLiteSessions(recorder.datastore)
    from service.ledger.recorders.postgres_sessions import of_recorder

    return of_recorder(recorder)


class _SQLiteSessions:
    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore
        with datastore.transaction(commit=True) as c:
            c.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (digest TEXT PRIMARY KEY, "
                "whose TEXT NOT NULL, used_at INTEGER NOT NULL, ends_at INTEGER NOT NULL) "
                "WITHOUT ROWID"
            )

    def add(self, session: KeptSession, unused_since: int) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(f"INSERT INTO {TABLE} ({COLUMNS}) VALUES (?, ?, ?, ?)", astuple(session))  # noqa: S608 - our own table's name
            c.execute(
                f"DELETE FROM {TABLE} WHERE ends_at <= ? OR used_at <= ?",  # noqa: S608 - as above
                (session.used_at, unused_since),
            )
            c.execute(
                f"DELETE FROM {TABLE} WHERE digest IN (SELECT digest FROM {TABLE} "  # noqa: S608 - as above
                "ORDER BY used_at DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )

    def find(self, digest: str) -> KeptSession | None:
        with self._datastore.transaction(commit=False) as c:
            c.execute(f"SELECT {COLUMNS} FROM {TABLE} WHERE digest = ?", (digest,))  # noqa: S608 - as above
            found = c.fetchone()
        return KeptSession(*found) if found else None

    def note_use(self, digest: str, used_at: int) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(
                f"UPDATE {TABLE} SET used_at = ? WHERE digest = ? AND used_at < ?",  # noqa: S608 - as above
                (used_at, digest, used_at),
            )

    def remove(self, digest: str) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(f"DELETE FROM {TABLE} WHERE digest = ?", (digest,))  # noqa: S608 - as above
