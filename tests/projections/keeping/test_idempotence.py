"""Projections set and never add: twice is once, and how the history is cut in pages is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections.keeping.writer import Writer
from tests.projections.feeding import dump, examples, feed, feed_more
from tests.projections.story import EVENTS, STORY

PAGES = st.lists(st.integers(1, len(STORY)), max_size=len(STORY))


@pytest.mark.parametrize("end", range(1, len(STORY) + 1), ids=lambda end: f"{end}")
def test_the_last_event_projected_twice_gives_the_rows_of_once(
    shared_views: Engine, end: int
) -> None:
    feed(shared_views, STORY[:end])
    once = dump(shared_views)
    feed(shared_views, STORY[: end - 1])
    feed_more(Writer(shared_views), STORY[end - 1 : end], times=2)
    assert dump(shared_views) == once, type(EVENTS[end - 1]).__name__


@examples(20)
@given(pages=PAGES, times=st.integers(1, 3))
def test_any_pages_with_events_repeated_give_the_same_tables(
    shared_views: Engine, pages: list[int], times: int
) -> None:
    feed(shared_views, STORY)
    whole = dump(shared_views)
    feed(shared_views, STORY, pages, times=times)
    assert dump(shared_views) == whole


def test_the_whole_history_projected_again_over_its_views_changes_nothing(
    shared_views: Engine,
) -> None:
    feed(shared_views, STORY)
    once = dump(shared_views)
    feed_more(Writer(shared_views), STORY)
    assert dump(shared_views) == once
