"""Which kinds of things an event may have changed: none is missing."""

from typing import get_args

import pytest

from aggregates.events import Event
from projections import tables
from projections.history import Recorded
from projections.kinds import KINDS, Kind, kinds_of
from projections.projecting.catalogue import project
from projections.projecting.changes import Patch
from tests.projections.story import STORY

SHOWN_IN = {
    tables.contracts: {Kind.LIMITS},
    tables.contract_customers: {Kind.SALES, Kind.MILESTONES, Kind.LIMITS},
    tables.contract_lines: {Kind.LIMITS},
    tables.line_customers: {Kind.LIMITS},
    tables.limit_usage: {Kind.LIMITS},
    tables.milestones: {Kind.MILESTONES},
    tables.fixed_price: {Kind.MILESTONES},
    tables.time_and_material: {Kind.SALES},
    tables.invoices: {Kind.INVOICES},
    tables.invoice_lines: {Kind.INVOICES},
    tables.invoice_details: {Kind.INVOICES},
    tables.booked_actuals: {Kind.SALES},
    tables.obligations: {Kind.INTAKE},
    tables.parked_events: {Kind.INTAKE},
}
"""What shows the rows of a table; for that of contracts and lines, their versions alone don't."""
VERSIONS = {"contract_id", "line_id", "version", "milestones_total"}


def test_every_event_of_the_catalogue_has_its_kinds() -> None:
    assert KINDS.keys() == set(get_args(Event))


@pytest.mark.parametrize("recorded", STORY, ids=lambda each: type(each.event).__name__)
def test_whatever_shows_a_row_that_an_event_changes_is_among_its_kinds(recorded: Recorded) -> None:
    kinds = kinds_of([type(recorded.event).__name__])
    for change in project(recorded):
        is_version = isinstance(change, Patch) and all(
            row.keys() <= VERSIONS for row in change.rows
        )
        if change.table in SHOWN_IN and not is_version:
            assert SHOWN_IN[change.table] <= kinds, change.table.name


def test_an_event_of_a_newer_version_may_have_changed_everything() -> None:
    assert kinds_of(["MilestoneDeleted"]) == {Kind.MILESTONES}
    assert kinds_of(["MilestoneDeleted", "ContractAbandoned"]) == set(Kind)
    assert kinds_of([]) == set()
