"""A history in an SQLite file, on the library's SQLite classes."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteFactory,
)

from projections.databases.sqlite import patiently
from projections.history import OutcomeUnknown

LOCK_SECONDS = 10
"""How long an append waits for those of other processes."""
_ROWS = 50
"""Events that one statement inserts. After each one the thread has to get the interpreter back
from the others of its process, which takes longer than the statement."""
_VARIABLES = 5_000
"""Most values that one statement binds in a list; SQLite takes 32,766."""

# From name to name along the index, which is a step a name; a DISTINCT would read all events. So it
# is on PostgreSQL, too.
FIRST_OF_EACH_TYPE = """
    WITH RECURSIVE types(name) AS (
        SELECT min(topic) FROM {table}
        UNION ALL
        SELECT (SELECT min(topic) FROM {table} WHERE topic > name) FROM types
        WHERE name IS NOT NULL
    )
    SELECT name, (SELECT min({position}) FROM {table} WHERE topic = name) FROM types
    WHERE name IS NOT NULL LIMIT 1000
"""


class DurableSQLiteConnectionPool(SQLiteConnectionPool):
    """Connections whose commits survive a power cut: WAL, synchronous=FULL.

    The library never sets `synchronous`, so it would depend on how SQLite was compiled, and its
    connections remember a single statement, so each would be compiled anew every time.
    """

    def _create_connection(self) -> SQLiteConnection:
        try:
            connection = sqlite3.connect(
                self.db_name,
                timeout=self.lock_timeout or LOCK_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            connection.row_factory = sqlite3.Row
            patiently(connection.execute, "PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        return SQLiteConnection(connection, self.max_age)


class SQLiteRecorder(SQLiteApplicationRecorder):
    """The history in one table; positions are row ids, consecutive because nothing is deleted."""

    def construct_create_table_statements(self) -> list[str]:
        """The library's table, and an index for what types of events there are."""
        table = self.events_table_name
        index = f"CREATE INDEX IF NOT EXISTS {table}_by_type ON {table} (topic)"
        return [*super().construct_create_table_statements(), index]

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        seen: int,
        looked_at: Mapping[str, int],
        *,
        quietly: bool = False,
    ) -> Sequence[int]:
        """Appends events in one transaction; their positions. Nobody is told in any case.

        Raises IntegrityError when one of their versions is taken, when the history ends before
        position `seen`, or when a stream of `looked_at` has moved on: that is looked for only if
        others have written after `seen`. Raises OperationalError when the file can't be written,
        and OutcomeUnknown when the disk fails at the commit: by then it may be in the write-ahead
        log, where the next one who opens the file finds it. In every other case SQLite rolls back:
        a full disk leaves no whole commit there.
        """
        is_committing = False
        try:
            with self.datastore.transaction(commit=True) as c:
                # Inserting first takes the lock: what is looked for after it can't change any more.
                positions = self._insert_events(c, stored_events)
                if positions[0] <= seen:
                    raise IntegrityError("the history has lost what was seen")
                if positions[0] > seen + 1 and self._has_moved(c, looked_at):
                    raise IntegrityError("a stream that was looked at has moved on")
                is_committing = True
        except PersistenceError as error:
            if is_committing and _is_of_the_disk(error.__cause__):
                raise OutcomeUnknown(str(error)) from error
            raise
        return positions

    def _has_moved(self, c: SQLiteCursor, looked_at: Mapping[str, int]) -> bool:
        for stream, version in looked_at.items():
            c.execute(
                f"SELECT 1 FROM {self.events_table_name} "  # noqa: S608 - our own table's name
                "WHERE originator_id=? AND originator_version=?",
                (stream, version + 1),
            )
            if c.fetchone():
                return True
        return False

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int]:
        """Inserts many rows in one statement; the positions."""
        for start in range(0, len(stored_events), _ROWS):
            some = stored_events[start : start + _ROWS]
            c.execute(
                _insert_rows(self.events_table_name, len(some)),
                [
                    value
                    for event in some
                    for value in (
                        event.originator_id,
                        event.originator_version,
                        event.topic,
                        event.state,
                    )
                ],
            )
        last = c.lastrowid if stored_events else 0
        return list(range(last - len(stored_events) + 1, last + 1))

    def max_notification_id(self) -> int:
        """The newest position; None when there is none, which the library's type leaves out."""
        return self._found(self.select_max_notification_id_statement)[0][0]

    def select_after(self, position: int, limit: int) -> Sequence[Any]:
        """At most `limit` events after the position, in order."""
        return self._rows("rowid > ? ORDER BY rowid LIMIT ?", (position, limit))

    def select_streams(self, streams: Iterable[str]) -> Sequence[Any]:
        """Every event of the streams, in order within each; for many short streams at once."""
        return self._rows_with("originator_id", list(streams), "originator_id, originator_version")

    def select_positions(self, positions: Iterable[int]) -> Sequence[Any]:
        """The events at these positions, in order."""
        return self._rows_with("rowid", sorted(positions), "rowid")

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when it is not there."""
        found = self._found(
            f"SELECT rowid FROM {self.events_table_name} "  # noqa: S608 - our own table's name
            "WHERE originator_id=? AND originator_version=?",
            (stream, version),
        )
        if not found:
            raise LookupError(stream, version)
        return int(found[0][0])

    def streams_after(self, position: int, limit: int) -> list[str]:
        """The streams of at most `limit` events after the position, one entry an event."""
        found = self._found(
            f"SELECT originator_id FROM {self.events_table_name} "  # noqa: S608 - as above
            "WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (position, limit),
        )
        return [row[0] for row in found]

    def first_of_each_type(self) -> Sequence[tuple[str, int]]:
        """The names that events are stored under, each with the position of the first."""
        types = FIRST_OF_EACH_TYPE.format(table=self.events_table_name, position="rowid")
        return [(row[0], row[1]) for row in self._found(types)]

    def _rows_with(self, column: str, values: Sequence[str | int], order: str) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(values), _VARIABLES):
            some = values[start : start + _VARIABLES]
            marks = ",".join("?" * len(some))
            found += self._rows(f"{column} IN ({marks}) ORDER BY {order}", some)
        return found

    def _rows(self, wanted: str, values: Sequence[str | int]) -> list[Any]:
        return self._found(
            "SELECT originator_id, originator_version, topic, state, rowid "  # noqa: S608 - our own table's name
            f"FROM {self.events_table_name} WHERE {wanted}",
            values,
        )

    def _found(self, statement: str, values: Sequence[str | int] = ()) -> list[Any]:
        """What one statement finds: by itself, so none has to begin and to end a transaction."""
        try:
            with self.datastore.get_connection(commit=False) as found, found.cursor() as c:
                return c.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise OperationalError(error) from error


class DurableSQLiteFactory(SQLiteFactory):
    """Makes our recorder on durable connections."""

    application_recorder_class = SQLiteRecorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        library_pool = self.datastore.pool
        self.datastore.pool = DurableSQLiteConnectionPool(
            db_name=library_pool.db_name,
            lock_timeout=library_pool.lock_timeout,
            pool_size=8,
            max_overflow=56,
            pool_timeout=30,
        )
        library_pool.close()


@dataclass(frozen=True, slots=True)
class SQLiteFile:
    """A history in a file of its own."""

    path: Path

    def factory(self, env: Any) -> DurableSQLiteFactory:
        """What makes the recorders on this file."""
        env.update({"SQLITE_DBNAME": str(self.path), "SQLITE_LOCK_TIMEOUT": str(LOCK_SECONDS)})
        return DurableSQLiteFactory(env)


def _is_of_the_disk(error: BaseException | None) -> bool:
    """Whether reading, writing or syncing a file failed."""
    return (
        isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR
    )


@lru_cache
def _insert_rows(table: str, count: int) -> str:
    return f"INSERT INTO {table} VALUES {','.join(['(?,?,?,?)'] * count)}"  # noqa: S608 - as above
