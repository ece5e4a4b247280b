"""The refused events of a tenant: in the history's database, but no part of the history.

They are in no stream and in no view, so a rebuild or a lost file of views leaves them as they are.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from eventsourcing.sqlite import SQLiteDatastore

from service.ledger.recorders.sqlite import SQLiteRecorder

KEPT = 10_000
"""Refusals that are kept; for each one more, the oldest goes."""
TABLE = "refused_events"


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
    if isinstance(recorder, SQLiteRecorder):
        return _SQLiteRefusals(recorder.datastore)
    from service.ledger.recorders.postgres_refusals import of_recorder

    return of_recorder(recorder)


class _SQLiteRefusals:
    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore
        with datastore.transaction(commit=True) as c:
            c.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} "
                "(number INTEGER PRIMARY KEY, refused TEXT NOT NULL)"
            )

    def add(self, documents: Sequence[str]) -> None:
        with self._datastore.transaction(commit=True) as c:
            c.execute(
                f"INSERT INTO {TABLE} (refused) SELECT value FROM json_each(?) ORDER BY key",  # noqa: S608 - our own table's name
                (json.dumps(documents[-KEPT:]),),
            )
            c.execute(
                f"DELETE FROM {TABLE} WHERE number <= "  # noqa: S608 - as above
                f"(SELECT number FROM {TABLE} ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (KEPT,),
            )

    def select_before(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        with self._datastore.transaction(commit=False) as c:
            c.execute(
                f"SELECT number, refused FROM {TABLE} WHERE number < ? "  # noqa: S608 - as above
                "ORDER BY number DESC LIMIT ?",
                (number, limit),
            )
            return [(row[0], row[1]) for row in c.fetchall()]
