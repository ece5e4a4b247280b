"""The ids of the rows of a backlog list: what commands over all that match are about."""

from dataclasses import dataclass

from sqlalchemy import Connection

from projections.databases.connections import IN_ORDER, plan
from projections.views.backlog.asked import Asked
from projections.views.backlog.search.searching import among


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of the rows of a page in its order, and the cursor of the next one if there is."""

    ids: list[str]
    next: str | None


def ids_of(connection: Connection, asked: Asked) -> Ids:
    """The ids of the rows of the page that is asked for: no names, no texts of any row."""
    part, page = asked.part, asked.page_shape()
    values, ids = among(connection, asked)
    if ids is not None:
        statement = asked.view.ids_among(page, ids)
    else:
        if asked.is_in_order:
            plan(asked.views, IN_ORDER)
        statement = asked.view.ids(page)
    rows = connection.execute(statement, values).all()
    found = [row[0] for row in rows[: part.limit]]
    return Ids(found, asked.view.paging.next_cursor(rows, part))
