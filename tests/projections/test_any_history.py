"""Views of any history: events of the catalogue in any order are projected without an error."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from aggregates.events import Event
from projections.keeping.writer import Writer
from tests.aggregates.any_events import an_event
from tests.projections.feeding import examples, feed
from tests.projections.story import recorded


@examples(60)
@given(events=st.lists(an_event(), min_size=1, max_size=25), page=st.integers(1, 25))
def test_any_events_of_the_catalogue_are_projected_in_any_order(
    shared_views: Engine, events: Sequence[Event], page: int
) -> None:
    feed(shared_views, recorded(events), [page])
    assert Writer(shared_views).position() == len(events)
