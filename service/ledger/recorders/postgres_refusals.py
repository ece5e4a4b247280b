"""The refused events of a tenant on PostgreSQL (`refusals`)."""

from collections.abc import Sequence
from typing import Any

from psycopg.sql import SQL, Identifier, Literal

from service.ledger.recorders.pooled_datastore import LOCK_SECONDS, PooledDatastore
from service.ledger.recorders.postgres import PostgresRecorder
from service.ledger.recorders.refusals import KEPT, TABLE, Refusals


def of_recorder(recorder: object) -> Refusals:
    """The refusals in the database of a recorder. Raises TypeError for a recorder of others."""
    if not isinstance(recorder, PostgresRecorder):
        raise TypeError(recorder)
    return PostgresRefusals(recorder.datastore)


class PostgresRefusals:
    """Refusals in a schema of PostgreSQL."""

    def __init__(self, datastore: PooledDatastore) -> None:
        self._datastore = datastore
        table = SQL("{}.{}").format(Identifier(datastore.schema), Identifier(TABLE))
        self._patience = SQL("SET LOCAL lock_timeout = {}").format(Literal(f"{LOCK_SECONDS}s"))
        # One after the other, so that numbers are in the order of commits and none is passed over.
        self._lock = SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table)
        self._insert = SQL(
            "INSERT INTO {} (refused) SELECT refused FROM unnest(%s::text[]) "
            "WITH ORDINALITY AS given(refused, n) ORDER BY n"
        ).format(table)
        self._prune = SQL(
            "DELETE FROM {0} WHERE number <= "
            "(SELECT number FROM {0} ORDER BY number DESC LIMIT 1 OFFSET %s)"
        ).format(table)
        self._select = SQL(
            "SELECT number, refused FROM {} WHERE number < %s ORDER BY number DESC LIMIT %s"
        ).format(table)

    def add(self, documents: Sequence[str]) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(self._patience)
            c.execute(self._lock)
            c.execute(self._insert, (list(documents[-KEPT:]),))
            c.execute(self._prune, (KEPT,))

    def select_before(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        rows: Sequence[Any] = self._datastore.rows(self._select, number, limit)
        return [(row[0], row[1]) for row in rows]
