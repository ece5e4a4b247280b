"""All projections in one place: what `project` answers is all that an event changes in views."""

from collections.abc import Iterator

from projections.history import Recorded
from projections.projecting import (
    actuals,
    contracts,
    event_index,
    fixed_price,
    invoices,
    jobs,
    obligations,
    parked_events,
    time_and_material,
)
from projections.projecting.changes import Change, Projection

PROJECTIONS: tuple[Projection, ...] = (
    contracts.project,
    fixed_price.project,
    time_and_material.project,
    invoices.project,
    actuals.project,
    parked_events.project,
    obligations.project,
    jobs.project,
    event_index.project,
)


def project(recorded: Recorded) -> Iterator[Change]:
    """Every change of the views that one event makes."""
    for projection in PROJECTIONS:
        yield from projection(recorded)
