"""What waits at the door, and the streams that remember what was taken in."""

from dataclasses import replace

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
    state = Parking()
    for event in events:
        state = intake.evolve(state, event) or state
    return state


def ids(state: Parking) -> list[str]:
    return [event.parked_id for event in state.waiting()]


def test_an_event_waits_until_it_is_taken_in_or_dismissed() -> None:
    assert ids(place(parked("1"), parked("2"))) == ["1", "2"]
    assert ids(place(parked("1"), parked("2"), unparked("1"))) == ["2"]
    assert ids(place(parked("1"), unparked("1"), unparked("1"))) == []


def test_a_waiting_event_is_found_by_its_parked_id() -> None:
    assert place(parked("1"), parked("2")).find("2") == parked("2")
    assert place(parked("1")).find("2") is None


def test_events_wait_in_the_order_they_came_also_when_a_reason_changes() -> None:
    again = replace(parked("1"), problem_code="currency_mismatch")
    full = place(parked("2"), parked("1"), parked("3"), again)
    assert ids(full) == ["2", "1", "3"]
    assert full.find("1") == again


def test_a_parking_place_begins_with_its_first_event() -> None:
    begun = intake.evolve(None, parked("1"))
    assert begun is not None
    assert ids(begun) == ["1"]
    assert intake.evolve(None, unparked("1")) == Parking()


def test_events_of_other_streams_leave_the_parking_place_as_it_is() -> None:
    full = place(parked("1"))
    assert intake.evolve(full, a_contract()) is full
    assert intake.evolve(None, a_contract()) is None


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
        digest="d",
    )
    recorded = ApprovalRecorded(
        source="projects", contract_id=CONTRACT, line_id="L1", approval_id="1", digest="d", items=()
    )
    assert received.stream == streams.receipt("projects", "7")
    assert recorded.stream == streams.approval("projects", "1")
    old = replace(recorded, source=None)
    assert old.stream == streams.approval_without_source(CONTRACT, "1")
    assert parked("1").stream == unparked("1").stream == streams.parking(CONTRACT)
    assert RequestAnswered(key="k", digest="d", body="").stream == streams.request("k")
