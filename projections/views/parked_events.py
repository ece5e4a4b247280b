"""The rows of parked events, and the contracts on which some wait."""

from collections.abc import Sequence

from msgspec import UNSET
from sqlalchemy import Connection, RowMapping, select

from projections.history import can_be_stored
from projections.tables import contracts, parked_events
from projections.views.paging import PageRequest, Paging, empty_first, in_order
from projections.views.resource import Page

_NOT_SORTED = {"event_id", "problem_code", "problem_detail", "data"}
_PARKED = Paging(
    {
        **{c.name: empty_first(c) for c in parked_events.c if c.name not in _NOT_SORTED},
        "id": parked_events.c.event_id,
    },
    key="parked_id",
    default="position",
)
PARKED_BY = _PARKED.sortable


def list_parked(connection: Connection, request: PageRequest) -> Page[RowMapping]:
    """The events that wait, in the order they were last tried."""
    part = _PARKED.read(request)
    rows = _PARKED.fetch(connection, select(parked_events), part)
    return Page(
        items=list(rows[: request.limit]),
        next=_PARKED.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def find_parked(connection: Connection, event_or_parked_id: str) -> Sequence[RowMapping]:
    """The parked events of that id, be it the event's own or the parked id."""
    if not can_be_stored(event_or_parked_id):
        return []
    parked = parked_events.c
    statement = select(parked_events).where(
        (parked.parked_id == event_or_parked_id) | (parked.event_id == event_or_parked_id)
    )
    return connection.execute(statement).mappings().all()


def contracts_with_parked(connection: Connection) -> list[str]:
    """The contracts that are on the books and on which events wait."""
    waiting = select(parked_events.c.contract_id).distinct().subquery()
    known = select(contracts.c.contract_id).join(
        waiting, waiting.c.contract_id == contracts.c.contract_id
    )
    return list(connection.scalars(known.order_by(contracts.c.contract_id)))
