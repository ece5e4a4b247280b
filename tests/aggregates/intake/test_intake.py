"""What waits at the door, and the streams that remember what was taken in."""

from dataclasses import replace

from aggregates import streams
from aggregates.events import RequestAnswered
from aggregates.intake import state as intake
from aggregates.intake.events import ApprovalRecorded, EventParked, EventReceived, EventUnparked
from aggregates.intake.state import Parking
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


def test_what_waits_for_an_approval_or_a_draft_is_not_tried_after_a_definition_d82() -> None:
    place = None
    for code in ("approval_not_found", "item_on_draft"):
        place = intake.evolve(place, replace(parked(code), problem_code=code))
    assert place
    assert place.to_try(["L1"], refused=True) == []
    assert [event.parked_id for event in place.waiting()] == ["approval_not_found", "item_on_draft"]
    gone = intake.evolve(place, unparked("item_on_draft"))
    assert gone
    assert gone.find("item_on_draft") is None


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


def lacking(
    parked_id: str, what: str = intake.UNKNOWN_LINE, line_id: str = "L1", *, approval: bool = True
) -> EventParked:
    event = parked(parked_id, line_id)
    return replace(event, problem_code=what, approval_id=parked_id if approval else None)


def ready(
    state: Parking, *lines: str, most: int | None = None, refused: bool = False, but: str = ""
) -> list[str]:
    found = state.to_try(lines, most=most, refused=refused, but=but)
    return [event.parked_id for event in found]


def test_what_lacks_a_line_is_ready_with_that_line_alone_in_the_order_it_came() -> None:
    state = place(lacking("1"), lacking("2", line_id="L2"), lacking("3"), lacking("4"))
    assert ready(state) == []
    assert ready(state, "L1") == ["1", "3", "4"]
    assert ready(state, "L2") == ["2"]
    assert ready(state, "L3", "L2", "L1") == ["1", "2", "3", "4"]
    assert ready(state, "L1", "L2", most=2, but="1") == ["2", "3"]
    assert ready(intake.evolve(state, unparked("3")) or state, "L1") == ["1", "4"]


def test_what_is_told_to_wait_for_its_contract_is_ready_once_with_it_and_then_with_its_line() -> (
    None
):
    state = place(lacking("1", intake.UNKNOWN_CONTRACT), lacking("2", intake.UNKNOWN_CONTRACT))
    assert ready(state) == ["1", "2"]
    assert ready(state, "L1") == ["1", "2"]
    told = place(lacking("1", intake.UNKNOWN_CONTRACT), lacking("2"), lacking("1"))
    assert ready(told) == []
    assert ready(told, "L1") == ["1", "2"]


def test_definitions_of_lines_are_ready_before_all_else() -> None:
    line = lacking("3", intake.UNKNOWN_CONTRACT, "L2", approval=False)
    state = place(lacking("1", intake.UNKNOWN_CONTRACT), lacking("2"), line)
    assert ready(state, "L1") == ["3"]
    assert ready(state, "L1", but="3") == ["1", "2"]


def test_what_was_refused_is_ready_only_where_it_is_asked_for() -> None:
    no_line = replace(lacking("3", approval=False), problem_code="invalid_fields")
    state = place(lacking("1"), lacking("2"), replace(lacking("1"), problem_code="invalid_fields"))
    assert ready(state, "L1") == ["2"]
    assert ready(state, "L1", refused=True) == ["1", "2"]
    assert ready(intake.evolve(state, no_line) or state, "L1", refused=True) == ["3"]


def test_a_parking_place_weighs_what_waits_there() -> None:
    large = replace(lacking("1"), data="x" * 10_240)
    assert (place(large).memory, place(large).size) == (22 * 1024, 10_240)
    assert place(large, replace(large, data="x")).size == 1
    assert place(large, unparked("1")).memory == 0


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
