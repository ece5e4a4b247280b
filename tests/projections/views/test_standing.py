"""How much waits, as operators are told."""

from sqlalchemy import Engine

from aggregates.statuses import JobStatus
from projections.keeping.writer import Writer
from projections.views.jobs import list_jobs
from projections.views.kept_to import UNRESTRICTED
from projections.views.obligations import list_obligations
from projections.views.paging import PageRequest
from projections.views.parked_events import list_parked
from projections.views.standing import Standing, standing
from tests.projections.feeding import empty, feed_more
from tests.projections.story import EVENTS, recorded

ALL = PageRequest(limit=1000)


def test_where_nothing_is_recorded_nothing_waits(shared_views: Engine) -> None:
    empty(shared_views)
    with shared_views.connect() as connection:
        nothing = dict.fromkeys(JobStatus, 0)
        assert standing(connection) == Standing(parked_events=0, open_obligations=0, jobs=nothing)


def test_as_much_waits_at_any_moment_as_the_lists_have(shared_views: Engine) -> None:
    most = Standing(parked_events=0, open_obligations=0, jobs={})
    empty(shared_views)
    writer = Writer(shared_views)
    for event, each in zip(EVENTS, recorded(EVENTS), strict=True):
        feed_more(writer, [each])
        with shared_views.connect() as connection:
            found = standing(connection)
            statuses = [job["status"] for job in list_jobs(connection, {}, ALL).items]
            waiting = list_parked(connection, ALL).items
            opened = list_obligations(connection, UNRESTRICTED, {"status": ["open"]}, ALL).items
        assert found.jobs == {status: statuses.count(status) for status in JobStatus}, event
        assert found.parked_events == len(waiting)
        assert found.open_obligations == len(opened)
        most = Standing(
            parked_events=max(most.parked_events, found.parked_events),
            open_obligations=max(most.open_obligations, found.open_obligations),
            jobs={},
        )
    assert most.parked_events > 0
    assert most.open_obligations > 0
