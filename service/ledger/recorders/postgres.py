"""A history in a PostgreSQL schema, on the library's PostgreSQL classes.

Kept of the library's: the EXCLUSIVE lock that makes the order of commits the order of positions,
the NOTIFY, the errors. Ours: connections from a pool that all tenants of a server share, positions
given out under the lock (a sequence would leave holes where transactions are rolled back), COPY for
many events and a function that takes arrays for few (the library's pipeline hangs from 20,000
events on), no retries of its own (an answer that is late by ten retries is worse than a 503).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString, cast

from eventsourcing.persistence import Notification, PersistenceError, StoredEvent
from eventsourcing.postgres import (
    PostgresAggregateRecorder,
    PostgresApplicationRecorder,
)
from psycopg import Cursor
from psycopg.sql import SQL, Composed, Identifier, Literal
from psycopg.types.numeric import Int8

from projections.databases.connections import GRACE_SECONDS
from projections.databases.notices import CHANNEL, HISTORY
from projections.history import OutcomeUnknown
from service.databases.bounded_connections import Bounded
from service.ledger.recorders.commits_in_doubt import APPEND_SECONDS, Commit
from service.ledger.recorders.pooled_datastore import PooledDatastore
from service.ledger.recorders.sqlite import FIRST_OF_EACH_TYPE

COPY_FROM = 500
"""Events of one append from which COPY is faster than arrays."""
_LARGEST = 2**63 - 1
COPY_SECONDS = 30
"""How long the server works on each statement of an append by COPY."""
# In binary: to write an array of bytes as text takes the driver ten times as long.
_ARRAYS = SQL("%b::text[], %b::bigint[], %b::text[], %b::bytea[]")
_LOOKED_AT = SQL("%b::bigint, %b::text[], %b::bigint[]")
_EVENT = SQL("originator_id, originator_version, topic, state")


class _Recorder(PostgresAggregateRecorder):
    """What the recorders of events and of snapshots share."""

    datastore: PooledDatastore
    _select: Composed

    def create_table(self) -> None:
        """Nothing: all tables of a history are made together."""

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one stream after version `gt` and up to `lte`."""
        between = SQL(
            " AND originator_version > %s AND originator_version <= %s ORDER BY originator_version"
        )
        order = SQL(" DESC LIMIT %s" if desc else " LIMIT %s")
        versions = (-1 if gt is None else gt, _LARGEST if lte is None else lte)
        found = self.datastore.rows(self._select + between + order, originator_id, *versions, limit)
        return [StoredEvent(*row) for row in found]


