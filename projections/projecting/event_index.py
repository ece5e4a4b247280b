"""Where in the history the events of a contract, an invoice or a type stand."""

from collections.abc import Iterator

from projections.history import Recorded
from projections.projecting.changes import Change, Put
from projections.tables import event_index


def project(recorded: Recorded) -> Iterator[Change]:
    """One row an event."""
    event = recorded.event
    row = {
        "position": recorded.position,
        "type": type(event).__name__,
        "contract_id": getattr(event, "contract_id", None),
        "invoice_id": getattr(event, "invoice_id", None),
    }
    yield Put(event_index, (row,))
