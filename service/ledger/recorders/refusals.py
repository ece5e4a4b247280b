"""The refused events of a tenant: in the history's database, but no part of the history.

They are in no stream and in no view, so a rebuild or a lost file of views leaves them as they are.
"""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from eventsourcing.sqlite import SQLiteDatastore
from psycopg.sql import SQL, Identifier, Literal

from service.ledger.recorders.pooled_datastore import LOCK_SECONDS, PooledDatastore
from service.ledger.recorders.postgres import PostgresRecorder
from service.ledger.recorders.sqlite import SQLiteRecorder

KEPT = 10_000
"""Refusals that are kept; for each one more, the oldest goes."""
_TABLE = "refused_events"


class Refusals(Protocol):
    """The newest refusals, each a JSON document under a number that later ones exceed."""

    def add(self, documents: Sequence[str]) -> None:
        """Keeps these, in order, and gives up the oldest, in one transaction."""
        ...

    def select_before(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        """At most `limit` with numbers below this one, the newest first."""
        ...


def refusals_beside(recorder: object) -> Refusals:
    """The refusals in the database of a recorder of events."""
    match recorder:
        case SQLiteRecorder():
            return _SQLiteRefusals(recorder.datastore)
        case PostgresRecorder():
            return _PostgresRefusals(recorder.datastore)
        case _:
            raise TypeError(recorder)


class _SQLiteRefusals:
    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore
        with datastore.transaction(commit=True) as c:
            c.execute(
                f"CREATE TABLE IF NOT EXISTS {_TABLE} "
                "(number INTEGER PRIMARY KEY, refused TEXT NOT NULL)"
            )

    def add(self, documents: Sequence[str]) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(
                f"INSERT INTO {_TABLE} (refused) SELECT value FROM json_each(?) ORDER BY key",  # noqa: S608 - our own table's name
                (json.dumps(documents[-KEPT:]),),
            )
            c.execute(
                f"DELETE FROM {_TABLE} WHERE number <= "  # noqa: S608 - as above
                f"(SELECT number FROM {_TABLE} ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (KEPT,),
            )

    def select_before(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        with self._datastore.transaction(commit=False) as c:
            c.execute(
                f"SELECT number, refused FROM {_TABLE} WHERE number < ? "  # noqa: S608 - as above
                "ORDER BY number DESC LIMIT ?",
                (number, limit),
            )
            return [(row[0], row[1]) for row in c.fetchall()]


class _PostgresRefusals:
    def __init__(self, datastore: PooledDatastore) -> None:
        self._datastore = datastore
        table = SQL("{}.{}").format(Identifier(datastore.schema), Identifier(_TABLE))
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
