"""What an event changes in the views, told as its tests compare it."""

from typing import Any

from sqlalchemy import Table

from aggregates.events import Event
from projections import tables
from projections.history import Recorded
from projections.projecting.catalogue import project
from projections.projecting.changes import Change, Patch, Put
from tests.projections.story import ABOUT

POSITION, VERSION = 70, 7


def changes(event: Event) -> list[Change]:
    """What the event changes in the views, but for the index of the history."""
    recorded = Recorded(
        position=POSITION, version=VERSION, stream=event.stream, event=event, metadata=ABOUT
    )
    *others, indexed = project(recorded)
    assert isinstance(indexed, Put)
    assert indexed.table is tables.event_index
    return others


def put(table: Table, *rows: dict[str, Any] | None) -> Put:
    return Put(table, tuple(row for row in rows if row))


def patch(table: Table, *rows: dict[str, Any]) -> Patch:
    return Patch(table, rows)


CONTRACT_VERSION = patch(tables.contracts, {"contract_id": "C1", "version": VERSION})


def line_version(line_id: str, **values: Any) -> Patch:
    row = {"contract_id": "C1", "line_id": line_id, "version": VERSION, **values}
    return patch(tables.contract_lines, row)
