"""The views made anew from the history, beside the live ones, and put in their place in one go.

Readers and the live projector go on meanwhile. For the end alone the projector is held up: what it
has shown by then is projected into the new views too, so that no reader is ever taken back.
"""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.schema import CreateTable

from projections.databases.connections import RESHAPE_SECONDS, allow
from projections.history import History
from projections.keeping.catching_up import catch_up
from projections.keeping.sql import position_seen
from projections.keeping.writer import Writer, backend_of
from projections.tables import booked_actuals, event_index, metadata, time_and_material


def rebuild(
    history: History, views: Engine, progress: Callable[[int], object] = lambda position: None
) -> int:
    """Builds new views from the whole history and swaps them in; the position they show.

    Stopped at any moment before the swap it leaves the live views as they are, and nothing in the
    way of the next one. `progress` is called with the position after every page. Raises
    RebuildRunning.
    """
    place = backend_of(views)
    with place.beside() as new:
        with new.begin() as connection:
            _make_tables(connection)
        writer = Writer(new)
        # Not to the very end: with somebody who goes on appending that might never come.
        reached = catch_up(history, writer, until=history.position(), progress=progress)
        with new.begin() as connection:
            allow(connection, RESHAPE_SECONDS)
            for table in _NEVER_SEARCHED:
                _make_indexes(connection, table)
            place.index_texts(connection)
        with place.locked() as live:
            shown = position_seen(live)
            reached = max(reached, catch_up(history, writer, until=shown, progress=progress))
            place.swap(live)
            place.tell(live, reached)
    return reached


_NEVER_SEARCHED = (time_and_material, booked_actuals, event_index)
"""Large views whose rows projections only put, or patch by their keys. Their indexes are for
readers, and are made of all rows at once: row by row, all of each would be touched all the time."""


def _make_tables(connection: Connection) -> None:
    """Makes the tables, with what projections need of their indexes."""
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
        if table not in _NEVER_SEARCHED:
            _make_indexes(connection, table)


def _make_indexes(connection: Connection, table: Table) -> None:
    for index in table.indexes:
        index.create(connection)
