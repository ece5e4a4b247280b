"""Where events that match stand in the history."""

from sqlalchemy import Connection, select

from projections.tables import event_index
from projections.views.paging import Wanted, any_of


def event_positions(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[int]:
    """Positions after `after` of the events that match, in order, at most `limit`."""
    statement = (
        select(event_index.c.position)
        .where(event_index.c.position > after, *any_of(event_index.c, wanted))
        .order_by(event_index.c.position)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())