class PostgresSnapshots(_Recorder):
    """Folded states, with their versions."""

    def __init__(self, datastore: PooledDatastore, *, events_table_name: str) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        table = _table(datastore, events_table_name)
        self._insert = SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
            table, _EVENT, _ARRAYS
        )
        self._select = SQL("SELECT {} FROM {} WHERE originator_id = %s").format(_EVENT, table)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Inserts snapshots. Raises IntegrityError when one of that version is there."""
        if stored_events:
            with self.datastore.transaction(commit=True) as c:
                c.execute(self._insert, _arrays(stored_events))
        return None


class PostgresRecorder(_Recorder, PostgresApplicationRecorder):
    """The history in one table; positions are consecutive, for they are given under the lock."""

    def __init__(self, datastore: PooledDatastore, *, events_table_name: str) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        table = _table(datastore, events_table_name)
        self.channel_name = CHANNEL
        begin, append = _table(datastore, "begin_append"), _table(datastore, "append_events")
        self._patience = SQL("SET LOCAL statement_timeout = {}").format(Literal(f"{COPY_SECONDS}s"))
        self._begin = SQL("SELECT {}({})").format(begin, _LOOKED_AT)
        self._append = SQL("SELECT {}({}, {})").format(append, _ARRAYS, _LOOKED_AT)
        tell = SQL("pg_notify({}, {} || {})")
        told = Literal(f" {HISTORY} {datastore.schema}")
        self._append_and_tell = SQL("SELECT last, {} FROM {}({}, {}) AS last").format(
            tell.format(Literal(CHANNEL), Identifier("last"), told), append, _ARRAYS, _LOOKED_AT
        )
        self._tell = SQL("SELECT {}").format(tell.format(Literal(CHANNEL), SQL("%s::bigint"), told))
        target = SQL("{} ({}, notification_id)").format(table, _EVENT)
        self._copy = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(target)
        self._select = SQL("SELECT {} FROM {} WHERE originator_id = %s").format(_EVENT, table)
        self._page = SQL("SELECT {}, notification_id FROM {} WHERE ").format(_EVENT, table)
        self._last = SQL("SELECT max(notification_id) FROM {}").format(table)
        self._streams_after = SQL(
            "SELECT originator_id FROM {} WHERE notification_id > %s "
            "ORDER BY notification_id LIMIT %s"
        ).format(table)
        self._types = SQL(FIRST_OF_EACH_TYPE).format(
            table=table, position=Identifier("notification_id")
        )
        self._position = SQL(
            "SELECT notification_id FROM {} WHERE originator_id = %s AND originator_version = %s"
        ).format(table)

    # --- appending -----------------------------------------------------------------------------

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Appends events that depend on no stream beside those they are appended to."""
        return self.append(stored_events, 0, {})

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        seen: int,
        looked_at: Mapping[str, int],
        *,
        quietly: bool = False,
    ) -> Sequence[int]:
        """Appends the events in one transaction; their positions. Few may go `quietly`.

        Raises IntegrityError when a version is taken, when the history ends before position `seen`
        or, if others have written after it, when a stream of `looked_at` has moved on;
        OperationalError when it does not get the lock in time; OutcomeUnknown when the database
        does not say whether it has committed. Nothing is tried again here: the ledger decides.
        """
        if not stored_events:
            return []
        found_at = (Int8(seen), list(looked_at), list(looked_at.values()))
        commit = Commit()
        try:
            with self.datastore.get_connection() as connection, commit.watched(connection):
                if len(stored_events) < COPY_FROM:
                    commit.is_asked_for = True
                    append = self._append if quietly else self._append_and_tell
                    values = (*_arrays(stored_events), *found_at)
                    last = connection.execute(append, values, prepare=True).fetchall()[0][0]
                else:
                    last = self._append_many(connection, commit, stored_events, found_at)
        except PersistenceError as error:
            if commit.is_in_doubt(error.__cause__):
                raise OutcomeUnknown(str(error)) from error
            raise
        if commit.warning:
            raise OutcomeUnknown(commit.warning)
        return list(range(last - len(stored_events) + 1, last + 1))

    def _append_many(
        self,
        connection: Bounded,
        commit: Commit,
        events: Sequence[StoredEvent],
        found_at: tuple[Int8, list[str], list[int]],
    ) -> int:
        """Appends by COPY; the position of the last."""
        with connection.transaction(), connection.cursor() as c:
            connection.patience = COPY_SECONDS + GRACE_SECONDS
            c.execute(self._patience)
            newest = c.execute(self._begin, found_at).fetchall()[0][0]
            last = newest + len(events)
            self._copy_in(c, events, range(newest + 1, last + 1))
            c.execute(self._tell, (last,))
            connection.patience = APPEND_SECONDS
            commit.is_asked_for = True
        return last

    def _copy_in(
        self, c: Cursor[Any], stored_events: Sequence[StoredEvent], positions: Iterable[int]
    ) -> None:
        with c.copy(self._copy) as copy:
            copy.set_types(("text", "int8", "text", "bytea", "int8"))
            for event, position in zip(stored_events, positions, strict=True):
                copy.write_row(
                    (
                        event.originator_id,
                        event.originator_version,
                        event.topic,
                        event.state,
                        position,
                    )
                )

    # --- reading -------------------------------------------------------------------------------

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """At most `limit` events from `start` to `stop`, in order; those of some topics."""
        conditions = {
            "notification_id >= %s" if inclusive_of_start else "notification_id > %s": start,
            "notification_id <= %s": stop,
            "topic = ANY(%s)": list(topics) or None,
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        where = SQL(" AND ").join([SQL("true"), *(SQL(cast("LiteralString", c)) for c in given)])
        found = self._rows(
            SQL("{} ORDER BY notification_id LIMIT %s").format(where), *given.values(), limit
        )
        return [Notification(*row) for row in found]

    def max_notification_id(self) -> int | None:
        """The newest position, None when there is none."""
        return self.datastore.rows(self._last)[0][0]

    def select_after(self, position: int, limit: int) -> Sequence[Any]:
        """At most `limit` events after the position, in order."""
        wanted = SQL("notification_id > %s ORDER BY notification_id LIMIT %s")
        return self._rows(wanted, position, limit)

    def select_streams(self, streams: Iterable[str]) -> Sequence[Any]:
        """Every event of the streams, in order within each; for many short streams at once."""
        wanted = SQL("originator_id = ANY(%s) ORDER BY originator_id, originator_version")
        return self._rows(wanted, list(streams))

    def select_positions(self, positions: Iterable[int]) -> Sequence[Any]:
        """The events at these positions, in order."""
        wanted = SQL("notification_id = ANY(%s) ORDER BY notification_id")
        return self._rows(wanted, list(positions))

    def position_of(self, stream: str, version: int) -> int:
        """The position of one event. Raises LookupError when it is not there."""
        found = self.datastore.rows(self._position, stream, version)
        if not found:
            raise LookupError(stream, version)
        return found[0][0]

    def streams_after(self, position: int, limit: int) -> list[str]:
        """The streams of at most `limit` events after the position, one entry an event."""
        return [stream for (stream,) in self.datastore.rows(self._streams_after, position, limit)]

    def first_of_each_type(self) -> Sequence[tuple[str, int]]:
        """The names that events are stored under, each with the position of the first."""
        return self.datastore.rows(self._types)

    def _rows(self, wanted: SQL | Composed, *values: Any) -> list[Any]:
        return self.datastore.rows(self._page + wanted, *values)


def _table(datastore: PooledDatastore, name: str) -> Composed:
    return SQL("{}.{}").format(Identifier(datastore.schema), Identifier(name))


def _arrays(
    stored_events: Sequence[StoredEvent],
) -> tuple[list[Any], list[int], list[str], list[bytes]]:
    return (
        [event.originator_id for event in stored_events],
        [event.originator_version for event in stored_events],
        [event.topic for event in stored_events],
        [event.state for event in stored_events],
    )
