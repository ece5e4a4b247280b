"""A history in a PostgreSQL schema, on the library's PostgreSQL classes.

Kept of the library's: the EXCLUSIVE lock that makes the order of commits the order of positions,
the NOTIFY, the errors. Ours: connections from a pool that all tenants of a server share, positions
given out under the lock (a sequence would leave holes where transactions are rolled back), COPY for
many events and a function that takes arrays for few (the library's pipeline hangs from 20,000
events on), no retries of its own (an answer that is late by ten retries is worse than a 503).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, Self, cast

import psycopg
from eventsourcing.persistence import Notification, PersistenceError, StoredEvent
from eventsourcing.postgres import (
    BasePostgresFactory,
    PostgresAggregateRecorder,
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
)
from eventsourcing.utils import Environment
from psycopg import Cursor
from psycopg.errors import Diagnostic
from psycopg.sql import SQL, Composed, Identifier, Literal
from psycopg.types.numeric import Int8
from psycopg_pool import ConnectionPool

from projections.databases.connections import GRACE_SECONDS
from projections.history import OutcomeUnknown
from projections.notices import CHANNEL, HISTORY
from service.databases.bounded_connections import Bounded

COPY_FROM = 500
"""Events of one append from which COPY is faster than arrays."""
_LARGEST = 2**63 - 1
# As on SQLite: from name to name along the index.
_FIRST_OF_EACH_TYPE = SQL(
    """
    WITH RECURSIVE types(name) AS (
        SELECT min(topic) FROM {table}
        UNION ALL
        SELECT (SELECT min(topic) FROM {table} WHERE topic > name) FROM types
        WHERE name IS NOT NULL
    )
    SELECT name, (SELECT min(notification_id) FROM {table} WHERE topic = name) FROM types
    WHERE name IS NOT NULL LIMIT 1000
    """
)
LOCK_SECONDS = 5
"""How long an append waits for those of other processes."""
COPY_SECONDS = 30
"""How long the server works on each statement of an append by COPY."""
APPEND_SECONDS = 8.0
"""How long an append waits for each answer: for the lock and the commit, or a standby's word."""
# In binary: to write an array of bytes as text takes the driver ten times as long.
_ARRAYS = SQL("%b::text[], %b::bigint[], %b::text[], %b::bytea[]")
_LOOKED_AT = SQL("%b::bigint, %b::text[], %b::bigint[]")
_EVENT = SQL("originator_id, originator_version, topic, state")
# With the lock in hand the newest position stays so.
_BEGIN = SQL(
    """
    CREATE OR REPLACE FUNCTION {begin}(
        seen bigint, looked_at text[], looked_at_versions bigint[]
    ) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = {patience} AS $$
    DECLARE
        newest bigint;
    BEGIN
        LOCK TABLE {table} IN EXCLUSIVE MODE;
        SELECT coalesce(max(notification_id), 0) INTO newest FROM {table};
        IF newest > seen THEN
            PERFORM {unmoved}(looked_at, looked_at_versions);
        ELSIF newest < seen THEN
            RAISE unique_violation USING MESSAGE = 'the history has lost what was seen';
        END IF;
        RETURN newest;
    END $$
    """
)
# Step by step, even in one round trip, an append of few would take the driver twice as long.
_APPEND = SQL(
    """
    CREATE OR REPLACE FUNCTION {append}(
        streams text[], versions bigint[], topics text[], states bytea[],
        seen bigint, looked_at text[], looked_at_versions bigint[]
    ) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        newest bigint := {begin}(seen, looked_at, looked_at_versions);
    BEGIN
        INSERT INTO {table} ({event}, notification_id)
            SELECT stream, version, topic, state, newest + n
            FROM unnest(streams, versions, topics, states) WITH ORDINALITY
                AS given(stream, version, topic, state, n);
        RETURN newest + cardinality(streams);
    END $$
    """
)
# Stream by stream: so the planner can't come to read the whole history for a few of them.
_UNMOVED = SQL(
    """
    CREATE OR REPLACE FUNCTION {unmoved}(looked_at text[], versions bigint[])
    RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN 1 .. cardinality(looked_at) LOOP
            IF EXISTS (
                SELECT FROM {table}
                WHERE originator_id = looked_at[n] AND originator_version = versions[n] + 1
            ) THEN
                RAISE unique_violation USING MESSAGE = 'a stream that was looked at has moved on';
            END IF;
        END LOOP;
    END $$
    """
)


class PooledDatastore(PostgresDatastore):
    """The library's datastore on a schema, over a pool that it neither opens nor closes."""

    def __init__(self, pool: ConnectionPool[Bounded], schema: str) -> None:
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            schema=schema,
            originator_id_type="text",
            lock_timeout=LOCK_SECONDS,
        )
        self.pool: Any = pool

    def register_type_adapters(self) -> None:
        """Nothing: ours needs no composite types."""

    def close(self) -> None:
        """Nothing: the pool is the server's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing, as `close`."""

    def create(self, statements: Iterable[Composed]) -> None:
        """Creates the schema and what is not there yet; of two processes, one waits."""
        schema = Identifier(self.schema)
        with self.transaction(commit=True) as c:
            c.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.schema,))
            c.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            for statement in statements:
                c.execute(statement)

    @contextmanager
    def get_connection(self) -> Generator[Bounded]:
        """A connection of the pool; the driver's errors become the library's."""
        with super().get_connection() as connection:
            yield cast("Bounded", connection)

    def rows(self, statement: Composed, *values: Any) -> list[Any]:
        """What a query finds, in the database's binary form on the way."""
        with self.get_connection() as connection, connection.cursor(binary=True) as c:
            c.execute(statement, values, prepare=True)
            return c.fetchall()


