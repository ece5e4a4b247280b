"""The tables of a history on PostgreSQL, and the functions that append to it.

Made whole, and not touched where they are of this version already: that takes one look, while
making them takes a lock that other processes wait for.
"""

import hashlib

from psycopg.sql import SQL, Composed, Identifier, Literal

from service.ledger.recorders.pooled_datastore import LOCK_SECONDS, PooledDatastore

_EVENTS = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.stored_events (
        originator_id text COLLATE "C" NOT NULL, originator_version bigint NOT NULL,
        topic text NOT NULL, state bytea NOT NULL, notification_id bigint NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    )
    """
)
_BY_POSITION = SQL(
    "CREATE UNIQUE INDEX IF NOT EXISTS stored_events_notification_id_idx "
    "ON {schema}.stored_events (notification_id)"
)
_BY_TYPE = SQL(
    "CREATE INDEX IF NOT EXISTS stored_events_by_type "
    "ON {schema}.stored_events (topic, notification_id)"
)
_SNAPSHOTS = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.stored_snapshots (
        originator_id text COLLATE "C" NOT NULL, originator_version bigint NOT NULL,
        topic text NOT NULL, state bytea NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    )
    """
)
_REFUSED = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.refused_events (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, refused text NOT NULL
    )
    """
)
_SESSIONS = SQL(
    """
    CREATE TABLE IF NOT EXISTS {schema}.browser_sessions (
        digest text COLLATE "C" PRIMARY KEY, whose text NOT NULL,
        used_at bigint NOT NULL, ends_at bigint NOT NULL
    )
    """
)
# With the lock in hand the newest position stays so.
_BEGIN = SQL(
    """
    CREATE OR REPLACE FUNCTION {schema}.begin_append(
        seen bigint, looked_at text[], looked_at_versions bigint[]
    ) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = {patience} AS $$
    DECLARE
        newest bigint;
    BEGIN
        LOCK TABLE {schema}.stored_events IN EXCLUSIVE MODE;
        SELECT coalesce(max(notification_id), 0) INTO newest FROM {schema}.stored_events;
        IF newest > seen THEN
            PERFORM {schema}.streams_unmoved(looked_at, looked_at_versions);
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
    CREATE OR REPLACE FUNCTION {schema}.append_events(
        streams text[], versions bigint[], topics text[], states bytea[],
        seen bigint, looked_at text[], looked_at_versions bigint[]
    ) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        made_by CONSTANT text := {made_by};
        newest bigint := {schema}.begin_append(seen, looked_at, looked_at_versions);
    BEGIN
        INSERT INTO {schema}.stored_events
            (originator_id, originator_version, topic, state, notification_id)
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
    CREATE OR REPLACE FUNCTION {schema}.streams_unmoved(looked_at text[], versions bigint[])
    RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN 1 .. cardinality(looked_at) LOOP
            IF EXISTS (
                SELECT FROM {schema}.stored_events
                WHERE originator_id = looked_at[n] AND originator_version = versions[n] + 1
            ) THEN
                RAISE unique_violation USING MESSAGE = 'a stream that was looked at has moved on';
            END IF;
        END LOOP;
    END $$
    """
)
_STATEMENTS = (
    _EVENTS,
    _BY_POSITION,
    _BY_TYPE,
    _SNAPSHOTS,
    _REFUSED,
    _SESSIONS,
    _UNMOVED,
    _BEGIN,
    _APPEND,
)
# In the function that is made last, since every version that makes these replaces it.
_IS_MADE = SQL(
    "SELECT FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace "
    "WHERE nspname = %s AND proname = 'append_events' AND strpos(prosrc, %s) > 0"
)


def make(datastore: PooledDatastore) -> None:
    """Makes the schema and what is not there yet; of two processes, one waits."""
    schema = datastore.schema
    made_by = hashlib.sha256(b"".join(s.as_bytes() for s in _statements(schema, ""))).hexdigest()
    if datastore.rows(_IS_MADE.format(), schema, made_by):
        return
    with datastore.transaction(commit=True) as c:
        c.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (schema,))
        c.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
        for statement in _statements(schema, made_by):
            c.execute(statement)


def _statements(schema: str, made_by: str) -> list[Composed]:
    return [
        statement.format(
            schema=Identifier(schema),
            made_by=Literal(made_by),
            patience=Literal(f"{LOCK_SECONDS}s"),
        )
        for statement in _STATEMENTS
    ]
