"""Parked events as callers get them, and the contracts on which some wait."""

import json
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from projections.history import can_be_stored
from projections.tables import contracts, parked_events
from projections.views.paging import Page, PageRequest, Paging, Rows, empty_first, in_order

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


def list_parked(connection: Connection, request: PageRequest) -> Page:
    """The events that wait, each with what it lacks, in the order they were last tried."""
    part = _PARKED.read(request)
    rows = _PARKED.fetch(connection, select(parked_events), part)
    return Page(
        items=[_parked(row) for row in rows[: request.limit]],
        next_cursor=_PARKED.next_cursor(in_order(rows), part),
    )


def find_parked(connection: Connection, event_or_parked_id: str) -> Rows:
    """The parked events of that id, be it the event's own or the parked id."""
    if not can_be_stored(event_or_parked_id):
        return []
    parked = parked_events.c
    statement = select(parked_events).where(
        (parked.parked_id == event_or_parked_id) | (parked.event_id == event_or_parked_id)
    )
    return [_parked(row) for row in connection.execute(statement).mappings()]


def contracts_with_parked(connection: Connection) -> list[str]:
    """The contracts that are on the books and on which events wait."""
    waiting = select(parked_events.c.contract_id).distinct().subquery()
    known = select(contracts.c.contract_id).join(
        waiting, waiting.c.contract_id == contracts.c.contract_id
    )
    return list(connection.scalars(known.order_by(contracts.c.contract_id)))


def _parked(row: RowMapping) -> dict[str, Any]:
    same = ("parked_id", "source", "type", "contract_id", "line_id", "approval_id", "position")
    return {
        "id": row["event_id"],
        **{name: row[name] for name in same},
        "problem": {"code": row["problem_code"], "detail": row["problem_detail"]},
        "data": json.loads(row["data"]),
    }