class _Commit:
    """What is known of a transaction: whether its commit was asked for, and what was said of it.

    An ERROR of the server says that the transaction is rolled back. Any other end leaves it open
    once the commit was asked for: a connection that is lost or silent, but also a server that is
    shut down, which ends its sessions at whatever point they are.
    """

    def __init__(self) -> None:
        self.is_asked_for = False
        self.warning: str | None = None

    @contextmanager
    def watched(self, connection: Bounded) -> Generator[None]:
        """Hears what the server says beside its answers, and gives it time for locks."""
        connection.add_notice_handler(self._heard)
        connection.patience = APPEND_SECONDS
        try:
            yield
        finally:
            connection.remove_notice_handler(self._heard)

    def is_in_doubt(self, error: BaseException | None) -> bool:
        """Whether the transaction may be committed although this error came of it."""
        if not self.is_asked_for or not isinstance(error, psycopg.DatabaseError):
            return False
        severity = error.diag.severity_nonlocalized
        if severity is None:  # the driver says it: an answer did not come, or a value was refused
            return isinstance(error, psycopg.OperationalError)
        return severity != "ERROR"

    def _heard(self, told: Diagnostic) -> None:
        # Whoever cancels a commit that waits for a standby makes it succeed, with a warning: it is
        # on this server alone. Nothing else in an append warns.
        if self.is_asked_for and told.severity_nonlocalized == "WARNING":
            self.warning = told.message_primary


class _Recorder(PostgresAggregateRecorder):
    """What the recorders of events and of snapshots share."""

    datastore: PooledDatastore
    _select: Composed

    def create_table(self) -> None:
        """Creates the table if it is not there yet."""
        self.datastore.create(self.sql_create_statements)

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


class _Snapshots(_Recorder):
    """Folded states, with their versions."""

    def __init__(self, datastore: PooledDatastore, *, events_table_name: str) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        table = _table(datastore, events_table_name)
        self.sql_create_statements = [
            SQL(
                'CREATE TABLE IF NOT EXISTS {} (originator_id text COLLATE "C" NOT NULL, '
                "originator_version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL, "
                "PRIMARY KEY (originator_id, originator_version))"
            ).format(table)
        ]
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
        begin, append, unmoved = (
            _table(datastore, name) for name in ("begin_append", "append_events", "streams_unmoved")
        )
        self.sql_create_statements = [
            SQL(
                'CREATE TABLE IF NOT EXISTS {} (originator_id text COLLATE "C" NOT NULL, '
                "originator_version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL, "
                "notification_id bigint NOT NULL, "
                "PRIMARY KEY (originator_id, originator_version))"
            ).format(table),
            SQL("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {} (notification_id)").format(
                Identifier(self.notification_id_index_name), table
            ),
            _UNMOVED.format(unmoved=unmoved, table=table),
            SQL("CREATE INDEX IF NOT EXISTS {} ON {} (topic, notification_id)").format(
                Identifier(f"{events_table_name}_by_type"), table
            ),
            _BEGIN.format(
                begin=begin,
                unmoved=unmoved,
                table=table,
                patience=Literal(f"{LOCK_SECONDS}s"),
            ),
            _APPEND.format(append=append, begin=begin, table=table, event=_EVENT),
        ]
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
        self._types = _FIRST_OF_EACH_TYPE.format(table=table)
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
        OperationalError when the lock can't be had in time; OutcomeUnknown when the database does
        not say whether it has committed. Nothing is tried again here: the ledger decides.
        """
        if not stored_events:
            return []
        found_at = (Int8(seen), list(looked_at), list(looked_at.values()))
        commit = _Commit()
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
        commit: _Commit,
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


class PooledFactory(PostgresFactory):
    """Makes our recorders over a pool."""

    aggregate_recorder_class = _Snapshots
    application_recorder_class = PostgresRecorder

    def __init__(self, env: Any, datastore: PooledDatastore) -> None:
        # Past the library's own initialiser, which makes a pool from environment variables.
        super(BasePostgresFactory, self).__init__(env)
        self.datastore = datastore


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """A history in a schema of a database."""

    pool: ConnectionPool[Bounded]
    schema: str

    def columns(self) -> set[str]:
        """The columns of the events' table there, none when there is no history yet."""
        wanted = (
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) "
            "AND attnum > 0 AND NOT attisdropped"
        )
        with self.pool.connection() as connection:
            table = f'"{self.schema}".stored_events'
            return {column for (column,) in connection.execute(wanted, (table,))}

    def factory(self, env: Any) -> PooledFactory:
        """What makes the recorders in this schema."""
        # An environment without a name, for the tables' names are made of it.
        datastore = PooledDatastore(self.pool, self.schema)
        return PooledFactory(Environment(env=dict(env)), datastore)


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
