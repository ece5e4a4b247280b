"""What waits at the door, and the streams that remember what was taken in."""

from aggregates import intake, streams
from aggregates.events import (
    ApprovalRecorded,
    EventParked,
    EventReceived,
    EventUnparked,
    RequestAnswered,
)
from aggregates.intake import Parking
from aggregates.statuses import Outcome
from tests.aggregates.examples import CONTRACT, a_contract


def parked(parked_id: str, line_id: str | None = "L1") -> EventParked:
    return EventParked(
        contract_id=CONTRACT,
        parked_id=parked_id,
        source="projects",
        event_id=parked_id,
        type="projects.time.approved.v1",
        line_id=line_id,
        approval_id=parked_id,
        problem_code="line_not_found",
        problem_detail="there is no line",
        data="{}",
    )


def unparked(parked_id: str) -> EventUnparked:
    return EventUnparked(
        contract_id=CONTRACT, parked_id=parked_id, outcome=Outcome.RECORDED, reason=None
    )


def place(*events: EventParked | EventUnparked) -> Parking:
    state = Parking({})
    for event in events:
        state = intake.evolve(state, event) or state
    return state


def test_an_event_waits_until_it_is_taken_in_or_dismissed() -> None:
    assert list(place(parked("1"), parked("2")).waiting) == ["1", "2"]
    assert list(place(parked("1"), parked("2"), unparked("1")).waiting) == ["2"]
    assert place(parked("1"), unparked("1"), unparked("1")) == Parking({})


def test_a_parking_place_begins_with_its_first_event() -> None:
    assert intake.evolve(None, parked("1")) == Parking({"1": parked("1")})
    assert intake.evolve(None, unparked("1")) == Parking({})


def test_events_of_other_streams_leave_the_parking_place_as_it_is() -> None:
    full = place(parked("1"))
    assert intake.evolve(full, a_contract()) is full
    assert intake.evolve(None, a_contract()) is None


def test_when_a_line_arrives_what_waits_for_it_or_for_the_contract_may_go_on() -> None:
    full = place(parked("1", "L1"), parked("2", "L2"), parked("3", None), parked("4", "L1"))
    assert [event.parked_id for event in full.for_line("L1")] == ["1", "3", "4"]
    assert [event.parked_id for event in full.for_line(None)] == ["1", "2", "3", "4"]


def test_what_was_taken_in_is_remembered_where_a_repetition_looks() -> None:
    received = EventReceived(
        source="projects",
        event_id="7",
        type="projects.time.approved.v1",
        contract_id=CONTRACT,
        line_id="L1",
        approval_id="1",
        outcome=Outcome.RECORDED,
        items=(),
        problem_code=None,
        problem_detail=None,
        data=None,
    )
    recorded = ApprovalRecorded(
        contract_id=CONTRACT, line_id="L1", approval_id="1", digest="d", items=()
    )
    assert received.stream == streams.receipt("projects", "7")
    assert recorded.stream == streams.approval(CONTRACT, "1")
    assert parked("1").stream == unparked("1").stream == streams.parking(CONTRACT)
    assert RequestAnswered(key="k", digest="d", body="").stream == streams.request("k")
