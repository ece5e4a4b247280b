"""Who is signed in in a browser, on PostgreSQL (`kept_sessions`)."""

from dataclasses import astuple

from psycopg.sql import SQL, Identifier, Literal

from service.ledger.recorders.kept_sessions import COLUMNS, KEPT, TABLE, KeptSession, KeptSessions
from service.ledger.recorders.pooled_datastore import LOCK_SECONDS, PooledDatastore
from service.ledger.recorders.postgres import PostgresRecorder


def of_recorder(recorder: object) -> KeptSessions:
    """The sessions in the database of a recorder. Raises TypeError for a recorder of others."""
    if not isinstance(recorder, PostgresRecorder):
        raise TypeError(recorder)
    return PostgresSessions(recorder.datastore)


class PostgresSessions:
    """Sessions in a schema of PostgreSQL."""

    def __init__(self, datastore: PooledDatastore) -> None:
        self._datastore = datastore
        table = SQL("{}.{}").format(Identifier(datastore.schema), Identifier(TABLE))
        columns = SQL(", ").join(map(Identifier, COLUMNS.split(", ")))
        self._patience = SQL("SET LOCAL lock_timeout = {}").format(Literal(f"{LOCK_SECONDS}s"))
        # A use that is lost with a server costs nothing, so none waits for a disk or a standby.
        self._in_passing = SQL("SET LOCAL synchronous_commit = off").format()
        # One after the other: two that give up the same sessions could wait for each other.
        self._lock = SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table)
        self._insert = SQL("INSERT INTO {} ({}) VALUES (%s, %s, %s, %s)").format(table, columns)
        self._prune = SQL("DELETE FROM {} WHERE ends_at <= %s OR used_at <= %s").format(table)
        self._bound = SQL(
            "DELETE FROM {0} WHERE digest IN "
            "(SELECT digest FROM {0} ORDER BY used_at DESC OFFSET %s)"
        ).format(table)
        self._select = SQL("SELECT {} FROM {} WHERE digest = %s").format(columns, table)
        self._use = SQL("UPDATE {} SET used_at = %s WHERE digest = %s AND used_at < %s").format(
            table
        )
        self._delete = SQL("DELETE FROM {} WHERE digest = %s").format(table)

    def add(self, session: KeptSession, unused_since: int) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(self._patience)
            c.execute(self._lock)
            c.execute(self._insert, astuple(session))
            c.execute(self._prune, (session.used_at, unused_since))
            c.execute(self._bound, (KEPT,))

    def find(self, digest: str) -> KeptSession | None:
        found = self._datastore.rows(self._select, digest)
        return KeptSession(*found[0]) if found else None

    def note_use(self, digest: str, used_at: int) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(self._patience)
            c.execute(self._in_passing)
            c.execute(self._use, (used_at, digest, used_at))

    def remove(self, digest: str) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(self._patience)
            c.execute(self._delete, (digest,))
