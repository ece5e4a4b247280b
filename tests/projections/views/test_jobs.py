"""What callers can read of jobs, and which contracts have something to draft."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Engine

from aggregates.events import Event
from projections.views.jobs import find_job, list_jobs, steps_of
from projections.views.paging import PageRequest
from projections.views.ready import contracts_with_ready
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.story import DAY, EVENTS, LATER, recorded

ALL = PageRequest(limit=1000)


def until(views: Engine, last: Event) -> Connection:
    """A connection to views that show the story up to this event."""
    feed(views, recorded(EVENTS[: EVENTS.index(last) + 1]))
    return views.connect()


def test_jobs_are_listed_by_status_in_the_order_they_were_asked_for(shared_views: Engine) -> None:
    with until(shared_views, EVENTS[-1]) as connection:
        found = shown(list_jobs(connection, {}, ALL).items)
        told = [(job["job_id"], job["status"], job["done"], job["total"]) for job in found]
        assert told == [("J1", "canceled", 2, 3), ("J2", "failed", 0, 1), ("J3", "complete", 0, 0)]
        some = list_jobs(connection, {"status": ["failed", "complete"]}, ALL).items
        assert [job["job_id"] for job in some] == ["J2", "J3"]


def test_a_job_is_found_with_its_steps_in_order(shared_views: Engine) -> None:
    with until(shared_views, story.STEP_FAILED) as connection:
        job = find_job(connection, "J1")
        assert job
        assert (job["status"], job["done"], job["version"]) == ("processing", 2, 4)
        steps = steps_of(connection, "J1", after=0, limit=10)
        assert [(step["step"], step["status"]) for step in steps] == [
            (1, "complete"),
            (2, "failed"),
            (3, "scheduled"),
        ]
        assert [step["item_count"] for step in steps] == [0, 0, 2]
        assert [step["step"] for step in steps_of(connection, "J1", after=1, limit=1)] == [2]
        assert steps_of(connection, "J1", after=2**63 - 1, limit=1) == []


def test_a_job_that_is_not_there_is_not_found(shared_views: Engine) -> None:
    with until(shared_views, EVENTS[-1]) as connection:
        assert find_job(connection, "J9") is None
        assert find_job(connection, "J\x00") is None
        assert steps_of(connection, "J9", after=0, limit=10) == []


SALES_READY = story.ready("1-A", "2-A", "2-free")
BEFORE = DAY - timedelta(1)


@pytest.mark.parametrize(
    ("last", "cutoff", "customers", "found"),
    [
        (story.NTE_RESET, None, None, []),
        (SALES_READY, None, None, ["C1"]),
        (SALES_READY, DAY, None, ["C1"]),
        (SALES_READY, BEFORE, None, []),
        (SALES_READY, DAY, ["A"], ["C1"]),
        (SALES_READY, DAY, ["B"], []),
        (story.M1_DRAFTED, DAY, None, []),
        (story.RELEASED, DAY, None, []),
        (story.RELEASED, LATER, None, ["C1"]),
    ],
)
def test_contracts_with_something_ready_up_to_a_day_are_found_d40(
    shared_views: Engine,
    last: Event,
    cutoff: date | None,
    customers: list[str] | None,
    found: list[str],
) -> None:
    with until(shared_views, last) as connection:
        assert contracts_with_ready(connection, cutoff, customers) == found


def test_contracts_with_only_milestones_ready_are_found_too(shared_views: Engine) -> None:
    without_sales = [
        event for event in EVENTS[: EVENTS.index(story.NOT_READY)] if event != SALES_READY
    ]
    feed(shared_views, recorded(without_sales))
    with shared_views.connect() as connection:
        assert contracts_with_ready(connection, None, None) == ["C1"]
        assert contracts_with_ready(connection, LATER, ["A"]) == ["C1"]
        assert contracts_with_ready(connection, DAY, None) == []
